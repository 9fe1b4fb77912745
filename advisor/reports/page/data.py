"""What the charts of a recommendation show, as plain columns: candidates on every task, curves, the pick."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from advisor.fits.curve import lines
from advisor.fits.curve_words import asymptote_text, saturation_text
from advisor.fits.line import Line
from advisor.printable import shortened, shown
from advisor.provenance import Provenance
from advisor.recommendation.candidate import Candidate
from advisor.recommendation.model_frontiers import ModelFrontierPoint, TaskFrontiers, model_frontiers
from advisor.recommendation.request import Request
from advisor.reports.frontier_view import AXES
from advisor.reports.words import candidate_strategy, rent_text, strategy_text, with_setup
from advisor.store.workspace import Workspace
from advisor.units import COSTS, UNIT_NAMES, significant

MOST_ROWS = 12_000
"""Candidates on a page, about 100 bytes each; tasks that do not fit are named."""
LONGEST_SOURCE = 160
"""Characters of what is said of a number's source."""
ON_A_CURVE = 40
"""Places at which a fitted curve is read."""
LEFT_OUT = (
    "Left out are candidates that another one of the same model, on the same kind of GPU and with the same kind of"
    " evidence, beats on accuracy and the chosen cost: they are on no frontier, whatever is chosen above."
)

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Explored:
    """`data` is what explorer.js reads; `left_out` says in sentences what is not on the page."""

    data: Mapping[str, Any]
    left_out: tuple[str, ...]


def explored(workspace: Workspace, request: Request, pick: Candidate | None = None) -> Explored:
    """All tasks with their candidates as a request counts them, and its pick."""
    tasks, left_out = _that_fit(model_frontiers(workspace, request))
    rows = [_candidate_row(each.task, point) for each in tasks for point in each.points]
    series = [_series(line) for line in _lines(workspace, rows)]
    data = {
        "tasks": [shown(each.task) for each in tasks],
        "units": [{"unit": unit, "title": _axis(unit, request.percentile)} for unit in COSTS],
        "gpus": sorted({row["gpu"] for row in rows}),
        "candidates": columns(rows),
        "curves": series,
        "pick": _pick_row(pick, workspace.models.spec(pick.model).is_moe) if pick else None,
        "budgets": [
            {"unit": b.cost, "cost": b.amount, "text": f"budget {significant(b.amount)} {UNIT_NAMES[b.cost]}"}
            for b in request.budgets
        ],
        "start": {"task": shown(request.task), "unit": request.cost, "model": shown(pick.model) if pick else ""},
    }
    return Explored(data, left_out)


def _that_fit(found: Iterable[TaskFrontiers]) -> tuple[list[TaskFrontiers], tuple[str, ...]]:
    """The tasks with points, as many as there is room for, and in sentences which are missing."""
    kept: list[TaskFrontiers] = []
    empty: list[str] = []
    too_many: list[str] = []
    room = MOST_ROWS
    for each in found:
        if not each.points:
            empty.append(each.task)
        elif kept and len(each.points) > room:
            too_many.append(each.task)
        else:
            kept.append(each)
            room -= len(each.points)
    unknown = f"No accuracy and cost is known, all else as requested, on {', '.join(empty)}."
    unseen = f"There was no room for {', '.join(too_many)}: name one with --task."
    return kept, (*([unknown] if empty else []), *([unseen] if too_many else []))


def _axis(unit: str, percentile: int) -> str:
    return f"{AXES[unit]} ({percentile} % of the questions)" if unit == "s" else AXES[unit]


def _candidate_row(task: str, p: ModelFrontierPoint) -> Row:
    how = strategy_text(p.strategy, p.n_samples, p.token_budget, p.generated_tokens, p.reward_model)
    seen = "published" if p.evidence == "imputed" else p.evidence
    accuracy_from = f"{seen}: {p.runs}"
    origins = (p.tokens_from, p.tokens_spread, p.performance, p.spread)
    return {
        "task": shown(task),
        "model": shown(p.model),
        "kind": "MoE" if p.is_moe else "dense",
        "strategy": shown(with_setup(how, p.setup)),
        "gpu": p.gpu,
        "deployment": f"{p.gpu_count} × {p.gpu}, {p.precision}, {p.concurrency} in flight",
        "evidence": p.evidence,
        **_accuracy(p.accuracy.value, p.accuracy.low, p.accuracy.high),
        **{unit: _number(getattr(p.costs, unit)) for unit in COSTS},
        "units": " ".join(p.units),
        "anywhere": " ".join(p.anywhere),
        "accuracy_from": shown(shortened(accuracy_from, LONGEST_SOURCE)),
        "cost_from": shown(f"{_origins_text(*origins)}; price of {rent_text(p.rent)}"),
    }


def _origins_text(tokens: Provenance, tokens_spread: float, speed: Provenance, spread: float) -> str:
    """`tokens imputed, within a factor 2.3; speed pooled; times within a factor 1.6`."""
    within = f", within a factor {tokens_spread:.2g}" if tokens_spread > 1 else ""
    return f"tokens {tokens}{within}; speed {speed}; times within a factor {spread:.2g}"


def _pick_row(c: Candidate, is_moe: bool) -> Row:
    origin = c.provenance
    is_imputed = origin.tokens is Provenance.IMPUTED
    origins = _origins_text(origin.tokens, c.tokens_spread, origin.performance, c.spread)
    return {
        "task": shown(c.task),
        "model": shown(c.model),
        "kind": "MoE" if is_moe else "dense",
        "evidence": "imputed" if is_imputed else c.evidence,
        "strategy": shown(candidate_strategy(c)),
        "gpu": c.gpu,
        "deployment": f"{c.gpu_count} × {c.gpu}, {c.precision}, {c.concurrency} in flight",
        **_accuracy(c.accuracy.value, c.accuracy.low, c.accuracy.high),
        **{unit: _number(c.cost(unit)) for unit in COSTS},
        "accuracy_from": shown(shortened(origin.accuracy, LONGEST_SOURCE)),
        "cost_from": shown(f"{origins}; price of {rent_text(c.rent)}"),
    }


def _lines(workspace: Workspace, rows: Sequence[Row]) -> list[Line]:
    """Every curve of a model on a task, of those that are in the rows."""
    known = {(row.model, row.task) for row in workspace.fits.curves}
    wanted = {(row["model"], row["task"]) for row in rows}
    found: list[Line] = []
    for model, task in sorted(known):
        if (shown(model), shown(task)) in wanted:
            found += lines(workspace, model, task)
    return found


def _series(line: Line) -> Row:
    """A curve over FLOPs per question: its points with their intervals, and the fitted line."""
    points = [p for p in line.points if p.flops]
    compute = np.geomspace(line.curve.x_min, line.curve.x_max, ON_A_CURVE)
    flops = [line.flops_at(x) for x in compute]
    fitted = zip(flops, line.curve.shape.at(compute).tolist(), strict=True)
    return {
        "task": shown(line.task),
        "model": shown(line.model),
        "series": shown(with_setup(line.strategy, line.setup)),
        "points": [
            {
                "flops": _number(p.flops),
                **_accuracy(p.accuracy, p.low, p.high),
                "strategy": shown(strategy_text(line.strategy, p.n_samples, p.token_budget, p.tokens)),
            }
            for p in points
        ],
        "line": [{"flops": _number(x), "accuracy": _percent(y)} for x, y in fitted if x],
        "text": shown(
            f"{with_setup(line.strategy, line.setup)}: asymptote {asymptote_text(line)}; saturation"
            f" {saturation_text(line)}; {line.n_questions} questions, {line.provenance}"
        ),
    }


def _accuracy(value: float, low: float, high: float) -> Row:
    return {"accuracy": _percent(value), "low": _percent(low), "high": _percent(high)}


def _percent(share: float) -> float:
    return round(100 * share, 4)


def _number(value: float | None) -> float | None:
    """Four significant digits; None for what is not known."""
    return float(f"{value:.4g}") if value is not None and np.isfinite(value) else None


def columns(rows: Sequence[Row]) -> dict[str, Any]:
    """Rows with the same keys as columns; of a column of texts every text once, and each row's place among them.

    >>> columns([{"a": "x", "b": 1}, {"a": "y", "b": 2}, {"a": "x", "b": 3}])
    {'a': {'texts': ['x', 'y'], 'at': [0, 1, 0]}, 'b': [1, 2, 3]}
    """
    return {name: _column([row[name] for row in rows]) for name in (rows[0] if rows else ())}


def _column(values: list[Any]) -> Any:
    if not all(isinstance(value, str) for value in values):
        return values
    places = {text: at for at, text in enumerate(dict.fromkeys(values))}
    return {"texts": list(places), "at": [places[value] for value in values]}
