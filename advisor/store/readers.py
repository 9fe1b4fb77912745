"""How each file of a workspace that a store shares is read: as every command reads it, whole.

What one of these readers refuses stops whoever has the file, so `advisor check` names it and no store gets it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import duckdb

from advisor.checkpoints import CheckpointRow, FormatRow, LaunchRow
from advisor.errors import AdvisorError
from advisor.gpus import Gpus
from advisor.input_files import MOST_SEALED_BYTES, checked_file
from advisor.models.catalog import Catalog
from advisor.models.families import read_config
from advisor.prices import read_prices
from advisor.sampling import MeasuredRow, Sampling
from advisor.store.measurements import MEND, empty_table, insert_file
from advisor.store.published import published_of
from advisor.store.reported_counts import counts_of
from advisor.store.reported_lengths import lengths_of
from advisor.store.reported_strategies import strategies_of
from advisor.store.runs import Run, fault_of_load
from advisor.store.sample_rules import ANY_BROKEN, fault
from advisor.store.samples import Sample
from advisor.store.shipped import shipped_root
from advisor.store.texts import Text
from advisor.support import FamilyRow, SupportTable
from advisor.tables import columns, read_rows

Reader = Callable[[Path], object]
"""Reads one file as the program does. Raises AdvisorError."""
MAINTAINED = "mend the line, or move the file away"


def reader_of(name: str) -> Reader | None:
    """The reader of a shared file by its name below the workspace; None for a table that no command reads."""
    room, _, rest = name.partition("/")
    if room == "profiles":
        return read_config if rest.startswith("models/") else TABLES.get(rest)
    kind = rest.partition("/")[0]
    return SEALED.get(kind) or REPORTED.get(kind)


def _table(file: Path, name: str, row: type[Any]) -> duckdb.DuckDBPyConnection:
    checked_file(file, hint=MEND, most_bytes=MOST_SEALED_BYTES)
    connection = empty_table(row, name)
    insert_file(connection, name, file)
    return connection


def _read_samples(file: Path) -> None:
    names = [column.name for column in columns(Sample)]
    connection = _table(file, "samples", Sample)
    # recorded before such rows were refused, and counted all the same
    broken = f"({ANY_BROKEN}) and not (coalesce(correct, false) and answer is null)"
    for values in connection.execute(f"select {', '.join(names)} from samples where {broken} limit 1").fetchall():
        row = dict(zip(names, values, strict=True))
        if found := fault(row):
            where = f"{file}, question {row['question_id']!r}, sample {row['sample_index']}"
            raise AdvisorError(found.what, where=where, hint=f"{found.hint}; {MEND}")
    key = "run_id, model, task, question_id, sample_index"
    doubled = f"select question_id, sample_index from samples group by {key} having count(*) > 1 order by all limit 1"
    for question, index in connection.execute(doubled).fetchall():
        raise AdvisorError(f"has sample {index} of question {question!r} twice", where=str(file), hint=MEND)


def _read_runs(file: Path) -> None:
    names = [column.name for column in columns(Run)]
    rows = _table(file, "runs", Run).execute(f"select {', '.join(names)} from runs").fetchall()
    for number, values in enumerate(rows, 1):
        if reason := fault_of_load("", [dict(zip(names, values, strict=True))]):
            raise AdvisorError(reason, where=f"{file}, row {number}", hint=MEND)


def _read_texts(file: Path) -> None:
    _table(file, "texts", Text)


def _rows_of(row: type[Any]) -> Reader:
    return lambda file: read_rows(file, row, hint=MAINTAINED)


def _read_models(file: Path) -> None:
    catalog = Catalog.read([file.parent])
    for model in catalog:
        catalog.spec(model)


def _read_prices(file: Path) -> None:
    read_prices(file, Gpus.read([shipped_root() / "profiles", file.parent]))


TABLES: Mapping[str, Reader] = {
    "models.csv": _read_models,
    "gpus.csv": lambda file: Gpus.read([file.parent]),
    "prices.csv": _read_prices,
    "support.csv": lambda file: SupportTable.read([file.parent]),
    "families.csv": _rows_of(FamilyRow),
    "checkpoints.csv": _rows_of(CheckpointRow),
    "checkpoint_formats.csv": _rows_of(FormatRow),
    "launch_flags.csv": _rows_of(LaunchRow),
    "sampling.csv": lambda file: Sampling.read([file.parent]),
    "measured_with.csv": _rows_of(MeasuredRow),
}
"""How each table of profiles/ that people maintain is read."""
SEALED: Mapping[str, Reader] = {"samples": _read_samples, "runs": _read_runs, "texts": _read_texts}
"""How the sealed files in each folder of measurements/ are read."""
REPORTED: Mapping[str, Reader] = {
    "published": lambda file: published_of([file]),
    "lengths": lambda file: lengths_of([file]),
    "counts": lambda file: counts_of([file]),
    "strategies": lambda file: strategies_of([file]),
}
"""How the tables in each folder of measurements/ are read."""
