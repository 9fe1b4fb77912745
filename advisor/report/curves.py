"""`advisor curve`: accuracy against compute of one model on one task, as table and picture."""

from __future__ import annotations

from typing import Any

import numpy as np

from advisor.accuracy.estimators import Interval, area_within_budgets
from advisor.calibration.fitted import Line, lines
from advisor.models.catalog import catalogued
from advisor.report.deploy import strategy_text
from advisor.report.tables import print_table, table, to_json
from advisor.report.terminal import picture
from advisor.store.workspace import Workspace
from advisor.units import percent, significant


def show(model: str, task: str, strategy: str | None, workspace: str | None, as_json: bool) -> None:
    """Print the curves of a model on a task; with --json the one of `strategy`, else the one with most points, and the others beside it."""
    ws = Workspace.open(workspace)
    name = catalogued(model)
    found = lines(ws, name, task.lower(), strategy)
    found.sort(key=lambda line: -len(line.points))
    if as_json:
        print(to_json({**as_json_object(found[0]), "others": [as_json_object(line) for line in found[1:]]}))
        return
    for line in found:
        show_line(line)


def as_json_object(line: Line) -> dict[str, Any]:
    """The JSON of one curve; intervals are 90 %."""
    curve = line.curve
    return {
        "model": line.model,
        "task": line.task,
        "strategy": line.strategy,
        "reward_model": line.reward_model,
        "n_questions": line.n_questions,
        "compute": line.unit,
        "points": [
            {
                "n_samples": p["n_samples"],
                "token_budget": p["token_budget"],
                "tokens": p["generated_tokens"],
                "flops": p["flops"],
                "policy_flops": p["policy_flops"],
                "accuracy": p["accuracy"],
                "low": p["low"],
                "high": p["high"],
                "cut": p["cut"],
                "share_of_failures_cut": failures_cut(p),
                "per_correct": {"tokens": per_correct(p, "generated_tokens"), "flops": per_correct(p, "flops")},
                "provenance": p["provenance"],
            }
            for p in line.points
        ],
        "family": curve.shape.family,
        "asymptote": curve.asymptote,
        "voting_limit": line.limit,
        "saturation": saturation(line),
        "at_4x": curve.at_4x,
        "area": area(line),
        "right_tokens": line.own_end and line.own_end["right_tokens"],
        "wrong_tokens": line.own_end and line.own_end["wrong_tokens"],
        "provenance": f"{line.provenance}: {line.runs}",
    }


def per_correct(point: dict[str, Any], cost: str) -> float | None:
    """What one correct answer costs: the cost of a question over the accuracy."""
    return point[cost] / point["accuracy"] if point[cost] is not None and point["accuracy"] else None


def failures_cut(point: dict[str, Any]) -> float | None:
    """Share of the wrong answers that the cap stopped."""
    return None if point["cut"] is None or point["accuracy"] >= 1 else min(1.0, point["cut"] / (1 - point["accuracy"]))


def saturation(line: Line) -> dict[str, Any] | None:
    """Where doubling the compute stops paying, in FLOPs and tokens, and in samples for votes."""
    point = line.curve.saturation
    if point is None:
        return None
    ends = {"value": point.value, "low": point.low, "high": point.high}
    return {
        "flops": {name: line.flops_at(x) if np.isfinite(x) else None for name, x in ends.items()},
        "tokens": {name: line.tokens_at(x) if np.isfinite(x) else None for name, x in ends.items()},
        "n_samples": round(point.value) if line.unit == "samples" else None,
        "token_cap": round(point.value) if line.unit == "token cap" else None,
    }


def area(line: Line) -> float | None:
    """Mean accuracy over the measured budgets, each doubling of the cap counting the same; only for curves over caps."""
    if line.unit != "token cap":
        return None
    x = np.geomspace(line.curve.x_min, line.curve.x_max, 200)
    return area_within_budgets(x, line.curve.shape.at(x))


def show_line(line: Line) -> None:
    """One curve for a person."""
    rows = [
        [
            strategy_text(p),
            significant(p["generated_tokens"]),
            significant(p["flops"]),
            percent(p["accuracy"]),
            f"{percent(p['low'])} – {percent(p['high'])}",
            significant(per_correct(p, "generated_tokens")),
            percent(failures_cut(p), 0),
        ]
        for p in line.points
    ]
    columns = ["point", "tokens", "FLOPs", "accuracy", "90 %", "tokens per correct", "failures cut"]
    print_table(
        table(
            columns,
            rows,
            title=f"{line.model} on {line.task}, {line.strategy} ({line.n_questions} questions, {line.provenance})",
            right=columns[1:],
        )
    )
    unit = {"samples": "answers", "token cap": "tokens, cap on one answer", "tokens": "generated tokens"}[line.unit]
    dots = [(x_of(line, p), p["accuracy"]) for p in line.points]
    print(
        picture(
            dots,
            lambda x: float(line.curve.shape.at(np.array([x]))[0]),
            f"{unit} (log scale)",
            until=4 * line.curve.x_max,
        )
    )
    print(f"Curve:       {line.curve.shape.family}; at four times the largest compute {text(line.curve.at_4x)}")
    print(
        f"Asymptote:   {text(line.curve.asymptote)}"
        + (f"; limit of voting by the answers themselves {text(line.limit)}" if line.limit else "")
    )
    print(f"Saturation:  {saturation_text(line, unit)}")
    if line.own_end and line.own_end["right_tokens"] and line.own_end["wrong_tokens"]:
        right, wrong = line.own_end["right_tokens"], line.own_end["wrong_tokens"]
        print(f"Length:      {right:,.0f} tokens where right, {wrong:,.0f} where wrong ({wrong / right:.2f} ×)")
    print(f"From:        {line.runs}\n")


def x_of(line: Line, point: dict[str, Any]) -> float:
    """The compute of a point in the curve's unit."""
    return float(
        point[{"samples": "n_samples", "token cap": "token_budget", "tokens": "generated_tokens"}[line.unit]] or 0.0
    )


def text(interval: Interval) -> str:
    """`80.1 % (90 %: 76.0 % – 84.0 %)`."""
    return f"{percent(interval.value)} (90 %: {percent(interval.low)} – {percent(interval.high)})"


def saturation_text(line: Line, unit: str) -> str:
    """Where it saturates, in words."""
    point = line.curve.saturation
    if point is None:
        return "not reached in the measured range: a doubling still gains 0.5 points or more"
    high = significant(point.high) if np.isfinite(point.high) else "not reached"
    flops = line.flops_at(point.value)
    cost = f", {significant(flops)} FLOPs per question" if flops else ""
    return f"from {significant(point.value)} {unit} (90 %: {significant(point.low)} – {high}){cost} a doubling gains less than 0.5 points"
