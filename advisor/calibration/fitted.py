"""Fitted curves and their points, read back for showing: no scipy, no refit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np

from advisor.accuracy.estimators import Interval
from advisor.accuracy.shapes import Curve, Shape
from advisor.errors import AdvisorError, NoAnswer, unknown
from advisor.models.catalog import catalog, resolve_name, spec_of
from advisor.store.sql import statement
from advisor.store.workspace import Workspace
from advisor.strategies import STRATEGIES
from advisor.work import answer_flops, reward_flops

PACKAGE = "advisor.calibration"
TYPICAL_PROMPT_TOKENS = 200
"""A benchmark question, where the source does not say."""
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Line:
    """One curve with its points; each point is a row of points.csv with `flops` (None where tokens are unknown).

    own_end: the point without a cap, where a curve over caps ends.
    """

    model: str
    task: str
    strategy: str
    unit: str
    n_questions: int
    curve: Curve
    limit: Interval | None
    points: tuple[Row, ...]
    own_end: Row | None
    provenance: str
    runs: str
    reward_model: str | None

    def tokens_at(self, x: float) -> float | None:
        """Generated tokens per question at compute x, read between the points."""
        if self.unit == "tokens":
            return x
        known = [
            (p["n_samples"] if self.unit == "samples" else p["token_budget"], p["generated_tokens"])
            for p in self.points
        ]
        if self.unit == "token cap" and self.own_end:
            known.append((self.curve.x_max, self.own_end["generated_tokens"]))
        if not known or any(tokens is None for _, tokens in known):
            return None
        caps, tokens = zip(*sorted(known), strict=True)
        return float(np.interp(x, caps, tokens))

    def flops_at(self, x: float) -> float | None:
        """FLOPs per question at compute x, of the policy alone."""
        tokens = self.tokens_at(x)
        n = round(x) if self.unit == "samples" else 1
        return (
            None
            if tokens is None or self.model not in catalog()
            else flops(self.model, self.points[0]["prompt_tokens"], tokens, max(n, 1))
        )


def flops(model: str, prompt_tokens: float | None, generated_tokens: float, n_samples: int) -> float:
    """FLOPs of one question: `generated_tokens` of all samples together."""
    return float(
        answer_flops(
            spec_of(model),
            round(prompt_tokens or TYPICAL_PROMPT_TOKENS),
            round(generated_tokens / n_samples),
            n_samples,
        )
    )


def verifier_flops(point: Row) -> float | None:
    """FLOPs of the reward model at a point: 0 without one, None where it or what it passed is unknown."""
    if not STRATEGIES[point["strategy"]].needs_rewards:
        return 0.0
    if point["scored_tokens"] is None or point["reward_model"] not in catalog():
        return None
    return reward_flops(spec_of(point["reward_model"]), point["scored_tokens"], pass_tokens(point))


def pass_tokens(point: Row) -> float:
    """The longest text that the reward model passes at a point: the prompt and one whole answer."""
    return float((point["prompt_tokens"] or TYPICAL_PROMPT_TOKENS) + point["generated_tokens"] / point["n_samples"])


def lines(workspace: Workspace, model: str, task: str, strategy: str | None) -> list[Line]:
    """Every curve of a model on a task, or the one of `strategy`. Raises NoAnswer, AdvisorError for an unknown model, task or strategy."""
    curves, points = workspace.files("profiles/curves.csv"), workspace.files("profiles/points.csv")
    if not curves or not points:
        raise NoAnswer("no curve is known", hint="run `advisor fit`")
    connection = duckdb.connect()
    tasks = {
        row["task"]
        for row in read(
            connection, "select distinct task from read_csv($files, union_by_name = true)", {"files": points}
        )
    }
    if task not in tasks:
        raise unknown("task", task, tasks, where="--task")
    all_points = read(connection, statement(PACKAGE, "points"), {"files": points, "task": task, "models": [model]})
    fitted = read(connection, statement(PACKAGE, "fitted"), {"files": curves, "model": model, "task": task})
    if not all_points:
        resolve_name(model)
    if not fitted:
        known = f"only {len(all_points)} point" if all_points else "nothing"
        raise NoAnswer(
            f"{known} of {model} on {task} is known, a curve needs two",
            hint="bring answers in with `advisor import samples`, then `advisor fit`",
        )
    if strategy is not None and strategy not in {row["strategy"] for row in fitted}:
        raise unknown("strategy with a curve", strategy, {row["strategy"] for row in fitted}, where="--strategy")
    return [_line(row, all_points) for row in fitted if strategy in (None, row["strategy"])]


def read(connection: duckdb.DuckDBPyConnection, query: str, parameters: dict[str, Any]) -> list[Row]:
    """Rows of a query over the files in `parameters["files"]`. Raises AdvisorError where one of them is damaged."""
    try:
        return rows(connection.execute(query, parameters))
    except duckdb.Error as error:
        named = [file for file in parameters["files"] if file in str(error)] or parameters["files"][-1:]
        raise AdvisorError("is damaged", where=named[0], hint="delete it and run `advisor fit`") from None


def rows(result: duckdb.DuckDBPyConnection) -> list[Row]:
    """All rows as dictionaries."""
    names = [column[0] for column in result.description or ()]
    return [dict(zip(names, values, strict=True)) for values in result.fetchall()]


def _line(row: Row, all_points: list[Row]) -> Line:
    own = [p for p in all_points if (p["strategy"], p["reward_model"]) == (row["strategy"], row["reward_model"])]
    for p in own:
        known = p["generated_tokens"] is not None and p["model"] in catalog()
        p["policy_flops"] = (
            flops(p["model"], p["prompt_tokens"], p["generated_tokens"], p["n_samples"]) if known else None
        )
        verifier = verifier_flops(p) if known else None
        p["flops"] = p["policy_flops"] + verifier if verifier is not None else None
    knots = tuple((float(x), float(y)) for x, _, y in (pair.partition(":") for pair in (row["knots"] or "").split()))
    shape = Shape(row["family"], row["asymptote"], row["drop"], row["scale"], row["rate"], knots)
    asymptote, at_4x = _interval(row, "asymptote"), _interval(row, "at_4x")
    assert asymptote
    assert at_4x
    curve = Curve(shape, row["x_min"], row["x_max"], asymptote, _interval(row, "saturation"), at_4x)
    end = next(
        (
            p
            for p in all_points
            if p["strategy"] == "majority" and p["n_samples"] == 1 and p["generated_tokens"] is not None
        ),
        None,
    )
    limit = _interval(row, "limit")
    n = row["n_questions"]
    return Line(
        row["model"], row["task"], row["strategy"], row["unit"], n, curve, limit, tuple(own), end, row["provenance"], row["runs"], row["reward_model"]
    )  # fmt: skip


def _interval(row: Row, name: str) -> Interval | None:
    return None if row[name] is None else Interval(row[name], row[f"{name}_low"], row[f"{name}_high"])
