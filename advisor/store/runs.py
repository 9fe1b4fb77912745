"""Runs of an engine as sealed files: rows in the columns of the table `runs`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pyarrow

from advisor.store.seal import sealed
from advisor.store.sql import statement

Row = dict[str, Any]


@cache
def columns() -> dict[str, str]:
    """Name and DuckDB type of every column that a file of runs holds."""
    connection = duckdb.connect()
    connection.execute(statement("advisor.store", "schema"))
    return {str(name): str(kind) for name, kind, *_ in connection.execute("describe runs").fetchall() if name != "own"}


def _loaded(rows: Sequence[Row]) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute(statement("advisor.store", "schema"))
    connection.register("incoming", pyarrow.Table.from_pylist([dict.fromkeys(columns()) | row for row in rows]))
    connection.execute("insert into runs by name select * from incoming")
    return connection


def seal_run(rows: Sequence[Row], target: Path) -> Path:
    """One Parquet file of `rows`, whose keys are columns of `runs`; absent ones are null. Raises AdvisorError where it cannot be written."""
    connection = _loaded(rows)

    def write(temporary: Path) -> None:
        quoted = str(temporary).replace("'", "''")
        connection.execute(f"copy (select * exclude (own) from runs) to '{quoted}' (format parquet, compression zstd)")

    return sealed(target, write)


def holds(target: Path, rows: Sequence[Row]) -> bool:
    """Whether the sealed file has these rows and no others."""
    connection = _loaded(rows)
    connection.execute("create table theirs as from runs limit 0")
    connection.execute("insert into theirs by name select * from read_parquet($file)", {"file": str(target)})
    difference = (
        "select count(*) from ((from runs except all from theirs) union all (from theirs except all from runs))"
    )
    return connection.execute(difference).fetchone() == (0,)
