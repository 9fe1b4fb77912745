"""From a query over a foreign file to sealed files of samples, one a run, and of texts beside them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import duckdb
import pyarrow
from pyarrow import parquet

from advisor.errors import AdvisorError
from advisor.importers.incoming import Locate, check_rows, check_texts, name_runs
from advisor.input_files import MOST_SEALED_BYTES, checked_file
from advisor.store.folders import visible
from advisor.store.identity import RUN_ID
from advisor.store.locks import SHORT_WAIT_S, locked
from advisor.store.measurements import MEND, copy_parquet, insert_file, unreadable
from advisor.store.samples import Sample
from advisor.store.seal import formers, resealed, sealed, set_aside
from advisor.store.texts import WRITTEN, Text
from advisor.store.workspace import Workspace
from advisor.tables import columns, create_table
from advisor.units import counted
from advisor.values import Value

REQUIRED = tuple(c.name for c in columns(Sample) if c.required)
APART_FROM_RUN_ID = tuple(c.name for c in columns(Sample) if c.name != "run_id")
SORTED = "create table answers as select * from incoming order by run_id, question_id, sample_index"
MARKED = ("model", "task", "generated_tokens")
"""Columns whose smallest and largest value tell most files apart without reading their rows."""
RUNS = f"""
select
    run_id, min(rowid), max(rowid), count(distinct (model, task)) as n_pairs,
    [{", ".join(f"{of}({name})::varchar" for name in MARKED for of in ("min", "max"))}]
from answers group by run_id order by 1
"""
TEXTS = f"""
select run_id, question_id, sample_index, {
    ", ".join(c.name if c.name in WRITTEN else f"null::{c.sql_type} as {c.name}" for c in columns(Text)[3:])
}
from answers join texts using (place)
where answers.rowid between $first and $last
order by question_id, sample_index
"""


CUT_OFF = 256
"""Characters of a text from which on DuckDB states no more of it."""
WITHIN_RUN = ("model", "task", "question_id", "sample_index")
"""What names an answer of a run."""
FILLABLE = tuple(
    c.name for c in columns(Sample) if not c.required and c.name not in {"run_id", "finish_reason", "tokens_from"}
)
"""Columns that a later import can fill in; regrading decides on finish_reason, and a null tokens_from has a meaning."""


@dataclass(frozen=True, slots=True)
class ImportedSamples(Value):
    """What an import did: the answers of the file, the runs it sealed, and those that were there already in full.

    `texts` counts the answers whose text is kept; `notes` say what was left out or decided, one line each.
    """

    rows: int
    new_runs: tuple[str, ...]
    unchanged: tuple[str, ...]
    texts: int = 0
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Rows:
    """A run's rows in the table `answers`, from `first` to `last`; `n_pairs` of model and task, `marks` as _marks."""

    run: str
    first: int
    last: int
    n_pairs: int
    marks: tuple[str, ...]

    @property
    def within(self) -> str:
        return f"rowid between {self.first} and {self.last}"


def seal_samples(
    workspace: Workspace,
    path: Path,
    connection: duckdb.DuckDBPyConnection,
    query: str,
    *,
    unnamed: Callable[[], str] = str,
    locate: Locate = str,
    texts: str = "",
) -> ImportedSamples:
    """Run `query` (with `$file` where it reads one) and seal its rows, one Parquet file a run.

    Rows without a run_id become the run that `unnamed` names, or several where they were drawn in several ways. A
    column `place` numbers the rows, and `locate` makes "file, line" of it for errors; `texts` selects what was
    written, by place. Runs that are there already with the same rows, under whatever name, are left alone, but that
    columns without a value are filled in; other rows under a recorded name are left out, and refused where nothing else
    is new. Raises AdvisorError for unreadable files, wrong columns, rows that no answer can be, and rows that
    contradict each other.
    """
    connection.execute(create_table(Sample, "incoming", "place bigint"))
    connection.execute(f"create table texts (place bigint, {', '.join(f'{name} varchar' for name in WRITTEN)})")
    try:
        arguments = {"file": str(path)} if "$file" in query else {}
        connection.execute(f"insert into incoming by name {query}", arguments)
        if texts:
            connection.execute(f"insert into texts by name {texts}")
    except duckdb.Error as error:
        raise AdvisorError(f"cannot be read as samples ({first_line(error)})", where=str(path)) from None
    connection.execute("drop table if exists lines")  # of the file, which have been read
    connection.execute("checkpoint")
    name_runs(connection, unnamed)
    check_rows(connection, path, locate)
    check_texts(connection, locate)
    samples = workspace.writable / "measurements" / "samples"
    runs = _runs(connection, path)
    with locked(samples, wait_s=SHORT_WAIT_S):
        return _sealed(connection, runs, samples)


def _sealed(connection: duckdb.DuckDBPyConnection, runs: list[_Rows], samples: Path) -> ImportedSamples:
    """What is new of the runs in a file each; only one process at a time adds files to a folder.

    A run that is recorded with other rows, or damaged, is named in the notes and stays as it is. Raises AdvisorError
    where none is new beside it.
    """
    recorded, faults = _all_recorded(connection, runs, samples)
    notes = _without_text(connection)
    new, unchanged, n_texts = list[str](), list[str](), 0
    for rows, name in recorded.items():
        target = samples / f"{name or rows.run}.parquet"
        n_texts += _seal_texts(connection, rows, target, notes)  # first, since the samples make the run count
        if name is None:
            sealed(target, partial(copy_parquet, connection, _written(rows)))
        is_new = name is None or (name == rows.run and _filled_in(connection, rows, target, notes))
        (new if is_new else unchanged).append(target.stem)
    if faults and not new:
        raise faults[0]
    notes += [f"left out: {fault}" for fault in faults]
    (n_rows,) = connection.execute("select count(*) from answers").fetchall()[0]
    return ImportedSamples(n_rows, tuple(new), tuple(unchanged), n_texts, tuple(notes))


def _all_recorded(
    connection: duckdb.DuckDBPyConnection, runs: list[_Rows], samples: Path
) -> tuple[dict[_Rows, str | None], list[AdvisorError]]:
    """The name under which the folder holds each run, None where it does not, and what is wrong with the others."""
    alike, names = _by_marks(samples), {rows.run for rows in runs}
    recorded: dict[_Rows, str | None] = {}
    faults: list[AdvisorError] = []
    for rows in runs:
        try:
            recorded[rows] = _recorded(connection, rows, samples / f"{rows.run}.parquet", alike, names)
        except AdvisorError as error:
            faults.append(error)
    return recorded, faults


def _filled_in(connection: duckdb.DuckDBPyConnection, rows: _Rows, target: Path, notes: list[str]) -> bool:
    """Whether the recorded run, whose answers these are, was sealed anew with columns that it had no value in.

    Where another of its columns has other values, it stays as it is. Adds to `notes` what was done, or why not.
    """
    with locked(target, wait_s=SHORT_WAIT_S):
        connection.execute(create_table(Sample, "recorded"))
        try:
            insert_file(connection, "recorded", target)
            lacking, differing = _columns_beside(connection, rows)
            if differing and lacking:
                notes.append(f"run {rows.run} stays as it is: recorded with another {', '.join(differing)}")
            if differing or not lacking:
                return False
            former = resealed(target, partial(copy_parquet, connection, _completed(rows, lacking)))
        finally:
            connection.execute("drop table recorded")
    notes.append(f"run {rows.run}: {', '.join(lacking)} filled in; the former file is {former}")
    return True


def _columns_beside(connection: duckdb.DuckDBPyConnection, rows: _Rows) -> tuple[list[str], list[str]]:
    """Columns in which the table `recorded` has no value and the run's rows have, and in which both have others."""
    cells = [
        f"""[
            count(recorded.{name}) = 0 and count(answers.{name}) > 0,
            count(recorded.{name}) > 0 and bool_or(
                answers.{name} is not null and answers.{name} is distinct from recorded.{name}
            )
        ]"""
        for name in FILLABLE
    ]
    (found,) = connection.execute(f"select {', '.join(cells)} from {_beside(rows)}").fetchall()
    by_name = dict(zip(FILLABLE, found, strict=True))
    return [n for n, (lacks, _) in by_name.items() if lacks], [n for n, (_, differs) in by_name.items() if differs]


def _completed(rows: _Rows, lacking: Collection[str]) -> str:
    """The rows of the table `recorded` with the values that the run's rows have in the columns it lacks."""
    cells = [f"{'answers' if c.name in lacking else 'recorded'}.{c.name}" for c in columns(Sample)]
    return f"select {', '.join(cells)} from {_beside(rows)} order by recorded.question_id, recorded.sample_index"


def _beside(rows: _Rows) -> str:
    """Each recorded row beside the same answer of the run's rows."""
    same = " and ".join(f"recorded.{name} = answers.{name}" for name in WITHIN_RUN)
    return f"recorded join (select * from answers where {rows.within}) answers on {same}"


def _runs(connection: duckdb.DuckDBPyConnection, path: Path) -> list[_Rows]:
    """The runs of the table `answers`, which has the rows sorted: a run's rows are then read without all the others."""
    connection.execute(SORTED)
    connection.execute("drop table incoming")
    found = connection.execute(RUNS).fetchall()
    runs = [_Rows(run, first, last, n_pairs, tuple(marks)) for run, first, last, n_pairs, marks in found]
    if not runs:
        raise AdvisorError("holds no answer of a known open model on a known task", where=str(path))
    for rows in runs:
        if not RUN_ID.fullmatch(rows.run or ""):
            what = f"has the run_id {rows.run!r}, which cannot name a file"
            raise AdvisorError(what, where=str(path), hint="use letters, digits, dots, dashes and _")
    return runs


def _recorded(
    connection: duckdb.DuckDBPyConnection, rows: _Rows, target: Path, alike: Alike, runs: Collection[str]
) -> str | None:
    """The name under which the target's folder holds the run's rows, none of the import's other `runs`.

    Rows that were there before the run was regraded are held too. Raises AdvisorError where the target has others.
    """
    if target.exists():
        mine = _selected(rows, REQUIRED)
        if not any(_same(connection, mine, file, REQUIRED) for file in (target, *formers(target))):
            hint = "give the new rows a run_id of their own"
            what = f"run {rows.run!r} is recorded already with other rows"
            raise AdvisorError(what, where=str(target), hint=hint)
        return rows.run
    mine = _selected(rows, APART_FROM_RUN_ID)
    length = rows.last - rows.first + 1
    for file in [*alike.get((length, rows.marks), []), *alike.get((length, None), [])]:
        if file.stem not in runs:
            with contextlib.suppress(AdvisorError):  # a damaged file holds nothing
                if _same(connection, mine, file, APART_FROM_RUN_ID):
                    return file.stem
    return None


Alike = dict[tuple[int, tuple[str, ...] | None], list[Path]]
"""Files by their number of rows and their marks, None where these are not known."""


def _by_marks(folder: Path) -> Alike:
    found: Alike = {}
    for file, about in _described(folder):
        found.setdefault((int(about.num_rows), _marks(about)), []).append(file)
    return found


def files_of_length(folder: Path, n_rows: int) -> list[Path]:
    """Sealed files with so many rows."""
    return [file for file, about in _described(folder) if about.num_rows == n_rows]


def _described(folder: Path) -> Iterator[tuple[Path, parquet.FileMetaData]]:
    """What each sealed file of a folder says of itself; damaged ones, which hold nothing, are left out."""
    for file in visible(folder, ".parquet"):
        with contextlib.suppress(AdvisorError, OSError, pyarrow.ArrowException):
            yield file, parquet.read_metadata(checked_file(file, most_bytes=MOST_SEALED_BYTES))


def _marks(about: parquet.FileMetaData) -> tuple[str, ...] | None:
    """The smallest and the largest value of each of MARKED; None where one is not stated, or cut off."""
    groups = [about.row_group(i) for i in range(about.num_row_groups)]
    found: list[str] = []
    for name in MARKED:
        if name not in about.schema.names:
            return None
        place = about.schema.names.index(name)
        stated = [group.column(place).statistics for group in groups]
        if not all(each is not None and each.has_min_max for each in stated):
            return None
        ends = [str(min(each.min for each in stated)), str(max(each.max for each in stated))]
        if max(map(len, ends)) >= CUT_OFF:
            return None
        found += ends
    return tuple(found)


def _selected(rows: _Rows, names: tuple[str, ...]) -> str:
    return f"select {', '.join(names)} from answers where {rows.within}"


def _written(rows: _Rows) -> str:
    return f"select * exclude (place) from answers where {rows.within}"


def _same(connection: duckdb.DuckDBPyConnection, mine: str, file: Path, names: tuple[str, ...]) -> bool:
    """Whether a sealed file of samples or texts has these rows and no others, as far as these columns say.

    Raises AdvisorError for a damaged file.
    """
    selected = ", ".join(names)
    checked_file(file, hint=MEND, most_bytes=MOST_SEALED_BYTES)
    connection.execute(f"create or replace temp table mine as {mine}")
    connection.execute("create or replace temp table theirs as from mine limit 0")
    try:
        columns_there = connection.execute("select * from read_parquet($file) limit 0", {"file": str(file)}).description
        there = [str(column[0]) for column in columns_there or () if str(column[0]) in names]
        read = f"insert into theirs by name select {', '.join(there)} from read_parquet($file)"
        connection.execute(read, {"file": str(file)})
    except duckdb.Error as error:
        raise unreadable(file, error) from None
    difference = f"""
        with mine as (select {selected} from mine), theirs as (select {selected} from theirs)
        select count(*) from ((from mine except all from theirs) union all (from theirs except all from mine))
    """
    return connection.execute(difference).fetchone() == (0,)


def _seal_texts(connection: duckdb.DuckDBPyConnection, rows: _Rows, samples: Path, notes: list[str]) -> int:
    """How many texts of a run are kept; the file is named like that of its samples. Adds to `notes` why not.

    Without samples, a file of that name is what a killed command left: other texts are set aside.
    """
    target = samples.parent.parent / "texts" / samples.name
    query = TEXTS.replace("$first", str(rows.first)).replace("$last", str(rows.last))
    query = query.replace("select run_id", f"select '{target.stem}' as run_id")
    (n_texts,) = connection.execute(f"select count(*) from ({query})").fetchall()[0]
    if n_texts and rows.n_pairs > 1:  # a text is named by run, question and sample alone
        notes.append(f"the texts of run {rows.run} are not kept: give each of its models and tasks a run_id of its own")
        n_texts = 0
    names = tuple(c.name for c in columns(Text))
    if target.exists() and not samples.exists() and not (n_texts and _same(connection, query, target, names)):
        set_aside(target)
    if not n_texts:
        return 0
    if not target.exists():
        sealed(target, partial(copy_parquet, connection, query))
    elif not _same(connection, query, target, names):
        notes.append(f"other texts of run {target.stem} are kept already and stay: {target}")
        return 0
    return int(n_texts)


def _without_text(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Take rows without a text out of the table of texts; a note where they are not those of failed requests."""
    query = f"""
        select count(*) from texts join answers using (place)
        where text is null and coalesce({", ".join(WRITTEN)}) is not null and finish_reason is distinct from 'error'
    """
    (n_answers,) = connection.execute(query).fetchall()[0]
    connection.execute("delete from texts where text is null")
    return [f"{counted(n_answers, 'answer')} with a prompt or the like but no text: not kept"] if n_answers else []


def first_line(error: Exception) -> str:
    """Of DuckDB's message, which goes on with the query."""
    return str(error).splitlines()[0]
