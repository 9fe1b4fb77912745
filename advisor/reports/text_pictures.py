"""Pictures in text: accuracy over a logarithmic axis of compute or cost."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from advisor.reports.terminal import width
from advisor.units import significant

WIDEST, HEIGHT = 72, 14
MARGIN = 9
"""Columns of the accuracy axis."""


def picture(
    points: Sequence[tuple[float, float]], line: Callable[[float], float], label: str, *, until: float | None = None
) -> str:
    """Accuracy (0–1, vertical) over x (horizontal, logarithmic): ● a point, ─ the line, ┄ where it extrapolates.

    Empty text for fewer than two different x.
    """
    xs = [x for x, _ in points if x > 0]
    if not xs or min(xs) == max(xs):
        return ""
    columns = min(WIDEST, width() - MARGIN - 1)
    left, right = math.log10(min(xs)), math.log10(max(until or 0.0, *xs))
    grid = [[" "] * (columns + 1) for _ in range(HEIGHT + 1)]

    def row(accuracy: float) -> int:
        return HEIGHT - round(min(max(accuracy, 0.0), 1.0) * HEIGHT)

    for column in range(columns + 1):
        x = 10 ** (left + (right - left) * column / columns)
        grid[row(line(x))][column] = "─" if x <= max(xs) * 1.001 else "┄"
    for x, accuracy in points:
        if x > 0:
            grid[row(accuracy)][round((math.log10(x) - left) / (right - left) * columns)] = "●"
    rows = [f"{100 * (HEIGHT - i) / HEIGHT:5.0f} % │{''.join(cells).rstrip()}" for i, cells in enumerate(grid)]
    low, high = significant(10**left), significant(10**right)
    return "\n".join(
        [*rows, " " * 8 + "└" + "─" * columns, " " * 9 + low + label.center(columns - len(low) - len(high)) + high]
    )


def staircase(points: Sequence[tuple[float, float]], label: str) -> str:
    """The picture of a frontier, cheapest first: each point holds until the next."""

    def level(x: float) -> float:
        return max((accuracy for cost, accuracy in points if cost <= x * (1 + 1e-9)), default=0.0)

    return picture(points, level, label)
