"""What k answers would have scored, exactly, from n ≥ k stored ones; and intervals over questions.

All estimators are expectations over the subsets of k of the n stored answers, without replacement:
no luck of the first k, no resampling noise.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from math import comb

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Interval:
    """A value with its 90 % interval."""

    value: float
    low: float
    high: float


def pass_at_k(n: int, n_correct: int, k: int) -> float:
    """1 − C(n−c, k)/C(n, k): at least one of k answers is correct (arXiv 2107.03374, unbiased). NaN when n < k.

    >>> pass_at_k(4, 1, 2)
    0.5
    """
    if n < k:
        return float("nan")
    return 1.0 - comb(n - n_correct, k) / comb(n, k)


def votes(answers: Iterable[Hashable | None], correct: Iterable[bool]) -> tuple[int, tuple[int, ...], int]:
    """(correct votes, votes of each wrong answer in descending order, answers that cannot vote).

    Every correct answer votes for the same class, also one that was not recorded; a wrong one of None abstains.
    """
    right, abstained = 0, 0
    wrong: Counter[Hashable] = Counter()
    for answer, is_correct in zip(answers, correct, strict=True):
        if is_correct:
            right += 1
        elif answer is None:
            abstained += 1
        else:
            wrong[answer] += 1
    return right, tuple(sorted(wrong.values(), reverse=True)), abstained


@cache
def majority_at_all_k(n_correct: int, wrong: tuple[int, ...], abstained: int = 0) -> tuple[float, ...]:
    """Expected accuracy of majority voting over k answers drawn without replacement, for k = 1 … n; ties shared evenly.

    For up to 1,000 answers: counts of subsets of more do not fit a double.

    With t correct votes drawn, the correct answer wins a share 1/(j+1) when no wrong answer has more than t votes
    and j have exactly t. The ways to draw the others are the coefficients of a polynomial in x (answers drawn)
    whose factors are Σ_{s<t} C(c,s)·x^s + y·C(c,t)·x^t, one a wrong answer; and ∫₀¹ y^j dy = 1/(j+1), so
    integrating over y (Gauss–Legendre, exact at this degree) shares the ties.
    """
    n = n_correct + sum(wrong) + abstained
    expected = np.zeros(n + 1)
    tallies = sorted(Counter(wrong).items())
    first = 1
    while first <= n_correct:
        n_tied = sum(multiplicity for votes_, multiplicity in tallies if votes_ >= first)
        block = max(1, BLOCK_ELEMENTS // ((n_tied // 2 + 1) * (n + 1)))
        t = np.arange(first, min(first + block, n_correct + 1))
        ways = _ways_of_the_others(t, tallies, n_tied)
        for row, own in zip(ways, t.tolist(), strict=True):
            expected[own : own + len(row)] += comb(n_correct, own) * row
        first += block
    expected = np.convolve(expected, [comb(abstained, s) for s in range(abstained + 1)])
    return tuple(float(expected[k] / comb(n, k)) for k in range(1, n + 1))


BLOCK_ELEMENTS = 2_000_000
"""Numbers held at once: 16 MB."""


def _ways_of_the_others(own: NDArray[np.int64], tallies: list[tuple[int, int]], n_tied: int) -> Array:
    """Ties-shared ways to draw s answers from the wrong classes with none above t votes, by t in `own` and s.

    `tallies` is (votes, how many wrong answers have them), `n_tied` how many could tie; single votes multiply to one
    binomial factor.
    """
    t = own[:, None, None]
    nodes, weights = np.polynomial.legendre.leggauss(n_tied // 2 + 1)
    y, weights = (nodes[None, :, None] + 1) / 2, weights / 2
    ways = np.ones((len(own), len(weights), 1))
    for votes_, multiplicity in tallies:
        if votes_ == 1:
            s = np.arange(multiplicity + 1)
            factors = [np.where(t == 1, y**s, 1.0) * [float(comb(multiplicity, i)) for i in s]]
        else:
            s = np.arange(votes_ + 1)
            factors = [
                np.where(s < t, 1.0, np.where(s == t, y, 0.0)) * [float(comb(votes_, i)) for i in s]
            ] * multiplicity
        for factor in factors:
            grown = np.zeros((*ways.shape[:2], ways.shape[2] + factor.shape[2] - 1))
            for i in range(factor.shape[2]):
                grown[:, :, i : i + ways.shape[2]] += factor[:, :, i : i + 1] * ways
            ways = grown
    return np.asarray(np.einsum("tjs,j->ts", ways, weights))


def best_of_n_at_all_k(scores: Sequence[float], correct: Sequence[bool]) -> tuple[float, ...]:
    """Expected accuracy of keeping the best-scored of k answers, for k = 1 … n; equal scores share evenly.

    The m-th best of n is the best of a subset of k with probability C(n−m, k−1)/C(n, k).
    """
    n = len(scores)
    order = np.argsort(-np.asarray(scores, dtype=float), kind="stable")
    ranked, right = np.asarray(scores, dtype=float)[order], np.asarray(correct, dtype=float)[order]
    for level in np.unique(ranked):
        tied = ranked == level
        right[tied] = right[tied].mean()
    return tuple(
        float(sum(comb(n - m - 1, k - 1) * right[m] for m in range(n - k + 1)) / comb(n, k)) for k in range(1, n + 1)
    )


ORDERS = 400
EXACT_ANSWERS = 12
"""Answers whose subsets are all counted: 4,096."""


def weighted_at_all_k(
    answers: Sequence[Hashable | None], correct: Sequence[bool], scores: Sequence[float], *, seed: int = 0
) -> tuple[Array, Array]:
    """Expected accuracy (n,) of the vote weighted by scores over k answers drawn without replacement, for k = 1 … n.

    Beside it its standard error (n,): zero for up to EXACT_ANSWERS, whose subsets are all counted; of more ORDERS
    random orders are read at every k, an error of at most 0.5/√ORDERS. An answer of None abstains; equal sums share
    evenly. Scores may be below zero.
    """
    classes = ["right" if c else a for a, c in zip(answers, correct, strict=True)]
    known = {name: i for i, name in enumerate(dict.fromkeys(["right", *(c for c in classes if c is not None)]))}
    n = len(classes)
    cast, ballots = np.zeros((n, len(known))), np.zeros((n, len(known)))
    for i, name in enumerate(classes):
        if name is not None:
            cast[i, known[name]], ballots[i, known[name]] = 1.0, scores[i]
    if n <= EXACT_ANSWERS:
        subsets = (np.arange(1, 2**n)[:, None] >> np.arange(n) & 1).astype(float)
        size, right = subsets.sum(axis=1).astype(int), _led_by_the_first(subsets @ cast, subsets @ ballots)
        return np.bincount(size, right)[1:] / np.bincount(size)[1:], np.zeros(n)
    orders = np.argsort(np.random.default_rng(seed).random((ORDERS, n)), axis=1)
    right = _led_by_the_first(cast[orders].cumsum(axis=1), ballots[orders].cumsum(axis=1))
    return right.mean(axis=0), right.std(axis=0, ddof=1) / ORDERS**0.5


def _led_by_the_first(votes: Array, sums: Array) -> Array:
    """The share of the first class (…, classes) in the win: of those with votes, the ones with the largest sum."""
    standing = np.where(votes > 0, sums, -np.inf)
    leaders = (votes > 0) & (standing >= standing.max(axis=-1, keepdims=True) - 1e-12)
    return np.asarray(leaders[..., 0] / np.maximum(leaders.sum(axis=-1), 1))


def voting_limit(accuracy_of_votes: Sequence[float]) -> float:
    """Accuracy of unlimited answers' vote on a question, from its accuracy at k = 1 … n; meant to be averaged.

    The limit is 1 where the correct answer is the most probable one, or gathers the most reward, else 0 (arXiv
    2408.00724, theorems 1 and 2). The plurality of n answers, A(n), misses it by about 1/n over questions of every
    difficulty; 2·A(n) − A(n/2) does not.
    """
    n = len(accuracy_of_votes)
    return 2 * accuracy_of_votes[n - 1] - accuracy_of_votes[max(n // 2, 1) - 1]


def within_cap(correct: Array, generated_tokens: Array, cap: float | Array) -> tuple[Array, Array]:
    """(correct and finished, tokens spent) of answers stopped at `cap` tokens; a stopped one is wrong."""
    finished = generated_tokens <= cap
    return correct * finished, np.minimum(generated_tokens, cap)


def area_within_budgets(budgets: Array, accuracy: Array) -> float:
    """Mean accuracy over budgets, every doubling counting the same (arXiv 2512.24776's area under S@B)."""
    u = np.log2(budgets)
    return float(((accuracy[1:] + accuracy[:-1]) / 2 * np.diff(u)).sum() / (u[-1] - u[0]))


MOST_RESAMPLED = 256
"""Different values that are resampled; of more the moments of their mean say how it spreads."""


def over_questions(per_question: Array, *, seed: int = 0, draws: int = 4000) -> Interval:
    """Mean accuracy over questions with its 90 % interval by bootstrap over questions, smoothed at the edges.

    Answers of one question share its difficulty, so questions are resampled. Resampled means spread too little by
    √(1 − 1/n), and as if the spread were known: Student's quantile for n − 1 degrees over the normal's is
    1 + 0.926/(n − 1) here.
    Where they cannot move (all right, all wrong) the interval is widened to Wilson's.
    """
    values = np.asarray(per_question, dtype=float)
    n = len(values)
    mean = min(max(float(values.mean()), 0.0), 1.0)
    rest = max(n - 1, 1)
    distinct, times = np.unique(values, return_counts=True)
    if len(distinct) <= MOST_RESAMPLED:  # equal questions are drawn together: the same, and faster
        means = np.random.default_rng(seed).multinomial(n, times / n, size=draws) @ distinct / n
        ends = np.quantile(means, [0.05, 0.95])
    else:
        ends = _expanded_ends(values)
    low, high = mean + (ends - mean) * (n / rest) ** 0.5 * (1 + 0.926 / rest)
    floor, ceiling = wilson(mean, n) if min(mean, 1 - mean) * n < 1 else (mean, mean)
    return Interval(mean, max(float(min(low, floor)), 0.0), min(float(max(high, ceiling)), 1.0))


def _expanded_ends(values: Array) -> Array:
    """The 5th and 95th percentile of resampled means, from their first four moments (Cornish & Fisher 1938)."""
    n, away = len(values), values - values.mean()
    spread = float((away**2).mean()) ** 0.5
    skew, excess = float((away**3).mean() / spread**3) / n**0.5, (float((away**4).mean() / spread**4) - 3) / n
    z = np.array([-1.6448536269514722, 1.6448536269514722])
    moved = z + (z**2 - 1) * skew / 6 + (z**3 - 3 * z) * excess / 24 - (2 * z**3 - 5 * z) * skew**2 / 36
    return np.asarray(values.mean() + moved * spread / n**0.5)


def wilson(mean: float, n: int, z: float = 1.6449) -> tuple[float, float]:
    """Wilson's 90 % interval of a share of n questions."""
    centre = (mean + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * (mean * (1 - mean) / n + z * z / (4 * n * n)) ** 0.5
    return max(0.0, centre - half), min(1.0, centre + half)
