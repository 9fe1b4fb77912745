"""What a search of one question leaves in the samples: one row an answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from advisor.calibration.sampling_plan import Plan
from advisor.engines.protocol import EngineFailure
from advisor.store.sample_rules import fault_of_question
from advisor.store.samples import Sample
from advisor.strategies import STRATEGIES
from advisor.strategies.search import Searched
from advisor.strategies.selection import REWARDS
from advisor.tasks.questions import Question
from advisor.tasks.task import Task
from advisor.work import Work

UNCHECKED = "unchecked"
"""The `finish_reason` of an answer that took too long to compare: neither right nor wrong, whatever `correct` says."""


def answers(plan: Plan, task: Task, question: Question, searched: Searched, run_id: str) -> list[Sample]:
    """One row a trace, the work of the whole search in each; a search without a trace is one unanswered row."""
    work = searched.work
    shared = _shared(plan, task, question, work, run_id)
    checked = [task.is_correct(question, trace.text) for trace in searched.traces]
    rows = [
        Sample(
            **shared,
            sample_index=index,
            answer=task.answer_of(trace.text),
            correct=bool(right),
            generated_tokens=trace.generated_tokens,
            # an answer without a whole step has no reward of its own: zero
            score=REWARDS[plan.reward](trace.rewards) if work.scored_tokens else None,
            finish_reason=UNCHECKED if right is None else trace.finish_reason,
        )
        for index, (trace, right) in enumerate(zip(searched.traces, checked, strict=True))
    ]
    return rows or [
        Sample(
            **shared,
            sample_index=0,
            answer=None,
            correct=False,
            generated_tokens=work.generated_tokens,
            finish_reason="length",
        )
    ]


def failure(plan: Plan, task: Task, question: Question, run_id: str) -> Sample:
    """The row of a question whose requests failed: neither right nor wrong."""
    shared = _shared(plan, task, question, Work(), run_id)
    return Sample(**shared, sample_index=0, answer=None, correct=False, generated_tokens=0, finish_reason="error")


def checked(samples: Sequence[Sample]) -> Sequence[Sample]:
    """The rows of one question. Raises EngineFailure where they are none that an engine can have given."""
    if found := fault_of_question([asdict(sample) for sample in samples]):
        raise EngineFailure(f"an answer that cannot be: {found.what}")
    return samples


def journal_fault(plan: Plan, task: Task, run_id: str, key: str, rows: Sequence[Mapping[str, Any]]) -> str | None:
    """Why the rows that a journal has for a question cannot be the answers of this run; None where they can."""
    if found := fault_of_question([{name: row[name] for name in row if name != "reason"} for row in rows]):
        return str(found)
    row = rows[0]
    expected_of = {"question_id": key, "model": plan.model, "task": task.name, "run_id": run_id}
    for name, expected in expected_of.items():
        if row.get(name) != expected:
            return f"{name} is {row.get(name)!r}, not {expected!r}"
    return None


def _shared(plan: Plan, task: Task, question: Question, work: Work, run_id: str) -> dict[str, Any]:
    """The columns that all rows of a question have in common."""
    return {
        "model": plan.model,
        "task": task.name,
        "question_id": question.question_id,
        "prompt_tokens": _prompt_tokens(plan, work),
        "reward_model": plan.reward_model,
        "strategy": plan.recorded_strategy,
        "budget": plan.budget,
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


def _prompt_tokens(plan: Plan, work: Work) -> int | None:
    """Tokens of the prompt, where every draw began with it alone."""
    draws = {"sampling": plan.budget, "greedy": 1}.get(STRATEGIES[plan.strategy].search)
    return (work.prompt_tokens + work.cached_tokens) // draws if draws else None
