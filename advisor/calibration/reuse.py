"""Plain samples that earlier runs drew: a run of more samples, or one that scores them, draws only what is missing."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb

from advisor.calibration.draws import completion_part, recorded
from advisor.calibration.sampling_plan import Plan
from advisor.engines.protocol import Completion
from advisor.store.folders import visible
from advisor.store.journal import Journal
from advisor.store.measurements import rows_table, unreadable
from advisor.store.samples import Sample
from advisor.store.sql import statement
from advisor.tasks.task import Task

PACKAGE = "advisor.calibration"
BATCH = 1000


def take_up(plan: Plan, task: Task, columns: Mapping[str, Any], folder: Path, journal: Journal) -> int:
    """Put the answers that sealed runs of the same set-up and seed have into the journal; how many these were.

    Only with their texts, and where the question's prompt is the same. Raises AdvisorError for a damaged file.
    """
    kept = visible(folder / "texts", ".parquet")
    pairs = [(sample, text) for text in kept if (sample := folder / "samples" / text.name).exists()]
    if plan.search != "sampling" or plan.sampling.seed is None or not pairs:
        return 0
    questions = {question.question_id: question for question in task.questions}
    connection = duckdb.connect()
    row = {"question_id": "", "sample_index": 0, "answer": None, "correct": False, "generated_tokens": None}
    rows_table(connection, Sample, "plan", [{**row, **columns}])
    files_of = {"samples": [str(sample) for sample, _ in pairs], "texts": [str(text) for _, text in pairs]}
    found = 0
    try:
        result = connection.execute(statement(PACKAGE, "reuse"), files_of)
        while rows := result.fetchmany(BATCH):
            for question_id, index, prompt, *drawn in rows:
                question = questions.get(question_id)
                if question is None or question.prompt != prompt or question_id in journal.done:
                    continue
                part = completion_part("", plan.draw_of(question, index))
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
