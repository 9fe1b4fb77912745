"""Which line of a JSONL file is at fault: looked up only where something is, so that sound files are read fast."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

MOST_DIGITS = 60
LONGEST_LINE_BYTES = 2**25
"""Twice what is read as one row: a longer line is cut, and then is no row."""


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """The lines that hold something, numbered from 1 as an editor does."""
    with path.open("rb") as file:
        for number in itertools.count(1):
            line = file.readline(LONGEST_LINE_BYTES)
            if not line:
                return
            if line.strip():
                yield number, line


def line_of(path: Path, place: int) -> int:
    """The number in the file of its `place`-th line that holds something."""
    return next((number for i, (number, _) in enumerate(_lines(path), 1) if i == place), place)


def is_no_row(path: Path) -> tuple[int, str] | None:
    """The first line that is no JSON object, and why."""
    for number, line in _lines(path):
        try:
            row = json.loads(line, object_pairs_hook=_once_each)
            json.dumps(row, ensure_ascii=False).encode()  # half a character, spelled \\ud800, is no text
        except (ValueError, RecursionError) as error:
            return number, f"is no JSON ({error})"
        if not isinstance(row, dict):
            return number, "is no JSON object"
    return None


def first_line_where(path: Path, holds: Callable[[dict[str, Any]], bool]) -> int | None:
    """The number of the first line whose object is such."""
    return next((number for number, line in _lines(path) if holds(value_of(line))), None)


def value_of(text: str | bytes) -> Any:
    """What JSON says that was read well; a number of more digits than any column holds as its text."""
    return json.loads(text, parse_int=lambda digits: int(digits) if len(digits) <= MOST_DIGITS else digits)


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    row = dict(pairs)
    if len(row) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"{next(name for name in names if names.count(name) > 1)!r} is there twice")
    return row
