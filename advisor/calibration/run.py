"""Sampling runs: every question through a strategy on an engine, answers checked and recorded as they come.

All questions are asked at once, up to a bound, and the engine's own batching does the rest; there are no waves.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

import pyarrow
from pyarrow import parquet

from advisor.engines.protocol import EngineFailure, Generate, Sampling, Score
from advisor.errors import AdvisorError, MissingAbility
from advisor.store.journal import Journal, Row
from advisor.strategies import STRATEGIES
from advisor.strategies.adaptive import adaptive_majority
from advisor.strategies.mcts import mcts
from advisor.strategies.rebase import Steps, rebase
from advisor.strategies.sample import sample
from advisor.strategies.search import Searched
from advisor.strategies.selection import REWARDS
from advisor.strategies.thinking_budget import thinking_budget
from advisor.tasks.questions import Question
from advisor.tasks.task import Task
from advisor.work import Work

COLUMNS = {
    **dict.fromkeys(
        ("model", "task", "question_id", "answer", "strategy", "finish_reason", "run_id", "reward_model"),
        pyarrow.string(),
    ),
    **dict.fromkeys(("sample_index", "generated_tokens", "prompt_tokens", "budget", "max_tokens"), pyarrow.int64()),
    **dict.fromkeys(
        (
            "search_generated_tokens",
            "search_scored_tokens",
            "search_prompt_tokens",
            "search_cached_tokens",
            "search_depth_tokens",
        ),
        pyarrow.int64(),
    ),
    **dict.fromkeys(("score", "temperature", "top_p", "frequency_penalty"), pyarrow.float64()),
    "correct": pyarrow.bool_(),
}


@dataclass(frozen=True, slots=True)
class Plan:
    """What is run. `budget` counts what the strategy says: samples, width, iterations or tokens."""

    model: str
    strategy: str
    budget: int
    sampling: Sampling
    delimiter: str = "\n"
    reward_model: str = ""
    reward: str = "last"
    plain: bool = False

    @property
    def recorded_strategy(self) -> str:
        """The name in the samples: plain sampling serves every vote."""
        search = STRATEGIES[self.strategy].search
        return search if search == "sampling" else self.strategy

    def run_id(self, task: Task) -> str:
        """The same for the same plan, model, task and questions, so that the same command goes on where it stopped."""
        told = repr((asdict(self) | {"strategy": self.recorded_strategy}, task.name, task.kind, task.questions))
        name = re.sub(
            r"[^\w.-]+",
            "-",
            f"{self.model.rstrip('/').split('/')[-1]}-{task.name}-{self.recorded_strategy}-{self.budget}".lower(),
        )
        return f"{name[:90]}-{hashlib.sha256(told.encode()).hexdigest()[:8]}"


@dataclass(slots=True)
class Progress:
    """What a watcher sees; `work` since the start of this process, which found `resumed` questions done."""

    n_questions: int
    done: int = 0
    failed: int = 0
    right: float = 0.0
    resumed: int = 0
    work: Work = field(default_factory=Work)
    loops: int = 0
    answers: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    started: float = field(default_factory=time.monotonic)
    latest: float = field(default_factory=time.monotonic)

    @property
    def tokens_per_s(self) -> float:
        """From the first request to the latest answer: starting and stopping engines apart."""
        return self.work.generated_tokens / max(self.latest - self.started, 1e-9)

    def count(self, rows: list[Row]) -> None:
        """Add the rows of one question."""
        answered = [row for row in rows if row["finish_reason"] != "error"]
        self.done += 1
        self.latest = time.monotonic()
        self.failed += not answered
        self.reasons.update(str(row.get("reason", "")) for row in rows[:1] if not answered)
        self.right += sum(row["correct"] for row in answered) / len(answered) if answered else 0.0
        self.answers += len(answered)
        self.loops += sum(row["finish_reason"] == "loop" for row in answered)


async def calibrate(
    plan: Plan,
    task: Task,
    generate: Generate,
    score: Score | None,
    folder: Path,
    *,
    in_flight: int = 256,
    watch: Callable[[Progress], None] = lambda _: None,
) -> tuple[Path, Progress]:
    """Run what is missing of `plan` and seal it; the path of the sealed file. A failed question is recorded as such and tried again next time.

    Raises AdvisorError where nothing can be written, MissingAbility where the strategy needs rewards and there are none.
    """
    if STRATEGIES[plan.strategy].needs_rewards and score is None:
        raise MissingAbility(
            f"{plan.strategy} needs rewards and this engine gives none",
            hint="give a process reward model with --reward-model",
        )
    run_id = plan.run_id(task)
    refuse_recorded(plan, task, folder)
    progress = Progress(len(task.questions))
    with Journal(folder, run_id) as journal:
        for rows in journal.done.values():
            if rows[0]["finish_reason"] != "error":
                progress.count(rows)
        progress.resumed = progress.done
        missing = [
            q
            for q in task.questions
            if q.question_id not in journal.done or journal.done[q.question_id][0]["finish_reason"] == "error"
        ]
        room = asyncio.Semaphore(in_flight)

        async def ask(question: Question) -> None:
            async with room:
                try:
                    searched = await search(plan, task, question, generate, score)
                    rows = answered(plan, task, question, searched, run_id)
                    progress.work += searched.work
                except EngineFailure as failure:
                    rows = [failed(plan, task, question, run_id, str(failure))]
                journal.add(question.question_id, rows)
                progress.count(rows)
                watch(progress)

        try:
            async with asyncio.TaskGroup() as group:
                for question in missing:
                    group.create_task(ask(question))
        except ExceptionGroup as failures:  # the first stopped the others
            raise failures.exceptions[0] from None
        if progress.failed:
            return journal.path, progress
        rows = [row for question in task.questions for row in journal.done[question.question_id]]
        table = pyarrow.Table.from_pylist(rows, pyarrow.schema(COLUMNS))
        return journal.seal(lambda temporary: parquet.write_table(table, temporary)), progress


def refuse_recorded(plan: Plan, task: Task, folder: Path) -> None:
    """Raises AdvisorError where the run is sealed: asked before an engine is started, which takes a while."""
    sealed = folder / f"{plan.run_id(task)}.parquet"
    if sealed.exists():
        raise AdvisorError(
            "is recorded in full already", where=str(sealed), hint="change --seed or --samples to draw more"
        )


async def search(plan: Plan, task: Task, question: Question, generate: Generate, score: Score | None) -> Searched:
    """The strategy's search on one question, seeded by the question. Raises EngineFailure."""
    seed = (
        None
        if plan.sampling.seed is None
        else int(hashlib.sha256(f"{plan.sampling.seed}/{question.question_id}".encode()).hexdigest()[:7], 16)
    )
    sampling = Sampling(**{**asdict(plan.sampling), "seed": seed})
    prompt, kind = question.prompt, STRATEGIES[plan.strategy].search
    steps = Steps(plan.delimiter, task.is_final)
    if kind == "greedy":
        return await sample(generate, None, prompt, Sampling(**{**asdict(sampling), "temperature": 0.0}), 1)
    if kind == "thinking-budget":
        return await thinking_budget(generate, prompt, sampling, plan.budget, task.force)
    if kind == "adaptive-majority":
        return await adaptive_majority(generate, prompt, sampling, plan.budget, task.answer_of)
    if kind == "sampling" or score is None:
        return await sample(generate, score, prompt, sampling, plan.budget)
    searched = rebase if kind == "rebase" else mcts
    return await searched(generate, score, prompt, sampling, plan.budget, steps)


def answered(plan: Plan, task: Task, question: Question, searched: Searched, run_id: str) -> list[Row]:
    """One row a trace; the work of the whole search in each. A search without a trace is one unanswered row."""
    rows = []
    for index, trace in enumerate(searched.traces):
        answer = task.answer_of(trace.text)
        score = (
            REWARDS[plan.reward](trace.rewards) if searched.work.scored_tokens else None
        )  # an answer without a whole step has none: 0
        tokens = trace.generated_tokens
        rows.append(
            _row(
                plan,
                task,
                question,
                run_id,
                searched.work,
                index,
                answer,
                tokens,
                trace.finish_reason,
                score,
                task.is_correct(question, trace.text),
            )
        )
    return rows or [
        _row(
            plan, task, question, run_id, searched.work, 0, None, searched.work.generated_tokens, "length", None, False
        )
    ]


def prompt_tokens(plan: Plan, work: Work) -> int | None:
    """Tokens of the prompt, where every draw began with it alone."""
    draws = {"sampling": plan.budget, "greedy": 1}.get(STRATEGIES[plan.strategy].search)
    return (work.prompt_tokens + work.cached_tokens) // draws if draws else None


def failed(plan: Plan, task: Task, question: Question, run_id: str, reason: str) -> Row:
    """The row of a question whose requests failed: neither right nor wrong."""
    return {**_row(plan, task, question, run_id, Work(), 0, None, 0, "error", None, False), "reason": reason}


def _row(
    plan: Plan,
    task: Task,
    question: Question,
    run_id: str,
    work: Work,
    index: int,
    answer: str | None,
    tokens: int,
    reason: str,
    score: float | None,
    correct: bool,
) -> Row:
    return {
        "model": plan.model,
        "task": task.name,
        "question_id": question.question_id,
        "sample_index": index,
        "answer": answer,
        "correct": correct,
        "generated_tokens": tokens,
        "prompt_tokens": prompt_tokens(plan, work),
        "score": score,
        "strategy": plan.recorded_strategy,
        "budget": plan.budget,
        "finish_reason": reason,
        "reward_model": plan.reward_model or None,
        "temperature": plan.sampling.temperature,
        "top_p": plan.sampling.top_p,
        "max_tokens": plan.sampling.max_tokens,
        "frequency_penalty": plan.sampling.frequency_penalty,
        "run_id": run_id,
        "search_generated_tokens": work.generated_tokens,
        "search_scored_tokens": work.scored_tokens,
        "search_prompt_tokens": work.prompt_tokens,
        "search_cached_tokens": work.cached_tokens,
        "search_depth_tokens": work.depth_tokens,
    }
