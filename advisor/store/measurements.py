"""Sealed Parquet files of one kind of row, and a DuckDB table over all of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from advisor.errors import AdvisorError
from advisor.input_files import MOST_SEALED_BYTES, checked_file
from advisor.printable import NAME, SQL_CLASS
from advisor.store.seal import sealed
from advisor.tables import columns, create_table

if TYPE_CHECKING:
    import pandas

REMEDY = "delete it and import again"


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
            checked_file(file, hint=REMEDY, most_bytes=MOST_SEALED_BYTES)
            own = self.own is not None and file.is_relative_to(self.own)
            query = f"insert into {self.table} by name select *, $own as own from read_parquet($file)"
            try:
                connection.execute(query, {"file": str(file), "own": own})
            except duckdb.Error as error:
                what = f"is no readable file of {self.table} ({str(error).splitlines()[0]})"
                raise AdvisorError(what, where=str(file), hint=REMEDY) from None
            if own and (hidden := self._hidden(connection, file)):
                what = f"has the {hidden[0]} {hidden[1]!r}"
                raise AdvisorError(what, where=str(file), hint=f"a name is {NAME}; {REMEDY}")
        return connection

    def _hidden(self, connection: duckdb.DuckDBPyConnection, file: Path) -> tuple[str, str] | None:
        """A column and a cell of a file that no screen can show, where it has such."""
        names = [c.name for c in columns(self.row) if c.is_one_line]
        present = {row[0] for row in connection.execute("describe from read_parquet($f)", {"f": str(file)}).fetchall()}
        for name in (name for name in names if name in present):
            query = f'select "{name}" from read_parquet($f) where regexp_matches("{name}"::varchar, $hidden) limit 1'
            if row := connection.execute(query, {"f": str(file), "hidden": SQL_CLASS}).fetchone():
                return name, str(row[0])
        return None

    def to_frame(self) -> pandas.DataFrame:
        """One line a row. Raises AdvisorError for a damaged file."""
        return self.connect().execute(f"from {self.table}").df()


def _loaded(row: type, rows: Sequence[dict[str, Any]]) -> duckdb.DuckDBPyConnection:
    """A database with the table `incoming` of these rows, whose keys are columns; absent ones take their default."""
    import pyarrow

    connection = duckdb.connect()
    connection.execute(create_table(row, "incoming"))
    defaults = {c.name: None for c in columns(row)}
    if rows:
        connection.register("given", pyarrow.Table.from_pylist([defaults | each for each in rows]))
        connection.execute("insert into incoming by name select * from given")
    return connection


def parquet_writer(row: type, rows: Sequence[dict[str, Any]]) -> Callable[[Path], None]:
    """A function that writes the rows, whose keys are columns of `row`, to a path."""
    connection = _loaded(row, rows)

    def write(path: Path) -> None:
        quoted = str(path).replace("'", "''")
        connection.execute(f"copy incoming to '{quoted}' (format parquet, compression zstd)")

    return write


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
