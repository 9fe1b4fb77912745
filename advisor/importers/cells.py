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
"""DuckDB's types that a column of ours takes; of a JSON value text and numbers, truth only where it is asked for."""
TRUTH = "case when {0} in ('true', '1', '1.0') then true when {0} in ('false', '0', '0.0', '-0', '-0.0') then false end"
FROM_NUMBER = "case when try_cast({0} as double) = floor(try_cast({0} as double)) then try_cast({0} as bigint) end"
"""A whole number, as in 12 and 12.0: of 1.5 DuckDB itself would make 2."""
CASTS = {str: "{0}", int: FROM_NUMBER, float: "try_cast({0} as double)", bool: TRUTH}
# The first sign of a JSON value tells its type, and no cast makes a number of a text in quotes: to ask for the type of
# every value takes several times as long
FROM_JSON = {
    str: """case
        when starts_with({0}, '"') then {1} ->> '$'
        when {0}[1] not in ('t', 'f', 'n', '[', '{{') then {0}
    end""",
    int: f"""case
        when contains({{0}}, '.') or contains({{0}}, 'e') or contains({{0}}, 'E') then {FROM_NUMBER}
        else try_cast({{0}} as bigint)
    end""",
    float: "try_cast({0} as double)",
    bool: TRUTH,
}


def cell(column: Column, found: str | None) -> str:
    """SQL of a cell by our column and the type that the file has for it; None: the file lacks the column."""
    name, kind = f'"{column.name}"', column.kind
    if found == "JSON":
        return f"({FROM_JSON[kind].format(f'({name}::varchar)', name)})"
    if found is None or not _taken(column, found):
        return f"null::{column.sql_type}"
    return f"({CASTS[kind].format(f'{name}::varchar' if kind in {str, bool} else name)})"


def misfit(column: Column, found: str) -> str:
    """SQL: whether the file has a value in the column that is none of our column's type."""
    name = f'"{column.name}"'
    if found == "JSON":
        text = f"({name}::varchar)"
        no_text = f"not starts_with({text}, '\"') and {text}[1] in ('t', 'f', '[', '{{')"
        other = no_text if column.kind is str else f"({cell(column, found)}) is null"
        return f"({text} != 'null' and {other})"
    if column.kind is str and _taken(column, found):
        return "false"
    return f"({name} is not null and ({cell(column, found)}) is null)"


def _taken(column: Column, found: str) -> bool:
    return found.split("(")[0] in TAKES[column.kind]
