"""90 % intervals of what is no mean: by bootstrap over questions, widened for few of them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from advisor.accuracy.estimators import Array, Interval
from advisor.accuracy.resampling import DRAWS, question_weights

QUANTILES = (0.05, 0.95)
CLUSTERS_NEEDED = 3
"""Benchmarks, or models, from which they are taken as a sample of others."""
PAIRS_NEEDED = 5
"""Of a model and a benchmark, for a finding of models."""


@lru_cache(maxsize=4)
def weightings(task: str, question_ids: tuple[str, ...]) -> Array:
    """(1 + DRAWS, Q) weights of the questions, with mean 1: even ones, then those of the paired bootstrap."""
    return np.vstack([np.ones(len(question_ids)), question_weights(task, question_ids).T])


def interval(draws: Array, n: int) -> Interval | None:
    """The first of the draws with the interval that the others give, for `n` questions; None where it is no number.

    Widened as the intervals of accuracies are (accuracy.estimators.over_questions). Draws that are no number are left
    out.
    """
    value, others = float(draws[0]), draws[1:][~np.isnan(draws[1:])]
    if np.isnan(value) or not len(others):
        return None
    low, high = (float(end) for end in np.quantile(others, QUANTILES, method="nearest"))
    rest = max(n - 1, 1)
    wider = ((n + 1) / rest) ** 0.5 * (1 + 0.926 / rest)
    low, high = (end if np.isinf(end) or np.isinf(value) else value + wider * (end - value) for end in (low, high))
    return Interval(value, min(low, value), max(high, value))


def student(n: int) -> float:
    """By how much an interval of a mean over `n` clusters is wider than its bootstrap shows.

    Resampled means spread too little by √(1 − 1/n), and as if the spread were known: Student's quantile for n − 1
    degrees over the normal's, by Cornish and Fisher's expansion to the second order.
    """
    rest = max(n - 1, 1)
    return float((n / rest) ** 0.5 * (1 + 0.926 / rest + 0.863 / rest**2))


def over_pairs(draws: Array, names: Sequence[tuple[str, str]], *, seed: int = 0) -> Interval | None:
    """The mean over P pairs of `draws` (P, 1 + DRAWS), each `names` its model and benchmark; None without a pair.

    Pairs of one benchmark, or of one model, are not independent: benchmarks and models are resampled, each where there
    are at least CLUSTERS_NEEDED, and a pair counts as often as both are drawn. Fewer stand for themselves alone.
    """
    if not len(draws):
        return None
    rng = np.random.default_rng(seed)
    sides = [np.unique(side, return_inverse=True)[1] for side in zip(*names, strict=True)]
    times, fewest = np.ones((DRAWS, len(draws))), None
    for side in sides:
        n = int(side.max()) + 1
        if n >= CLUSTERS_NEEDED:
            times *= rng.multinomial(n, np.full(n, 1 / n), size=DRAWS)[:, side]
            fewest = n if fewest is None else min(n, fewest)
    total = times.sum(axis=1)
    means = (times * draws[:, 1:].T).sum(axis=1)[total > 0] / total[total > 0]
    value = float(draws[:, 0].mean())
    wider = 1.0 if fewest is None else student(fewest)
    low, high = (value + wider * (float(end) - value) for end in np.quantile(means, QUANTILES))
    return Interval(value, min(low, value), max(high, value))
