"""Pictures in text: accuracy over a logarithmic axis of compute or cost."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from advisor.accuracy.estimators import Interval
from advisor.reports.frontier_view import accuracy_ends, amount, cost_ticks
from advisor.reports.terminal import width

WIDEST, ROWS = 72, 16
MARGIN = 9
"""Columns of the accuracy axis."""


@dataclass(frozen=True, slots=True)
class Canvas:
    """Cells of a picture; x is logarithmic, y is accuracy in percent and the first row is the highest."""

    x: tuple[float, float]
    percent: tuple[int, int]
    cells: list[list[str]]

    @property
    def columns(self) -> int:
        """The last column."""
        return len(self.cells[0]) - 1

    @property
    def rows(self) -> int:
        """The last row."""
        return len(self.cells) - 1

    def column(self, x: float) -> int:
        """Of a value above zero; outside the cells where it is outside the axis."""
        left, right = (math.log10(end) for end in self.x)
        return round((math.log10(x) - left) / (right - left) * self.columns)

    def row(self, accuracy: float) -> int:
        """Of a share from 0 to 1; outside the cells where it is outside the axis."""
        low, high = self.percent
        return round((high - 100 * accuracy) / (high - low) * self.rows)

    def x_of(self, column: int) -> float:
        """The value in the middle of a column."""
        left, right = (math.log10(end) for end in self.x)
        return float(10 ** (left + (right - left) * column / self.columns))

    def put(self, column: int, row: int, sign: str) -> None:
        """One sign; nothing where it would be outside."""
        if 0 <= column <= self.columns and 0 <= row <= self.rows:
            self.cells[row][column] = sign

    def write(self, column: int, row: int, text: str) -> None:
        """A text from a cell to the right."""
        for at, sign in enumerate(text, column):
            self.put(at, row, sign)

    def drawn(self, signs: str) -> Iterator[tuple[int, int]]:
        """Column and row of every cell that holds one of these signs."""
        return ((x, y) for y, line in enumerate(self.cells) for x, cell in enumerate(line) if cell in signs)

    def text(self, title: str) -> str:
        """The cells between their axes."""
        low, high = self.percent
        step = 10 if high - low > 30 else 5
        ticks = {self.row(tick / 100): f"{tick:5d} % ┤" for tick in range(low, high + 1, step)}
        lines = [ticks.get(at, " " * 8 + "│") + "".join(line).rstrip() for at, line in enumerate(self.cells)]
        marks = {self.column(tick): amount(tick) for tick in cost_ticks(*self.x)}
        axis = "".join("┬" if at in marks else "─" for at in range(self.columns + 1))
        below = (" " * MARGIN + title.center(self.columns)).rstrip()
        return "\n".join([*lines, " " * 8 + "└" + axis, _under(marks, self.columns), below])


def _under(marks: dict[int, str], last: int) -> str:
    """Texts centred under their columns, up to the last one; one that would touch the one before is left out."""
    line = ""
    for column, text in marks.items():
        start = MARGIN + min(column - len(text) // 2, last + 1 - len(text))
        if start > len(line) or not line:
            line = line.ljust(start) + text
    return line


def canvas(x: tuple[float, float], percent: tuple[int, int], *, columns: int, rows: int) -> Canvas:
    """Empty cells, with about as many rows as wanted: as many between any two ticks of the accuracy axis."""
    tens = (percent[1] - percent[0]) // 10
    per_ten = max(round(rows / tens), 1)
    per_ten += per_ten % 2 if tens <= 3 else 0  # there every five percent have a tick
    return Canvas(x, percent, [[" "] * (columns + 1) for _ in range(tens * per_ten + 1)])


def picture(
    points: Sequence[tuple[float, Interval]],
    line: Callable[[float], float],
    label: str,
    *,
    measured: float | None = None,
    until: float | None = None,
) -> str:
    """Accuracy (0–1, vertical) over x (horizontal, logarithmic): ● a point with │ its 90 % interval, ─ the line, ┄
    where it extrapolates, beyond `measured` or the last point.

    Empty text for fewer than two different x.
    """
    shown = [(x, interval) for x, interval in points if x > 0]
    xs = [x for x, _ in shown]
    if not xs or min(xs) == max(xs):
        return ""
    ends = (min(xs), max(until or 0.0, *xs))
    percent = accuracy_ends([interval for _, interval in shown])
    drawn = canvas(ends, percent, columns=min(WIDEST, width() - MARGIN - 1), rows=ROWS)
    for x, interval in shown:
        for row in range(drawn.row(interval.high), drawn.row(interval.low) + 1):
            drawn.put(drawn.column(x), row, "│")
    for column in range(drawn.columns + 1):
        x = drawn.x_of(column)
        drawn.put(column, drawn.row(line(x)), "─" if x <= max(measured or 0.0, *xs) * 1.001 else "┄")
    for x, interval in shown:
        drawn.put(drawn.column(x), drawn.row(interval.value), "●")
    return drawn.text(label)
