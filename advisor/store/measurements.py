"""Sealed Parquet files of one kind of row, and a DuckDB table over all of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from advisor.errors import AdvisorError
from advisor.store.seal import sealed
from advisor.tables import columns, create_table

if TYPE_CHECKING:
    import pandas


@dataclass(frozen=True, slots=True)
class Measurements:
    """Every sealed file of rows of type `row` in `folders`; of those in `own` the table's column `own` is true."""

    table: str
    row: type
    folders: tuple[Path, ...]
    own: Path | None

    @property
    def files(self) -> tuple[Path, ...]:
        """Sealed files, sorted by folder and name; hidden ones are journals or leftovers."""
        return tuple(
            file
            for folder in self.folders
            for file in sorted(folder.glob("*.parquet"))
            if not file.name.startswith(".")
        )

    def connect(self) -> duckdb.DuckDBPyConnection:
        """An in-memory database with the table filled from every file. Raises AdvisorError for a damaged one."""
        connection = duckdb.connect()
        connection.execute(create_table(self.row, self.table, "own boolean"))
        for file in self.files:
            own = self.own is not None and file.is_relative_to(self.own)
            query = f"insert into {self.table} by name select *, $own as own from read_parquet($file)"
            try:
                connection.execute(query, {"file": str(file), "own": own})
            except duckdb.Error as error:
                what = f"is no readable file of {self.table} ({str(error).splitlines()[0]})"
                raise AdvisorError(what, where=str(file), hint="delete it and import again") from None
        return connection

    def to_frame(self) -> pandas.DataFrame:
        """One line a row. Raises AdvisorError for a damaged file."""
        return self.connect().execute(f"from {self.table}").df()


def rows_table(connection: duckdb.DuckDBPyConnection, row: type, name: str, rows: Sequence[dict[str, Any]]) -> None:
    """Create the table `name` of these rows, whose keys are columns; absent ones are null."""
    import pyarrow

    connection.execute(create_table(row, name))
    absent = {c.name: None for c in columns(row)}
    if rows:
        connection.register("given", pyarrow.Table.from_pylist([absent | each for each in rows]))
        connection.execute(f"insert into {name} by name select * from given")
        connection.unregister("given")


def _loaded(row: type, rows: Sequence[dict[str, Any]]) -> duckdb.DuckDBPyConnection:
    """A database with the table `incoming` of these rows."""
    connection = duckdb.connect()
    rows_table(connection, row, "incoming", rows)
    return connection


def parquet_writer(row: type, rows: Sequence[dict[str, Any]]) -> Callable[[Path], None]:
    """A function that writes the rows, whose keys are columns of `row`, to a path."""
    connection = _loaded(row, rows)

    def write(path: Path) -> None:
        copy_parquet(connection, "from incoming", path)

    return write


def copy_parquet(connection: duckdb.DuckDBPyConnection, query: str, path: Path) -> None:
    """Write the rows of a query to the file that is there already, not to another that then takes its place."""
    quoted = str(path).replace("'", "''")
    connection.execute(f"copy ({query}) to '{quoted}' (format parquet, compression zstd, use_tmp_file false)")


def seal_rows(row: type, rows: Sequence[dict[str, Any]], target: Path) -> Path:
    """One Parquet file of rows. Raises AdvisorError where it cannot be written."""
    return sealed(target, parquet_writer(row, rows))


def holds(row: type, target: Path, rows: Sequence[dict[str, Any]]) -> bool:
    """Whether the sealed file has these rows and no others."""
    connection = _loaded(row, rows)
    connection.execute("create table theirs as from incoming limit 0")
    connection.execute("insert into theirs by name select * from read_parquet($file)", {"file": str(target)})
    difference = """
        select count(*) from ((from incoming except all from theirs) union all (from theirs except all from incoming))
    """
    return connection.execute(difference).fetchone() == (0,)
