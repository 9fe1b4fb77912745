"""From stored answers to accuracy per question at every strategy point they support.

One draw of plain samples gives a majority vote at every k and one answer under every token cap; a run of any other
strategy is one point.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import duckdb
import numpy as np

from advisor.accuracy.estimators import (
    Array,
    best_of_n_at_all_k,
    majority_at_all_k,
    votes,
    voting_limit,
    weighted_at_all_k,
)
from advisor.store.sql import statement
from advisor.strategies import STRATEGIES
from advisor.strategies.selection import SELECTIONS

CAPS = tuple(512 * 2**i for i in range(9))
SHARE_OF_ANSWERS_NEEDED = 0.98
"""Votes are counted only where nearly every answer was recorded; elsewhere a missing one might be any class."""

SHARED_QUESTIONS_NEEDED = 0.9

MOST_VOTES = 1000
"""Answers of a question that vote: the counts of subsets of more no longer fit a double."""


@dataclass(frozen=True, slots=True)
class Question:
    """The stored answers of one question; the timed fields are of those whose length was recorded.

    `timed_ends` is where an answer ended by itself: its length, or infinity where the limit it was drawn under stopped it.
    """

    answers: tuple[str | None, ...]
    correct: tuple[bool, ...]
    tokens: tuple[int, ...]
    timed_correct: tuple[bool, ...]
    timed_ends: tuple[float, ...]
    scores: tuple[float | None, ...]
    reward_models: tuple[str | None, ...]
    scored: tuple[float | None, ...]
    budget: int | None
    search_tokens: int | None
    search_depth: int | None


@dataclass(frozen=True, slots=True)
class Measured:
    """P strategy points of one model, task and strategy over the same Q questions.

    n_samples, token_budget  (P,) what each point is; None: the model's own end
    correct                  (Q, P) expected accuracy
    generated, depth         (P,) mean tokens of all samples, and of the longest chain; None: not recorded
    scored                   (P,) mean tokens that `reward_model` passed; None: there is none, or they were not recorded
    finished                 (Q, P) share of answers that ended within the cap; only under caps
    limit                    (Q,) what unlimited votes would be right in, by `voting_limit`; only for votes
    right_tokens, wrong_tokens  mean tokens of a right and of a wrong answer, uncapped; None: not recorded or none
    """

    model: str
    task: str
    strategy: str
    runs: str
    prompt_tokens: float | None
    n_samples: tuple[int, ...]
    token_budget: tuple[int | None, ...]
    correct: Array
    generated: Array | None
    depth: Array | None
    finished: Array | None = None
    limit: Array | None = None
    right_tokens: float | None = None
    wrong_tokens: float | None = None
    reward_model: str | None = None
    scored: Array | None = None


def measured(connection: duckdb.DuckDBPyConnection, *, own: bool) -> list[Measured]:
    """Everything that the samples of this database support, by task and model; with `own` only what the user's workspace changes."""
    found: list[Measured] = []
    for model, task, strategy, reward_model, runs, prompt_tokens, place in groups(connection, own=own):
        if place > 1:
            continue
        if strategy == "sampling":
            questions = list(_questions(connection, model, task, strategy, runs).values())
            found.append(_votes(model, task, " ".join(runs), prompt_tokens, questions))
            found += _scored_votes(model, task, " ".join(runs), prompt_tokens, questions)
            if timed := _timed(questions):
                found.append(_caps(model, task, " ".join(runs), prompt_tokens, timed))
        else:
            by_run = {run: _questions(connection, model, task, strategy, [run]) for run in runs}
            for names in _comparable(by_run):
                levels = _levels(model, task, strategy, " ".join(names), prompt_tokens, [by_run[run] for run in names])
                found.append(replace(levels, reward_model=reward_model))
    return found


def groups(connection: duckdb.DuckDBPyConnection, *, own: bool) -> list[tuple[Any, ...]]:
    """Rows of groups.sql: what was drawn in one way, and whether it is counted."""
    return connection.execute(statement("advisor.calibration", "groups"), {"own": own}).fetchall()


def _questions(
    connection: duckdb.DuckDBPyConnection, model: str, task: str, strategy: str, runs: list[str]
) -> dict[str, Question]:
    parameters = {"model": model, "task": task, "strategy": strategy, "runs": runs}
    rows = connection.execute(statement("advisor.calibration", "questions"), parameters).fetchall()
    return {question_id: _question(*lists) for question_id, *lists in rows}


def _question(
    answers: list[str | None],
    correct: list[bool],
    tokens: list[int | None],
    cut: list[bool],
    scores: list[float | None],
    reward_models: list[str | None],
    scored: list[float | None],
    budget: int | None,
    search_tokens: int | None,
    search_depth: int | None,
) -> Question:
    timed = [
        (t, right, math.inf if stopped else float(t))
        for t, right, stopped in zip(tokens, correct, cut, strict=True)
        if t is not None
    ]
    lengths, right, ends = (tuple(t[i] for t in timed) for i in range(3))
    return Question(
        tuple(answers), tuple(correct), lengths, right, ends, tuple(scores), tuple(reward_models), tuple(scored), budget, search_tokens, search_depth  # type: ignore[arg-type]
    )  # fmt: skip


def _timed(questions: list[Question]) -> list[Question]:
    """The questions with recorded lengths, or none where too few have them to stand for all."""
    timed = [q for q in questions if q.tokens]
    return timed if len(timed) >= SHARE_OF_ANSWERS_NEEDED * len(questions) else []


def _votes(model: str, task: str, runs: str, prompt: float | None, questions: list[Question]) -> Measured:
    recorded = sum(a is not None or c for q in questions for a, c in zip(q.answers, q.correct, strict=True)) / sum(
        len(q.answers) for q in questions
    )
    deepest = min(len(q.answers) for q in questions) if recorded >= SHARE_OF_ANSWERS_NEEDED else 1
    deepest = min(deepest, MOST_VOTES)
    counted = [votes(q.answers[:MOST_VOTES], q.correct[:MOST_VOTES]) for q in questions]
    curves = [majority_at_all_k(*c) for c in counted]
    ks = sorted(
        {1, *(2**i for i in range(2, 12) if 2**i <= deepest), deepest} - {2}
    )  # two votes equal one: a tie is a coin
    correct = np.array(
        [[np.mean(q.correct) if k == 1 else c[k - 1] for k in ks] for q, c in zip(questions, curves, strict=True)]
    )
    timed = _timed(questions)
    mean_tokens = float(np.mean([np.mean(q.tokens) for q in timed])) if timed else None
    return Measured(
        model, task, "majority", runs, prompt, tuple(ks), (None,) * len(ks), correct,
        generated=np.array(ks) * mean_tokens if mean_tokens else None,
        depth=np.array([np.mean([expected_longest(q.tokens, min(k, len(q.tokens))) for q in timed]) for k in ks]) if timed else None,
        limit=np.array([voting_limit(c) for c in curves]) if deepest > 1 else None,
        right_tokens=_mean_tokens(timed, right=True),
        wrong_tokens=_mean_tokens(timed, right=False),
    )  # fmt: skip


def _scored_votes(model: str, task: str, runs: str, prompt: float | None, questions: list[Question]) -> list[Measured]:
    """Weighted voting and best-of-N at every k, for each reward model that scored at least two answers of every question."""
    reward_models = {
        name for q in questions for name, score in zip(q.reward_models, q.scores, strict=True) if score is not None
    }
    return [
        votes
        for name in sorted(reward_models, key=lambda name: name or "")
        for votes in _votes_of(name, model, task, runs, prompt, [scored_by(q, name) for q in questions])
    ]


def scored_by(question: Question, reward_model: str | None) -> Question:
    """The question with the answers alone that this reward model scored (None: one that was not recorded); lengths of all."""
    kept = [
        i
        for i, name in enumerate(question.reward_models)
        if name == reward_model and (name or question.scores[i] is not None)
    ]

    def of(values: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(values[i] for i in kept)

    return replace(
        question,
        answers=of(question.answers),
        correct=of(question.correct),
        scores=of(question.scores),
        reward_models=of(question.reward_models),
        scored=of(question.scored),
    )


def _votes_of(
    reward_model: str | None, model: str, task: str, runs: str, prompt: float | None, questions: list[Question]
) -> list[Measured]:
    if min(len(q.answers) for q in questions) < 2:
        return []
    voted = _votes(model, task, runs, prompt, questions)
    chosen = [i for i, k in enumerate(voted.n_samples) if k > 1]
    ks = [voted.n_samples[i] for i in chosen]
    generated = voted.generated[chosen] if voted.generated is not None else None
    depth = voted.depth[chosen] if voted.depth is not None else None
    passed = [_mean_scored(q) for q in questions]
    scored = (
        np.array(ks) * float(np.mean([p for p in passed if p is not None]))
        if all(p is not None for p in passed)
        else None
    )
    found = []
    for strategy, estimate in (("weighted-majority", weighted_at_all_k), ("best-of-n", best_at_all_k)):
        curves = [
            estimate(q.answers[:MOST_VOTES], q.correct[:MOST_VOTES], [s or 0.0 for s in q.scores[:MOST_VOTES]])
            for q in questions
        ]
        correct = np.array([[curve[k - 1] for k in ks] for curve in curves])
        votes_of = Measured(
            model, task, strategy, runs, prompt, tuple(ks), (None,) * len(ks), correct, generated, depth
        )
        limit = np.array([voting_limit(curve) for curve in curves]) if strategy == "weighted-majority" else None
        found.append(replace(votes_of, reward_model=reward_model, scored=scored, limit=limit))
    return found


def _mean_scored(question: Question) -> float | None:
    """Mean tokens that the reward model passed for an answer."""
    known = [tokens for tokens in question.scored if tokens is not None]
    return float(np.mean(known)) if len(known) == len(question.scored) else None


def best_at_all_k(answers: Sequence[str | None], correct: Sequence[bool], scores: Sequence[float]) -> tuple[float, ...]:
    """Best-of-N at every k; an answer that could not be read is never kept."""
    return best_of_n_at_all_k(
        [-math.inf if a is None and not c else s for a, c, s in zip(answers, correct, scores, strict=True)], correct
    )


def _mean_tokens(timed: list[Question], *, right: bool) -> float | None:
    tokens = [t for q in timed for t, c in zip(q.tokens, q.timed_correct, strict=True) if c == right]
    return float(np.mean(tokens)) if tokens else None


def _caps(model: str, task: str, runs: str, prompt: float | None, questions: list[Question]) -> Measured:
    """One answer stopped at each cap, from the first that anything ends in to the first that everything does."""
    finished = np.array([[np.mean(np.array(q.timed_ends) <= cap) for cap in CAPS] for q in questions])
    ended, longest = finished.mean(axis=0), max(max(q.tokens) for q in questions)
    kept = [
        i for i in range(len(CAPS)) if ended[i] > 0.005 and (i == 0 or (ended[i - 1] < 0.995 and CAPS[i - 1] < longest))
    ]
    caps = [CAPS[i] for i in kept]
    correct = [
        [np.mean(np.array(q.timed_correct) * (np.array(q.timed_ends) <= cap)) for cap in caps] for q in questions
    ]
    spent = [[np.minimum(q.tokens, cap).mean() for cap in caps] for q in questions]
    tokens = np.array(spent).reshape(len(questions), len(caps)).mean(axis=0)
    return Measured(
        model, task, "thinking-budget", runs, prompt, (1,) * len(caps), tuple(caps),
        np.array(correct, dtype=float).reshape(len(questions), len(caps)), tokens, tokens, finished[:, kept],
    )  # fmt: skip


def _comparable(by_run: dict[str, dict[str, Question]]) -> list[list[str]]:
    """Runs that share nearly all their questions make one curve; others stand alone. Runs without an answer are left out."""
    answered = {run: set(questions) for run, questions in by_run.items() if questions}
    shared = set.intersection(*answered.values()) if answered else set()
    if shared and len(shared) >= SHARED_QUESTIONS_NEEDED * max(len(q) for q in answered.values()):
        return [list(answered)]
    return [[run] for run in answered]


def _levels(
    model: str, task: str, strategy: str, runs: str, prompt: float | None, by_run: list[dict[str, Question]]
) -> Measured:
    """One point a run, over the questions that all runs share, by rising tokens."""
    shared = sorted(set.intersection(*(set(run) for run in by_run)))
    samples = [_n_samples(strategy, [run[q] for q in shared]) for run in by_run]
    tokens = [_mean([t for q in shared for t in _spent(run[q])]) for run in by_run]
    depths = [_mean([run[q].search_depth or max(run[q].tokens, default=0) for q in shared]) for run in by_run]
    order = np.argsort([t or 0.0 for t in tokens], kind="stable")
    correct = np.array([[chosen_right(strategy, by_run[i][q]) for i in order] for q in shared])
    generated = np.array([tokens[i] for i in order], dtype=float) if all(tokens) else None
    depth = np.array([depths[i] for i in order], dtype=float) if generated is not None else None
    passed = [[sum(t or 0.0 for t in run[q].scored) for q in shared] for run in by_run]
    recorded = all(t is not None for run in by_run for q in shared for t in run[q].scored)
    scored = np.array([np.mean(passed[i]) for i in order]) if recorded and np.any(passed) else None
    caps = [next(iter({run[q].budget for q in shared})) if strategy == "thinking-budget" else None for run in by_run]
    return Measured(
        model, task, strategy, runs, prompt, tuple(samples[i] for i in order), tuple(caps[i] for i in order), correct, generated, depth, scored=scored,
    )  # fmt: skip


def _n_samples(strategy: str, questions: list[Question]) -> int:
    """The width or number of answers a run was given; one for a single answer."""
    if strategy in {"thinking-budget", "greedy"}:
        return 1
    budgets = [q.budget for q in questions if q.budget is not None]
    return (
        max(budgets)
        if budgets and strategy != "adaptive-majority"
        else max(1, round(float(np.mean([len(q.answers) for q in questions]))))
    )


def _spent(question: Question) -> list[int]:
    """Tokens of the whole search where it was recorded, else of its answers."""
    if question.search_tokens is not None:
        return [question.search_tokens]
    return [sum(question.tokens)] if question.tokens else []


def chosen_right(strategy: str, question: Question) -> float:
    """Whether the answer that the strategy's own selection keeps is right; the share of right ones for single answers."""
    if strategy not in STRATEGIES or STRATEGIES[strategy].selection == "first":
        return float(np.mean(question.correct))
    classes = ["" if right else answer for answer, right in zip(question.answers, question.correct, strict=True)]
    kept = SELECTIONS[STRATEGIES[strategy].selection](classes, [s or 0.0 for s in question.scores])
    return float(kept == "")


def _mean(values: list[int]) -> float | None:
    return float(np.mean(values)) if values else None


def expected_longest(tokens: tuple[int, ...], k: int) -> float:
    """Expected length of the longest of k answers drawn without replacement: what a vote has to wait for."""
    ordered: Array = np.sort(np.array(tokens, dtype=float))
    n = len(ordered)
    if k == 1:
        return float(ordered.mean())
    probability = np.zeros(n)  # of being the longest: C(i, k−1)/C(n, k) for the i-th shortest
    share = k / n
    for i in range(n - 1, k - 2, -1):
        probability[i] = share
        share *= (i - k + 1) / i if i else 0.0
    return float(probability @ ordered)


def published(connection: duckdb.DuckDBPyConnection, files: list[str]) -> list[dict[str, Any]]:
    """Rows of the published tables, as in published.sql."""
    if not files:
        return []
    result = connection.execute(statement("advisor.calibration", "published"), {"files": files})
    names = [column[0] for column in result.description or ()]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]
