"""Sealed Parquet files of one kind of row, and a DuckDB table over all of them."""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from advisor.errors import AdvisorError
from advisor.input_files import MOST_SEALED_BYTES, checked_file
from advisor.printable import NAME, SQL_CLASS
from advisor.store.folders import visible
from advisor.store.seal import sealed
from advisor.tables import columns, create_table

if TYPE_CHECKING:
    import pandas

INSERT_ALL = """
insert into {table} by name
with origins as (select unnest($files) as filename, unnest($own) as own, unnest($sealed_at) as sealed_at)
select * exclude (filename)
from read_parquet($files, union_by_name = true, filename = true)
join origins using (filename)
"""
HALF = 0.5 / 0.8
"""Of what a database takes by itself, which is 80 % of the memory: the rest is for what is made of its rows."""
BATCH_BYTES = 4_000_000
"""Of sealed files that are read at once: half a million answers, two million where they are much alike."""
MEND = "move it away, and bring its rows in again"


@dataclass(frozen=True, slots=True)
class Measurements:
    """Every sealed file of rows of type `row` in `folders`; of those in `own` the table's column `own` is true.

    `sealed_at` is when a file was written, in nanoseconds: of two verdicts of one draw the later counts.
    """

    table: str
    row: type
    folders: tuple[Path, ...]
    own: Path | None

    @property
    def files(self) -> tuple[Path, ...]:
        """Sealed files, by folder and name. Raises AdvisorError for a folder that cannot be read."""
        return tuple(file for folder in self.folders for file in visible(folder, ".parquet"))

    def connect(self) -> duckdb.DuckDBPyConnection:
        """An in-memory database with the table filled from every file. Raises AdvisorError for a damaged one.

        What does not fit into half of the memory goes to files in the system's temporary folder. Where there is much,
        it is kept compressed.
        """
        connection = self._empty()
        files = self.files
        for file in files:
            checked_file(file, hint=MEND, most_bytes=MOST_SEALED_BYTES)
        if not files:
            return connection
        try:
            for number, batch in enumerate(_batches(files)):
                if number:
                    connection.execute("checkpoint")  # which compresses the rows that are there
                connection.execute(INSERT_ALL.format(table=self.table), self._origins(batch))
        except duckdb.Error:
            connection = self._filled_one_by_one(files)
        if self._hides(connection):
            for file in filter(self._is_own, files):
                _check_shown(connection, self.row, file)
        return connection

    def _empty(self) -> duckdb.DuckDBPyConnection:
        return empty_table(self.row, self.table, "own boolean", "sealed_at bigint")

    def _is_own(self, file: Path) -> bool:
        return self.own is not None and file.is_relative_to(self.own)

    def _origins(self, files: Sequence[Path]) -> dict[str, list[Any]]:
        """Of each file its path, whose it is and when it was sealed."""
        return {
            "files": [str(file) for file in files],
            "own": [self._is_own(file) for file in files],
            "sealed_at": [file.stat().st_mtime_ns for file in files],
        }

    def _filled_one_by_one(self, files: Sequence[Path]) -> duckdb.DuckDBPyConnection:
        """The same table, by a query a file. Raises AdvisorError naming the first that is damaged."""
        connection = self._empty()
        for file in files:
            own, sealed_at = str(self._is_own(file)).lower(), str(file.stat().st_mtime_ns)
            insert_file(connection, self.table, file, own=own, sealed_at=sealed_at)
        return connection

    def _hides(self, connection: duckdb.DuckDBPyConnection) -> bool:
        """Whether a name in one of the user's files has what no screen can show."""
        names = [f'regexp_matches("{c.name}"::varchar, $hidden)' for c in columns(self.row) if c.is_one_line]
        query = f"select true from {self.table} where own and ({' or '.join(names)}) limit 1"
        return connection.execute(query, {"hidden": SQL_CLASS}).fetchone() is not None

    def to_frame(self) -> pandas.DataFrame:
        """One line a row. Raises AdvisorError for a damaged file."""
        return self.connect().execute(f"from {self.table}").df()


def spilling() -> duckdb.DuckDBPyConnection:
    """An empty database in memory, of which it takes half; the rest goes to files in the system's temporary folder.

    They lie in a folder of their own, made when the first is written and removed with the last: files of two databases
    have the same names.
    """
    connection = duckdb.connect()
    ((usual,),) = connection.execute("select current_setting('memory_limit')").fetchall()
    number, unit = usual.split()
    connection.execute(f"set memory_limit = '{HALF * float(number):.3f} {unit}'")
    folder = Path(tempfile.gettempdir()) / f"advisor-{secrets.token_hex(8)}"
    connection.execute("set temp_directory = $folder", {"folder": str(folder)})
    return connection


def database() -> duckdb.DuckDBPyConnection:
    """The same, where a checkpoint compresses what the tables have."""
    connection = spilling()
    connection.execute("attach ':memory:' as held (compress)")
    connection.execute("use held")
    return connection


def empty_table(row: type, name: str, *more: str) -> duckdb.DuckDBPyConnection:
    """An in-memory database with a table that takes no row without what a row has to have."""
    connection = database()
    connection.execute(create_table(row, name, *more))
    for each in columns(row):
        if each.required and not each.nullable:
            connection.execute(f'alter table {name} alter column "{each.name}" set not null')
    return connection


def _batches(files: Sequence[Path]) -> Iterator[list[Path]]:
    """In their order, so many at once as have BATCH_BYTES together."""
    batch: list[Path] = []
    n_bytes = 0
    for file in files:
        batch.append(file)
        n_bytes += file.stat().st_size
        if n_bytes >= BATCH_BYTES:
            yield batch
            batch, n_bytes = [], 0
    if batch:
        yield batch


def insert_file(connection: duckdb.DuckDBPyConnection, table: str, file: Path, **more: str) -> None:
    """Insert a sealed file into a table by the names of its columns, with `more` columns as SQL.

    Raises AdvisorError where it cannot be read, or has columns that the table has not.
    """
    added = "".join(f", {sql} as {name}" for name, sql in more.items())
    try:
        query = f"insert into {table} by name select *{added} from read_parquet($file)"
        connection.execute(query, {"file": str(file)})
    except duckdb.Error as error:
        raise unreadable(file, error) from None


def sealed_table(file: Path, table: str, row: type) -> duckdb.DuckDBPyConnection:
    """A database with the rows of one sealed file, read as all files are. Raises AdvisorError for a damaged one."""
    checked_file(file, hint=MEND, most_bytes=MOST_SEALED_BYTES)
    connection = empty_table(row, table)
    insert_file(connection, table, file)
    _check_shown(connection, row, file)
    return connection


def _check_shown(connection: duckdb.DuckDBPyConnection, row: type, file: Path) -> None:
    """Raises AdvisorError for a file with a name that no screen can show."""
    names = [c.name for c in columns(row) if c.is_one_line]
    present = {row[0] for row in connection.execute("describe from read_parquet($f)", {"f": str(file)}).fetchall()}
    found = {name: f'regexp_matches("{name}"::varchar, $hidden)' for name in names if name in present}
    cases = " ".join(f"when {is_hidden} then ['{name}', \"{name}\"::varchar]" for name, is_hidden in found.items())
    query = f"select case {cases} end from read_parquet($f) where {' or '.join(found.values())} limit 1"
    if shown := connection.execute(query, {"f": str(file), "hidden": SQL_CLASS}).fetchone():
        what = f"has the {shown[0][0]} {str(shown[0][1])!r}"
        raise AdvisorError(what, where=str(file), hint=f"a name is {NAME}; {MEND}")


def unreadable(file: Path, error: Exception) -> AdvisorError:
    """The error for a sealed file that is damaged."""
    return AdvisorError(f"cannot be read ({str(error).splitlines()[0]})", where=str(file), hint=MEND)


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
    """Whether the sealed file has these rows and no others. Raises AdvisorError where it cannot be read."""
    connection = _loaded(row, rows)
    connection.execute("create table theirs as from incoming limit 0")
    insert_file(connection, "theirs", target)
    difference = """
        select count(*) from ((from incoming except all from theirs) union all (from theirs except all from incoming))
    """
    return connection.execute(difference).fetchone() == (0,)
