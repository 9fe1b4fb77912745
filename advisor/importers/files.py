"""From a query over a foreign file to sealed files, one a run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb

from advisor.errors import AdvisorError
from advisor.store.seal import sealed
from advisor.store.workspace import Workspace

DISAGREEMENTS = """
select run_id, question_id, sample_index from incoming
group by all having count(*) > 1 and (count(distinct correct) > 1 or count(distinct coalesce(answer, '')) > 1) limit 1
"""


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did; runs already there in full are `unchanged`."""

    rows: int
    new_runs: tuple[str, ...]
    unchanged: tuple[str, ...]


def seal_runs(connection: duckdb.DuckDBPyConnection, query: str, path: Path, workspace: Workspace) -> Imported:
    """Run `query` (with `$file` where it reads one) and seal its rows, one Parquet file a run, under measurements/samples.

    A run that is there already with the same rows is left alone; with other rows it is refused.
    Raises AdvisorError for unreadable files, wrong columns, and duplicate rows that disagree.
    """
    if not path.is_file():
        raise AdvisorError("no such file", where=str(path))
    try:
        connection.execute(
            f"create or replace temp table incoming as select distinct * from ({query})",
            {"file": str(path)} if "$file" in query else {},
        )
    except duckdb.Error as error:
        raise AdvisorError(f"cannot be read as samples ({str(error).splitlines()[0]})", where=str(path)) from None
    if clash := connection.execute(DISAGREEMENTS).fetchone():
        raise AdvisorError(
            f"holds rows that disagree about run {clash[0]!r}, question {clash[1]!r}, sample {clash[2]}",
            where=str(path),
        )
    rows = connection.execute("select count(*) from incoming").fetchone()
    if (
        row := connection.execute(
            "select run_id from incoming where not regexp_full_match(run_id, '[\\w.-]{1,120}') limit 1"
        ).fetchone()
    ) is not None:
        raise AdvisorError(
            f"has the run_id {row[0]!r}, which cannot name a file",
            where=str(path),
            hint="use letters, digits, dots, dashes and underscores",
        )
    runs = [run for (run,) in connection.execute("select distinct run_id from incoming order by 1").fetchall()]
    if not runs:
        raise AdvisorError("holds no answer of a known open model on a known task", where=str(path))
    folder = workspace.writable_root / "measurements" / "samples"
    new, unchanged = [], []
    for run in runs:
        target = folder / f"{run}.parquet"
        if target.exists():
            if not _same(connection, run, target):
                raise AdvisorError(
                    f"run {run!r} is recorded already with other rows",
                    where=str(target),
                    hint="give the new rows a run_id of their own",
                )
            unchanged.append(run)
        else:
            new.append((run, target))
    for run, target in new:
        sealed(target, lambda temporary, run=run: _copy(connection, run, temporary))  # type: ignore[misc]
    return Imported(rows[0] if rows else 0, tuple(run for run, _ in new), tuple(unchanged))


def _copy(connection: duckdb.DuckDBPyConnection, run: str, target: Path) -> None:
    quoted, name = str(target).replace("'", "''"), run.replace("'", "''")
    connection.execute(
        f"copy (select * from incoming where run_id = '{name}') to '{quoted}' (format parquet, compression zstd)"
    )


def _same(connection: duckdb.DuckDBPyConnection, run: str, target: Path) -> bool:
    difference = """
        with mine as (select model, task, question_id, sample_index, answer, correct, generated_tokens from incoming where run_id = $run),
             theirs as (select model, task, question_id, sample_index, answer, correct, generated_tokens from read_parquet($file))
        select count(*) from ((from mine except from theirs) union all (from theirs except from mine))
    """
    row = connection.execute(difference, {"run": run, "file": str(target)}).fetchone()
    return row == (0,)
