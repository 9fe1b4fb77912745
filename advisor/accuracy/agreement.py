"""Whether runs over the same task may have been drawn the same way: an exact test of each pair of them.

A run is a mapping from questions to (right answers, answers). Runs drawn the same way have the same chance of a right
answer on every question, whatever it is. So of the a + b answers that two runs have to a question, c of them right,
those of the first run are any a, and its right ones hypergeometric. Their sum over the questions has an exact
distribution (the conditional test of Cochran, Mantel and Haenszel, a question a stratum; with one answer each it is
McNemar's), from which the two-sided p-value follows.

That takes the answers of a run to a question as independent. Where they are not, as copies of one answer at temperature
0, a difference has to stand out from its own spread over the questions too: Student's t, and the larger p-value counts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import combinations
from math import ceil, comb, floor

import numpy as np
from scipy.special import stdtr

from advisor.accuracy.estimators import Array

Tally = tuple[int, int]
"""Right answers and answers."""
Run = Mapping[str, Tally]
"""Answers of a run by question."""

LEVEL = 0.001
"""Chance that runs drawn the same way are taken for different ones, over all pairs of them."""


def differ(runs: Sequence[Run], level: float = LEVEL) -> bool:
    """Whether any two of the runs differ by more than chance (Bonferroni over the pairs)."""
    pairs = list(combinations(runs, 2))
    return any(p_value(first, second) < level / len(pairs) for first, second in pairs)


def p_value(first: Run, second: Run) -> float:
    """How likely two runs drawn the same way differ at least so much, on the questions that they share.

    Where they share none, as two samples of the same questions: each question counts as one answer.
    """
    shared = sorted(first.keys() & second.keys())
    if not shared:
        return _exact([_as_answers(first, second)])
    tables = [(first[question], second[question]) for question in shared]
    return max(_exact(tables), _over_questions(tables))


def _exact(tables: Sequence[tuple[Tally, Tally]]) -> float:
    """Two-sided p-value of the right answers of the first run, given those of both to each question."""
    above_least, strata = 0, Counter[tuple[int, int, int]]()
    for (right, n), (other_right, other_n) in tables:
        total = right + other_right
        above_least += right - max(0, total - other_n)
        strata[n, other_n, total] += 1
    chances = {stratum: _hypergeometric(*stratum) for stratum in strata}
    size = 1 + sum((len(chances[stratum]) - 1) * times for stratum, times in strata.items())
    product = np.ones(size // 2 + 1, dtype=complex)
    for stratum, times in strata.items():
        product *= np.fft.rfft(chances[stratum], size) ** times
    chance = np.fft.irfft(product, size)
    return float(min(1.0, 2 * max(min(chance[: above_least + 1].sum(), chance[above_least:].sum()), 0.0)))


def _hypergeometric(n: int, other_n: int, right: int) -> Array:
    """Chances of the least to the most of `right` answers among the first n of n + other_n."""
    every = comb(n + other_n, right)
    most = range(max(0, right - other_n), min(n, right) + 1)
    return np.array([comb(n, k) * comb(other_n, right - k) / every for k in most])


def _over_questions(tables: Sequence[tuple[Tally, Tally]]) -> float:
    """Two-sided p-value of Student's t of the differences by question; 1 for a single question."""
    n = len(tables)
    if n < 2:
        return 1.0
    gaps = np.array([right / drawn - other / others for (right, drawn), (other, others) in tables])
    error = float(gaps.std(ddof=1)) / n**0.5
    mean = abs(float(gaps.mean()))
    if error < 1e-12:
        return float(mean < 1e-12)
    return float(2 * stdtr(n - 1, -mean / error))


def _as_answers(first: Run, second: Run) -> tuple[Tally, Tally]:
    """Two runs with a question as an answer: mean accuracies add up, rounded towards each other.

    Of all figures from 0 to 1 with a mean, right and wrong spread most, so the test is on the safe side.
    """
    sums = [sum(right / n for right, n in run.values()) for run in (first, second)]
    sizes = [len(first), len(second)]
    mean = sum(sums) / sum(sizes)
    rounded = [floor(s + 1e-9) if s > mean * n else ceil(s - 1e-9) for s, n in zip(sums, sizes, strict=True)]
    return (rounded[0], sizes[0]), (rounded[1], sizes[1])
