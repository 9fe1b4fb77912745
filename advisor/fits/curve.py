"""The verb `curve`: accuracy against compute of one model on one task."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from advisor.accuracy.estimators import Interval, area_within_budgets
from advisor.accuracy.shapes import Claim
from advisor.arguments import checked_arguments
from advisor.errors import NoAnswer, unknown
from advisor.fits.curve_words import asymptote_text, saturation_text
from advisor.fits.line import CurvePoint, Line, line
from advisor.fits.tasks import unknown_task
from advisor.store.beliefs import Point
from advisor.store.workspace import Workspace
from advisor.tasks import DEFAULT_TASK
from advisor.values import Rows, Value

if TYPE_CHECKING:
    import pandas


@dataclass(frozen=True, slots=True)
class SaturationCost:
    """What saturation costs per question, with the 90 % interval; None: not known."""

    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Saturation:
    """Where a doubling of the compute stops gaining 0.5 points."""

    flops: SaturationCost
    tokens: SaturationCost
    n_samples: int | None
    token_cap: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccuracyCurve(Value):
    """One fitted curve with its points; intervals are 90 %.

    compute       what it counts: samples, token cap or tokens
    asymptote     accuracy at unlimited compute; a value of None: the measured range cannot tell, only `low` holds
    voting_limit  accuracy of unlimited votes, by its bias: twice that of n answers less that of n/2
    saturation    None: not reached in the measured range, or it cannot tell
    asymptote_in_words, saturation_in_words  the same as sentences, also where the measured range cannot tell
    at_4x         accuracy at four times the largest measured compute
    area          mean accuracy over the measured caps, each doubling counting the same; None for other curves
    right_tokens, wrong_tokens  mean length of right and of wrong answers without a cap
    setup         how its answers were drawn, where that tells curves apart; empty: there is one set-up
    others        the other curves of the model on the task, those with most points first
    """

    model: str
    task: str
    strategy: str
    reward_model: str | None
    n_questions: int
    compute: str
    points: Rows[CurvePoint]
    family: str
    asymptote: Claim
    asymptote_in_words: str
    voting_limit: Interval | None
    saturation: Saturation | None
    saturation_in_words: str
    at_4x: Interval
    area: float | None
    right_tokens: float | None
    wrong_tokens: float | None
    provenance: str
    setup: str = ""
    others: tuple[AccuracyCurve, ...] = ()

    def to_frame(self) -> pandas.DataFrame:
        """One line a point."""
        return self.points.to_frame()


@checked_arguments
def curve(workspace: Workspace, *, model: str, task: str = DEFAULT_TASK, strategy: str | None = None) -> AccuracyCurve:
    """The curve of `strategy`, else the one with most points and the others beside it.

    Raises NoAnswer where there is none, AdvisorError for an unknown model, task or strategy.
    """
    first, *others = (accuracy_curve(each) for each in lines(workspace, model, task, strategy))
    return replace(first, others=tuple(others))


def lines(workspace: Workspace, model: str, task: str, strategy: str | None = None) -> list[Line]:
    """Every curve of a model on a task, or those of `strategy`, as they are drawn; those with most points first.

    Raises NoAnswer where there is none, AdvisorError for an unknown model, task or strategy.
    """
    name, task = workspace.models.resolve_or_keep(model), task.lower()
    fits = workspace.fits
    if not fits.curves or not fits.points:
        raise NoAnswer("no curve is known", hint=f"run `{workspace.fit_command}`")
    tasks = {p.task for p in fits.points}
    if task not in tasks:
        raise unknown_task(workspace, task, tasks)
    points = sorted((p for p in fits.points if (p.model, p.task) == (name, task)), key=_place)
    rows = [row for row in fits.curves if (row.model, row.task) == (name, task)]
    if not points:
        workspace.models.resolve(name)
    if not rows:
        known = f"only {len(points)} point" if points else "nothing"
        what = f"{known} of {name} on {task} is known, a curve needs two"
        raise NoAnswer(what, hint=f"bring answers in with `advisor import samples`, then `{workspace.fit_command}`")
    strategies = {row.strategy for row in rows}
    if strategy is not None and strategy not in strategies:
        raise unknown("strategy with a curve", strategy, strategies, where="--strategy")
    rows.sort(key=lambda row: (row.strategy, row.reward_model is None, row.reward_model or "", row.unit, row.setup))
    found = [line(row, points, workspace.models) for row in rows if strategy in (None, row.strategy)]
    return sorted(found, key=lambda each: -len(each.points))


def _place(p: Point) -> tuple[Any, ...]:
    """By strategy, reward model, set-up and budget; what is not given comes last."""
    budget = (p.n_samples, p.token_budget is None, p.token_budget or 0)
    tokens = (p.generated_tokens is None, p.generated_tokens or 0.0)
    return (p.strategy, p.reward_model is None, p.reward_model or "", p.setup, *budget, *tokens)


def accuracy_curve(of: Line) -> AccuracyCurve:
    """The value that stands for one line."""
    fitted, end = of.curve, of.own_end
    return AccuracyCurve(
        model=of.model,
        task=of.task,
        strategy=of.strategy,
        reward_model=of.reward_model,
        n_questions=of.n_questions,
        compute=of.unit,
        points=of.points,
        family=fitted.shape.family,
        asymptote=fitted.asymptote,
        asymptote_in_words=asymptote_text(of),
        voting_limit=of.limit,
        saturation=_saturation(of),
        saturation_in_words=saturation_text(of),
        at_4x=fitted.at_4x,
        area=_area(of),
        right_tokens=end.right_tokens if end else None,
        wrong_tokens=end.wrong_tokens if end else None,
        provenance=f"{of.provenance}: {of.runs}",
        setup=of.setup,
    )


def _saturation(of: Line) -> Saturation | None:
    point = of.curve.saturation
    if point.value is None:
        return None
    ends = (point.value, point.low, point.high)

    def cost(at: Callable[[float], float | None]) -> SaturationCost:
        return SaturationCost(*(at(x) for x in ends))

    return Saturation(
        flops=cost(of.flops_at),
        tokens=cost(of.tokens_at),
        n_samples=round(point.value) if of.unit == "samples" else None,
        token_cap=round(point.value) if of.unit == "token cap" else None,
    )


def _area(of: Line) -> float | None:
    if of.unit != "token cap":
        return None
    x = np.geomspace(of.curve.x_min, of.curve.x_max, 200)
    return area_within_budgets(x, of.curve.shape.at(x))
