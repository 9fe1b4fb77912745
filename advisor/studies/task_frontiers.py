"""The frontier of accuracy on a task, or over several, against four costs side by side."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from advisor.accuracy.dominance import Flags, unbeaten
from advisor.accuracy.estimators import Array, Interval
from advisor.studies.cheapest import UNITS, Deployed, Fleetwide
from advisor.studies.moves import Move, moved
from advisor.values import Rows


@dataclass(frozen=True, slots=True)
class Place:
    """Where a model stands in one unit: its cost per question, whether no other is as cheap and as accurate, and in
    what share of the joint draws of accuracy, speed and tokens none is."""

    cost: float
    leads: bool
    chance: float


@dataclass(frozen=True, slots=True)
class Standing:
    """A model's single answer; `places` by unit; `filled` is the share of the tasks whose figures were filled in."""

    model: str
    setup: str
    is_moe: bool
    accuracy: Interval
    evidence: str
    imputed: bool
    deployment: str
    places: dict[str, Place]
    filled: float = 0.0


@dataclass(frozen=True, slots=True)
class TaskFrontiers:
    """Models on one task, or on the mean of several, the most accurate first.

    moves     who enters and who leaves the frontier in FLOPs when another cost counts
    same      by unit the number of models on both frontiers over those on either, with its interval over the draws
    unpriced  models that no GPU with a price holds
    """

    name: str
    tasks: tuple[str, ...]
    standings: Rows[Standing]
    moves: Rows[Move]
    same: dict[str, Interval]
    unpriced: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Membership:
    """Who leads in each unit: `believed` (N,) and `drawn` (N, D), and which models are mixtures of experts."""

    models: tuple[str, ...]
    is_moe: Flags
    believed: dict[str, Flags]
    drawn: dict[str, Flags]


def membership(
    models: tuple[str, ...], is_moe: Flags, points: tuple[Array, Array], costs: dict[str, Array]
) -> Membership:
    """By dominance: `points` are (N,) accuracies and (N, D) draws; costs (N, 1 + D) by unit, those believed first."""
    value, draws = points
    believed = {unit: unbeaten(cost[:, :1], value[:, None])[:, 0] for unit, cost in costs.items()}
    drawn = {unit: unbeaten(cost[:, 1:], draws) for unit, cost in costs.items()}
    return Membership(models, is_moe, believed, drawn)


def task_frontiers(name: str, tasks: tuple[str, ...], found: Fleetwide) -> tuple[TaskFrontiers, Membership]:
    """The frontiers of deployed answers, and the memberships behind them."""
    deployed = found.deployed
    own = {unit: np.array([each.cost(unit) for each in deployed]) for unit in UNITS}
    costs = {unit: np.column_stack([own[unit], found.costs[unit]]) for unit in UNITS}
    value = np.array([each.answer.accuracy.value for each in deployed])
    kinds = np.array([each.answer.is_moe for each in deployed])
    who = membership(tuple(each.answer.model for each in deployed), kinds, (value, found.accuracies), costs)
    rows = [_standing(each, own, who, i) for i, each in enumerate(deployed)]
    rows.sort(key=lambda row: (-row.accuracy.value, row.model, row.setup))
    moves = [
        moved(deployed, int(i), unit, enters=bool(who.believed[unit][i]), chances=_chances(who, int(i), unit))
        for unit in UNITS[1:]
        for i in np.flatnonzero(who.believed[unit] != who.believed["flops"])
    ]
    shown = TaskFrontiers(name, tasks, Rows(rows, Standing), Rows(moves, Move), sameness(who), found.unpriced)
    return shown, who


def sameness(who: Membership) -> dict[str, Interval]:
    """By unit the share of the models on either frontier that are on both."""
    return {unit: _same(who, unit) for unit in who.believed if unit != "flops"}


def _same(who: Membership, unit: str) -> Interval:
    def share(one: Flags, other: Flags) -> Array:
        return np.asarray((one & other).sum(axis=0) / (one | other).sum(axis=0))

    value = float(share(who.believed["flops"], who.believed[unit]))
    low, high = np.quantile(share(who.drawn["flops"], who.drawn[unit]), (0.05, 0.95))
    return Interval(value, float(low), float(high))


def _chances(who: Membership, at: int, unit: str) -> tuple[float, float]:
    return float(who.drawn["flops"][at].mean()), float(who.drawn[unit][at].mean())


def _standing(each: Deployed, own: dict[str, Array], who: Membership, at: int) -> Standing:
    places = {
        unit: Place(float(own[unit][at]), bool(who.believed[unit][at]), float(who.drawn[unit][at].mean()))
        for unit in UNITS
    }
    answer = each.answer
    return Standing(
        model=answer.model,
        setup=answer.setup,
        is_moe=answer.is_moe,
        accuracy=answer.accuracy,
        evidence=answer.evidence,
        imputed=answer.imputed,
        deployment=f"{each.gpu_count} × {each.gpu}, {each.precision}, {each.concurrency} in flight",
        places=places,
    )
