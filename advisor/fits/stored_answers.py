"""Stored answers as DuckDB hands them out: by how they were drawn, then by question."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import duckdb
import numpy as np

from advisor.accuracy.estimators import Array
from advisor.store.sql import statement

T = TypeVar("T")

PACKAGE = "advisor.fits"


@dataclass(frozen=True, slots=True)
class Drawn:
    """The runs of one model, task and strategy that were drawn with the same settings.

    `place` counts the settings of one model, task, strategy and reward model from 1: those alone are counted.
    """

    model: str
    task: str
    strategy: str
    reward_model: str | None
    runs: tuple[str, ...]
    prompt_tokens: float | None
    place: int


@dataclass(frozen=True, slots=True)
class Lengths:
    """Answers of one question whose length was recorded, arrays of shape (n,).

    `stopped`: by the limit it was drawn under, so that its own end is not known.
    """

    tokens: Array
    correct: Array
    stopped: Array


@dataclass(frozen=True, slots=True)
class Question:
    """The stored answers of one question.

    The tuples have one element an answer; `scored` are tokens that the reward model passed for it.
    """

    answers: tuple[str | None, ...]
    correct: tuple[bool, ...]
    scores: tuple[float | None, ...]
    reward_models: tuple[str | None, ...]
    scored: tuple[float | None, ...]
    lengths: Lengths
    budget: int | None
    search_tokens: int | None
    search_depth: int | None


def draws(connection: duckdb.DuckDBPyConnection, *, own: bool) -> list[Drawn]:
    """What was drawn, by task and model; with `own` only what the user's workspace changes."""
    rows = connection.execute(statement(PACKAGE, "groups"), {"own": own}).fetchall()
    return [
        Drawn(model, task, strategy, rewards, tuple(runs), *rest)
        for model, task, strategy, rewards, runs, *rest in rows
    ]


def questions_of(connection: duckdb.DuckDBPyConnection, drawn: Drawn, runs: Iterable[str]) -> dict[str, Question]:
    """The answered questions of some of its runs, by id."""
    parameters = {"model": drawn.model, "task": drawn.task, "strategy": drawn.strategy, "runs": list(runs)}
    result = connection.execute(statement(PACKAGE, "questions"), parameters)
    names = [column[0] for column in result.description or ()]
    rows = [dict(zip(names, values, strict=True)) for values in result.fetchall()]
    return {row["question_id"]: _question(row) for row in rows}


def _question(row: dict[str, Any]) -> Question:
    timed = [i for i, tokens in enumerate(row["tokens"]) if tokens is not None]

    def of_timed(name: str) -> Array:
        return np.array([row[name][i] for i in timed], dtype=float)

    return Question(
        answers=tuple(row["answers"]),
        correct=tuple(row["correct"]),
        scores=tuple(row["scores"]),
        reward_models=tuple(row["reward_models"]),
        scored=tuple(row["scored"]),
        lengths=Lengths(of_timed("tokens"), of_timed("correct"), of_timed("stopped")),
        budget=row["budget"],
        search_tokens=row["search_tokens"],
        search_depth=row["search_depth"],
    )


def scored_by(question: Question, reward_model: str | None) -> Question:
    """The question with only the answers that this reward model scored (None: one that was not recorded).

    Lengths stay those of all answers.
    """
    scores = zip(question.reward_models, question.scores, strict=True)
    kept = [i for i, (name, score) in enumerate(scores) if name == reward_model and (name or score is not None)]
    return replace(
        question,
        answers=_pick(question.answers, kept),
        correct=_pick(question.correct, kept),
        scores=_pick(question.scores, kept),
        reward_models=_pick(question.reward_models, kept),
        scored=_pick(question.scored, kept),
    )


def _pick(values: Sequence[T], places: Sequence[int]) -> tuple[T, ...]:
    return tuple(values[i] for i in places)
