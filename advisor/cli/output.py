"""What a command prints: one JSON object, or text and tables; notes go to stderr."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, TypeVar

from advisor.values import Value, to_json

if TYPE_CHECKING:
    from advisor.reports.terminal import Block

Answer = TypeVar("Answer", bound=Value)


def emit(answer: Answer, blocks: Callable[[Answer], Iterable[Block]], as_json: bool) -> None:
    """Print a verb's answer, and what it has to say beside it."""
    for note in getattr(answer, "notes", ()):
        print(f"advisor: {note}", file=sys.stderr)
    if as_json:
        print(to_json(answer))
        return
    from advisor.reports.terminal import show

    show(blocks(answer))


def emit_rows(name: str, rows: Iterable[object], blocks: Iterable[Block], as_json: bool) -> None:
    """Print a listing: in JSON one object with the list under its name."""
    if as_json:
        print(to_json({name: list(rows)}))
        return
    from advisor.reports.terminal import show

    show(blocks)
