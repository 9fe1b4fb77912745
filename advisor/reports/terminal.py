"""Text and tables on stdout, as wide as the terminal (or COLUMNS) says, piped output too."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Iterable
from dataclasses import dataclass

from advisor.reports.text_tables import Table, fitted

PIPED_WIDTH = 120
"""Columns where neither a terminal nor COLUMNS says how many."""


@dataclass(frozen=True, slots=True)
class Verbatim:
    """Lines that are printed as they are: pictures, commands."""

    text: str


Block = str | Table | Verbatim


def width() -> int:
    """Columns of the terminal."""
    return max(shutil.get_terminal_size((PIPED_WIDTH, 24)).columns, 40)


def show(blocks: Iterable[Block]) -> None:
    """Print blocks one after another; text is wrapped at words, never inside one."""
    for block in blocks:
        if isinstance(block, Table):
            print_table(block)
        elif isinstance(block, Verbatim):
            print(block.text)
        else:
            print("\n".join(wrapped(line) for line in block.splitlines()))


def wrapped(line: str) -> str:
    """A line broken at the terminal's width; what follows is indented as far as the text after `Label:  `."""
    label, gap, _ = line.partition(":  ")
    indent = len(line) - len(line[len(label) + 1 :].lstrip()) if gap and " " not in label else 0
    return textwrap.fill(line, width(), subsequent_indent=" " * indent, break_long_words=False, break_on_hyphens=False)


def print_table(t: Table) -> None:
    """A table; optional columns are left out and text is broken at words where the terminal is too narrow."""
    from rich import box
    from rich.console import Console
    from rich.table import Table as RichTable
    from rich.text import Text

    room = width()
    shown = fitted(t, room)
    rich = RichTable(title=t.title or None, box=box.SIMPLE_HEAD, title_justify="left", pad_edge=False, padding=(0, 1))
    for at, column in enumerate(shown.columns):
        longest = max((len(row[at]) for row in shown.rows), default=0)
        header = column if len(column) <= longest else column.replace(" ", "\n")
        unbroken = column in (*t.right, *t.names)
        rich.add_column(header, justify="right" if column in t.right else "left", overflow="fold", no_wrap=unbroken)
    for row in shown.rows:
        rich.add_row(*(Text(cell) for cell in row))
    Console(width=room).print(rich)
