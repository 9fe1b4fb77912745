"""Where labels stand beside their points, so that none covers another; in any unit of length, y upward or downward."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle along the axes; boxes that only touch do not overlap."""

    left: float
    low: float
    right: float
    high: float

    def overlaps(self, other: Box) -> bool:
        """Whether the two share an area."""
        return self.left < other.right and other.left < self.right and self.low < other.high and other.low < self.high

    def holds(self, other: Box) -> bool:
        """Whether the other lies wholly inside."""
        return (
            self.left <= other.left and other.right <= self.right and self.low <= other.low and other.high <= self.high
        )

    def gap(self, other: Box) -> float:
        """How far the two are apart; 0 where they touch."""
        across = max(other.left - self.right, self.left - other.right, 0.0)
        return math.hypot(across, max(other.low - self.high, self.low - other.high, 0.0))


@dataclass(frozen=True, slots=True)
class Label:
    """A text of some size that belongs to a point, which takes a box of its own."""

    point: Box
    width: float
    height: float


def placed(
    labels: Sequence[Label],
    frame: Box,
    *,
    taken: Iterable[Box] = (),
    avoided: Sequence[Box] = (),
    marks: Sequence[Box] = (),
    far: Sequence[float] = (0,),
    apart: float = 0,
) -> list[Box | None]:
    """The box of every label inside `frame`, None where there is no room; the first labels choose first.

    No label covers a point, another label or what is `taken`. Where it can be, a label is nearer to its point than to
    the others and to `marks`, further points without labels; what is `avoided` and the neighbourhood of other points,
    `apart` to their left and right, are covered as little as can be. `far` are the distances from the point that are
    tried, nearest first.
    """
    blocked = [*taken, *(label.point for label in labels)]
    wide = [Box(p.left - apart, p.low, p.right + apart, p.high) for p in (label.point for label in labels)]
    found: list[Box | None] = []
    for at, label in enumerate(labels):
        unwanted = [*avoided, *wide[:at], *wide[at + 1 :]]
        places = [place for distance in far for place in around(label, distance) if frame.holds(place)]
        free = [place for place in places if not any(place.overlaps(box) for box in blocked)]
        rivals = [*marks, *(each.point for each in labels)]
        costs = [(misleads(place, label.point, rivals), sum(place.overlaps(box) for box in unwanted)) for place in free]
        best = free[costs.index(min(costs))] if free else None
        found.append(best)
        blocked += [best] if best else []
    return found


def misleads(place: Box, own: Box, others: Iterable[Box]) -> bool:
    """Whether a label there is as near to another point as to its own, which may be among the others."""
    return any(place.gap(other) <= place.gap(own) for other in others if other != own)


def around(label: Label, distance: float) -> Iterator[Box]:
    """Places at a distance from a point: right, left, above, below, then those that begin or end above or below it."""
    p, width, height = label.point, label.width, label.height
    left, right = p.left - distance - width, p.right + distance
    below, above = p.low - distance - height, p.high + distance
    middle_x, middle_y = (p.left + p.right - width) / 2, (p.low + p.high - height) / 2
    for x, y in (
        (right, middle_y),
        (left, middle_y),
        (middle_x, above),
        (middle_x, below),
        (p.left, above),
        (p.right - width, above),
        (p.left, below),
        (p.right - width, below),
        (right, above),
        (left, above),
        (right, below),
        (left, below),
    ):
        yield Box(x, y, x + width, y + height)
