"""90 % intervals of what is no mean: by bootstrap over questions, widened for few of them."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from advisor.accuracy.estimators import Array, Interval
from advisor.accuracy.resampling import DRAWS, question_weights

QUANTILES = (0.05, 0.95)


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


def over_pairs(draws: Array, *, seed: int = 0) -> Interval | None:
    """The mean over P pairs of `draws` (P, 1 + DRAWS), the pairs resampled too; None where there is no pair."""
    if not len(draws):
        return None
    rng = np.random.default_rng(seed)
    chosen = rng.integers(0, len(draws), (DRAWS, len(draws)))
    means = draws[chosen, 1 + np.arange(DRAWS)[:, None]].mean(axis=1)
    low, high = np.quantile(means, QUANTILES)
    value = float(draws[:, 0].mean())
    return Interval(value, min(float(low), value), max(float(high), value))
