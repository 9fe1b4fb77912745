"""The verb `measurements`: what a workspace holds, finished or not, and what ships with the program."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from advisor.errors import AdvisorError
from advisor.input_files import MOST_SEALED_BYTES, checked_file
from advisor.store.doubts import doubts_of
from advisor.store.folders import entries, visible
from advisor.store.measurements import MEND, rows_table, unreadable
from advisor.store.samples import SETUP
from advisor.store.sql import statement
from advisor.store.workspace import Workspace
from advisor.values import Rows

PACKAGE = "advisor.store"
DEPLOYMENT = (
    "gpu",
    "parallelism",
    "precision",
    "kv_precision",
    "engine",
    "dummy_weights",
    "replicas",
    "prefill_parallelism",
    "offline",
)
"""Columns of a run that say what was measured, beside the model."""
NOT_RIGHT_OR_WRONG = ("error", "unchecked")
JOURNAL = ".jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """Answers drawn in one way, or loads measured on one deployment.

    kind       answers or loads
    setup      how they were drawn, or what was measured, as far as it was recorded, by column
    rows       answers, or measured loads
    doubtful   of these loads, that are kept and not fitted
    doubts     what speaks against them, each named
    questions  that were answered; None for loads
    accuracy   mean over the questions of the share of right answers; None where none could be judged
    runs       run ids, which name the files
    whose      own or shipped
    finished   false: a journal, which the command that began it takes up again
    texts      answers whose text is kept
    """

    kind: str
    model: str
    task: str | None = None
    strategy: str | None = None
    setup: Mapping[str, Any]
    rows: int
    questions: int | None = None
    accuracy: float | None = None
    runs: tuple[str, ...]
    whose: str
    finished: bool = True
    texts: int = 0
    doubtful: int = 0
    doubts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Judged:
    """What speaks against a load; empty: nothing."""

    said: str


def recorded(workspace: Workspace) -> Rows[Recorded]:
    """Everything recorded, the user's own first. Raises AdvisorError naming a damaged file."""
    found = [*_answers(workspace), *_loads(workspace), *_begun(workspace)]
    return Rows(sorted(found, key=lambda each: (each.whose != "own", each.finished, each.kind)), Recorded)


def _answers(workspace: Workspace) -> Iterator[Recorded]:
    texts = _texts(workspace)
    samples = workspace.samples.connect()
    samples.execute(statement(PACKAGE, "failed_request"))
    for row in _rows(samples, "recorded_answers"):
        yield Recorded(
            kind="answers",
            model=row["model"],
            task=row["task"],
            strategy=row["strategy"],
            setup=_known(row, ("reward_model", *SETUP)),
            rows=row["answers"],
            questions=row["questions"],
            accuracy=row["accuracy"],
            runs=tuple(row["runs"]),
            whose=_whose(row["own"]),
            texts=sum(texts.get(run, 0) for run in row["runs"]),
        )


def _loads(workspace: Workspace) -> Iterator[Recorded]:
    connection = workspace.runs.connect()
    rows = list(_read(connection.execute("from runs")))
    judged = [{"said": doubt} for doubt in doubts_of(rows, workspace.models, workspace.gpus)]
    rows_table(connection, Judged, "judged", judged)
    for row in _rows(connection, "recorded_loads"):
        yield Recorded(
            kind="loads",
            model=row["model"],
            setup=_known(row, DEPLOYMENT),
            rows=row["loads"],
            runs=tuple(row["runs"]),
            whose=_whose(row["own"]),
            doubtful=row["doubtful"],
            doubts=tuple(row["doubts"]),
        )


def _rows(connection: duckdb.DuckDBPyConnection, query: str) -> Iterator[dict[str, Any]]:
    return _read(connection.execute(statement(PACKAGE, query)))


def _read(found: duckdb.DuckDBPyConnection) -> Iterator[dict[str, Any]]:
    names = [str(column[0]) for column in found.description or ()]
    return (dict(zip(names, values, strict=True)) for values in found.fetchall())


def _known(row: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: row[name] for name in names if row.get(name) is not None}


def _whose(own: bool) -> str:
    return "own" if own else "shipped"


def _texts(workspace: Workspace) -> dict[str, int]:
    """How many texts are kept, by run. Raises AdvisorError naming a damaged file."""
    connection = duckdb.connect()
    found = workspace.shared.distant_text_rows() if workspace.shared else {}
    for root in workspace.roots:
        for file in visible(root / "measurements" / "texts", ".parquet"):
            checked_file(file, hint=MEND, most_bytes=MOST_SEALED_BYTES)
            try:
                (count,) = connection.execute("select count(*) from read_parquet($f)", {"f": str(file)}).fetchall()[0]
            except duckdb.Error as error:
                raise unreadable(file, error) from None
            found[file.stem] = found.get(file.stem, 0) + count
    return found


def _begun(workspace: Workspace) -> Iterator[Recorded]:
    """Runs that were begun and are not sealed. Raises AdvisorError for a journal that cannot be read."""
    for root in workspace.roots:
        for kind, folder in (("answers", "samples"), ("loads", "runs")):
            for file in journals(root / "measurements" / folder):
                about, rows = _journal(file)
                if about or rows:
                    yield _unfinished(kind, file, about, rows, _whose(root == workspace.own))


def journals(folder: Path) -> tuple[Path, ...]:
    """Of runs that are not sealed yet. Raises AdvisorError where the folder cannot be read."""
    return tuple(f for f in entries(folder) if f.name.startswith(".") and f.name.endswith(JOURNAL))


def _journal(file: Path) -> tuple[dict[str, Any], dict[str, list[dict[str, Any]]]]:
    """What the run is about, and rows by question or load; other lines are left out, as they are when it goes on."""
    about: dict[str, Any] = {}
    found: dict[str, list[dict[str, Any]]] = {}
    try:
        with checked_file(file, hint=MEND, most_bytes=MOST_SEALED_BYTES).open("rb") as lines:
            for line in lines:
                try:
                    entry = json.loads(line)
                except (ValueError, RecursionError):
                    continue
                if not isinstance(entry, dict):
                    continue
                if isinstance(entry.get("about"), dict) and "model" in entry["about"]:
                    about = entry["about"]
                rows = entry.get("rows")
                if isinstance(rows, list) and rows and all(isinstance(row, dict) and "model" in row for row in rows):
                    found[str(entry.get("key"))] = rows
    except OSError as error:
        raise AdvisorError(f"cannot be read ({error.strerror})", where=str(file), hint=MEND) from None
    return about, found


def _unfinished(
    kind: str, file: Path, about: Mapping[str, Any], by_key: Mapping[str, list[dict[str, Any]]], whose: str
) -> Recorded:
    everything = [row for rows in by_key.values() for row in rows]
    run = file.name.removeprefix(".").removesuffix(JOURNAL)
    first = {**about, **(everything[0] if everything else {})}
    if kind == "loads":
        measured = sum(row.get("status", "ok") == "ok" for row in everything)
        setup = _known(first, DEPLOYMENT)
        return Recorded(
            kind=kind, model=first["model"], setup=setup, rows=measured, runs=(run,), whose=whose, finished=False
        )
    judged = [[r for r in rows if r.get("finish_reason") not in NOT_RIGHT_OR_WRONG] for rows in by_key.values()]
    shares = [sum(r.get("correct") is True for r in rows) / len(rows) for rows in judged if rows]
    return Recorded(
        kind=kind,
        model=first["model"],
        task=first.get("task"),
        strategy=first.get("strategy"),
        setup=_known(first, ("reward_model", *SETUP)),
        rows=sum(r.get("finish_reason") != "error" for r in everything),
        questions=sum(any(r.get("finish_reason") != "error" for r in rows) for rows in by_key.values()),
        accuracy=sum(shares) / len(shares) if shares else None,
        runs=(run,),
        whose=whose,
        finished=False,
    )
