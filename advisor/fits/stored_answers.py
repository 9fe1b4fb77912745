"""Stored answers as DuckDB hands them out: by how they were drawn, then by question."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import duckdb
import numpy as np

from advisor.accuracy.agreement import Run
from advisor.accuracy.estimators import Array
from advisor.fits.setup_labels import labels
from advisor.store.samples import SETUP
from advisor.store.sql import statement

PACKAGE = "advisor.fits"
CELLS = (
    "answer",
    "correct",
    "score",
    "scored",
    "prompt",
    "budget",
    "search_tokens",
    "search_prompt",
    "search_depth",
)
"""Columns of questions.sql of which a question has a value an answer, or the largest."""
AnswerColumns = Mapping[str, Any]
"""Those of questions.sql as numpy arrays; nulls are masked in columns that have any."""


@dataclass(frozen=True, slots=True)
class Judge:
    """What scored answers: a reward model, how the rewards of steps become one, and the text that ends a step.

    None: not recorded.
    """

    reward_model: str | None
    reward: str | None
    step_delimiter: str | None

    @property
    def recorded(self) -> dict[str, str | None]:
        """How the rewards of steps became one."""
        return {"reward": self.reward, "step_delimiter": self.step_delimiter}


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """Answers of one model, task and strategy with one set-up.

    setup      its name among those of the model, task and strategy
    recorded   its columns, None where not recorded
    judge      what steered a search; None: plain samples
    judges     what scored plain samples
    runs       run ids; `own_runs` are those of the user's workspace, `n_engines` the engines that drew them
    """

    way: int
    model: str
    task: str
    strategy: str
    setup: str
    recorded: Mapping[str, Any]
    judge: Judge | None
    judges: tuple[Judge, ...]
    runs: tuple[str, ...]
    own_runs: tuple[str, ...]
    n_engines: int


@dataclass(frozen=True, slots=True)
class FailedRequests:
    """The `n` answers of a run that are taken for failed requests and left out (answers.sql); `own`: the user's."""

    way: int
    run_id: str
    model: str
    task: str
    own: bool
    n: int


@dataclass(frozen=True, slots=True)
class Lengths:
    """Answers of one question whose length was recorded, arrays of shape (n,).

    `stopped`: by the limit it was drawn under, or since it repeated itself (`looping`): its own end is not known.
    """

    tokens: Array
    correct: Array
    stopped: Array
    looping: Array


@dataclass(frozen=True, slots=True)
class Question:
    """The draws of one question, each once.

    The tuples have one element an answer; `scored` are tokens that the reward model passed for it, `prompts` those of
    its prompt.
    """

    question_id: str
    answers: tuple[str | None, ...]
    correct: tuple[bool, ...]
    scores: tuple[float | None, ...]
    scored: tuple[float | None, ...]
    prompts: tuple[int | None, ...]
    lengths: Lengths
    budget: int | None
    search_tokens: int | None
    search_prompt: int | None
    search_depth: int | None


def draws(connection: duckdb.DuckDBPyConnection) -> list[Drawn]:
    """Everything that was drawn, by task and model; makes the table `answers` from `samples`."""
    connection.execute(statement("advisor.store", "failed_request"))
    connection.execute(statement(PACKAGE, "answers"))
    rows = _rows(connection.execute(statement(PACKAGE, "groups")))
    alike = defaultdict[tuple[Any, ...], list[dict[str, Any]]](list)
    for row in rows:
        alike[row["task"], row["model"], row["strategy"], row["steering_model"]].append(row)
    return [_drawn(row, name) for group in alike.values() for row, name in zip(group, _names(group), strict=True)]


def _names(group: Sequence[dict[str, Any]]) -> list[str]:
    return labels(
        [row | {"reward": row["steering_reward"], "step_delimiter": row["steering_delimiter"]} for row in group]
    )


def _drawn(row: Mapping[str, Any], name: str) -> Drawn:
    steering = Judge(row["steering_model"], row["steering_reward"], row["steering_delimiter"])
    judges = (Judge(**judge) for judge in row["judges"])
    return Drawn(
        way=row["way"],
        model=row["model"],
        task=row["task"],
        strategy=row["strategy"],
        setup=name,
        recorded={column: row[column] for column in SETUP},
        judge=None if row["strategy"] == "sampling" else steering,
        judges=tuple(sorted(judges, key=lambda j: (j.reward_model or "", j.reward or "", j.step_delimiter or ""))),
        runs=tuple(row["runs"]),
        own_runs=tuple(row["own_runs"]),
        n_engines=row["n_engines"],
    )


def questions_of(
    connection: duckdb.DuckDBPyConnection, drawn: Drawn, runs: Iterable[str], judge: Judge | None = None
) -> dict[str, Question]:
    """The answered questions of some of its runs, by id; with `judge` only the answers that it scored."""
    return by_question(answer_columns(connection, drawn, runs, judge))


def answer_columns(
    connection: duckdb.DuckDBPyConnection, drawn: Drawn, runs: Iterable[str], judge: Judge | None = None
) -> AnswerColumns:
    """The answers to those questions as questions.sql gives them, a row each."""
    by = judge or Judge(None, None, None)
    judged = {"reward_model": by.reward_model, "reward": by.reward, "step_delimiter": by.step_delimiter}
    parameters = {"way": drawn.way, "runs": list(runs), "scored": judge is not None, **judged}
    return connection.execute(statement(PACKAGE, "questions"), parameters).fetchnumpy()


def by_question(columns: AnswerColumns) -> dict[str, Question]:
    """The answers of each question, in the order of the rows."""
    ids: list[str] = columns["question_id"].tolist()
    starts = [at for at, name in enumerate(ids) if not at or name != ids[at - 1]]
    cells = {name: columns[name].tolist() for name in CELLS}
    timed = ~np.ma.getmaskarray(columns["tokens"])
    lengths = {name: np.ma.getdata(columns[name]).astype(float) for name in Lengths.__dataclass_fields__}
    found = {}
    for first, end in pairwise([*starts, len(ids)]):
        here = slice(first, end)
        known = {name: column[here][timed[here]] for name, column in lengths.items()}
        found[ids[first]] = _question(ids[first], {name: cells[name][here] for name in CELLS}, Lengths(**known))
    return found


def tallies(connection: duckdb.DuckDBPyConnection, drawn: Drawn) -> dict[str, Run]:
    """Right answers and answers of each run by question."""
    found: dict[str, dict[str, tuple[int, int]]] = {}
    rows = connection.execute(statement(PACKAGE, "tallies"), {"way": drawn.way}).fetchall()
    for run, question, n_right, n in rows:
        found.setdefault(run, {})[question] = (n_right, n)
    return dict(found)


def failed_requests(connection: duckdb.DuckDBPyConnection) -> list[FailedRequests]:
    """Those that are left out of everything, after `draws`."""
    return [FailedRequests(*row) for row in connection.execute(statement(PACKAGE, "failed_requests")).fetchall()]


def _rows(result: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    names = [column[0] for column in result.description or ()]
    return [dict(zip(names, values, strict=True)) for values in result.fetchall()]


def _question(question_id: str, cells: Mapping[str, Sequence[Any]], lengths: Lengths) -> Question:
    """One question, from the cells of its rows; null is None."""

    def most(name: str) -> Any | None:
        return max((value for value in cells[name] if value is not None), default=None)

    return Question(
        question_id=question_id,
        answers=tuple(cells["answer"]),
        correct=tuple(cells["correct"]),
        scores=tuple(cells["score"]),
        scored=tuple(cells["scored"]),
        prompts=tuple(cells["prompt"]),
        lengths=lengths,
        budget=most("budget"),
        search_tokens=most("search_tokens"),
        search_prompt=most("search_prompt"),
        search_depth=most("search_depth"),
    )


def prompt_tokens(questions: Iterable[Question]) -> float | None:
    """Mean length of the prompt over all answers; None where none was recorded."""
    known = [tokens for question in questions for tokens in question.prompts if tokens is not None]
    return float(np.mean(known)) if known else None
