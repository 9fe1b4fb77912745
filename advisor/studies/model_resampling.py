"""Intervals where models are the sample: they are resampled with all their figures."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from advisor.accuracy.estimators import Array, Interval
from advisor.accuracy.resampling import DRAWS, seed_of

FEWEST = 3
"""Architectures; fewer say nothing of models in general."""


def over_models(
    values: Sequence[float], architectures: Sequence[str], statistic: Callable[[Array], float], *, seed: str
) -> Interval | None:
    """A statistic of some values with its 90 % interval by bootstrap over models, of each of which the architecture is
    given.

    None of fewer than FEWEST architectures. Values of one stay together: a model's tasks share what it is, and models
    of equal layers mostly their weights.
    """
    names, whose = np.unique(list(architectures), return_inverse=True)
    if len(names) < FEWEST:
        return None
    figures = np.asarray(values, dtype=float)
    together = [figures[whose == i] for i in range(len(names))]
    rng = np.random.default_rng(seed_of(seed))
    chosen = rng.integers(len(names), size=(DRAWS, len(names)))
    drawn = [statistic(np.concatenate([together[i] for i in row])) for row in chosen]
    value = statistic(figures)
    low, high = np.quantile(drawn, (0.05, 0.95))
    return Interval(value, min(float(low), value), max(float(high), value))


def median(values: Array) -> float:
    """That of some values."""
    return float(np.median(values))
