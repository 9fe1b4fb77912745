"""Sampling runs: every question through a strategy on an engine, answers checked and recorded as they come.

All questions are sent at once, up to a bound, and the engine's own batching does the rest; there are no waves.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

import duckdb

from advisor.calibration.counts import Counts
from advisor.calibration.rows import answers, checked, failure, journal_fault
from advisor.calibration.sampling_plan import Plan
from advisor.engines.protocol import EngineFailure, Generate, Score
from advisor.errors import AdvisorError
from advisor.store.journal import Journal
from advisor.store.measurements import parquet_writer
from advisor.store.samples import Sample
from advisor.store.sql import statement
from advisor.strategies import STRATEGIES
from advisor.strategies.dispatch import SEARCHES, Problem, needed
from advisor.strategies.rebase import Steps
from advisor.strategies.search import Searched
from advisor.tasks.questions import Question
from advisor.tasks.task import Task

PACKAGE = "advisor.calibration"


async def draw(
    plan: Plan,
    task: Task,
    engines: tuple[Generate, Score | None],
    folder: Path,
    *,
    in_flight: int = 256,
    watch: Callable[[Counts], None] = lambda _: None,
) -> tuple[Path, Counts]:
    """Draw what is missing of `plan`, seal it once nothing is, and return the file's path.

    A failed question is recorded as such and tried again next time; of a sealed run nothing is drawn. Raises
    AdvisorError where nothing can be written, MissingAbility where the strategy needs rewards and there is no reward
    model.
    """
    generate, score = engines
    if STRATEGIES[plan.strategy].needs_rewards:
        needed(score)
    if sealed := recorded(plan, task, folder):
        return sealed
    name, counts = plan.run_id_in(folder, task), Counts(len(task.questions))
    with Journal(folder, name, partial(journal_fault, plan, task, name)) as journal:
        counts.set_aside = journal.set_aside
        drawn_now = {question.question_id for question in task.questions}
        held = {key: rows for key, rows in journal.done.items() if key in drawn_now}
        done = {key: rows for key, rows in held.items() if rows[0].get("finish_reason") != "error"}
        for rows in done.values():
            counts.add([Sample(**row) for row in rows])
        counts.resumed = counts.done
        room = asyncio.Semaphore(in_flight)

        async def ask(question: Question) -> None:
            async with room:
                reason = None
                try:
                    searched = await search(plan, task, question, generate, score)
                    samples = checked(answers(plan, task, question, searched, name))
                    counts.work += searched.work
                except EngineFailure as error:
                    samples, reason = [failure(plan, task, question, name)], str(error)
                why = {} if reason is None else {"reason": reason}
                journal.add(question.question_id, [asdict(sample) | why for sample in samples])
                counts.add(samples, reason)
                watch(counts)

        await _all(ask(question) for question in task.questions if question.question_id not in done)
        if counts.failed:
            return journal.path, counts
        everything = [row for question in task.questions for row in journal.done[question.question_id]]
        return journal.seal(parquet_writer(Sample, everything)), counts


async def _all(work: Iterable[Coroutine[None, None, None]]) -> None:
    """Side by side; the first that fails stops the others."""
    try:
        async with asyncio.TaskGroup() as group:
            for each in work:
                group.create_task(each)
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None


def recorded(plan: Plan, task: Task, folder: Path) -> tuple[Path, Counts] | None:
    """The run's sealed file and what it holds; None where something is missing of it.

    Looked up before an engine is started, which takes a while. Raises AdvisorError for a damaged file.
    """
    sealed = folder / f"{plan.run_id_in(folder, task)}.parquet"
    if not sealed.exists():
        return None
    try:
        rows = duckdb.connect().execute(statement(PACKAGE, "recorded"), {"file": str(sealed)}).fetchall()
    except duckdb.Error:
        rows = []
    if not rows:
        hint = "move it away and run the same command again"
        raise AdvisorError("is recorded already and cannot be read", where=str(sealed), hint=hint)
    shares, *counted = zip(*rows, strict=True)
    answered, loops, unchecked = (sum(column) for column in counted)
    judged = [share for share in shares if share is not None]
    n = len(rows)
    right = sum(judged)
    return sealed, Counts(
        n, done=n, resumed=n, right=right, judged=len(judged), answers=answered, loops=loops, unchecked=unchecked
    )


async def search(plan: Plan, task: Task, question: Question, generate: Generate, score: Score | None) -> Searched:
    """The strategy's search on one question, seeded by the question. Raises EngineFailure, MissingAbility."""
    problem = Problem(
        question.prompt,
        replace(plan.sampling, seed=_seed(plan, question)),
        plan.budget,
        Steps(plan.delimiter, task.is_final),
        task.answer_of,
        task.force,
    )
    return await SEARCHES[STRATEGIES[plan.strategy].search](generate, score, problem)


def _seed(plan: Plan, question: Question) -> int | None:
    """Its own for every question, so that answers to two questions do not go together."""
    if plan.sampling.seed is None:
        return None
    return int(hashlib.sha256(f"{plan.sampling.seed}/{question.question_id}".encode()).hexdigest()[:7], 16)
