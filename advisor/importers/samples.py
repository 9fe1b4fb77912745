"""Samples in our own columns: JSONL or Parquet, one row an answer."""

from __future__ import annotations

import hashlib
import os
from decimal import Decimal
from pathlib import Path

import duckdb

from advisor.arguments import checked_arguments
from advisor.errors import AdvisorError, unknown
from advisor.importers.cells import cell, misfit
from advisor.importers.files import REQUIRED, ImportedSamples, first_line, seal_samples
from advisor.importers.incoming import Locate
from advisor.importers.json_lines import first_line_where, is_no_row, line_of, value_of
from advisor.input_files import MOST_SEALED_BYTES, checked_file, checked_parquet
from advisor.store.measurements import database
from advisor.store.samples import Sample
from advisor.store.texts import WRITTEN, Text
from advisor.store.workspace import Workspace
from advisor.tables import Column, columns

FORMS = f"a samples file is .jsonl or .parquet with the columns {', '.join(REQUIRED)}"
ANSWERS = {c.name: c for c in columns(Sample)}
TEXTS = {c.name: c for c in columns(Text) if c.name in WRITTEN}
KNOWN = ANSWERS | TEXTS
EXPRESSIONS = {
    "model": "trim({})",
    "task": "trim(lower({}))",
    "strategy": "coalesce(nullif(trim({}), ''), 'sampling')",
    "run_id": "nullif({}, '')",
}
KEYS = """
select key, count(*) from (
    select unnest(json_keys(json)) as key
    from read_json_objects($file, format = 'newline_delimited')
) group by key
"""
SHOWN = 60


@checked_arguments
def import_samples(workspace: Workspace, path: str | os.PathLike[str], *, texts: bool = True) -> ImportedSamples:
    """Seal one file a run, and what models wrote beside it unless `texts` is False.

    Raises AdvisorError naming the file, the line or row, and the column at fault.
    """
    file = Path(path)
    checked_file(file, hint=FORMS, most_bytes=MOST_SEALED_BYTES)
    connection = database()
    if file.suffix == ".parquet":
        checked_parquet(file, hint=FORMS)
        locate = _read_parquet(connection, file)
    elif file.suffix in {".jsonl", ".ndjson", ".json"}:
        locate = _read_lines(connection, file)
    else:
        raise AdvisorError(f"has the unknown ending {file.suffix!r}", where=str(file), hint=FORMS)
    if connection.execute("select count(*) from source").fetchone() == (0,):
        raise AdvisorError("holds no answers", where=str(file), hint=FORMS)
    types = {row[0]: str(row[1]) for row in connection.execute("describe source").fetchall() if row[0] in KNOWN}
    _check_types(connection, types, locate)
    return seal_samples(
        workspace,
        file,
        connection,
        selected(types, ANSWERS),
        unnamed=lambda: f"import-{_digest(file)}",
        locate=locate,
        texts=selected(types, TEXTS) if texts and not TEXTS.keys().isdisjoint(types) else "",
    )


def selected(types: dict[str, str], known: dict[str, Column]) -> str:
    """SQL of our columns from the view `source`, whose columns have these types, and `place`, the row's number."""
    cells = {name: cell(each, types.get(name)) for name, each in known.items() if name in {*types, "strategy"}}
    expressions = [f'{EXPRESSIONS.get(name, "{}").format(sql)} as "{name}"' for name, sql in cells.items()]
    return f"select {', '.join(expressions)}, rowid + 1 as place from source"


def _read_parquet(connection: duckdb.DuckDBPyConnection, file: Path) -> Locate:
    """The view `source` of the file's columns. Raises AdvisorError for columns that are not ours."""
    try:
        found = connection.execute("select * from read_parquet($file) limit 0", {"file": str(file)})
        names = [str(column[0]) for column in found.description or ()]
        if strange := next((name for name in names if name not in KNOWN), None):
            raise _strange(strange, str(file))
        _check_present(names, str(file))
        quoted = str(file).replace("'", "''")
        rows = f"from read_parquet('{quoted}', file_row_number = true)"
        connection.execute(f"create view source as select *, file_row_number as rowid {rows}")
    except duckdb.Error as error:
        raise AdvisorError(f"cannot be read ({first_line(error)})", where=str(file), hint=FORMS) from None
    return lambda place: f"{file}, row {place}"


def _read_lines(connection: duckdb.DuckDBPyConnection, file: Path) -> Locate:
    """The view `source` of every column as JSON: an inferred type would make a date of an answer. Raises as above."""
    try:
        keys: dict[str, int] = dict(connection.execute(KEYS, {"file": str(file)}).fetchall())
        as_json = ", ".join(f"'{name}': 'JSON'" for name in KNOWN if name in {*keys, *REQUIRED})
        read = f"select * from read_json($file, format = 'newline_delimited', columns = {{{as_json}}})"
        connection.execute(f"create table lines as {read}", {"file": str(file)})
        connection.execute("create view source as select *, rowid from lines")
        connection.execute("checkpoint")
    except duckdb.Error as error:
        if found := is_no_row(file):
            raise AdvisorError(found[1], where=f"{file}, line {found[0]}", hint=FORMS) from None
        raise AdvisorError(f"cannot be read ({first_line(error)})", where=str(file), hint=FORMS) from None
    (n_rows,) = connection.execute("select count(*) from source").fetchall()[0]
    if strange := next((key for key in keys if key not in KNOWN), None):
        raise _strange(strange, f"{file}, line {first_line_where(file, lambda row: strange in row)}")
    for name in REQUIRED:
        if keys.get(name, 0) != n_rows:  # more where a line has the key twice
            if found := is_no_row(file):  # null, which is no object either, is a row without cells to DuckDB
                raise AdvisorError(found[1], where=f"{file}, line {found[0]}", hint=FORMS)
            line = first_line_where(file, lambda row, name=name: name not in row)  # type: ignore[misc]
            _check_present([other for other in REQUIRED if other != name], f"{file}, line {line}")
    return lambda place: f"{file}, line {line_of(file, place)}"


def _strange(name: str, where: str) -> AdvisorError:
    error = unknown("column", name, KNOWN, where=where)
    return AdvisorError(error.what, where=where, hint=f"{error.hint}; leave out what is none of these")


def _check_present(names: list[str], where: str) -> None:
    if missing := [name for name in REQUIRED if name not in names]:
        raise AdvisorError(f"lacks the column {missing[0]!r}", where=where, hint=FORMS)


def _digest(file: Path) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as opened:
        while block := opened.read(2**20):
            digest.update(block)
    return digest.hexdigest()[:12]


def _check_types(connection: duckdb.DuckDBPyConnection, types: dict[str, str], locate: Locate) -> None:
    """Raises AdvisorError for the first row with a cell that is none of its column."""
    wrong = {name: misfit(each, types[name]) for name, each in KNOWN.items() if name in types}
    cases = " ".join(f"when {condition} then '{name}'" for name, condition in wrong.items())
    query = f"select rowid + 1, case {cases} end from source where {' or '.join(wrong.values())} limit 1"
    if row := connection.execute(query).fetchone():
        place, name = row
        query = f'select "{name}" from source where rowid + 1 = $place'
        value = connection.execute(query, {"place": place}).fetchall()
        shown = _shown(value_of(value[0][0]) if types[name] == "JSON" else value[0][0])
        hint = f"{name} is a {KNOWN[name].words}"
        raise AdvisorError(f"{name} is {shown[:SHOWN]}", where=locate(place), hint=hint)


def _shown(value: object) -> str:
    return str(value) if isinstance(value, Decimal) else repr(value)
