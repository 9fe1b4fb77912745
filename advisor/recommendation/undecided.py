"""Where the data cannot tell the pick from another model: that, and which measurement would."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from advisor.accuracy.estimators import Array, Interval
from advisor.recommendation.deployments import Columns
from advisor.recommendation.measuring import calibrate_command
from advisor.recommendation.odds import Odds
from advisor.values import Value

LIKELY, HALF = 0.1, 0.5
"""Chances of being the best and of holding the limits from which another candidate is a rival."""
WORTH_TELLING = 0.01
"""Difference of accuracies that a measurement should tell, where the one that is seen is smaller still."""
FAR_CHEAPER = 0.7
"""Share of the pick's cost up to which a candidate that may miss the target is worth a word."""


@dataclass(frozen=True, slots=True)
class OtherRival:
    """A model beside the rival that may be the best too, and the chances that it is and that it holds the limits."""

    model: str
    best: float
    within_limits: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Undecided(Value):
    """The model that may as well be the best, and what would decide.

    best         its chance of being the best within the limits
    gpus, cost   what the rival's best candidate runs on, and its USD a question; it may lie above the budget and
                 holds the limits with the chance `within_limits`
    difference   accuracy of the pick less that of the rival, paired on the questions they share
    n_questions  that both were measured on
    questions    that it takes to tell such a difference, or one of a point where it is smaller; None: answers of the
                 models that were not measured here come first
    usd          what they cost at the prices of both deployments
    measure      the commands for those that were not measured here, one a model and task
    others       further models that may as well be the best, with their chances, the likeliest first
    """

    rival: str
    best: float
    gpus: str
    cost: float | None
    within_limits: float
    difference: Interval
    n_questions: int
    questions: int | None
    usd: float | None
    measure: tuple[str, ...]
    others: tuple[OtherRival, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Almost(Value):
    """A far cheaper candidate that reaches the target accuracy with less confidence than is asked for."""

    model: str
    gpu: str
    gpu_count: int
    reaches: float
    cost_ratio: float


def almost(rows: Columns, found: Odds, cheaper: str) -> Almost | None:
    """Of rows of contenders.sql, the first of which is the pick, the most likely one to reach the target; or None.

    More likely than not, and at most FAR_CHEAPER of the pick's cost, which `cheaper` names.
    """
    cost = rows[cheaper]
    near = np.flatnonzero((found.reaches >= HALF) & (found.within_limits >= HALF) & (cost <= FAR_CHEAPER * cost[0]))
    if not len(near) or not cost[0]:
        return None
    best = near[np.lexsort((cost[near], -found.reaches[near]))[0]]
    return Almost(
        model=str(rows["model"][best]),
        gpu=str(rows["gpu"][best]),
        gpu_count=int(rows["gpu_count"][best]),
        reaches=float(found.reaches[best]),
        cost_ratio=float(cost[best] / cost[0]),
    )


def undecided(rows: Columns, points: Columns, draws: Array, found: Odds, tasks: Sequence[str]) -> Undecided | None:
    """The rival of the first row among all; None where no other model has a real chance.

    rows    of contenders.sql, the first is the pick; a rival is more likely than not within the limits, and the chance
            that it is the best counts its rows that are
    points  the table of strategy points that `point_id` numbers, with their (P, DRAWS) `draws`
    found   the odds of the rows
    """
    able = np.where(found.within_limits >= HALF, found.wins, 0.0)
    best = {model: float(able[rows["model"] == model].sum()) for model in dict.fromkeys(rows["model"].tolist())}
    likely = {model: chance for model, chance in best.items() if chance >= LIKELY and model != rows["model"][0]}
    if not likely:
        return None
    of_model = {model: int(np.argmax(np.where(rows["model"] == model, able, -1.0))) for model in likely}
    rival = of_model[max(likely, key=lambda model: likely[model])]
    name = str(rows["model"][rival])
    pair = [int(rows["point_id"][i]) - 1 for i in (0, rival)]
    apart = draws[pair[0]] - draws[pair[1]]
    low, high = np.quantile(apart, (0.05, 0.95))
    difference = Interval(float(apart.mean()), float(low), float(high))
    unseen = [i for i in pair if points["provenance"][i] != "measured"]
    n_questions = float(min(points["n_questions"][pair]))
    needed = None if unseen else _questions_needed(difference, n_questions)
    usd = float(rows["usd"][[0, rival]].sum()) * needed if needed else _first_look(rows, [0, rival], points)
    return Undecided(
        rival=name,
        best=likely[name],
        gpus=f"{int(rows['gpu_count'][rival])} × {rows['gpu'][rival]}",
        cost=cost if math.isfinite(cost := float(rows["usd"][rival])) else None,
        within_limits=float(found.within_limits[rival]),
        difference=difference,
        n_questions=int(n_questions),
        questions=needed,
        usd=usd if usd and math.isfinite(usd) else None,
        measure=tuple(calibrate_command(str(points["model"][i]), task) for i in unseen for task in tasks),
        others=tuple(
            OtherRival(model, likely[model], float(found.within_limits[of_model[model]]))
            for model in sorted(likely, key=lambda model: (-likely[model], model))
            if model != name
        ),
    )


def _questions_needed(difference: Interval, n_questions: float) -> int:
    """So many that the interval, which narrows with their square root, leaves zero out."""
    half = (difference.high - difference.low) / 2
    return math.ceil(n_questions * max((half / max(abs(difference.value), WORTH_TELLING)) ** 2, 1.0))


def _first_look(rows: Columns, pair: list[int], points: Columns) -> float | None:
    """USD of the task's questions, once by each of the two that was not measured."""
    numbers = [int(rows["point_id"][i]) - 1 for i in pair]
    costs = [
        float(rows["usd"][i] * points["n_questions"][number])
        for i, number in zip(pair, numbers, strict=True)
        if points["provenance"][number] != "measured"
    ]
    return sum(costs) if costs else None
