"""Sampling runs: every question through a strategy on an engine, answers checked and recorded as they come.

All questions are sent at once, up to a bound, and the engine's own batching does the rest; there are no waves. Before a
server whose best number of requests in flight is looked for, the bound of the questions follows that number.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import duckdb

from advisor.calibration.counts import Counts, Transcript
from advisor.calibration.draws import Draws
from advisor.calibration.reuse import take_up
from advisor.calibration.rows import answers, checked, columns_of_run, failure, journal_fault, texts
from advisor.calibration.sampling_plan import Plan
from advisor.engines.adaptive import Limit
from advisor.engines.protocol import EngineFailure, Generate, Score, Served
from advisor.errors import AdvisorError
from advisor.store.journal import Journal, is_failure
from advisor.store.locks import locked
from advisor.store.measurements import parquet_writer
from advisor.store.row_types import by_column
from advisor.store.samples import Sample
from advisor.store.seal import sealed
from advisor.store.texts import texts_writer
from advisor.strategies import STRATEGIES
from advisor.strategies.dispatch import SEARCHES, Problem, needed
from advisor.strategies.rebase import Steps
from advisor.strategies.search import Searched
from advisor.tasks.questions import Question
from advisor.tasks.task import Task

NOTHING_KNOWN = Served()
SIDE_BY_SIDE = 256
"""Questions at once where nothing else is said."""
QUESTIONS_A_PLACE = 2
"""One of them may be checked, or wait for an answer to go on from, while the other's request is in flight."""
FAILED_BEFORE = "failed when it was drawn, and was skipped"
WRITTEN_HERE = ("sample_index", "text", "reasoning", "rewards")
"""Columns of a text that are not those of its question."""
OF_THE_PLAN = ("template", "system_prompt", "few_shot", "chat_options", "force")
"""Columns that may be long and that the name of a run stands for: the journal leaves them out of its lines."""


@dataclass(frozen=True, slots=True)
class Engines:
    """Engines that are open: what draws, what rates (None: nothing), and what is known of the first.

    `max_tokens` of an answer are what its context has room for; None: as planned. `limit` is how many requests a server
    is given at once.
    """

    generate: Generate
    score: Score | None = None
    served: Served = NOTHING_KNOWN
    max_tokens: int | None = None
    limit: Limit | None = None


@dataclass(frozen=True, slots=True)
class How:
    """How a run goes. `begun_s` is when its work began, on the clock of time.monotonic.

    in_flight    questions at once; None: as many as keep the server's places taken, or SIDE_BY_SIDE
    keep_texts   whether what the model wrote is sealed beside its answers
    skip_failed  whether the run is sealed though questions failed; their failure is recorded
    """

    in_flight: int | None = None
    keep_texts: bool = True
    skip_failed: bool = False
    begun_s: float = field(default_factory=time.monotonic)


@dataclass(frozen=True, slots=True)
class Work:
    """A run while it is drawn. `columns` are those that all its rows have in common."""

    plan: Plan
    task: Task
    engines: Engines
    columns: dict[str, Any]
    journal: Journal
    counts: Counts
    keep_texts: bool


async def draw(
    plan: Plan,
    task: Task,
    engines: Engines,
    folder: Path,
    how: How | None = None,
    watch: Callable[[Counts], None] = lambda _: None,
) -> tuple[Path, Counts]:
    """Draw what is missing of `plan`, seal it once nothing is, and return the file's path.

    `folder` is that of the measurements. A failed question is recorded as such and tried again next time; of a sealed
    run nothing is drawn. Raises AdvisorError where nothing can be written, MissingAbility where the strategy needs
    rewards and there is no reward model.
    """
    how = how or How()
    if STRATEGIES[plan.strategy].needs_rewards:
        needed(engines.score)
    if found := recorded(plan, task, folder, skip_failed=how.skip_failed):
        return found
    name = plan.run_id_in(folder / "samples", task)
    if engines.max_tokens is not None:
        plan = replace(plan, sampling=replace(plan.sampling, max_tokens=engines.max_tokens))
    columns = columns_of_run(plan, task, engines.served, name)
    fault = partial(journal_fault, columns)
    with Journal(folder / "samples", name, fault, how.begun_s, columns) as journal:
        # sealed by another process while this one opened the journal
        if found := recorded(plan, task, folder, skip_failed=how.skip_failed):
            if not found[1].failed:
                journal.path.unlink(missing_ok=True)
            return found
        _begin_again(journal, folder)
        _check_engine(columns, journal)
        counts = _taken_up(plan, task, columns, journal)
        take_up(plan, task, engines.served, columns, folder, journal)
        work = Work(plan, task, engines, columns, journal, counts, how.keep_texts)
        missing = [q for q in task.questions if is_missing(journal, q)]

        async def answered(question: Question) -> None:
            await _answer(work, question)
            watch(counts)

        watch(counts)
        await _all(answered, missing, partial(_questions_at_once, how, engines.limit))
        if counts.failed and not (how.skip_failed and counts.answers):
            return journal.path, counts
        return _seal(work, folder), counts


def _taken_up(plan: Plan, task: Task, columns: dict[str, Any], journal: Journal) -> Counts:
    """Counts of what the journal has already."""
    counts = Counts(len(task.questions), STRATEGIES[plan.strategy].selection, earlier_s=journal.earlier_s)
    counts.set_aside = journal.set_aside
    for question in task.questions:
        if not is_missing(journal, question):
            counts.found([Sample(**_row(columns, row)) for row in journal.done[question.question_id]])
    return counts


def _begin_again(journal: Journal, folder: Path) -> None:
    """Put the answers of a run that was sealed without its failed questions back into its journal."""
    if not journal.target.exists():
        return
    texts_of: dict[str, list[dict[str, Any]]] = {}
    kept = folder / "texts" / journal.target.name
    for text in rows_of(kept) if kept.exists() else []:
        written = {name: text[name] for name in WRITTEN_HERE if text[name] is not None}
        texts_of.setdefault(text["question_id"], []).append(written)
    for key, samples in _by_question(_sealed_samples(journal.target)).items():
        rows = journal.done.get(key)
        if samples[0].finish_reason != "error" and (rows is None or is_failure(rows)):
            journal.add(key, [_line(sample) for sample in samples], texts_of.get(key))


def _check_engine(columns: dict[str, Any], journal: Journal) -> None:
    """Raises AdvisorError where what the journal has was drawn by another engine, or over another endpoint."""
    for rows in journal.done.values():
        for name in ("engine", "endpoint"):
            before, now = rows[0].get(name), columns[name]
            if before is not None and now is not None and before != now:
                hint = f"go on with {before}, or draw anew with another --seed"
                raise AdvisorError(f"was begun on {before}, not on {now}", where=str(journal.path), hint=hint)


def is_missing(journal: Journal, question: Question) -> bool:
    """Whether a question has no answers yet."""
    rows = journal.done.get(question.question_id)
    return rows is None or is_failure(rows)


async def _answer(work: Work, question: Question) -> None:
    """Search one question, and record its answers or why it failed."""
    counts, key = work.counts, question.question_id
    engines = work.engines
    draws = Draws(key, engines.generate, engines.served, engines.score, work.journal, counts)
    begun_s = time.monotonic()
    counts.time_left.question_begun(begun_s)
    try:
        searched = await search(work.plan, work.task, question, draws, work.engines.score and draws)
        samples = checked(answers(work.columns, work.task, question, searched, draws.prompt_tokens))
    except EngineFailure as error:
        reason = str(error)
        work.journal.add(key, [_line(failure(work.columns, question)) | {"reason": reason}])
        counts.fail(key, reason)
    else:
        kept = texts(searched) if work.keep_texts else None
        work.journal.add(key, [_line(sample) for sample in samples], kept)
        counts.add(samples, Transcript.of(question, searched, samples[0]))
    finally:
        counts.time_left.question_ended(begun_s, time.monotonic(), draws.n_drawn)


def _line(sample: Sample) -> dict[str, Any]:
    """A row as the journal has it."""
    return {name: value for name, value in by_column(sample).items() if name not in OF_THE_PLAN}


def _row(columns: dict[str, Any], line: dict[str, Any]) -> dict[str, Any]:
    """A row of the samples from one of the journal."""
    whole = {name: columns[name] for name in OF_THE_PLAN} | line
    return {name: value for name, value in whole.items() if name != "reason"}


def _seal(work: Work, folder: Path) -> Path:
    """First the texts, then the rows, which make the run count."""
    journal, task = work.journal, work.task
    if work.keep_texts:
        target = folder / "texts" / journal.target.name
        sealed(target, texts_writer(_texts(work)))
    rows = (row for question in task.questions for row in journal.done[question.question_id])
    return journal.seal(parquet_writer(Sample, [_row(work.columns, row) for row in rows]))


def _texts(work: Work) -> Iterator[dict[str, Any]]:
    for question in work.task.questions:
        shared = {
            "run_id": work.columns["run_id"],
            "question_id": question.question_id,
            "prompt": question.prompt,
            "reference": question.reference,
            "kind": work.task.kind,
        }
        for text in work.journal.texts(question.question_id):
            yield shared | text


def _questions_at_once(how: How, limit: Limit | None) -> int:
    if how.in_flight is not None:
        return how.in_flight
    return max(SIDE_BY_SIDE, QUESTIONS_A_PLACE * limit.places if limit else 0)


async def _all(
    work: Callable[[Question], Coroutine[None, None, None]], questions: Iterable[Question], most: Callable[[], int]
) -> None:
    """As many side by side as `most` says when one ends; the first that fails stops the others."""
    n_open, ended = 0, asyncio.Event()

    async def counted(question: Question) -> None:
        nonlocal n_open
        try:
            await work(question)
        finally:
            n_open -= 1
            ended.set()

    try:
        async with asyncio.TaskGroup() as group:
            for question in questions:
                while n_open >= most():
                    ended.clear()
                    await ended.wait()
                n_open += 1
                group.create_task(counted(question))
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None


def recorded(plan: Plan, task: Task, folder: Path, *, skip_failed: bool = False) -> tuple[Path, Counts] | None:
    """The run's sealed file and what it holds; None where something is missing of it.

    Questions that failed are missing, unless they are to be skipped. Looked up before an engine is started, which takes
    a while. Raises AdvisorError for a damaged file.
    """
    path = folder / "samples" / f"{plan.run_id_in(folder / 'samples', task)}.parquet"
    if not path.exists():
        return None
    by_question = _by_question(_sealed_samples(path))
    counts = Counts(len(by_question), STRATEGIES[plan.strategy].selection)
    for key, samples in by_question.items():
        if samples[0].finish_reason == "error":
            counts.fail(key, FAILED_BEFORE)
        else:
            counts.found(samples)
    if not counts.failed:
        _sweep(path)
    return None if counts.failed and not skip_failed else (path, counts)


def _sweep(path: Path) -> None:
    """Remove the journal of a run that was killed just when it was sealed, nothing of which is missing."""
    left = path.with_name(f".{path.stem}.jsonl")
    if left.exists():
        with suppress(AdvisorError), locked(left):  # not while another process is sealing it
            left.unlink(missing_ok=True)


def _sealed_samples(path: Path) -> list[Sample]:
    """Raises AdvisorError for a damaged file, or an empty one."""
    try:
        rows = [Sample(**row) for row in rows_of(path)]
    except TypeError:
        rows = []
    if not rows:
        hint = "move it away and run the same command again"
        raise AdvisorError("is recorded already and cannot be read", where=str(path), hint=hint)
    return rows


def rows_of(path: Path) -> list[dict[str, Any]]:
    """The rows of a sealed file, those of a question together; none where it cannot be read."""
    try:
        result = duckdb.connect().execute(
            "from read_parquet($file) order by question_id, sample_index", {"file": str(path)}
        )
    except duckdb.Error:
        return []
    names = [column[0] for column in result.description or ()]
    return [dict(zip(names, values, strict=True)) for values in result.fetchall()]


def _by_question(samples: Iterable[Sample]) -> dict[str, list[Sample]]:
    found: dict[str, list[Sample]] = {}
    for sample in samples:
        found.setdefault(sample.question_id, []).append(sample)
    return found


async def search(plan: Plan, task: Task, question: Question, generate: Generate, score: Score | None) -> Searched:
    """The strategy's search on one question, seeded by the question. Raises EngineFailure, MissingAbility."""
    problem = Problem(
        question.prompt,
        plan.sampling_of(question),
        plan.budget,
        Steps(plan.delimiter, task.is_final),
        task.answer_of,
        task.force,
    )
    return await SEARCHES[plan.search](generate, score, problem)
