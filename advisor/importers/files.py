"""From a query over a foreign file to sealed files of samples, one a run."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import duckdb
import pyarrow
from pyarrow import parquet

from advisor.errors import AdvisorError
from advisor.importers.incoming import Locate, check_rows, name_runs
from advisor.store.identity import RUN_ID
from advisor.store.samples import Sample
from advisor.store.seal import sealed
from advisor.store.workspace import Workspace
from advisor.tables import columns, create_table
from advisor.values import Value

REQUIRED = tuple(c.name for c in columns(Sample) if c.required)
APART_FROM_RUN_ID = tuple(c.name for c in columns(Sample) if c.name != "run_id")


@dataclass(frozen=True, slots=True)
class ImportedSamples(Value):
    """What an import did: the answers of the file, the runs it sealed, and those that were there already in full."""

    rows: int
    new_runs: tuple[str, ...]
    unchanged: tuple[str, ...]


def seal_samples(
    workspace: Workspace,
    path: Path,
    connection: duckdb.DuckDBPyConnection,
    query: str,
    *,
    unnamed: str = "",
    locate: Locate = str,
) -> ImportedSamples:
    """Run `query` (with `$file` where it reads one) and seal its rows, one Parquet file a run.

    Rows without a run_id become the run `unnamed`, or several where they were drawn in several ways. A column `place`
    numbers the rows, and `locate` makes "file, line" of it for errors. Runs that are there already with the same rows,
    under whatever name, are left alone; other rows under a recorded name are refused. Raises AdvisorError for
    unreadable files, wrong columns, rows that no answer can be, and rows that contradict each other.
    """
    connection.execute(create_table(Sample, "incoming", "place bigint"))
    try:
        arguments = {"file": str(path)} if "$file" in query else {}
        connection.execute(f"insert into incoming by name {query}", arguments)
    except duckdb.Error as error:
        raise AdvisorError(f"cannot be read as samples ({first_line(error)})", where=str(path)) from None
    name_runs(connection, unnamed)
    check_rows(connection, path, locate)
    folder = workspace.writable / "measurements" / "samples"
    recorded = {run: _recorded(connection, run, folder) for run in _run_ids(connection, path)}
    new = tuple(run for run, name in recorded.items() if name is None)
    for run in new:
        sealed(folder / f"{run}.parquet", partial(_copy, connection, run))
    (n_rows,) = connection.execute("select count(*) from incoming").fetchall()[0]
    return ImportedSamples(n_rows, new, tuple(name for name in recorded.values() if name is not None))


def _run_ids(connection: duckdb.DuckDBPyConnection, path: Path) -> list[str]:
    runs = [run for (run,) in connection.execute("select distinct run_id from incoming order by 1").fetchall()]
    if not runs:
        raise AdvisorError("holds no answer of a known open model on a known task", where=str(path))
    for run in runs:
        if not RUN_ID.fullmatch(run or ""):
            what, hint = f"has the run_id {run!r}, which cannot name a file", "use letters, digits, dots, dashes and _"
            raise AdvisorError(what, where=str(path), hint=hint)
    return runs


def _recorded(connection: duckdb.DuckDBPyConnection, run: str, folder: Path) -> str | None:
    """The name under which the folder holds the run's rows. Raises AdvisorError where it holds others by that name."""
    target = folder / f"{run}.parquet"
    if target.exists():
        if not _same(connection, run, target, REQUIRED):
            hint = "give the new rows a run_id of their own"
            raise AdvisorError(f"run {run!r} is recorded already with other rows", where=str(target), hint=hint)
        return run
    (n_rows,) = connection.execute("select count(*) from incoming where run_id = $run", {"run": run}).fetchall()[0]
    others = files_of_length(folder, n_rows)
    return next((file.stem for file in others if _same(connection, run, file, APART_FROM_RUN_ID)), None)


def files_of_length(folder: Path, n_rows: int) -> list[Path]:
    """Sealed files with so many rows; damaged ones, which hold nothing, are left out."""
    return [file for file in sorted(folder.glob("[!.]*.parquet")) if _length(file) == n_rows]


def _length(file: Path) -> int | None:
    try:
        return int(parquet.read_metadata(file).num_rows)
    except (OSError, pyarrow.ArrowException):
        return None


def _same(connection: duckdb.DuckDBPyConnection, run: str, file: Path, names: tuple[str, ...]) -> bool:
    """Whether a sealed file has the run's rows and no others, as far as these columns say."""
    selected = ", ".join(f'"{name}"' for name in names)
    try:
        connection.execute("create or replace temp table theirs as from incoming limit 0")
        connection.execute("insert into theirs by name select * from read_parquet($file)", {"file": str(file)})
    except duckdb.Error:  # a damaged file holds nothing
        return False
    difference = f"""
        with mine as (select {selected} from incoming where run_id = $run),
             recorded as (select {selected} from theirs)
        select count(*) from ((from mine except all from recorded) union all (from recorded except all from mine))
    """
    return connection.execute(difference, {"run": run}).fetchone() == (0,)


def _copy(connection: duckdb.DuckDBPyConnection, run: str, target: Path) -> None:
    quoted, name = str(target).replace("'", "''"), run.replace("'", "''")
    rows = f"select * exclude (place) from incoming where run_id = '{name}' order by question_id, sample_index"
    connection.execute(f"copy ({rows}) to '{quoted}' (format parquet, compression zstd)")


def first_line(error: Exception) -> str:
    """Of DuckDB's message, which goes on with the query."""
    return str(error).splitlines()[0]
