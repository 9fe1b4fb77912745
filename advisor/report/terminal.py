"""Pictures in text: a staircase of accuracy over a cost."""

from __future__ import annotations

import math
from collections.abc import Sequence

from advisor.units import significant

WIDTH, HEIGHT = 72, 14


def staircase(points: Sequence[tuple[float, float]], label: str) -> str:
    """Accuracy (0–1, vertical) over cost (horizontal, logarithmic): ● a point, ─ what it holds until the next."""
    shown = [(math.log10(cost), accuracy) for cost, accuracy in points if cost > 0]
    if len(shown) < 2:
        return ""
    left, right = shown[0][0], shown[-1][0]
    grid = [[" "] * (WIDTH + 1) for _ in range(HEIGHT + 1)]

    def column(x: float) -> int:
        return round((x - left) / ((right - left) or 1) * WIDTH)

    for (x, accuracy), (following, _) in zip(shown, [*shown[1:], shown[-1]], strict=True):
        line = grid[HEIGHT - round(accuracy * HEIGHT)]
        for i in range(column(x), max(column(following), column(x) + 1)):
            line[i] = "─" if line[i] == " " else line[i]
        line[column(x)] = "●"
    rows = [f"{100 * (HEIGHT - i) / HEIGHT:5.0f} % │{''.join(line).rstrip()}" for i, line in enumerate(grid)]
    low, high = significant(10**left), significant(10**right)
    return "\n".join([*rows, " " * 8 + "└" + "─" * WIDTH, " " * 9 + low + label.center(WIDTH - len(low) - len(high)) + high])
