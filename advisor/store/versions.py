"""Sealed files that another version of the program may have written."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import duckdb

from advisor.errors import AdvisorError
from advisor.store.measurements import copy_parquet
from advisor.store.runs import Run
from advisor.store.samples import Sample
from advisor.store.seal import sealed
from advisor.store.texts import Text
from advisor.tables import columns

ROWS: dict[str, type[Any]] = {"samples": Sample, "texts": Text, "runs": Run}
"""Rows by the folder of measurements/ that has their files."""


@cache
def _database() -> duckdb.DuckDBPyConnection:
    """One for all files: opening one takes longer than reading a file."""
    return duckdb.connect()


def understood(file: Path, kind: str, where: str) -> tuple[str, ...]:
    """Columns of a file that this version does not know and that have values; empty ones are taken out of it.

    The whole file is read. Raises AdvisorError, which names it as `where`, for a damaged one.
    """
    known = {each.name for each in columns(ROWS[kind])}
    connection = _database()
    try:
        names = _columns(connection, file)
        counts = ", ".join(f"count({_quoted(name)})" for name in names)
        (filled,) = connection.execute(f"select {counts} from read_parquet($file)", {"file": str(file)}).fetchall()
    except duckdb.Error as error:
        hint = "take it away from the store, and bring its rows in again"
        raise AdvisorError(f"is damaged ({str(error).splitlines()[0]})", where=where, hint=hint) from None
    strange = [name for name in names if name not in known]
    if newer := tuple(name for name, n in zip(names, filled, strict=True) if n and name in strange):
        return newer
    if strange:
        kept = ", ".join(_quoted(name) for name in names if name in known)
        connection.execute("create or replace temp table theirs as from read_parquet($file)", {"file": str(file)})
        sealed(file, lambda temporary: copy_parquet(connection, f"select {kept} from theirs", temporary))
        connection.execute("drop table theirs")
    return ()


def same_rows(one: Path, other: Path) -> bool:
    """Whether two sound files have the same rows, in whatever order and however they are packed."""
    connection = _database()
    names = _columns(connection, one)
    if sorted(names) != sorted(_columns(connection, other)):
        return False
    selected = ", ".join(map(_quoted, names))
    query = f"""
        with one as (select {selected} from read_parquet($one)), other as (select {selected} from read_parquet($other))
        select count(*) from ((from one except all from other) union all (from other except all from one))
    """
    return connection.execute(query, {"one": str(one), "other": str(other)}).fetchone() == (0,)


def _columns(connection: duckdb.DuckDBPyConnection, file: Path) -> list[str]:
    rows = connection.execute("describe from read_parquet($file)", {"file": str(file)}).fetchall()
    return [str(row[0]) for row in rows]


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
