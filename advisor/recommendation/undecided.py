"""Where the data cannot tell the pick from another model: that, and which measurement would."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from advisor.accuracy.estimators import Array, Interval
from advisor.printable import command_line
from advisor.recommendation.deployments import Columns
from advisor.recommendation.odds import Odds
from advisor.values import Value

LIKELY, HALF = 0.1, 0.5
"""Chances of being the best and of holding the limits from which another candidate is a rival."""
WORTH_TELLING = 0.01
"""Difference of accuracies that a measurement should tell, where the one that is seen is smaller still."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Undecided(Value):
    """The model that may as well be the best, and what would decide.

    best        its chance of being the best within the limits
    difference  accuracy of the pick less that of the rival, paired on the questions they share
    questions   that both would have to answer to tell such a difference, or one of a point where it is smaller; None:
                answers of the models that were not measured here come first
    usd         what they cost at the prices of both deployments
    measure     the commands, one a model and task
    """

    rival: str
    best: float
    difference: Interval
    questions: int | None
    usd: float | None
    measure: tuple[str, ...]


def undecided(rows: Columns, points: Columns, draws: Array, found: Odds, tasks: Sequence[str]) -> Undecided | None:
    """The rival of the first row among all; None where no other model has a real chance.

    rows    of contenders.sql, the first is the pick; a rival is within the limits as it is costed
    points  the table of strategy points that `point_id` numbers, with their (P, DRAWS) `draws`
    found   the odds of the rows
    """
    best = found.best
    others = np.flatnonzero((rows["model"] != rows["model"][0]) & (best >= LIKELY) & (found.within_limits >= HALF))
    if not len(others):
        return None
    rival = others[np.lexsort((-rows["accuracy"][others], -best[others]))[0]]
    pair = [int(rows["point_id"][i]) - 1 for i in (0, rival)]
    apart = draws[pair[0]] - draws[pair[1]]
    low, high = np.quantile(apart, (0.05, 0.95))
    difference = Interval(float(apart.mean()), float(low), float(high))
    unseen = [i for i in pair if points["provenance"][i] != "measured"]
    n_questions = float(min(points["n_questions"][pair]))
    needed = None if unseen else _questions_needed(difference, n_questions)
    usd = float(rows["usd"][[0, rival]].sum()) * needed if needed else _first_look(rows, [0, rival], points)
    return Undecided(
        rival=str(rows["model"][rival]),
        best=float(best[rival]),
        difference=difference,
        questions=needed,
        usd=usd if usd and math.isfinite(usd) else None,
        measure=tuple(_calibrate(str(points["model"][i]), task) for i in unseen or pair for task in tasks),
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


def _calibrate(model: str, task: str) -> str:
    return command_line(["advisor", "calibrate", model, "--task", task])
