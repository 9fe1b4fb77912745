"""From other people's evaluations to our answers: one path for the logs of every tool.

A tool's module finds the evaluations of a file or folder and says of each answer what the log holds, in the columns of
Sample and Text, with the verdict of every metric. Here the model and the task get their names, one metric decides what
is right, tokens that no log counted are counted where the model's tokenizer is at hand, and the rows go the way of all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pyarrow

from advisor.errors import AdvisorError
from advisor.importers.files import ImportedSamples, seal_samples
from advisor.importers.names import model_named, task_named, uncosted
from advisor.importers.token_counts import counter
from advisor.importers.verdicts import Verdict, choose
from advisor.store.identity import run_id
from advisor.store.row_types import type_fault
from advisor.store.sample_rules import TOKENIZER, fault
from advisor.store.samples import SETUP, Sample
from advisor.store.texts import WRITTEN, Text
from advisor.store.workspace import Workspace
from advisor.tables import columns
from advisor.units import counted

ARROW = {str: pyarrow.string(), int: pyarrow.int64(), float: pyarrow.float64(), bool: pyarrow.bool_()}
SCHEMA = pyarrow.schema(
    [(c.name, ARROW[c.kind]) for c in columns(Sample)] + [(name, pyarrow.string()) for name in WRITTEN]
)
WHOLE = tuple(c.name for c in columns(Sample) if c.kind is int)
VARYING = ("system_prompt", "few_shot")
DAMAGED = (LookupError, ArithmeticError, TypeError, ValueError, AttributeError, RecursionError)
"""What reading a log raises that is not as its tool writes it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer of a log: its columns of Sample and Text without names and verdict, and the verdict of each metric.

    `given` is all that the model was given, a text or a list of messages, as its tokens are counted.
    """

    row: dict[str, Any]
    verdicts: dict[str, Verdict]
    given: str | list[dict[str, Any]] | None = None

    @property
    def failed(self) -> bool:
        """Whether the request failed: no answer, neither right nor wrong."""
        return self.row.get("finish_reason") == "error"


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One task of one model in a log; `models` are the names that the log has for it, the likeliest first.

    `identity` is what tells this evaluation from any other, `metrics` the order in which the tool lists them.
    """

    models: tuple[str, ...]
    task: str
    identity: Any
    answers: Sequence[Answer]
    metrics: tuple[str, ...] = ()
    notes: list[str] = field(default_factory=list)


Found = tuple[str, Callable[[], Evaluation]]
"""Where an evaluation is, and what reads it."""


def import_evaluations(
    workspace: Workspace,
    path: Path,
    found: Iterable[Found],
    *,
    tool: str,
    model: str | None,
    metric: str | None,
    texts: bool,
) -> ImportedSamples:
    """Seal every evaluation as a run of its own; what cannot come in is a note, an AdvisorError where nothing can."""
    notes: list[str] = []
    faults: list[AdvisorError] = []
    rows: list[dict[str, Any]] = []
    known: dict[tuple[Any, ...], dict[str, Any]] = {}
    for where, read in found:
        try:
            more = list(_rows(workspace, where, _read(where, read), tool, (model, metric), notes))
            known |= _agreeing(more, known, where)
            rows += more
        except AdvisorError as error:
            faults.append(error)
    if not rows:
        hint = "a log with at least one answer is needed"
        raise faults[0] if faults else AdvisorError("holds no evaluation", where=str(path), hint=hint)
    connection = duckdb.connect()
    connection.register("given", pyarrow.Table.from_pylist(rows, schema=SCHEMA))
    connection.execute("create table lines as from given")
    names = ", ".join(c.name for c in columns(Sample))
    done = seal_samples(
        workspace,
        path,
        connection,
        f"select {names}, rowid + 1 as place from lines",
        locate=lambda place: f"{path}, question {rows[place - 1]['question_id']!r}",
        texts=f"select {', '.join(WRITTEN)}, rowid + 1 as place from lines" if texts else "",
    )
    left_out = tuple(f"left out: {fault}" for fault in faults)
    unique = tuple(dict.fromkeys((*notes, *left_out, *done.notes)))
    return ImportedSamples(done.rows, done.new_runs, done.unchanged, done.texts, unique)


def _read(where: str, read: Callable[[], Evaluation]) -> Evaluation:
    try:
        evaluation = read()
    except OSError as error:
        raise AdvisorError(f"cannot be read ({error.strerror})", where=where) from None
    except DAMAGED as error:
        raise AdvisorError(f"is damaged ({type(error).__name__}: {error})", where=where) from None
    if not evaluation.answers:
        why = evaluation.notes[0] if evaluation.notes else "was it stopped before the first?"
        raise AdvisorError("holds no answers", where=where, hint=why)
    return evaluation


def _rows(
    workspace: Workspace,
    where: str,
    evaluation: Evaluation,
    tool: str,
    given: tuple[str | None, str | None],
    notes: list[str],
) -> Iterator[dict[str, Any]]:
    model, task = model_named(workspace, evaluation.models, given[0], where), task_named(evaluation.task)
    if all(answer.failed for answer in evaluation.answers):
        raise AdvisorError("holds no answers: every request failed", where=where)
    judged = [answer.verdicts for answer in evaluation.answers if not answer.failed]
    metric, others = choose(judged, evaluation.metrics, given[1], where)
    said = [*evaluation.notes, f"{task}: right and wrong by {metric}{others}"]
    notes += uncosted(workspace.models, model)
    if not any(verdicts[metric].answer for verdicts in judged):
        said.append("the log keeps no answers, only whether each is right: votes over them would flatter")
    name = run_id(f"{tool} {model.rpartition('/')[2]} {task}", evaluation.identity)
    rows = [_row(answer, metric) | {"model": model, "task": task, "run_id": name} for answer in evaluation.answers]
    for row in rows:
        _check(row, where)
    said += _one_setup(rows)
    said += _count_tokens(workspace, model, evaluation.answers, rows)
    notes += [f"{where}: {note}" for note in said]
    return iter(rows)


def _row(answer: Answer, metric: str) -> dict[str, Any]:
    if answer.failed:
        return {"strategy": "sampling", "answer": None, "correct": False} | answer.row
    verdict = answer.verdicts[metric]
    # where the log keeps no answer, a right one still stands for itself in votes
    text = verdict.answer or ("correct" if verdict.right else None)
    return {"strategy": "sampling", "answer": text, "correct": verdict.right} | answer.row


def _check(row: dict[str, Any], where: str) -> None:
    """Raises AdvisorError for a row that no answer can be; whole numbers written as 64.0 become such."""
    for name in WHOLE:
        if isinstance(row.get(name), float) and row[name].is_integer():
            row[name] = int(row[name])
    named = {"run_id": row["run_id"], "question_id": "", "sample_index": 0, "text": ""}
    written = {name: row[name] for name in WRITTEN if row.get(name) is not None}
    answer = {name: value for name, value in row.items() if name not in WRITTEN}
    if found := fault(answer) or type_fault(Text, {"prompt": None} | named | written):
        place = f"{where}, question {row['question_id']!r}, sample {row['sample_index']!r}"
        raise AdvisorError(found.what, where=place, hint=found.hint)


def _agreeing(
    rows: Sequence[dict[str, Any]], known: Mapping[tuple[Any, ...], dict[str, Any]], where: str
) -> dict[tuple[Any, ...], dict[str, Any]]:
    """The rows by what names them. Raises AdvisorError where one contradicts another, or one of a log before."""
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in rows:
        key = row["run_id"], row["question_id"], row["sample_index"]
        other = found.get(key) or known.get(key) or row
        if differing := [name for name in {**other, **row} if row.get(name) != other.get(name)]:
            what = f"disagrees about sample {key[2]} of question {key[1]!r}: {', '.join(differing)}"
            raise AdvisorError(what, where=where, hint="another log, or another line of it, has that answer otherwise")
        found[key] = row
    return found


def _one_setup(rows: Sequence[dict[str, Any]]) -> list[str]:
    """Make the rows one set-up as far as the log is one; what there is to say about it.

    Failed requests were drawn like the others. Examples that change from question to question would make a set-up of
    every question. One answer at temperature 0 is greedy by definition.
    """
    answered = [row for row in rows if row.get("finish_reason") != "error"]
    notes = []
    for name in SETUP:
        found = {row.get(name) for row in answered}
        if len(found) > 1 and name in VARYING:
            notes.append(f"{name} differs from question to question and is not recorded")
            found = {None}
        if len(found) == 1:
            for row in rows if name in VARYING else [row for row in rows if row.get("finish_reason") == "error"]:
                row[name] = next(iter(found))
    if all(row.get("temperature") == 0 and row["sample_index"] == 0 for row in rows):
        for row in rows:
            row["strategy"] = "greedy"
    return notes


def _count_tokens(
    workspace: Workspace, model: str, answers: Sequence[Answer], rows: Sequence[dict[str, Any]]
) -> list[str]:
    """Fill in counts that the log lacks, marked as counted afterwards; what there is to say about it."""
    lacking = [
        (answer, row)
        for answer, row in zip(answers, rows, strict=True)
        if row.get("generated_tokens") is None and row.get("text") is not None
    ]
    if not lacking:
        return []
    count = counter(workspace.models, model)
    if count is None:
        how = "counted where transformers and the model's tokenizer are on this machine"
        return [f"{counted(len(lacking), 'answer')} without token counts, which the log lacks; {how}"]
    for answer, row in lacking:
        row["generated_tokens"] = count.text(row["text"]) + count.text(row.get("reasoning") or "")
        row["prompt_tokens"] = count.prompt(answer.given)
        row["tokens_from"] = TOKENIZER
    return [f"tokens of {counted(len(lacking), 'answer')} counted with the model's tokenizer: the log lacks them"]
