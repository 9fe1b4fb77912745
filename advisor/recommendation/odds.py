"""How sure the pick is: joint draws of accuracy, speed and tokens, and what is best within the limits in each.

A draw is a world: every model's accuracy in it (fits/joint_draws.py, models paired on the questions they share),
how fast each model is on each kind of GPU, and how long its answers are where that is imputed. Prices are those of the
day.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from advisor.accuracy.estimators import Array
from advisor.accuracy.resampling import DRAWS, seed_of
from advisor.fits.draws import Z90
from advisor.recommendation.deployments import Columns
from advisor.units import COSTS


@dataclass(frozen=True, slots=True)
class Odds:
    """What the draws say of the rows (N,) that can win.

    best             chance that the row's model is the best within the limits
    wins             chance that the row itself is
    within_limits    chance that the row is within them
    expected_regret  accuracy that the first row loses on average against the best within the limits
    reaches          chance that the row has the accuracy that is asked for; 1 where none is
    """

    best: Array
    wins: Array
    within_limits: Array
    expected_regret: float
    reaches: Array


def odds(rows: Columns, draws: Array, limits: Mapping[str, float | None], cheaper: str) -> Odds:
    """The odds of rows of contenders.sql, the first of which is the pick.

    draws   (P, DRAWS) of every strategy point, by point_id − 1
    limits  as of feasible.sql; with a target accuracy the best is the cheapest that reaches it, else the most accurate,
            and of equals the cheaper; `cheaper` names that cost
    """
    accuracy = draws[rows["point_id"].astype(int) - 1]
    slower, costs = _slower(rows), cost_draws(rows)
    bounded = [(costs[name], limits[name]) for name in COSTS]
    first = _factors(rows["ttft_spread"], *_speed(rows))
    times = (("max_ttft", rows["limited_ttft_s"], first), ("max_tpot", rows["limited_tpot_s"], slower))
    bounded += [(of[:, None] * longer, limits[name]) for name, of, longer in times]
    within = np.ones(accuracy.shape, dtype=bool)
    for values, limit in bounded:
        if limit is not None:
            within &= values <= limit
    target = limits["min_accuracy"]
    reached = accuracy >= (0.0 if target is None else target)
    winners = _winners(accuracy, costs[cheaper], within, reached if target is not None else None)
    models = rows["model"]
    won = np.array([np.mean((models[winners] == model) & (winners >= 0)) for model in models])
    wins = np.bincount(winners[winners >= 0], minlength=len(models)) / winners.size
    best = np.max(np.where(within, accuracy, -np.inf), axis=0)
    regret = np.maximum(best - accuracy[0], 0.0)
    return Odds(won, wins, within.mean(axis=1), float(regret.mean()), reached.mean(axis=1))


def cost_draws(rows: Columns) -> dict[str, Array]:
    """(N, DRAWS) of each of units.COSTS: how fast each model is on each kind of GPU, how long answers are if imputed.

    At a rate of questions the bill is that of the replicas that carry them within the limits at the drawn speed: slower
    ones are as many more as `replicas_power` says, faster ones fewer by their factor.

    rows  columns of the table `candidates`
    """
    slower, rate = _slower(rows), rows["qps"][:, None]
    more = np.where(slower > 1, slower ** rows["replicas_power"][:, None], slower)
    replicas = np.maximum(np.ceil(rate * more / rows["questions_per_s"][:, None]), 1.0)
    slower_usd = np.where(np.isinf(rate), slower, replicas / rows["replicas"][:, None])
    longer, longer_usd = (_factors(rows[name], rows["model"]) for name in ("tokens_spread", "bill_tokens_spread"))
    factors = {"usd": slower_usd * longer_usd, "flops": longer, "tokens": longer}
    return {name: rows[name][:, None] * factors.get(name, slower * longer) for name in COSTS}


def _slower(rows: Columns) -> Array:
    """(N, DRAWS) factors of times at the same lengths."""
    return _factors(_without(rows["spread"], rows["tokens_spread"]), *_speed(rows))


def _speed(rows: Columns) -> tuple[NDArray[np.str_], ...]:
    """What has one speed."""
    return rows["model"], rows["gpu"], rows["precision"]


def _winners(
    accuracy: Array, cost: Array, within: NDArray[np.bool_], reached: NDArray[np.bool_] | None
) -> NDArray[np.int64]:
    """(DRAWS,) the row that is best in each; −1: nothing is within the limits."""
    dear = np.argsort(np.argsort(cost, axis=0), axis=0) / len(cost)  # ranks, below 1
    merit = np.where(within, accuracy * 1e6 - dear, -np.inf)
    if reached is not None:
        merit = np.where(within & reached, 1e9 - dear, merit)
    found = merit.argmax(axis=0)
    return np.where(np.isfinite(merit.max(axis=0)), found, -1)


def _without(spread: Array, of_tokens: Array) -> Array:
    """The factor of the 90 % interval of speeds alone, where that of speeds and lengths together is `spread`."""
    return np.asarray(np.exp(np.sqrt(np.maximum(np.log(spread) ** 2 - np.log(of_tokens) ** 2, 0.0))))


def _factors(spread: Array, *names: NDArray[np.str_]) -> Array:
    """(N, DRAWS) factors with these 90 % intervals, the same for the same names."""
    keys = ["\0".join(key) for key in zip(*names, strict=True)]
    of_key = {key: _normal(key) for key in set(keys)}
    scores = np.array([of_key[key] for key in keys]).reshape(len(keys), DRAWS)
    return np.asarray(np.exp(np.log(spread)[:, None] / Z90 * scores))


def _normal(key: str) -> Array:
    return np.random.default_rng(seed_of(key)).standard_normal(DRAWS)
