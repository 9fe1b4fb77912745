"""Two frontiers across budgets: what each model reaches, and where one overtakes the other."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from advisor.recommendation.candidate import Candidate


@dataclass(frozen=True, slots=True)
class Standing:
    """From `budget` on the best candidate of each model, None where nothing is that cheap.

    `more_accurate` is the model that leads, None for a tie; `intervals_apart`: their 90 % intervals do not overlap.
    """

    budget: float
    each: tuple[Candidate | None, Candidate | None]
    more_accurate: str | None
    intervals_apart: bool


@dataclass(frozen=True, slots=True)
class Overtake:
    """A budget at which the lead changes; of the first standing with a leader, that it leads."""

    budget: float
    more_accurate_from_there: str
    intervals_apart: bool
    only_one: bool


def standings(first: Sequence[Candidate], second: Sequence[Candidate], cost: str) -> list[Standing]:
    """At every budget where either frontier (cheapest first) takes a step."""
    budgets = sorted({c.cost(cost) for c in (*first, *second)})
    return [_standing(budget, (_best(first, budget, cost), _best(second, budget, cost))) for budget in budgets]


def overtakes(found: Sequence[Standing]) -> list[Overtake]:
    """Where the lead changes, the first lead among them."""
    leading: list[Overtake] = []
    for standing in found:
        leader = standing.more_accurate
        if leader is not None and (not leading or leading[-1].more_accurate_from_there != leader):
            leading.append(Overtake(standing.budget, leader, standing.intervals_apart, None in standing.each))
    return leading


def _best(frontier: Sequence[Candidate], budget: float, cost: str) -> Candidate | None:
    at = bisect_right([c.cost(cost) for c in frontier], budget)
    return frontier[at - 1] if at else None


def _standing(budget: float, each: tuple[Candidate | None, Candidate | None]) -> Standing:
    first, second = each
    if first is None or second is None:
        only = first or second
        return Standing(budget, each, only.model if only else None, intervals_apart=True)
    if first.accuracy.value == second.accuracy.value:
        return Standing(budget, each, None, intervals_apart=False)
    behind, ahead = sorted((first, second), key=lambda c: c.accuracy.value)
    return Standing(budget, each, ahead.model, intervals_apart=ahead.accuracy.low > behind.accuracy.high)
