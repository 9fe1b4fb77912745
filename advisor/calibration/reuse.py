"""Plain samples that earlier runs drew: a run of more samples, or one that scores them, draws only what is missing."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb

from advisor.calibration.draws import completion_part, recorded
from advisor.calibration.rows import prompt_digest
from advisor.calibration.sampling_plan import Plan
from advisor.engines.protocol import Completion, Served
from advisor.errors import AdvisorError
from advisor.store.folders import visible
from advisor.store.journal import Journal
from advisor.store.measurements import rows_table, unreadable
from advisor.store.samples import Sample
from advisor.store.sql import statement
from advisor.tables import create_table
from advisor.tasks.task import Task

PACKAGE = "advisor.calibration"
BATCH = 1000
EMPTY = {"question_id": "", "sample_index": 0, "answer": None, "correct": False, "generated_tokens": None}


def check_questions(task: Task, folder: Path) -> None:
    """Raises AdvisorError where answers to other questions are recorded under the same names of task and question.

    As of another file of that name, or of one whose questions were changed.
    """
    files = [str(file) for file in visible(folder / "samples", ".parquet")]
    if not files:
        return
    connection = duckdb.connect()
    known = {"model": "", "task": task.name, "template": task.template}
    questions = [{"question_id": q.question_id, "prompt_digest": prompt_digest(q)} for q in task.questions]
    rows_table(connection, Sample, "questions", [EMPTY | known | each for each in questions])
    connection.execute(create_table(Sample, "absent"))
    try:
        found = connection.execute(statement(PACKAGE, "other_questions"), {"samples": files}).fetchone()
    except duckdb.Error as error:
        damaged = next((Path(file) for file in files if file in str(error)), folder / "samples")
        raise unreadable(damaged, error) from None
    if found:
        what = f"{found[0]!r} is another question in run {found[1]}, recorded under the same task {task.name!r}"
        hint = "give the file of these questions another name, or use another --workspace"
        raise AdvisorError(what, where="--task", hint=hint)


def take_up(plan: Plan, task: Task, served: Served, columns: Mapping[str, Any], folder: Path, journal: Journal) -> int:
    """Put the answers that sealed runs of the same set-up and seed have into the journal; how many these were.

    Only with their texts, and where the question's prompt is the same. Raises AdvisorError for a damaged file.
    """
    kept = visible(folder / "texts", ".parquet")
    pairs = [(sample, text) for text in kept if (sample := folder / "samples" / text.name).exists()]
    if plan.search != "sampling" or plan.sampling.seed is None or not pairs:
        return 0
    questions = {question.question_id: question for question in task.questions}
    connection = duckdb.connect()
    rows_table(connection, Sample, "plan", [{**EMPTY, **columns}])
    files_of = {"samples": [str(sample) for sample, _ in pairs], "texts": [str(text) for _, text in pairs]}
    found = 0
    try:
        result = connection.execute(statement(PACKAGE, "reuse"), files_of)
        while rows := result.fetchmany(BATCH):
            for question_id, index, prompt, *drawn in rows:
                question = questions.get(question_id)
                if question is None or question.prompt != prompt or question_id in journal.done:
                    continue
                part = completion_part("", plan.draw_of(question, index), served)
                if journal.part(question_id, part) is None:
                    journal.add_part(question_id, part, recorded(_completion(index, *drawn)))
                    found += 1
    except duckdb.Error as error:
        damaged = next((file for pair in pairs for file in pair if str(file) in str(error)), pairs[0][0])
        raise unreadable(damaged, error) from None
    return found


def _completion(
    index: int, text: str, reasoning: str | None, generated_tokens: int, prompt_tokens: int, reason: str
) -> Completion:
    """The draw behind a row; its prompt was computed once, for the first answer, and shared by the others."""
    computed = prompt_tokens if index == 0 else 0
    ended = "stop" if reason == "stop" else "length"
    return Completion(text, generated_tokens, computed, prompt_tokens - computed, ended, "", reasoning or "")
