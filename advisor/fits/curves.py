"""Rows of curves.csv: accuracy against compute, one for each model, task, strategy and set-up with points enough."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

import numpy as np

from advisor.accuracy.curve_fits import Learned, fit_caps, fit_points, fit_published, fit_votes
from advisor.accuracy.estimators import Array, Interval, over_questions
from advisor.accuracy.shapes import EPSILON, Claim, Curve
from advisor.fits.strategy_points import StrategyPoints
from advisor.provenance import Provenance
from advisor.store.beliefs import CurveRow, Point

PUBLISHED_POINTS_NEEDED = 3


def measured_curve(m: StrategyPoints, learned: Learned, epsilon: float = EPSILON) -> CurveRow | None:
    """The curve through one model's points; None where fewer than two differ in compute.

    It saturates where a doubling gains less than `epsilon`, as those below.
    """
    unit, x = _compute(m)
    if x is None or len(np.unique(x)) < 2:
        return None
    curve = _fitted(m, x, learned, epsilon)
    limit = None if m.limit is None else over_questions(m.limit)
    return CurveRow(
        model=m.model,
        task=m.task,
        strategy=m.strategy,
        unit=unit,
        n_questions=len(m.correct),
        n_points=len(x),
        provenance=Provenance.MEASURED,
        runs=m.runs,
        reward_model=m.reward_model,
        setup=m.setup,
        **_columns(curve, limit),
    )


def _fitted(m: StrategyPoints, x: Array, learned: Learned, epsilon: float) -> Curve:
    if m.answers is not None:
        return fit_caps(m.answers, learned.endings, epsilon=epsilon)
    rising = np.argsort(x, kind="stable")
    if m.tallies is not None:
        return fit_votes(x[rising], m.correct[:, rising], m.tallies, learned.shares, epsilon=epsilon)
    return fit_points(x[rising], m.correct[:, rising], learned.growth, epsilon=epsilon)


def _compute(m: StrategyPoints) -> tuple[str, Array | None]:
    """What the curve's compute counts, and how much of it each point has."""
    if m.finished is not None:
        return "token cap", np.array(m.token_budget, dtype=float)
    if len(set(m.n_samples)) == len(m.n_samples):
        return "samples", np.array(m.n_samples, dtype=float)
    return "tokens", m.generated


def published_curves(points: Iterable[Point], learned: Learned, epsilon: float = EPSILON) -> list[CurveRow]:
    """Curves through published points with token counts, at least three a model, task and strategy."""
    usable = sorted(
        (p for p in points if p.provenance == Provenance.PUBLISHED and p.generated_tokens is not None),
        key=lambda p: (p.model, p.task, p.strategy, p.generated_tokens or 0.0),
    )
    groups = (list(group) for _, group in groupby(usable, key=lambda p: (p.model, p.task, p.strategy)))
    return [_published_curve(group, learned, epsilon) for group in groups if len(group) >= PUBLISHED_POINTS_NEEDED]


def _published_curve(points: Sequence[Point], learned: Learned, epsilon: float) -> CurveRow:
    first = points[0]
    x = np.array([p.generated_tokens for p in points], dtype=float)
    accuracy = np.array([p.accuracy for p in points])
    curve = fit_published(x, accuracy, first.n_questions, learned.growth, epsilon=epsilon)
    return CurveRow(
        model=first.model,
        task=first.task,
        strategy=first.strategy,
        unit="tokens",
        n_questions=first.n_questions,
        n_points=len(points),
        provenance=Provenance.PUBLISHED,
        runs=first.runs,
        **_columns(curve, None),
    )


def _columns(curve: Curve, limit: Interval | None) -> dict[str, Any]:
    """The columns of CurveRow that describe the curve; knots as `compute:accuracy` pairs."""
    shape = curve.shape
    return {
        "x_min": curve.x_min,
        "x_max": curve.x_max,
        "family": shape.family,
        **_interval("asymptote", curve.asymptote),
        **_interval("saturation", curve.saturation),
        **_interval("at_4x", curve.at_4x),
        **_interval("limit", limit),
        "knots": " ".join(f"{x:.6g}:{y:.6g}" for x, y in shape.knots),
    }


def _interval(name: str, interval: Interval | Claim | None) -> dict[str, float | None]:
    if interval is None:
        return {name: None, f"{name}_low": None, f"{name}_high": None}
    return {name: interval.value, f"{name}_low": interval.low, f"{name}_high": interval.high}


def ordered(curves: Iterable[CurveRow]) -> list[CurveRow]:
    """By task, model, strategy, unit and set-up."""
    return sorted(curves, key=lambda c: (c.task, c.model.lower(), c.strategy, c.unit, c.setup))
