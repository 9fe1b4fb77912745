"""Tables of text, ready to read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

GAP = 3
"""Columns between two cells."""
READABLE = 20
"""Columns below which a sentence in a cell is hard to read."""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of text.

    right     columns of figures: aligned to the right and never broken
    names     columns of names, never broken; an id loses its organisation where there is no room for it
    optional  columns that are left out where there is no room for all, the first of them first
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    title: str = ""
    right: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()

    def with_texts(self, written: Callable[[str], str]) -> Table:
        """The table with every text as `written`."""
        rows = tuple(tuple(written(cell) for cell in row) for row in self.rows)
        return replace(self, rows=rows, title=written(self.title))

    def without(self, column: str) -> Table:
        """The table without one column."""
        at = self.columns.index(column)
        rows = tuple((*row[:at], *row[at + 1 :]) for row in self.rows)
        rest = tuple(name for name in self.optional if name != column)
        return replace(self, columns=(*self.columns[:at], *self.columns[at + 1 :]), rows=rows, optional=rest)

    def with_short_names(self) -> Table:
        """The table with ids that lose their organisation."""
        named = [column in self.names for column in self.columns]
        rows = (tuple(short_name(c) if n else c for c, n in zip(row, named, strict=True)) for row in self.rows)
        return replace(self, rows=tuple(rows))

    def needed_width(self) -> int:
        """Columns of a terminal in which the table reads well."""
        return sum(self._needed(at) + GAP for at in range(len(self.columns)))

    def widths(self, room: int) -> list[int]:
        """Of every column: as wide as its cells. Where there is no room text gives way, figures and names never."""
        needed = [self._needed(at) for at in range(len(self.columns))]
        least = [self._needed(at) if self._is_unbroken(at) else self._header(at) for at in range(len(self.columns))]
        widths = [max(enough, self._longest(at)) for at, enough in enumerate(needed)]
        for floor in (needed, least):
            while sum(widths) + GAP * len(widths) > room and widths != floor:
                at = max(range(len(widths)), key=lambda i: widths[i] - floor[i])
                widths[at] -= 1
        return widths

    def _is_unbroken(self, at: int) -> bool:
        return self.columns[at] in (*self.right, *self.names)

    def _header(self, at: int) -> int:
        return max((len(word) for word in self.columns[at].split()), default=1)

    def _longest(self, at: int) -> int:
        return max((len(row[at]) for row in self.rows), default=0)

    def _needed(self, at: int) -> int:
        """Figures and names whole; of text at least the longest word; and of every header its longest word."""
        if self._is_unbroken(at):
            return max(self._header(at), self._longest(at))
        words = max((len(word) for row in self.rows for word in row[at].split()), default=0)
        return max(self._header(at), words, min(self._longest(at), READABLE))


def table(
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    title: str = "",
    right: Sequence[str] = (),
    names: Sequence[str] = (),
    optional: Sequence[str] = (),
) -> Table:
    """A Table from any sequences."""
    lines = tuple(tuple(row) for row in rows)
    return Table(tuple(columns), lines, title, tuple(right), tuple(names), tuple(optional))


def short_name(model: str) -> str:
    """A model's id without its organisation.

    >>> short_name("Qwen/Qwen3-8B")
    'Qwen3-8B'
    """
    return model.split("/")[-1]


def fitted(t: Table, width: int) -> Table:
    """The table with short names and fewer of its optional columns, as far as there is no room for all."""
    if t.needed_width() > width:
        t = t.with_short_names()
    while t.optional and t.needed_width() > width:
        t = t.without(t.optional[0])
    return t
