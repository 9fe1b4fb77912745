"""Two frontiers across budgets: what each model reaches, and where one overtakes the other."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from advisor.accuracy.estimators import Array, Interval
from advisor.recommendation.candidate import Candidate

SURE = 0.95
"""Chance from which a lead is called one: the 90 % interval of the difference lies above zero, too."""


@dataclass(frozen=True, slots=True)
class Reached:
    """A candidate on a frontier, and the (DRAWS,) joint draws of its accuracy, in the same order for all models."""

    candidate: Candidate
    draws: Array


@dataclass(frozen=True, slots=True)
class Standing:
    """From `budget` on the best candidate of each model, None where nothing is that cheap.

    more_accurate  the model that leads, None for a tie
    chance         that it is the more accurate one, of draws paired on the questions that both answered
    difference     its lead in accuracy with the 90 % interval of that; None where one model stands alone
    """

    budget: float
    each: tuple[Candidate | None, Candidate | None]
    more_accurate: str | None
    chance: float
    difference: Interval | None


@dataclass(frozen=True, slots=True)
class Overtake:
    """A budget from which on another model leads, or the same one surely (SURE) or no longer alone, and the chance that
    it does there."""

    budget: float
    more_accurate_from_there: str
    chance: float
    only_one: bool


def standings(first: Sequence[Reached], second: Sequence[Reached], cost: str) -> list[Standing]:
    """At every budget where either frontier (cheapest first) takes a step."""
    budgets = sorted({each.candidate.cost(cost) for each in (*first, *second)})
    return [_standing(budget, _best(first, budget, cost), _best(second, budget, cost)) for budget in budgets]


def overtakes(found: Sequence[Standing]) -> list[Overtake]:
    """Where the lead changes, or how sure it is; the first lead among them."""
    leading: list[Overtake] = []
    for standing in found:
        leader = standing.more_accurate
        if leader is not None:
            lead = Overtake(standing.budget, leader, standing.chance, None in standing.each)
            if not leading or _kind(leading[-1]) != _kind(lead):
                leading.append(lead)
    return leading


def _kind(lead: Overtake) -> tuple[str, bool, bool]:
    return (lead.more_accurate_from_there, lead.chance >= SURE, lead.only_one)


def _best(frontier: Sequence[Reached], budget: float, cost: str) -> Reached | None:
    at = bisect_right([each.candidate.cost(cost) for each in frontier], budget)
    return frontier[at - 1] if at else None


def _standing(budget: float, first: Reached | None, second: Reached | None) -> Standing:
    each = (first.candidate if first else None, second.candidate if second else None)
    if first is None or second is None:
        only = first or second
        return Standing(budget, each, only.candidate.model if only else None, 1.0, None)
    if first.candidate.accuracy.value == second.candidate.accuracy.value:
        return Standing(budget, each, None, 0.5, _difference(first, second))
    behind, ahead = sorted((first, second), key=lambda reached: reached.candidate.accuracy.value)
    more = np.mean(ahead.draws > behind.draws) + np.mean(ahead.draws == behind.draws) / 2
    return Standing(budget, each, ahead.candidate.model, float(more), _difference(ahead, behind))


def _difference(one: Reached, other: Reached) -> Interval:
    low, high = np.quantile(one.draws - other.draws, (0.05, 0.95))
    return Interval(one.candidate.accuracy.value - other.candidate.accuracy.value, float(low), float(high))
