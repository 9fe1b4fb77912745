"""Text and tables on stdout, as wide as the terminal (or COLUMNS) says, piped output too."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from advisor.printable import shown, shown_lines
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
    """Print blocks one after another; text is wrapped at words, never inside one. Here alone texts reach the screen."""
    for block in blocks:
        if isinstance(block, Table):
            print_table(block)
        elif isinstance(block, Verbatim):
            print(shown_lines(block.text))
        elif isinstance(block, Labelled):
            print(_filled(f"{block.label:<{LABEL_WIDTH}}{shown(block.text)}", LABEL_WIDTH))
        else:
            print("\n".join(wrapped(shown(line)) for line in block.split("\n")))


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
    fits = fitted(t.with_texts(shown), room)
    rich = RichTable(
        title=Text(fits.title) if fits.title else None,
        box=box.SIMPLE_HEAD,
        title_justify="left",
        pad_edge=False,
        padding=(0, 1),
    )
    widths = fits.widths(room)
    for column, columns in zip(fits.columns, widths, strict=True):
        justify: Literal["left", "right"] = "right" if column in t.right else "left"
        rich.add_column(column, justify=justify, overflow="fold", width=columns)
    for row in fits.rows:
        rich.add_row(*(Text(cell) for cell in row))
    console = Console(width=max(room, sum(widths) + GAP * len(widths)))
    with console.capture() as printed:
        console.print(rich)
    print("\n".join(line.rstrip() for line in printed.get().splitlines()))
    if left_out := [column for column in t.columns if column not in fits.columns]:
        print(wrapped(f"not shown at this width: {', '.join(left_out)}; widen the terminal or add --json"))
