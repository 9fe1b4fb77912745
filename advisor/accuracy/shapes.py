"""Accuracy as a function of compute: what a fitted curve is, and what is claimed of it. Evaluated without scipy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from advisor.accuracy.estimators import Interval

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Shape:
    """A curve through `knots`, (compute, accuracy) pairs by rising compute: measured ones, then predicted ones.

    Straight in log compute between two knots, level before the first and after the last.
    """

    family: str
    knots: tuple[tuple[float, float], ...]

    def at(self, x: Array) -> Array:
        """Accuracy at compute x > 0, within [0, 1]."""
        compute, accuracy = zip(*self.knots, strict=True)
        return np.asarray(np.clip(np.interp(np.log2(x), np.log2(compute), accuracy), 0.0, 1.0))


@dataclass(frozen=True, slots=True)
class Claim:
    """A figure with its 90 % interval as far as the measured range tells it.

    value   None: the measured range cannot tell
    low     holds all the same: the figure is no less than that
    """

    value: float | None
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Curve:
    """A fitted curve with its 90 % intervals.

    x_min, x_max    measured compute, tokens or samples per question
    asymptote       accuracy at unlimited compute
    saturation      smallest compute past which a doubling gains less than 0.5 points; not known with a `low` of x_max:
                    not reached
    at_4x           accuracy at four times the largest measured compute
    """

    shape: Shape
    x_min: float
    x_max: float
    asymptote: Claim
    saturation: Claim
    at_4x: Interval


EPSILON = 0.005


def saturation_points(x: Array, accuracy: Array, x_min: float, x_max: float, epsilon: float = EPSILON) -> Array:
    """Of curves (D, N) over compute x, the smallest in [x_min, x_max] past which no doubling gains `epsilon` or more.

    Infinite where a doubling of x_max still does.
    """
    u = np.log2(x)
    inside = np.append(x[(x >= x_min) & (x < x_max)], x_max)
    places = np.unique(np.concatenate([[x_min], inside, inside[inside / 2 >= x_min] / 2]))
    found = np.empty(len(accuracy))
    for d, curve in enumerate(accuracy):
        gains = np.interp(np.log2(places) + 1, u, curve) - np.interp(np.log2(places), u, curve)
        still = np.flatnonzero(gains >= epsilon)
        if len(still) == 0:
            found[d] = x_min
        elif still[-1] + 1 == len(places):
            found[d] = np.inf
        else:
            # gains are straight between two places, in log compute
            i = int(still[-1])
            share = (gains[i] - epsilon) / (gains[i] - gains[i + 1])
            found[d] = places[i] * (places[i + 1] / places[i]) ** share
    return found


def thinned(x: Array, y: Array, within: float = 0.0005) -> list[int]:
    """Places of knots enough to draw the points (x, y), straight in log x, to `within`."""
    u, kept, last = np.log2(x), [0], 0
    while last < len(x) - 1:
        step, reach = 1, 1
        while last + reach < len(x) and _is_straight(u, y, last, last + reach, within):
            step, reach = reach, 2 * reach
        low, high = step, min(reach, len(x) - 1 - last)
        while low < high:
            middle = (low + high + 1) // 2
            if _is_straight(u, y, last, last + middle, within):
                low = middle
            else:
                high = middle - 1
        last += low
        kept.append(last)
    return kept


def _is_straight(u: Array, y: Array, first: int, last: int, within: float) -> bool:
    between = slice(first, last + 1)
    line = np.interp(u[between], [u[first], u[last]], [y[first], y[last]])
    return bool(np.abs(line - y[between]).max() <= within)
