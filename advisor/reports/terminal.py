"""Text and tables on stdout, as wide as the terminal (or COLUMNS) says, piped output too."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from advisor.reports.text_tables import GAP, Table, fitted

PIPED_WIDTH = 120
"""Columns where neither a terminal nor COLUMNS says how many."""


@dataclass(frozen=True, slots=True)
class Verbatim:
    """Lines that are printed as they are: pictures, commands."""

    text: str


@dataclass(frozen=True, slots=True)
class Labelled:
    """A line under a label: wrapped text beside it."""

    label: str
    text: str


Block = str | Table | Verbatim | Labelled

LABEL_WIDTH = 11
"""Columns of the labels."""


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
        elif isinstance(block, Labelled):
            print(_filled(f"{block.label:<{LABEL_WIDTH}}{block.text}", LABEL_WIDTH))
        else:
            print("\n".join(wrapped(line) for line in block.splitlines()))


def wrapped(line: str) -> str:
    """A line broken at the terminal's width; what follows is indented as far as the text after `Label:  `."""
    label, gap, _ = line.partition(":  ")
    indent = len(line) - len(line[len(label) + 1 :].lstrip()) if gap and " " not in label else 0
    return _filled(line, indent)


def _filled(line: str, indent: int) -> str:
    return textwrap.fill(line, width(), subsequent_indent=" " * indent, break_long_words=False, break_on_hyphens=False)


def print_table(t: Table) -> None:
    """A table; optional columns are left out and text is broken at words where the terminal is too narrow.

    Figures and names are never cut: where they alone are too wide, so are the lines.
    """
    from rich import box
    from rich.console import Console
    from rich.table import Table as RichTable
    from rich.text import Text

    room = width()
    shown = fitted(t, room)
    rich = RichTable(title=t.title or None, box=box.SIMPLE_HEAD, title_justify="left", pad_edge=False, padding=(0, 1))
    widths = shown.widths(room)
    for column, columns in zip(shown.columns, widths, strict=True):
        justify: Literal["left", "right"] = "right" if column in t.right else "left"
        rich.add_column(column, justify=justify, overflow="fold", width=columns)
    for row in shown.rows:
        rich.add_row(*(Text(cell) for cell in row))
    console = Console(width=max(room, sum(widths) + GAP * len(widths)))
    with console.capture() as printed:
        console.print(rich)
    print("\n".join(line.rstrip() for line in printed.get().splitlines()))
    if left_out := [column for column in t.columns if column not in shown.columns]:
        print(wrapped(f"not shown at this width: {', '.join(left_out)}; widen the terminal or add --json"))
