"""Whether the cells of a row have the types of their columns."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from advisor.tables import MOST_BITS, Column, columns

TAKES: dict[type, tuple[type, ...]] = {str: (str,), int: (int,), float: (int, float), bool: (bool,)}
"""Python's types that a column of a type takes; a bool, which is an int in Python, only where it is asked for."""
_columns = cache(columns)


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a row cannot be: the column, what is wrong with it, and what it has to be."""

    column: str
    what: str
    hint: str

    def __str__(self) -> str:
        return f"{self.what}; {self.hint}"


def type_fault(row_type: type, row: Mapping[str, Any]) -> Fault | None:
    """The first cell that is no column, lacks, or has another type than its column; None where there is none."""
    known = _columns(row_type)
    for each in known:
        if each.name not in row:
            if each.required:
                return Fault(each.name, f"lacks the column {each.name!r}", f"{each.name} is a {each.words}")
        elif not _is_of(row[each.name], each):
            return Fault(each.name, f"{each.name} is {_shown(row[each.name])}", f"{each.name} is a {each.words}")
    names = {each.name for each in known}
    if strange := next((name for name in row if name not in names), None):
        return Fault(strange, f"unknown column {strange!r}", f"known: {', '.join(each.name for each in known)}")
    return None


def is_text(value: object) -> bool:
    """A text that a file can hold: JSON can spell halves of characters, which no file takes."""
    if not isinstance(value, str):
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_of(value: Any, each: Column) -> bool:
    if value is None:
        return each.nullable
    accepted = isinstance(value, TAKES[each.kind])
    if not accepted or (isinstance(value, bool) and each.kind is not bool):
        return False
    if isinstance(value, str):
        return is_text(value)
    if isinstance(value, int):
        return value.bit_length() < MOST_BITS
    return math.isfinite(float(value))


def _shown(value: object) -> str:
    text = ascii(value)
    return text if len(text) <= 60 else f"{text[:60]}…"
