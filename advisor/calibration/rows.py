"""What a search of one question leaves: a row an answer, and the texts that the answers were read from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from advisor.calibration.sampling_plan import Plan
from advisor.engines.protocol import EngineFailure, Served
from advisor.store.row_types import by_column
from advisor.store.sample_rules import fault_of_question
from advisor.store.samples import SAMPLING, Sample
from advisor.strategies.search import Searched, Trace
from advisor.strategies.selection import REWARDS
from advisor.tasks.questions import Question
from advisor.tasks.task import Task
from advisor.work import Work

UNCHECKED = "unchecked"
"""The `finish_reason` of an answer that took too long to compare: neither right nor wrong, whatever `correct` says."""


def columns_of_run(plan: Plan, task: Task, served: Served, run_id: str) -> dict[str, Any]:
    """The columns that all rows of a run have in common: what was drawn, and how."""
    sent = {name: None if name in served.unsent else getattr(plan.sampling, name) for name in SAMPLING}
    if plan.search == "greedy":
        sent["temperature"] = 0.0
    return {
        "model": plan.model,
        "task": task.name,
        "strategy": plan.recorded_strategy,
        "budget": plan.budget,
        "endpoint": served.endpoint or None,
        "weights": plan.weights,
        "template": task.template,
        "system_prompt": plan.system_prompt,
        "few_shot": json.dumps(plan.few_shot, ensure_ascii=False) if plan.few_shot else "",
        "chat_options": json.dumps(dict(plan.chat_options), ensure_ascii=False) if plan.chat_options else "",
        "force": task.force if plan.search == "thinking-budget" else "",
        **sent,
        "max_tokens": plan.sampling.max_tokens,
        "seed": plan.sampling.seed,
        "engine": served.engine or None,
        "engine_version": served.version or None,
        "reward_model": plan.reward_model,
        "reward": plan.reward if plan.reward_model else None,
        "step_delimiter": plan.delimiter if plan.has_steps else None,
        "run_id": run_id,
    }


def answers(
    columns: dict[str, Any],
    task: Task,
    question: Question,
    searched: Searched,
    prompt_tokens: int | None,
) -> list[Sample]:
    """One row a trace, the work of the whole search in each; a search without a trace is one unanswered row."""
    shared = columns | _of_question(question, searched, prompt_tokens)
    reward = REWARDS[columns["reward"] or "last"]
    checked = [task.is_correct(question, trace.text) for trace in searched.traces]
    rows = [
        Sample(
            **shared,
            sample_index=index,
            answer=task.answer_of(trace.text),
            correct=bool(right),
            generated_tokens=trace.generated_tokens,
            # an answer without a whole step has no reward of its own: zero
            score=reward(trace.rewards) if searched.work.scored_tokens else None,
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
            generated_tokens=searched.work.generated_tokens,
            finish_reason="length",
        )
    ]


def texts(searched: Searched) -> list[dict[str, Any]]:
    """What stands behind the rows, in their order; without what is empty."""
    return [_text(index, trace) for index, trace in enumerate(searched.traces)]


def _text(index: int, trace: Trace) -> dict[str, Any]:
    reasoning = {"reasoning": trace.reasoning} if trace.reasoning else {}
    rewards = {"rewards": json.dumps(trace.rewards)} if trace.rewards else {}
    return {"sample_index": index, "text": trace.text, **reasoning, **rewards}


def failure(columns: dict[str, Any], question: Question) -> Sample:
    """The row of a question whose requests failed: neither right nor wrong."""
    shared = columns | _of_question(question, Searched((), Work()), None)
    return Sample(**shared, sample_index=0, answer=None, correct=False, generated_tokens=0, finish_reason="error")


def checked(samples: Sequence[Sample]) -> Sequence[Sample]:
    """The rows of one question. Raises EngineFailure where they are none that an engine can have given."""
    if found := fault_of_question([by_column(sample) for sample in samples]):
        raise EngineFailure(f"an answer that cannot be: {found.what}")
    return samples


def journal_fault(columns: Mapping[str, Any], key: str, rows: Sequence[Mapping[str, Any]]) -> str | None:
    """Why the rows that a journal has for a question cannot be the answers of this run; None where they can."""
    if found := fault_of_question([{name: row[name] for name in row if name != "reason"} for row in rows]):
        return str(found)
    expected_of = {"question_id": key, **{name: columns[name] for name in ("model", "task", "run_id")}}
    for name, expected in expected_of.items():
        if rows[0].get(name) != expected:
            return f"{name} is {rows[0].get(name)!r}, not {expected!r}"
    return None


def prompt_digest(question: Question) -> str:
    """What stands for a question's prompt in the rows."""
    return hashlib.sha256(question.prompt.encode()).hexdigest()[:12]


def _of_question(question: Question, searched: Searched, prompt_tokens: int | None) -> dict[str, Any]:
    """The columns that all rows of a question have in common besides those of the run."""
    work = searched.work
    return {
        "question_id": question.question_id,
        "prompt_digest": prompt_digest(question),
        "prompt_tokens": prompt_tokens,
        "search_generated_tokens": work.generated_tokens,
        "search_scored_tokens": work.scored_tokens,
        "search_prompt_tokens": work.prompt_tokens,
        "search_cached_tokens": work.cached_tokens,
        "search_depth_tokens": work.depth_tokens,
    }
