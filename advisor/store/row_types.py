"""Whether the cells of a row have the types of their columns."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from typing import Any

from advisor.tables import MOST_BITS, Column, columns

TAKES: dict[type, tuple[type, ...]] = {str: (str,), int: (int,), float: (int, float), bool: (bool,)}
"""Python's types that a column of a type takes; a bool, which is an int in Python, only where it is asked for."""


@cache
def _columns(row_type: type) -> dict[str, Column]:
    return {each.name: each for each in columns(row_type)}


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a row cannot be: the column, what is wrong with it, and what it has to be."""

    column: str
    what: str
    hint: str

    def __str__(self) -> str:
        return f"{self.what}; {self.hint}"


def by_column(row: Any) -> dict[str, Any]:
    """The fields of a dataclass whose values are plain; `asdict` copies them one by one, which a run would wait for."""
    return {each.name: getattr(row, each.name) for each in fields(row)}


def type_fault(row_type: type, row: Mapping[str, Any]) -> Fault | None:
    """The first cell that is no column, lacks, or has another type than its column; None where there is none."""
    known = _columns(row_type)
    for name, each in known.items():
        if name not in row:
            if each.required:
                return Fault(name, f"lacks the column {name!r}", f"{name} is a {each.words}")
        elif not _is_of(row[name], each):
            return Fault(name, f"{name} is {_shown(row[name])}", f"{name} is a {each.words}")
    if strange := next((name for name in row if name not in known), None):
        return Fault(strange, f"unknown column {strange!r}", f"known: {', '.join(known)}")
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
