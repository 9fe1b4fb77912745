"""The draws of an accuracy that a strategy point has, written and read."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from advisor.accuracy.estimators import Array
from advisor.accuracy.resampling import DRAWS, seed_of
from advisor.store.beliefs import Point

Z90 = 1.645
"""Standard errors from the middle to the end of a 90 % interval."""
DIGITS = 1e4
"""Draws are stored in hundredths of a point."""


def standard_error(point: Point) -> float:
    """That of an accuracy with a 90 % interval, by its longer side: where all answers are right it has no other."""
    return max(point.high - point.accuracy, point.accuracy - point.low, 1e-4) / Z90


def source_of(point: Point) -> str:
    """The source of a published point, which its origin begins with."""
    return point.runs.split("; ", 1)[0]


def with_draws_of(point: Point, draws: Array) -> Point:
    """The point with (DRAWS,) draws of its accuracy, and their mean.

    Draws beyond 0 or 1 are mirrored there: cut off they would be equal, and what is cheapest best among them.
    """
    kept = np.clip(1 - np.abs(1 - np.abs(draws)), 0, 1)
    return replace(point, believed=float(kept.mean()), draws=" ".join(map(str, np.rint(kept * DIGITS).astype(int))))


def believed(point: Point) -> Point:
    """The point with the accuracy that is believed and its 90 % interval; without draws as it is."""
    if point.believed is None:
        return point
    draws, accuracy = draws_of(point), point.believed
    half = Z90 * float(draws.std())
    low, high = accuracy - half, accuracy + half
    if low < 0 or high > 1:  # skewed: quantiles of the draws, which are less certain than their spread
        low, high = np.quantile(draws, (0.05, 0.95))
    return replace(point, accuracy=accuracy, low=min(float(low), accuracy), high=max(float(high), accuracy))


def draws_of(point: Point) -> Array:
    """(DRAWS,) draws of its accuracy; of a point that was stored without any, from its interval alone."""
    if point.draws and point.believed is not None:
        stored = np.array(point.draws.split(), dtype=float) / DIGITS
        return np.asarray(np.clip(stored + (point.believed - stored.mean()), 0, 1))  # which rounding moved
    name = repr((point.model, point.task, point.strategy, point.n_samples, point.token_budget, point.runs))
    half = np.random.default_rng(seed_of(name)).standard_normal(DRAWS // 2)
    return np.clip(point.accuracy + standard_error(point) * np.concatenate([half, -half]), 0, 1)
