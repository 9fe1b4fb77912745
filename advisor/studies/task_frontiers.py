"""The frontier of accuracy on a task, or over several, against four costs side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from advisor.accuracy.dominance import Flags, unbeaten
from advisor.accuracy.estimators import Array, Interval
from advisor.accuracy.resampling import seed_of
from advisor.studies.cheapest import UNITS, Deployed, Fleetwide
from advisor.studies.moves import Move, moved
from advisor.studies.one_answer import OneAnswer
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
    same      by unit the number of models on both frontiers over those on either, with its interval (`sameness`)
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
    """Who leads in each unit: `believed` (N,) and `drawn` (N, D), which models came out together, and which are
    mixtures of experts."""

    models: tuple[str, ...]
    releases: tuple[str, ...]
    is_moe: Flags
    believed: dict[str, Flags]
    drawn: dict[str, Flags]


def membership(answers: Sequence[OneAnswer], points: tuple[Array, Array], costs: dict[str, Array]) -> Membership:
    """By dominance, of N answers: `points` are (N,) accuracies and (N, D) draws.

    costs  (N, 1 + D) by unit, those believed first
    """
    value, draws = points
    believed = {unit: unbeaten(cost[:, :1], value[:, None])[:, 0] for unit, cost in costs.items()}
    drawn = {unit: unbeaten(cost[:, 1:], draws) for unit, cost in costs.items()}
    models, releases = tuple(each.model for each in answers), tuple(each.release for each in answers)
    return Membership(models, releases, np.array([each.is_moe for each in answers], dtype=bool), believed, drawn)


def task_frontiers(name: str, tasks: tuple[str, ...], found: Fleetwide) -> tuple[TaskFrontiers, Membership]:
    """The frontiers of deployed answers, and the memberships behind them."""
    deployed = found.deployed
    own = {unit: np.array([each.cost(unit) for each in deployed]) for unit in UNITS}
    costs = {unit: np.column_stack([own[unit], found.costs[unit]]) for unit in UNITS}
    value = np.array([each.answer.accuracy.value for each in deployed])
    who = membership([each.answer for each in deployed], (value, found.accuracies), costs)
    rows = [_standing(each, own, who, i) for i, each in enumerate(deployed)]
    rows.sort(key=lambda row: (-row.accuracy.value, row.model, row.setup))
    moves = [
        moved(deployed, int(i), unit, enters=bool(who.believed[unit][i]), chances=_chances(who, int(i), unit))
        for unit in UNITS[1:]
        for i in np.flatnonzero(who.believed[unit] != who.believed["flops"])
    ]
    same = {unit: sameness([who], unit) for unit in UNITS[1:]}
    shown = TaskFrontiers(name, tasks, Rows(rows, Standing), Rows(moves, Move), same, found.unpriced)
    return shown, who


def sameness(found: Sequence[Membership], unit: str) -> Interval:
    """The share of the places on either frontier, in FLOPs and in `unit`, that are on both, of all tasks together.

    Over the draws, and releases weighted anew in each with the same weight on every task.
    """
    weights = [release_weights(each) for each in found]

    def share(kind: str, weights: Sequence[Array]) -> Array:
        pairs = [(getattr(each, kind)["flops"].T, getattr(each, kind)[unit].T) for each in found]
        both = sum((w.T * (one & other)).sum(axis=-1) for w, (one, other) in zip(weights, pairs, strict=True))
        either = sum((w.T * (one | other)).sum(axis=-1) for w, (one, other) in zip(weights, pairs, strict=True))
        return np.asarray(both / either)

    value = float(share("believed", [np.ones(len(each.models)) for each in found]))
    return centred(value, share("drawn", weights), (0.0, 1.0))


def release_weights(who: Membership) -> Array:
    """(N, D) exponential weights of the models' releases, the same wherever one appears (Rubin 1981)."""
    (n_draws,) = {flags.shape[1] for flags in who.drawn.values()}
    each = {r: np.random.default_rng(seed_of(r)).standard_exponential(n_draws) for r in set(who.releases)}
    return np.array([each[release] for release in who.releases])


def centred(value: float, draws: Array, ends: tuple[float, float]) -> Interval:
    """The value with what the draws spread around it, within `ends`.

    Their mean lies elsewhere: a frontier of drawn figures has other members than that of the believed ones.
    """
    low, high = np.clip(np.quantile(value + draws - draws.mean(), (0.05, 0.95)), *ends)
    return Interval(value, min(float(low), value), max(float(high), value))


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
