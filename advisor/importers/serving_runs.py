"""Serving runs: what every import of them shares, and the plain table in our own columns."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from advisor.errors import AdvisorError, unknown
from advisor.gpus import PRECISIONS, load_gpu
from advisor.models.catalog import catalog, resolve_name
from advisor.performance.demand import KV_BYTES
from advisor.performance.parallelism import Parallelism
from advisor.performance.profiles import ENGINES
from advisor.store.runs import Row, columns, holds, seal_run
from advisor.store.workspace import Workspace

REQUIRED = ("model", "gpu", "prompt_tokens", "generated_tokens", "concurrency")
STATES = ("ok", "oom", "failed")
FORMS = f"a table of runs is .csv or .parquet with the columns {', '.join(REQUIRED)}, and tpot_s, request_s or output_tokens_per_s; see docs/formats.md"
KEYS = ("model", "gpu", "parallelism", "precision", "kv_precision", "engine")


@dataclass(frozen=True, slots=True)
class Told:
    """What a report leaves unsaid, from the flags; empty and None: not given."""

    model: str = ""
    gpu: str = ""
    parallelism: str = ""
    precision: str = ""
    kv_precision: str = ""
    engine: str = ""
    prompt_tokens: int | None = None
    generated_tokens: int | None = None
    concurrency: int | None = None


@dataclass(frozen=True, slots=True)
class ImportedRuns:
    """What an import did: the file it made, or found there already."""

    rows: int
    run_id: str
    added: bool


def keep(
    rows: Sequence[Row], told: Told, path: Path, tool: str, workspace: Workspace, *, run_id: str = ""
) -> ImportedRuns:
    """Check the rows, fill what was told, seal them as one run, named after tool, content and flags where it has no name; known rows are left alone.

    Raises AdvisorError naming file, row and column.
    """
    if not rows:
        raise AdvisorError("holds no run", where=str(path))
    run_id = run_id or f"{tool.replace(' ', '-')}-{_digest(path, told)}"
    if not re.fullmatch(r"[\w.-]{1,120}", run_id):
        raise AdvisorError(
            f"has the run_id {run_id!r}, which cannot name a file",
            where=str(path),
            hint="use letters, digits, dots, dashes and underscores",
        )
    target = workspace.writable_root / "measurements" / "runs" / f"{run_id}.parquet"
    checked = [
        _checked({"source": tool} | row | {"run_id": run_id}, told, f"{path}, run {i}") for i, row in enumerate(rows, 1)
    ]
    if not target.exists():
        seal_run(checked, target)
        return ImportedRuns(len(rows), run_id, added=True)
    if not holds(target, checked):
        raise AdvisorError(
            f"run {run_id!r} is recorded already with other rows",
            where=str(target),
            hint="give the new rows a run_id of their own",
        )
    return ImportedRuns(len(rows), run_id, added=False)


def _digest(path: Path, told: Told) -> str:
    files = sorted(f for f in path.rglob("*") if f.is_file()) if path.is_dir() else [path]
    return hashlib.sha256(repr(told).encode() + b"".join(f.read_bytes() for f in files)).hexdigest()[:12]


def _checked(row: Row, told: Told, where: str) -> Row:
    """The row with names in full and numbers that can be. What the report says goes before what was told, the model's name apart."""
    row = dict(row)
    for key in KEYS:
        row[key] = (
            (getattr(told, key) or row.get(key) or "") if key == "model" else (row.get(key) or getattr(told, key))
        )
    for key in ("prompt_tokens", "generated_tokens", "concurrency"):
        if row.get(key) is None:
            row[key] = getattr(told, key)
    for key in REQUIRED:
        if row[key] in ("", None):
            raise AdvisorError(f"does not say {key}", where=where, hint=f"give --{_flag(key)}")
    row["model"] = _known_model(str(row["model"]), where)
    row["gpu"] = load_gpu(str(row["gpu"])).name
    row["parallelism"] = str(Parallelism.parse(str(row["parallelism"] or "tp1")))
    row["precision"] = str(row["precision"] or catalog()[row["model"]].checkpoint_precision)
    row["kv_precision"] = row["kv_precision"] or None
    row["engine"] = str(row["engine"] or "vllm").lower()
    row["status"] = row.get("status") or "ok"
    for key, known in (
        ("precision", PRECISIONS),
        ("kv_precision", (None, *KV_BYTES)),
        ("engine", ENGINES),
        ("status", STATES),
    ):
        if row[key] not in known:
            raise unknown(key, str(row[key]), tuple(name for name in known if name), where=where)
    _check_numbers(row, where)
    return row


def _known_model(name: str, where: str) -> str:
    try:
        return resolve_name(name)
    except AdvisorError as error:
        raise AdvisorError(
            error.what,
            where=where,
            hint="name it with --model, after `advisor import model FOLDER` where it is your own",
        ) from None


def _flag(key: str) -> str:
    return {"prompt_tokens": "input-tokens", "generated_tokens": "output-tokens"}.get(key, key)


def _check_numbers(row: Row, where: str) -> None:
    for name, kind in columns().items():
        value = row.get(name)
        if kind not in {"DOUBLE", "BIGINT"} or value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value) or value < 0:
            raise AdvisorError(
                f"{name} is {value!r}", where=where, hint="give a number that is not below zero, or leave it empty"
            )
    if row["status"] == "ok" and not (row.get("tpot_s") or row.get("request_s") or row.get("output_tokens_per_s")):
        raise AdvisorError("has no measured time", where=where, hint="give tpot_s, request_s or output_tokens_per_s")
    if min(row["prompt_tokens"], row["generated_tokens"], row["concurrency"]) <= 0:
        raise AdvisorError(
            "has no tokens or no requests",
            where=where,
            hint="prompt_tokens, generated_tokens and concurrency are above zero",
        )


def import_runs(path: Path, told: Told, workspace: Workspace) -> ImportedRuns:
    """A CSV or Parquet file in the columns of `runs`. Raises AdvisorError."""
    if path.suffix not in {".csv", ".parquet"}:
        raise AdvisorError(f"has the unknown ending {path.suffix!r}", where=str(path), hint=FORMS)
    if not path.is_file():
        raise AdvisorError("no such file", where=str(path), hint=FORMS)
    try:
        found = duckdb.connect().execute(f"from read_{path.suffix[1:]}($file)", {"file": str(path)})
        names = [str(column[0]) for column in found.description or ()]
        rows: list[dict[str, Any]] = [
            {n: float(v) if isinstance(v, Decimal) else v for n, v in zip(names, row, strict=True)}
            for row in found.fetchall()
        ]
    except duckdb.Error as error:
        raise AdvisorError(f"cannot be read ({str(error).splitlines()[0]})", where=str(path), hint=FORMS) from None
    known = columns()
    for name in names:
        if name not in known:
            raise unknown("column", name, known, where=str(path))
    run_ids = {row.get("run_id") for row in rows}
    if len(run_ids) > 1:
        raise AdvisorError("has several run_ids", where=str(path), hint="one file a run")
    return keep(rows, told, path, "runs", workspace, run_id=str(run_ids.pop() or "") if run_ids else "")
