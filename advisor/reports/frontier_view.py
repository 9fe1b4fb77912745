"""What a picture of a frontier shows, the same for matplotlib and for text: marks, staircase, budget, axes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from advisor.accuracy.estimators import Interval
from advisor.printable import shortened, shown
from advisor.provenance import Provenance
from advisor.recommendation.candidate import Candidate
from advisor.recommendation.frontier import Frontier
from advisor.recommendation.model_points import ModelPoint
from advisor.recommendation.pick import Recommendation
from advisor.reports.text_tables import short_name
from advisor.units import UNIT_NAMES

AXES = {
    "usd": "USD per question",
    "flops": "FLOPs per question",
    "s": "seconds to an answer",
    "J": "joules per question",
    "tokens": "tokens per question",
}
"""A cost in plain words."""
EVIDENCE = {Provenance.MEASURED: "measured, from stored answers", Provenance.PUBLISHED: "as published by its source"}
"""Kinds of evidence that a picture tells apart."""
PADDING = 0.08
"""Share of the cost axis that stays free on either side."""
LONGEST_LABEL = 40
"""Characters of a name in a picture."""
LEAST_DECADES = 0.6
ALIKE = 1.25
"""Factor between two costs that are one place in a picture."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A labelled point; `leads`: on the frontier and within the budget, or the pick."""

    label: str
    cost: float
    accuracy: Interval
    evidence: Provenance
    leads: bool
    picked: bool = False


@dataclass(frozen=True, slots=True)
class View:
    """`marks` with the pick first, then those that lead, cheapest first; `steps` are cost and accuracy of the frontier;
    `budget` in the unit of the cost, None without one."""

    task: str
    unit: str
    cost_title: str
    marks: tuple[Mark, ...]
    steps: tuple[tuple[float, float], ...]
    budget: float | None = None

    @property
    def budget_text(self) -> str:
        """The label of the budget's line."""
        return "" if self.budget is None else f"budget {amount(self.budget)} {UNIT_NAMES[self.unit]}"

    def cost_range(self) -> tuple[float, float]:
        """Ends of the cost axis; a budget less than tenfold beyond the points is inside."""
        costs = [mark.cost for mark in self.marks]
        if self.budget is not None and min(costs) / 10 <= self.budget <= 10 * max(costs):
            costs.append(self.budget)
        low, high = math.log10(min(costs)), math.log10(max(costs))
        wider = max(LEAST_DECADES - (high - low), 0) / 2
        margin = wider + PADDING * (high - low)
        return 10 ** (low - margin), 10 ** (high + margin)

    def accuracy_range(self) -> tuple[int, int]:
        """Ends of the accuracy axis in percent, around all intervals."""
        return accuracy_ends([mark.accuracy for mark in self.marks])


def accuracy_ends(intervals: Sequence[Interval]) -> tuple[int, int]:
    """Whole tens of percent around intervals, at least twenty apart.

    >>> accuracy_ends([Interval(0.62, 0.55, 0.7), Interval(0.9, 0.88, 0.92)])
    (50, 100)
    """
    low = 10 * math.floor(10 * min(each.low for each in intervals) + 1e-9)
    high = 10 * math.ceil(10 * max(each.high for each in intervals) - 1e-9)
    low, high = max(low, 0), min(high, 100)
    while high - low < 20:
        low, high = max(low - 10, 0), (high if low else min(high + 10, 100))
    return low, high


def of_recommendation(found: Recommendation) -> View:
    """Every model, the pick and the first budget."""
    request = found.request
    unit, budget = request.cost, request.limits[request.cost]
    tail = f" ({request.percentile} % of the questions)" if unit == "s" else ""
    return _view(found.task, unit, tail, found.models, found.frontier, budget=budget, pick=found.recommended)


def of_frontier(found: Frontier) -> View:
    """Every model."""
    tail = " (95 % of the questions)" if found.cost == "s" else ""
    return _view(found.task, found.cost, tail, found.models, found.frontier)


def _view(
    task: str,
    unit: str,
    tail: str,
    models: Sequence[ModelPoint],
    frontier: Sequence[Candidate],
    *,
    budget: float | None = None,
    pick: Candidate | None = None,
) -> View:
    marks = [_mark(point, budget) for point in models]
    if pick is not None:
        cost, evidence = pick.cost(unit), pick.provenance.evidence
        its_own = Mark(f"{_label(pick.model)}, the pick", cost, pick.accuracy, evidence, leads=True, picked=True)
        marks = [its_own, *(m for m, point in zip(marks, models, strict=True) if not _is_like(point, pick, cost))]
    drawn = [mark for mark in marks if mark.cost > 0]  # a logarithmic axis has no place for what is free
    steps = [(c.cost(unit), c.accuracy.value) for c in frontier]
    return View(
        task=shown(task),
        unit=unit,
        cost_title=f"{AXES[unit]}{tail}, log scale",
        marks=tuple(sorted(drawn, key=lambda m: (not m.picked, not m.leads))),
        steps=tuple(step for step in steps if step[0] > 0),
        budget=budget,
    )


def _mark(point: ModelPoint, budget: float | None) -> Mark:
    leads = point.on_frontier and (budget is None or point.cost <= budget)
    return Mark(_label(point.model), point.cost, point.accuracy, point.evidence, leads)


def _label(model: str) -> str:
    return shortened(shown(short_name(model)), LONGEST_LABEL)


def _is_like(point: ModelPoint, pick: Candidate, cost: float) -> bool:
    """Whether the pick can stand for its model's own point: as accurate, at about the same cost."""
    same = (point.model, point.accuracy) == (pick.model, pick.accuracy)
    return same and max(point.cost, cost) <= ALIKE * min(point.cost, cost)


def amount(value: float) -> str:
    """A round amount without trailing zeros: `0.002`, `60`, `5e14`."""
    if 1e-4 <= value < 1e6:
        return f"{value:,.6f}".rstrip("0").rstrip(".")
    return f"{value:.4g}".replace("e+", "e")


def cost_ticks(low: float, high: float) -> list[float]:
    """Round values on a logarithmic axis: powers of ten, and twice and five times them on a short one."""
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    factors = (1, 2, 5) if math.log10(high / low) < 2 else (1,)
    values = (factor * 10.0**decade for decade in decades for factor in factors)
    return [value for value in values if low <= value <= high]
