"""Samples in our own columns: JSONL or Parquet, one row an answer."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import duckdb

from advisor.arguments import checked_arguments
from advisor.errors import AdvisorError
from advisor.importers.files import COUNTS, KEYS, REQUIRED, ImportedSamples, seal_samples
from advisor.store.samples import Sample
from advisor.store.workspace import Workspace
from advisor.tables import Column, columns

FORMS = f"a samples file is .jsonl or .parquet with the columns {', '.join(REQUIRED)}"
ACCEPTED: dict[type, tuple[type, ...]] = {str: (str, int, float), int: (int, float), float: (int, float), bool: (int,)}
"""JSON's types that a column of a type takes; a true or false is an int in Python."""
EXPRESSIONS = {
    "task": "lower({})",
    "strategy": "coalesce({}, 'sampling')",
    "run_id": "coalesce(nullif({}, ''), getvariable('run_id'))",
}


@checked_arguments
def import_samples(workspace: Workspace, path: str | os.PathLike[str]) -> ImportedSamples:
    """Seal one file a run. Raises AdvisorError naming the file, the line and the column at fault."""
    file = Path(path)
    if not file.is_file():
        raise AdvisorError("no such file", where=str(file), hint=FORMS)
    if file.suffix == ".parquet":
        reader = "read_parquet($file)"
    elif file.suffix in {".jsonl", ".ndjson", ".json"}:
        _check_lines(file)
        reader = "read_json($file, format = 'newline_delimited')"
    else:
        raise AdvisorError(f"has the unknown ending {file.suffix!r}", where=str(file), hint=FORMS)
    connection = duckdb.connect()
    try:
        connection.execute(f"create temp table source as select * from {reader}", {"file": str(file)})
    except duckdb.Error as error:
        raise AdvisorError(f"cannot be read ({str(error).splitlines()[0]})", where=str(file), hint=FORMS) from None
    if connection.execute("select count(*) from source").fetchone() == (0,):
        raise AdvisorError("holds no answers", where=str(file), hint=FORMS)
    present = {row[0] for row in connection.execute("describe source").fetchall()}
    if missing := [name for name in REQUIRED if name not in present]:
        raise AdvisorError(f"lacks the column {missing[0]!r}", where=str(file), hint=FORMS)
    connection.execute("set variable run_id = $run", {"run": f"import-{_digest(file)}"})
    return seal_samples(workspace, file, connection, _query(present))


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()[:12]


def _query(present: set[str]) -> str:
    """Every column of Sample from the table `source`, null where it has none."""
    cells = []
    for each in columns(Sample):
        cast = f'"{each.name}"::{each.sql_type}' if each.name in present else f"null::{each.sql_type}"
        cells.append(f'{EXPRESSIONS.get(each.name, "{}").format(cast)} as "{each.name}"')
    return f"select {', '.join(cells)} from source"


def _check_lines(path: Path) -> None:
    """Every line is a JSON object with the required columns, all in their types; the first that is not is named."""
    with path.open(encoding="utf-8", errors="replace") as file:
        for number, line in enumerate(file, 1):
            if line.strip():
                _check_line(line, f"{path}, line {number}")


def _check_line(line: str, where: str) -> None:
    try:
        row = json.loads(line)
    except ValueError as error:
        raise AdvisorError(f"is no JSON ({error})", where=where, hint=FORMS) from None
    if not isinstance(row, dict):
        raise AdvisorError("is no JSON object", where=where, hint=FORMS)
    for each in columns(Sample):
        if each.name not in row:
            if each.required:
                raise AdvisorError(f"lacks the column {each.name!r}", where=where, hint=FORMS)
        elif not _is_of(row[each.name], each):
            hint = f"{each.name} is a {each.words}"
            raise AdvisorError(f"{each.name} is {row[each.name]!r}", where=where, hint=hint)
        elif each.name in KEYS and not str(row[each.name]).strip():
            raise AdvisorError(f"{each.name} is empty", where=where, hint=FORMS)
        elif each.name in COUNTS and (row[each.name] or 0) < 0:
            hint = f"{each.name} is never negative"
            raise AdvisorError(f"{each.name} is {row[each.name]!r}", where=where, hint=hint)


def _is_of(value: Any, each: Column) -> bool:
    if value is None:
        return each.nullable or not each.required
    if each.kind is int and isinstance(value, float):
        return value.is_integer()
    return isinstance(value, ACCEPTED[each.kind])
