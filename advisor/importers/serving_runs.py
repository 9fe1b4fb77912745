"""Serving runs: what every import of them shares, and the plain table in our own columns."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from advisor.arguments import checked_arguments
from advisor.errors import AdvisorError, unknown
from advisor.gpus import PRECISIONS
from advisor.importers.files import files_of_length
from advisor.input_files import MOST_BYTES, checked_file, checked_parquet
from advisor.performance.demand import KV_BYTES
from advisor.performance.deployment import ENGINES
from advisor.performance.parallelism import Parallelism
from advisor.store.doubts import doubtful_notes, doubts_of
from advisor.store.identity import RUN_ID, run_id
from advisor.store.locks import SHORT_WAIT_S, locked
from advisor.store.measurements import holds, seal_rows
from advisor.store.runs import STATES, Run, hidden_fault
from advisor.store.workspace import Workspace
from advisor.tables import columns
from advisor.units import checked_count
from advisor.values import Value

Row = dict[str, Any]
"""Cells by the columns of Run, on the way into a file."""

KNOWN = {c.name: c for c in columns(Run)}
REQUIRED = tuple(c.name for c in columns(Run) if c.required and c.name != "precision")
"""Without a precision the checkpoint's own is meant."""
FORMS = (
    f"a table of runs is .csv or .parquet with the columns {', '.join(REQUIRED)}, and tpot_s, request_s or"
    " output_tokens_per_s; see docs/formats.md"
)
FLAGS = {"prompt_tokens": "--input-tokens", "generated_tokens": "--output-tokens"}
DECIDED_BY_FLAG = ("model",)
"""Columns where the flag goes before the report: reports name a model as it was served."""
AGREED = ("gpu", "parallelism", "precision", "kv_precision", "engine")
"""Columns where flag and report must say the same, where both say something."""
DAMAGED = (KeyError, IndexError, AttributeError, TypeError, ValueError, ArithmeticError)
"""What reading a report raises that has another form than its tool writes."""
MOST = 1e15
"""Of any figure of a load."""
LONGEST_S = {"ttft": 3600.0, "tpot": 3600.0, "request": 86400.0}
"""Times beyond which a figure is a slip: milliseconds taken for seconds, for example."""


@dataclass(frozen=True, slots=True)
class Defaults:
    """What a report leaves unsaid, from the flags; the field names are columns of Run."""

    model: str | None = None
    gpu: str | None = None
    parallelism: str | None = None
    precision: str | None = None
    kv_precision: str | None = None
    engine: str | None = None
    prompt_tokens: int | None = None
    generated_tokens: int | None = None
    concurrency: int | None = None


@dataclass(frozen=True, slots=True)
class ImportedRuns(Value):
    """What an import did: the loads of the report, and the run it sealed or found there already.

    `doubtful` of the loads cannot be what they say: `notes` name them, and they are kept and not fitted.
    """

    rows: int
    run_id: str
    added: bool
    doubtful: int = 0
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """One report as read: where it lies, the tool that wrote it, its loads, and its own run_id if it has one."""

    path: Path
    tool: str
    rows: Sequence[Row]
    run_id: str | None = None


def seal_report(workspace: Workspace, report: Report, defaults: Defaults) -> ImportedRuns:
    """Check the rows, fill in the defaults, and seal them as one run unless it is there already.

    Without a run_id the run is named after tool, content and flags. Raises AdvisorError naming file, row and column.
    """
    for key in ("prompt_tokens", "generated_tokens", "concurrency"):
        if (count := getattr(defaults, key)) is not None:
            checked_count(count, where=FLAGS.get(key, f"--{key}"))
    if not report.rows:
        raise AdvisorError("holds no run", where=str(report.path))
    content = {"files": _digests(report.path), "flags": defaults}
    name = report.run_id or run_id(report.tool, content)
    if not RUN_ID.fullmatch(name):
        what, hint = f"has the run_id {name!r}, which cannot name a file", "use letters, digits, dots, dashes and _"
        raise AdvisorError(what, where=str(report.path), hint=hint)
    checked = [
        _checked(workspace, {"source": report.tool} | row | {"run_id": name}, defaults, f"{report.path}, run {i}")
        for i, row in enumerate(report.rows, 1)
    ]
    folder = workspace.writable / "measurements" / "runs"
    with locked(folder, wait_s=SHORT_WAIT_S):
        done = _sealed_once(checked, folder / f"{name}.parquet")
    said = doubts_of(checked, workspace.models, workspace.gpus)
    return replace(done, doubtful=sum(map(bool, said)), notes=tuple(doubtful_notes(checked, said)))


def _sealed_once(checked: Sequence[Row], target: Path) -> ImportedRuns:
    """The rows under the file's name, or the name under which the folder has them. Raises AdvisorError."""
    name = target.stem
    if target.exists():
        if not holds(Run, target, checked):
            hint = "give the new rows a run_id of their own"
            raise AdvisorError(f"run {name!r} is recorded already with other rows", where=str(target), hint=hint)
        return ImportedRuns(len(checked), name, added=False)
    if recorded := _recorded(target.parent, checked):
        return ImportedRuns(len(checked), recorded, added=False)
    seal_rows(Run, checked, target)
    return ImportedRuns(len(checked), name, added=True)


def _digests(path: Path) -> list[str]:
    """Of the file, or of every file of the folder."""
    files = sorted(f for f in path.rglob("*") if f.is_file()) if path.is_dir() else [path]
    return [hashlib.sha256(checked_file(f).read_bytes()).hexdigest() for f in files]


def _recorded(folder: Path, rows: Sequence[Row]) -> str | None:
    """The name of a sealed file that holds these rows under any run_id: an import whose name an older version made."""
    for file in files_of_length(folder, len(rows)):
        with contextlib.suppress(AdvisorError):  # a damaged file holds nothing
            if holds(Run, file, [row | {"run_id": file.stem} for row in rows]):
                return file.stem
    return None


def _checked(workspace: Workspace, row: Row, defaults: Defaults, where: str) -> Row:
    """The row with names in full and numbers that are possible."""
    found = _named(workspace, _filled(row, defaults, DECIDED_BY_FLAG), where)
    given = _named(workspace, _filled(row, defaults, (*DECIDED_BY_FLAG, *AGREED)), where)
    for key in AGREED:
        if found[key] != given[key]:
            flag = f"--{key}".replace("_", "-")
            what = f"{key} is {found[key]!r}, but {flag} says {given[key]!r}"
            raise AdvisorError(what, where=where, hint="leave the flag out, or correct the report")
    _check_numbers(found, where)
    if hidden := hidden_fault(found):
        raise AdvisorError(hidden, where=where)
    return found


def _named(workspace: Workspace, row: Row, where: str) -> Row:
    """The row with names in full."""
    for key in REQUIRED:
        if row[key] in ("", None):
            raise AdvisorError(f"has no {key}", where=where, hint=f"give {FLAGS.get(key, f'--{key}')}")
    row["model"] = _model(workspace, str(row["model"]), where)
    row["gpu"] = workspace.gpus.named(str(row["gpu"]), where=where).name
    row["parallelism"] = str(Parallelism.parse(str(row["parallelism"] or "tp1")))
    if prefill := row.get("prefill_parallelism"):
        row["prefill_parallelism"] = str(Parallelism.parse(str(prefill), where="prefill_parallelism"))
    row["precision"] = str(row["precision"] or workspace.models.checkpoint_precision(row["model"]))
    row["kv_precision"] = row["kv_precision"] or None
    row["engine"] = str(row["engine"] or "vllm").lower()
    row["status"] = row.get("status") or "ok"
    for key, known in (("precision", PRECISIONS), ("kv_precision", KV_BYTES), ("engine", ENGINES), ("status", STATES)):
        if row[key] is not None and row[key] not in known:
            raise unknown(key, str(row[key]), known, where=where)
    return row


def _filled(row: Row, defaults: Defaults, by_flag: Sequence[str]) -> Row:
    """The row with what the flags say of it: first of the columns `by_flag`, of others where the report is silent."""
    filled = dict(row)
    for key in Defaults.__dataclass_fields__:
        given, reported = getattr(defaults, key), row.get(key)
        first, second = (given, reported) if key in by_flag else (reported, given)
        filled[key] = second if first in ("", None) else first
    return filled


def _model(workspace: Workspace, name: str, where: str) -> str:
    try:
        return workspace.models.resolve(name)
    except AdvisorError as error:
        hint = "name it with --model, after `advisor import model FOLDER` where it is your own"
        raise AdvisorError(error.what, where=where, hint=hint) from None


def _check_numbers(row: Row, where: str) -> None:
    for name, value in row.items():
        if value is None or KNOWN[name].kind not in (int, float):
            continue
        if isinstance(value, bool) or not isinstance(value, (int, float)) or value < 0 or value != value:
            hint = "give a number that is not below zero, or leave it empty"
            raise AdvisorError(f"{name} is {value!r}", where=where, hint=hint)
        if value > MOST or (KNOWN[name].kind is int and value != int(value)):
            hint = f"give a {KNOWN[name].words}, up to {MOST:,.0f}"
            raise AdvisorError(f"{name} is {value!r}", where=where, hint=hint)
        longest = LONGEST_S.get(name.split("_")[0]) if name.endswith("_s") else None
        if longest is not None and value > longest:
            hint = f"times are in seconds, up to {longest:,.0f}"
            raise AdvisorError(f"{name} is {value!r}", where=where, hint=hint)
    if row["status"] == "ok" and not (row.get("tpot_s") or row.get("request_s") or row.get("output_tokens_per_s")):
        raise AdvisorError("has no measured time", where=where, hint="give tpot_s, request_s or output_tokens_per_s")
    if min(row["prompt_tokens"], row["generated_tokens"], row["concurrency"]) <= 0:
        hint = "prompt_tokens, generated_tokens and concurrency are above zero"
        raise AdvisorError("has no tokens or no requests", where=where, hint=hint)


@checked_arguments
def import_runs(
    workspace: Workspace,
    path: str | os.PathLike[str],
    *,
    model: str | None = None,
    gpu: str | None = None,
    parallelism: str | None = None,
    precision: str | None = None,
    kv_precision: str | None = None,
    engine: str | None = None,
    input_tokens: int | None = None,
    output_tokens: int | None = None,
    concurrency: int | None = None,
) -> ImportedRuns:
    """A CSV or Parquet file in the columns of Run; the options fill in what it leaves empty. Raises AdvisorError."""
    defaults = Defaults(
        model, gpu, parallelism, precision, kv_precision, engine, input_tokens, output_tokens, concurrency
    )
    return seal_report(workspace, _table(Path(path)), defaults)


def _table(path: Path) -> Report:
    if path.suffix not in {".csv", ".parquet"}:
        raise AdvisorError(f"has the unknown ending {path.suffix!r}", where=str(path), hint=FORMS)
    checked_file(path, hint=FORMS)
    if path.suffix == ".parquet":
        checked_parquet(path, hint=FORMS, most_bytes=MOST_BYTES)
    try:
        found = duckdb.connect().execute(f"from read_{path.suffix[1:]}($file)", {"file": str(path)})
        names = [str(column[0]) for column in found.description or ()]
        rows = [{n: _plain(v) for n, v in zip(names, row, strict=True)} for row in found.fetchall()]
    except duckdb.Error as error:
        raise AdvisorError(f"cannot be read ({str(error).splitlines()[0]})", where=str(path), hint=FORMS) from None
    for name in names:
        if name not in KNOWN:
            raise unknown("column", name, KNOWN, where=str(path))
    run_ids = {row.get("run_id") for row in rows}
    if len(run_ids) > 1:
        raise AdvisorError("has several run_ids", where=str(path), hint="one file a run")
    return Report(path, "runs", rows, next(iter(run_ids), None) or None)


def _plain(cell: Any) -> Any:
    return float(cell) if isinstance(cell, Decimal) else cell
