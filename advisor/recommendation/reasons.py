"""In words: why the pick won, why another choice did not, and below which cost that one is the better."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from advisor.recommendation.candidate import Candidate
from advisor.recommendation.model_points import WORTH
from advisor.recommendation.request import Request
from advisor.units import UNIT_NAMES, percent, significant

CHEAPEST = {
    "usd": "the cheapest",
    "J": "of owned GPUs, whose hours cost nothing, the one with the least energy",
    "s": "of owned GPUs, whose hours cost nothing, the fastest",
}
AT_LEAST = {
    "usd": "at the lowest cost",
    "J": "with the least energy (owned GPUs cost nothing by the hour)",
    "s": "in the least time (owned GPUs cost nothing by the hour)",
}
DEARER = {
    "usd": "a dearer one",
    "J": "one that takes more energy (owned GPUs cost nothing by the hour)",
    "s": "a slower one (owned GPUs cost nothing by the hour)",
}
THE_COST = {"usd": "cost", "J": "energy", "s": "time"}
"""By the cost that decides among equals, `cheaper` below."""
NO_DIFFERENCE = 0.005
"""Share of a cost that is not worth a word."""


def reason(pick: Mapping[str, Any], request: Request, cheaper: str) -> str:
    """Why a row of pick.sql is the pick."""
    judged = (
        " (costs compared at the upper ends of their 90 % intervals)"
        if cheaper == "usd" and request.qps is None
        else ""
    )
    if request.min_accuracy is not None:
        return f"{CHEAPEST[cheaper]} that reaches {percent(request.min_accuracy)} on {request.task}{judged}"
    if pick["most_accurate"] <= pick["accuracy"]:
        return f"the most accurate on {request.task} within the limits, {AT_LEAST[cheaper]}{judged}"
    best = f"{pick['most_accurate_model']}, {percent(pick['most_accurate'])}"
    return (
        f"as accurate on {request.task} as the best within the limits ({best}) as far as its 90 % interval can show, "
        f"and {DEARER[cheaper]} would gain less than {percent(WORTH, 0)} a doubling of its {THE_COST[cheaper]}"
    )


def why_not(row: Mapping[str, Any], pick: Mapping[str, Any], cheaper: str, request: Request) -> str:
    """What another row of pick.sql costs and gives beside the pick."""
    ratio = row["cost"] / pick["cost"]
    cost = THE_COST[cheaper]
    times = f"the same {cost}" if abs(ratio - 1) < NO_DIFFERENCE else f"{significant(ratio)} × the {cost}"
    shown = [round(100 * each["accuracy"], 1) for each in (row, pick)]
    points = f"{abs(shown[0] - shown[1]):.1f} points"
    if row["accuracy"] < pick["accuracy"]:
        return f"{points} less for {times}"
    if row["accuracy"] > pick["accuracy"]:
        beyond = "" if request.min_accuracy is not None else ", which its interval cannot confirm"
        return f"{times} for {points} more{beyond}"
    return f"{times}, on a speed that is less certain" if ratio < 1 and row["spread"] > pick["spread"] else times


def best_below(c: Candidate, frontier: Sequence[Candidate], pick: Candidate, cost: str) -> float | None:
    """The cost, below the pick's, under which a candidate's model is the most accurate known; None where it is not."""
    places = [i for i, each in enumerate(frontier) if each.model == c.model]
    if not places or places[-1] + 1 == len(frontier):
        return None
    bound = frontier[places[-1] + 1].cost(cost)
    return bound if c.cost(cost) < bound <= pick.cost(cost) else None


def with_bound(c: Candidate, frontier: Sequence[Candidate], pick: Candidate, cost: str) -> Candidate:
    """A runner-up that says below which cost it is the better choice, where there is such a cost."""
    bound = best_below(c, frontier, pick, cost)
    if bound is None:
        return c
    return replace(c, why_not=f"{c.why_not}; best below {significant(bound)} {UNIT_NAMES[cost]}")
