"""Samples in our own columns: JSONL or Parquet, one row an answer."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import duckdb

from advisor.errors import AdvisorError
from advisor.importers.files import Imported, seal_runs
from advisor.store.sql import statement
from advisor.store.workspace import Workspace

REQUIRED = ("model", "task", "question_id", "sample_index", "answer", "correct", "generated_tokens")
SETTINGS = ("temperature", "top_p", "max_tokens", "frequency_penalty")
OPTIONAL = ("prompt_tokens", "score", "reward_model", "strategy", "finish_reason", "run_id", *SETTINGS)
FORMS = f"a samples file is .jsonl or .parquet with the columns {', '.join(REQUIRED)}"
KINDS: dict[str, tuple[type, ...]] = {
    "model": (str,),
    "task": (str,),
    "question_id": (str, int),
    "sample_index": (int,),
    "answer": (str, int, float, type(None)),
    "correct": (bool, int),
    "generated_tokens": (int, type(None)),
}


def import_samples(path: Path, workspace: Workspace) -> Imported:
    """Seal one file a run. Raises AdvisorError naming the file, the line and the column at fault."""
    if not path.is_file():
        raise AdvisorError("no such file", where=str(path), hint=FORMS)
    if path.suffix == ".parquet":
        reader = "read_parquet($file)"
    elif path.suffix in {".jsonl", ".ndjson", ".json"}:
        _check_lines(path)
        reader = "read_json($file, format = 'newline_delimited')"
    else:
        raise AdvisorError(f"has the unknown ending {path.suffix!r}", where=str(path), hint=FORMS)
    connection = duckdb.connect()
    try:
        connection.execute(f"create temp table read_rows as select * from {reader}", {"file": str(path)})
    except duckdb.Error as error:
        raise AdvisorError(f"cannot be read ({str(error).splitlines()[0]})", where=str(path), hint=FORMS) from None
    if connection.execute("select count(*) from read_rows").fetchone() == (0,):
        raise AdvisorError("holds no answers", where=str(path), hint=FORMS)
    present = {row[0] for row in connection.execute("describe read_rows").fetchall()}
    if missing := [name for name in REQUIRED if name not in present]:
        raise AdvisorError(f"lacks the column {missing[0]!r}", where=str(path), hint=FORMS)
    absent = "".join(f", null as {name}" for name in OPTIONAL if name not in present)
    connection.execute(f"create temp view source as select *{absent} from read_rows")
    _check_values(connection, path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()[:12]
    connection.execute("set variable run_id = $run", {"run": f"import-{digest}"})
    return seal_runs(connection, statement("advisor.importers", "samples"), path, workspace)


def _check_lines(path: Path) -> None:
    """Every line is a JSON object with the required columns in their types; the first that is not is named."""
    with path.open(encoding="utf-8", errors="replace") as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            where = f"{path}, line {number}"
            try:
                row = json.loads(line)
            except ValueError as error:
                raise AdvisorError(f"is no JSON ({error})", where=where, hint=FORMS) from None
            if not isinstance(row, dict):
                raise AdvisorError("is no JSON object", where=where, hint=FORMS)
            for name, kinds in KINDS.items():
                if name not in row:
                    raise AdvisorError(f"lacks the column {name!r}", where=where, hint=FORMS)
                if not isinstance(row[name], kinds):
                    raise AdvisorError(
                        f"{name} is {row[name]!r}",
                        where=where,
                        hint=f"{name} is {' or '.join(_name(k) for k in kinds)}",
                    )


def _name(kind: type) -> str:
    return {str: "text", int: "a whole number", bool: "true or false", float: "a number"}.get(kind, "null")


def _check_values(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    impossible = """
        select model, question_id from source
        where model is null or task is null or question_id is null or sample_index is null or correct is null
            or generated_tokens < 0 or prompt_tokens < 0 limit 1
    """
    try:
        row = connection.execute(impossible).fetchone()
        wrong_type = None
    except duckdb.Error as error:
        row, wrong_type = None, str(error).splitlines()[0]
    if wrong_type:
        raise AdvisorError(f"has a column of the wrong type ({wrong_type})", where=str(path), hint=FORMS)
    if row:
        raise AdvisorError(
            f"has an empty key or a negative token count (model {row[0]!r}, question {row[1]!r})", where=str(path)
        )
