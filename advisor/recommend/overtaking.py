"""Two models across budgets: what each reaches with its best deployment and strategy, and where one overtakes the other."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from advisor.calibration.fitted import Row


@dataclass(frozen=True, slots=True)
class Standing:
    """From `budget` on the best candidate of each, None where nothing is that cheap; `ahead` is the place of the more accurate one, None for a
    tie; `clear`: their 90 % intervals do not overlap."""

    budget: float
    each: tuple[Row | None, Row | None]
    ahead: int | None
    clear: bool


def standings(first: Sequence[Row], second: Sequence[Row]) -> list[Standing]:
    """At every budget where either frontier (rows with cost and accuracy, cheapest first) takes a step."""
    return [
        _standing(budget, (_best(first, budget), _best(second, budget)))
        for budget in sorted({row["cost"] for row in (*first, *second)})
    ]


def overtakes(found: Sequence[Standing]) -> list[Standing]:
    """Those at which the lead changes, the first among them."""
    leading: list[Standing] = []
    for standing in found:
        if standing.ahead is not None and (not leading or leading[-1].ahead != standing.ahead):
            leading.append(standing)
    return leading


def _best(frontier: Sequence[Row], budget: float) -> Row | None:
    at = bisect_right([row["cost"] for row in frontier], budget)
    return frontier[at - 1] if at else None


def _standing(budget: float, each: tuple[Row | None, Row | None]) -> Standing:
    a, b = each
    if a is None or b is None:
        return Standing(budget, each, 0 if b is None else 1, clear=True)
    if a["accuracy"] == b["accuracy"]:
        return Standing(budget, each, None, clear=False)
    ahead = 0 if a["accuracy"] > b["accuracy"] else 1
    winner, loser = each[ahead], each[1 - ahead]
    return Standing(budget, each, ahead, clear=bool(winner and loser and winner["low"] > loser["high"]))
