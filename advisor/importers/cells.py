"""Cells of a foreign column as those of ours, in SQL: the value, or null where it is none of our column's type."""

from __future__ import annotations

from advisor.tables import Column

WHOLE = {f"{sign}{size}INT" for sign in ("", "U") for size in ("TINY", "SMALL", "BIG", "HUGE")} | {
    "INTEGER",
    "UINTEGER",
}
NUMBERS = WHOLE | {"FLOAT", "DOUBLE", "DECIMAL"}
TEXTS = {"VARCHAR", "UUID", "ENUM"}
TAKES = {str: TEXTS | NUMBERS, int: NUMBERS, float: NUMBERS, bool: NUMBERS | {"BOOLEAN"}}
"""DuckDB's types, and those of a JSON value, that a column of ours takes."""
TRUTH = "case when {0} in ('true', '1', '1.0') then true when {0} in ('false', '0', '0.0') then false end"
FROM_NUMBER = "case when try_cast({0} as double) = floor(try_cast({0} as double)) then try_cast({0} as bigint) end"
"""A whole number, as in 12 and 12.0: of 1.5 DuckDB itself would make 2."""
CASTS = {str: "{0}", int: FROM_NUMBER, float: "try_cast({0} as double)", bool: TRUTH}


def cell(column: Column, found: str | None) -> str:
    """SQL of a cell by our column and the type that the file has for it; None: the file lacks the column."""
    name, kind = f'"{column.name}"', column.kind
    if found == "JSON":
        types = ", ".join(f"'{each}'" for each in sorted(TAKES[kind]))
        text = f"({name} ->> '$')"
        return f"(case when json_type({name}) in ({types}) then {CASTS[kind].format(text)} end)"
    if found is None or found.split("(")[0] not in TAKES[kind]:
        return f"null::{column.sql_type}"
    return f"({CASTS[kind].format(f'{name}::varchar' if kind in {str, bool} else name)})"


def given(name: str, found: str) -> str:
    """SQL: whether the file has a value in a column."""
    return f"json_type(\"{name}\") != 'NULL'" if found == "JSON" else f'"{name}" is not null'
