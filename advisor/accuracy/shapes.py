"""Accuracy as a function of compute: shapes that saturate (or fall), evaluated without scipy.

Every parametric shape is `asymptote − drop·remaining(x)`, where `remaining` goes from about 1 at the smallest measured
compute to 0; a negative drop is a curve that falls.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from advisor.accuracy.estimators import Interval

Array = NDArray[np.float64]

FREE_FORM = "free-form"
FINISH_TIME = "finish-time"
DAMPING = 0.5
"""Each doubling beyond the last measured point gains this share of the doubling before it, in the free form."""


def remaining(family: str, x: Array, scale: Array | float, rate: Array | float) -> Array:
    """What is still to be gained at compute x (tokens or samples), as a share, by family.

    power        (x/scale)^−rate; the smallest measured compute is the scale
    exponential  exp(−(x/scale − 1)·rate)
    logistic     1/(1 + (x/scale)^rate), arXiv 2510.13786 (ScaleRL); in log compute
    finish-time  the same, as the share of answers that have not ended after x tokens
    """
    if family == "power":
        return np.asarray((x / scale) ** -np.asarray(rate))
    if family == "exponential":
        return np.asarray(np.exp(-(x / scale - 1) * rate))
    return np.asarray(1 / (1 + (x / scale) ** rate))


@dataclass(frozen=True, slots=True)
class Shape:
    """One curve. With `knots`, (compute, accuracy) pairs, it passes through them and the family extrapolates."""

    family: str
    asymptote: float
    drop: float = 0.0
    scale: float = 1.0
    rate: float = 1.0
    knots: tuple[tuple[float, float], ...] = ()

    def at(self, x: Array) -> Array:
        """Accuracy at compute x > 0, within [0, 1]."""
        if not self.knots:
            values = self._parametric(x)
        else:
            u, y = np.log2([k[0] for k in self.knots]), np.array([k[1] for k in self.knots])
            doublings = np.log2(x) - u[-1]
            beyond = (
                self._parametric(x)
                if self.family == FINISH_TIME
                else y[-1] + (self.asymptote - y[-1]) * (1 - DAMPING ** np.maximum(doublings, 0.0))
            )
            values = np.where(doublings > 0, beyond, np.interp(np.log2(x), u, y))
        return np.asarray(np.clip(values, 0.0, 1.0))

    def _parametric(self, x: Array) -> Array:
        return np.asarray(self.asymptote - self.drop * remaining(self.family, x, self.scale, self.rate))


def free_form(x: Array, y: Array) -> Shape:
    """Through the points; beyond, each doubling gains DAMPING times what the doubling before it gained.

    The last gain is the slope over the last octave and a half, so that two close points do not set it.
    """
    u = np.log2(x)
    near = u >= min(u[-1] - 1.5, u[-2])
    centred = u[near] - u[near].mean()
    slope = float(y[near] @ centred / (centred @ centred)) if centred @ centred > 0 else 0.0
    knots = tuple((float(a), float(b)) for a, b in zip(x, y, strict=True))
    return Shape(FREE_FORM, float(y[-1] + slope * DAMPING / (1 - DAMPING)), knots=knots)


@dataclass(frozen=True, slots=True)
class Curve:
    """A fitted curve with its 90 % intervals.

    x_min, x_max    measured compute, tokens or samples per question
    saturation      smallest compute past which a doubling gains less than 0.5 points; None: not reached
    at_4x           accuracy at four times the largest measured compute
    """

    shape: Shape
    x_min: float
    x_max: float
    asymptote: Interval
    saturation: Interval | None
    at_4x: Interval


EPSILON = 0.005


def saturation_point(shape: Shape, x_min: float, x_max: float, epsilon: float = EPSILON) -> float | None:
    """Smallest compute in [x_min, x_max] past which no doubling gains `epsilon` or more; None: not reached."""
    x = np.geomspace(x_min, x_max, 200)
    gains = shape.at(2 * x) - shape.at(x)
    still = np.flatnonzero(gains >= epsilon)
    if len(still) == 0:
        return float(x_min)
    last = int(still[-1])
    return float(x[last + 1]) if last + 1 < len(x) else None
