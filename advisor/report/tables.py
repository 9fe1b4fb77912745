"""One Table, three renderings."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, is_dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of text, ready to read; `right` names the columns aligned to the right."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    title: str = ""
    right: frozenset[str] = frozenset()


def table(
    columns: Sequence[str], rows: Sequence[Sequence[str]], *, title: str = "", right: Sequence[str] = ()
) -> Table:
    """A Table from any sequences."""
    return Table(tuple(columns), tuple(tuple(row) for row in rows), title, frozenset(right))


def to_markdown(t: Table) -> str:
    """A GitHub-flavoured Markdown table."""
    rule = ["---:" if column in t.right else "---" for column in t.columns]
    lines = [t.columns, rule, *([cell.replace("|", "\\|") for cell in row] for row in t.rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def print_table(t: Table) -> None:
    """The table on stdout, as wide as the terminal allows."""
    from rich import box
    from rich.console import Console
    from rich.table import Table as RichTable
    from rich.text import Text

    rich = RichTable(title=t.title or None, box=box.SIMPLE_HEAD, title_justify="left", pad_edge=False)
    for column in t.columns:
        rich.add_column(column, justify="right" if column in t.right else "left", overflow="fold")
    for row in t.rows:
        rich.add_row(*(Text(cell) for cell in row))
    console = Console()
    Console(width=console.width if console.is_terminal else 160).print(rich)


def to_json(value: Any) -> str:
    """One JSON object: dataclasses as objects, NaN and infinity as null."""
    return json.dumps(_plain(value), ensure_ascii=False, allow_nan=False)


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return _plain(asdict(value))
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
