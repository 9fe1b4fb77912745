"""`regrade`: stored texts read and checked again, as after a parser was mended; nothing is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import duckdb

from advisor.arguments import checked_arguments
from advisor.calibration.rows import UNCHECKED
from advisor.errors import NoAnswer, unknown
from advisor.store.folders import visible
from advisor.store.locks import SHORT_WAIT_S, locked
from advisor.store.measurements import parquet_writer, unreadable
from advisor.store.samples import Sample
from advisor.store.seal import resealed
from advisor.store.sql import statement
from advisor.store.workspace import Workspace
from advisor.tables import columns
from advisor.tasks.answers import reader
from advisor.tasks.limited import stop_worker
from advisor.tasks.questions import Question
from advisor.tasks.task import Task
from advisor.units import counted
from advisor.values import Rows, Value, several

PACKAGE = "advisor.calibration"


@dataclass(frozen=True, slots=True)
class RegradedRun:
    """One run: `accuracy` is the share of its answers that are right, before and after; None: none was checked.

    answers_changed    answers that are read as something else now
    now_right          wrong or unchecked ones that are right now; now_wrong the reverse
    unreadable_before  answers in which none was found
    former             where the rows as they were are kept; None where nothing changed
    """

    run_id: str
    model: str
    task: str
    answers: int
    answers_changed: int
    now_right: int
    now_wrong: int
    unreadable_before: int
    unreadable: int
    accuracy_before: float | None
    accuracy: float | None
    path: str
    former: str | None


@dataclass(frozen=True, slots=True)
class Regrading(Value):
    """Every run whose texts were kept."""

    runs: Rows[RegradedRun]
    notes: tuple[str, ...] = ()


@checked_arguments
def regrade(workspace: Workspace, *, run: str | Sequence[str] | None = None, answers: str | None = None) -> Regrading:
    """Read and check the texts of the workspace's own runs again, or of those named by `run`.

    `answers` is how they are read (math, choice, …), in place of how they were. Rows that change are sealed anew, the
    former ones kept in a hidden file beside them. Raises NoAnswer where no texts were kept, AdvisorError for an unknown
    run, a damaged file, or where nothing can be written.
    """
    if answers is not None:
        reader(answers)
    folder = workspace.writable / "measurements"
    if workspace.shared:
        workspace.shared.fetch_texts(several(run) or workspace.shared.distant_texts())
    kept = visible(folder / "texts", ".parquet")
    files = {text.stem: text for text in kept if (folder / "samples" / text.name).exists()}
    if not files:
        raise NoAnswer("no texts are kept here", hint="`advisor calibrate` keeps them unless --no-texts is given")
    for name in several(run):
        if name not in files:
            raise unknown("run with texts", name, files, where="--run", listed_by="advisor measurements")
    names = list(several(run)) or list(files)
    try:
        done = [_regraded(folder / "samples" / f"{name}.parquet", files[name], answers) for name in names]
    finally:
        stop_worker()
    lacking = [(each.run_id, missing) for each, missing in done if missing]
    notes = [f"{run_id}: {counted(n, 'answer')} without text or reference left as they were" for run_id, n in lacking]
    return Regrading(Rows(each for each, _ in done), tuple(notes))


def _regraded(samples: Path, texts: Path, kind: str | None) -> tuple[RegradedRun, int]:
    """The run as it is now, and how many of its answers could not be read again."""
    with locked(samples, wait_s=SHORT_WAIT_S):
        return _regraded_alone(samples, texts, kind)


def _regraded_alone(samples: Path, texts: Path, kind: str | None) -> tuple[RegradedRun, int]:
    before, after, missing = [], [], 0
    for row, text, reference, recorded_kind in _rows(samples, texts):
        before.append(row)
        read_as = kind or recorded_kind
        if text is None or reference is None or read_as is None:
            missing += row.finish_reason != "error"
            after.append(row)
        else:
            after.append(_read_again(row, text, reference, read_as))
    former = _replace(samples, after) if after != before else None
    return _summary(samples, before, after, former), missing


def _rows(samples: Path, texts: Path) -> list[tuple[Sample, str | None, str | None, str | None]]:
    try:
        files = {"samples": str(samples), "texts": str(texts)}
        result = duckdb.connect().execute(statement(PACKAGE, "regrade"), files)
        names = [column[0] for column in result.description or ()][:-3]
        rows = result.fetchall()
        return [(Sample(**dict(zip(names, values[:-3], strict=True))), *values[-3:]) for values in rows]
    except (duckdb.Error, TypeError) as error:
        raise unreadable(texts if str(texts) in str(error) else samples, error) from None


def _read_again(row: Sample, text: str, reference: str, kind: str) -> Sample:
    """A row with its answer read and checked as it is done now; scores and tokens stay."""
    question = Question(row.question_id, "", reference)
    task = Task(row.task, (question,), kind, "")
    right = task.is_correct(question, text)
    was_checked = row.finish_reason != UNCHECKED
    reason = UNCHECKED if right is None else row.finish_reason if was_checked else None
    return replace(row, answer=task.answer_of(text), correct=bool(right), finish_reason=reason)


def _replace(samples: Path, rows: Sequence[Sample]) -> Path:
    """Seal the new rows; where the former ones are kept."""
    known = {c.name for c in columns(Sample)}
    kept = [{k: v for k, v in asdict(row).items() if k in known} for row in rows]
    return resealed(samples, parquet_writer(Sample, kept))


def _summary(path: Path, before: Sequence[Sample], after: Sequence[Sample], former: Path | None) -> RegradedRun:
    pairs = list(zip(before, after, strict=True))

    def right(row: Sample) -> bool:
        return row.correct and row.finish_reason != UNCHECKED

    return RegradedRun(
        run_id=path.stem,
        model=before[0].model,
        task=before[0].task,
        answers=len(before),
        answers_changed=sum(old.answer != new.answer for old, new in pairs),
        now_right=sum(right(new) and not right(old) for old, new in pairs),
        now_wrong=sum(right(old) and not right(new) for old, new in pairs),
        unreadable_before=sum(row.answer is None for row in before),
        unreadable=sum(row.answer is None for row in after),
        accuracy_before=_accuracy(before),
        accuracy=_accuracy(after),
        path=str(path),
        former=str(former) if former else None,
    )


def _accuracy(rows: Sequence[Sample]) -> float | None:
    checked: list[Any] = [row.correct for row in rows if row.finish_reason not in {UNCHECKED, "error"}]
    return sum(checked) / len(checked) if checked else None
