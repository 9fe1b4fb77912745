"""Curves of accuracy against compute, one for each model, task and strategy with points enough."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np

from advisor.accuracy.curve_fits import fit_curve, fit_published
from advisor.accuracy.estimators import Interval, over_questions
from advisor.accuracy.shapes import Curve
from advisor.calibration.measured import Measured
from advisor.calibration.points import Point


@dataclass(frozen=True, slots=True)
class FittedCurve:
    """One row of curves.csv; `unit` says what the curve's compute counts, `limit` is the voting limit of the stored answers."""

    model: str
    task: str
    strategy: str
    unit: str
    n_questions: int
    n_points: int
    curve: Curve
    limit: Interval | None
    provenance: str
    runs: str
    reward_model: str | None = None


def measured_curve(m: Measured) -> FittedCurve | None:
    """The curve through one Measured; None where fewer than two points differ in compute."""
    if m.finished is not None:
        unit, x = "token cap", np.array(m.token_budget, dtype=float)
    elif len(set(m.n_samples)) == len(m.n_samples):
        unit, x = "samples", np.array(m.n_samples, dtype=float)
    elif m.generated is not None:
        unit, x = "tokens", m.generated
    else:
        return None
    if len(x) < 2:
        return None
    rising = np.argsort(x, kind="stable")
    curve = fit_curve(x[rising], m.correct[:, rising], m.finished[:, rising] if m.finished is not None else None)
    limit = over_questions(m.limit) if m.limit is not None else None
    return FittedCurve(
        m.model, m.task, m.strategy, unit, len(m.correct), len(x), curve, limit, "measured", m.runs, m.reward_model
    )


def published_curves(points: Iterable[Point]) -> list[FittedCurve]:
    """Curves through published points that know their tokens, at least three a model, task and strategy."""
    usable = sorted(
        (p for p in points if p.provenance == "published" and p.generated_tokens is not None),
        key=lambda p: (p.model, p.task, p.strategy, p.generated_tokens or 0.0),
    )
    found = []
    for (model, task, strategy), group in groupby(usable, key=lambda p: (p.model, p.task, p.strategy)):
        line = list(group)
        if len(line) < 3:
            continue
        x = np.array([p.generated_tokens for p in line], dtype=float)
        curve = fit_published(x, np.array([p.accuracy for p in line]), line[0].n_questions)
        found.append(
            FittedCurve(
                model, task, strategy, "tokens", line[0].n_questions, len(line), curve, None, "published", line[0].runs
            )
        )
    return found


def as_row(fitted: FittedCurve) -> dict[str, Any]:
    """The columns of curves.csv; knots as `compute:accuracy` pairs."""
    c = fitted.curve
    return {
        "model": fitted.model,
        "task": fitted.task,
        "strategy": fitted.strategy,
        "unit": fitted.unit,
        "n_questions": fitted.n_questions,
        "n_points": fitted.n_points,
        "x_min": c.x_min,
        "x_max": c.x_max,
        "family": c.shape.family,
        **_columns("asymptote", c.asymptote),
        **_columns("saturation", c.saturation),
        **_columns("at_4x", c.at_4x),
        **_columns("limit", fitted.limit),
        "drop": c.shape.drop,
        "scale": c.shape.scale,
        "rate": c.shape.rate,
        "knots": " ".join(f"{x:.6g}:{y:.6g}" for x, y in c.shape.knots),
        "provenance": fitted.provenance,
        "runs": fitted.runs,
        "reward_model": fitted.reward_model,
    }


def _columns(name: str, interval: Interval | None) -> dict[str, float | None]:
    if interval is None:
        return {name: None, f"{name}_low": None, f"{name}_high": None}
    return {name: interval.value, f"{name}_low": interval.low, f"{name}_high": interval.high}
