"""How good predictions with 90 % intervals are: their errors, how many intervals hold, and the interval score."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

ALPHA = 0.1
COLUMNS = ["curves", "mean error", "median", "bias", "last value's error", "intervals that hold", "interval score"]
"""Of `Scores.row`; errors and scores in points."""


@dataclass(frozen=True)
class Prediction:
    """One figure that was predicted; `last` is the accuracy at the largest compute that was seen.

    `low`, `high` are of the interval that is judged and `judged` what it should hold.
    """

    value: float
    truth: float
    last: float
    low: float
    high: float
    judged: float


def interval_score(low: float, high: float, truth: float) -> float:
    """Width, and twenty times what the truth lies outside (Gneiting and Raftery 2007); less is better."""
    return (high - low) + 2 / ALPHA * (max(low - truth, 0.0) + max(truth - high, 0.0))


def widened(value: float, end: float, error: float) -> float:
    """An end of an interval for what was measured itself with a standard error."""
    half = ((end - value) ** 2 + (1.645 * error) ** 2) ** 0.5
    return value + half if end >= value else value - half


def row(found: list[Prediction]) -> list[str]:
    """Under COLUMNS."""
    errors = 100 * np.array([p.value - p.truth for p in found])
    last = 100 * np.mean([abs(p.last - p.truth) for p in found])
    held = np.mean([p.low <= p.judged <= p.high for p in found])
    score = 100 * np.mean([interval_score(p.low, p.high, p.judged) for p in found])
    figures = [np.abs(errors).mean(), np.median(np.abs(errors)), errors.mean(), last]
    return [str(len(found)), *(f"{f:.1f}" for f in figures), f"{100 * held:.0f} %", f"{score:.1f}"]
