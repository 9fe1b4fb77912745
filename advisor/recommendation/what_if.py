"""What would change the pick: prices, its speed and its accuracy, moved until another choice wins; the next step up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np

from advisor.recommendation.candidate import Candidate
from advisor.recommendation.candidates import PACKAGE, feasible, rows
from advisor.recommendation.request import Request
from advisor.store.sql import statement
from advisor.units import COSTS
from advisor.values import Rows, Value

FACTORS = (
    1.01, 1.02, 1.03, 1.05, 1.07, 1.1, 1.13, 1.17, 1.22, 1.3, 1.4, 1.5, 1.65, 1.8, 2.0, 2.3, 2.6, 3.0, 3.5, 4.0,
)  # fmt: skip
"""On prices and times."""
FINER = 12
"""Steps between two of them, once the pick has turned."""
LESS = (0.005, 0.01, 0.015, 0.02, 0.03, 0.04, 0.05, 0.06, 0.08, 0.1, 0.12, 0.15)
"""Accuracy less."""
RIVALS = 2
"""Kinds of GPU of the runners-up whose price is lowered."""
MORE, LITTLE, HALF = 0.01, 0.05, 0.5
"""Accuracy that a step up has to gain, and a step down may lose where it costs no more than this share."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """One change: a `price` of a GPU or the pick's `speed` by a factor on prices or times, or its `accuracy` less."""

    kind: str
    gpu: str
    factor: float


@dataclass(frozen=True, slots=True)
class Turn(Value):
    """How far one thing has to move until another choice wins, and which.

    `kind`: price (of `gpu`), speed or accuracy (of the pick); `factor`: on the price or on the times, for accuracy the
    share less; `interval`: how far the 90 % interval of that reaches, None for prices; `usd_per_gpu_hour`: the price at
    which it turns. No `model`: then nothing meets the limits.
    """

    kind: str
    gpu: str
    factor: float
    interval: float | None
    usd_per_gpu_hour: float | None
    model: str | None = None
    winner_gpu: str | None = None
    winner_gpu_count: int | None = None


NO_TURNS = Rows((), Turn)


@dataclass(frozen=True, slots=True)
class Step(Value):
    """Another candidate with its cost, in the unit of the first budget, and that over the pick's."""

    model: str
    strategy: str
    n_samples: int
    token_budget: int | None
    generated_tokens: float
    gpu: str
    gpu_count: int
    accuracy: float
    cost: float
    cost_ratio: float
    setup: str = ""


def turns(
    connection: duckdb.DuckDBPyConnection,
    request: Request,
    pick: Candidate,
    others: Sequence[Candidate],
    parameters: Mapping[str, object],
) -> Rows[Turn]:
    """The nearest change of each kind that lets another model or kind of GPU win, as pick.sql decides.

    `connection` has the table of contenders; `parameters`: those of pick.sql. Another number of GPUs or another cap of
    the same model on the same kind of GPU is no other choice.
    """
    connection.execute("create schema what_if")
    of_pick = {"model": pick.model, "gpu": pick.gpu, "most": request.most_gpus.get(pick.gpu)}

    def first(scenarios: Sequence[Scenario]) -> dict[tuple[str, str], Turn]:
        return _first_turns(
            scenarios, _winners(connection, scenarios, of_pick, parameters), pick, parameters["max_ttft"]
        )

    coarse = first(_scenarios(request, pick, others))
    between = [each for turn in coarse.values() if turn.kind != "accuracy" for each in _between(turn)]
    return Rows((coarse | first(between)).values() if between else coarse.values(), Turn)


def _winners(
    connection: duckdb.DuckDBPyConnection,
    scenarios: Sequence[Scenario],
    of_pick: Mapping[str, object],
    parameters: Mapping[str, object],
) -> dict[int, dict[str, Any]]:
    """What wins in each scenario, by its number; where there is none, nothing meets the limits."""
    connection.register(
        "scenarios",
        {
            "scenario": np.arange(len(scenarios), dtype=float),
            **{name: np.array([getattr(each, name) for each in scenarios]) for name in ("kind", "gpu", "factor")},
        },
    )
    connection.execute("use what_if")
    connection.execute(f"create or replace table candidates as {statement(PACKAGE, 'what_if')}", of_pick)
    chosen = "scenario, model, gpu, gpu_count, usd_per_hour, rented_gpus"
    query = f"select {chosen} from ({statement(PACKAGE, 'pick')}) where place = 1"
    winners = {int(row["scenario"]): row for row in rows(connection.execute(feasible(query), parameters))}
    connection.execute("use main")
    return winners


def _between(turn: Turn) -> list[Scenario]:
    """The steps between the one at which the pick turned and the one before."""
    size = turn.factor if turn.factor > 1 else 1 / turn.factor
    before = max((each for each in FACTORS if each < size * (1 - 1e-9)), default=1.0)
    sizes = np.geomspace(before, size, FINER + 1)[1:]
    return [Scenario(turn.kind, turn.gpu, float(each if turn.factor > 1 else 1 / each)) for each in sizes]


def _scenarios(request: Request, pick: Candidate, others: Sequence[Candidate]) -> list[Scenario]:
    """Every change, those of one kind and GPU together and the smallest first."""
    found = [Scenario("speed", pick.gpu, factor) for factor in FACTORS]
    found += [Scenario("accuracy", pick.gpu, less) for less in LESS if less < pick.accuracy.value]
    if request.is_free:
        return found
    rivals = list(dict.fromkeys(other.gpu for other in others if other.gpu != pick.gpu))[:RIVALS]
    return [
        *(Scenario("price", pick.gpu, factor) for factor in FACTORS),
        *(Scenario("price", gpu, 1 / factor) for gpu in rivals for factor in FACTORS),
        *found,
    ]


def _first_turns(
    scenarios: Sequence[Scenario], winners: Mapping[int, dict[str, Any]], pick: Candidate, max_ttft_s: object
) -> dict[tuple[str, str], Turn]:
    """Of each kind and GPU the first scenario that another choice wins."""
    found: dict[tuple[str, str], Turn] = {}
    for number, each in enumerate(scenarios):
        winner = winners.get(number)
        same = winner is not None and (winner["model"], winner["gpu"]) == (pick.model, pick.gpu)
        if not same and (each.kind, each.gpu) not in found:
            found[each.kind, each.gpu] = _turn(each, winner, pick, max_ttft_s)
    return found


def _turn(each: Scenario, winner: dict[str, Any] | None, pick: Candidate, max_ttft_s: object) -> Turn:
    late = isinstance(max_ttft_s, float) and pick.ttft_s * each.factor > max_ttft_s
    times = pick.ttft_spread if late else pick.spread  # of what breaks the limit
    interval = {"speed": times, "accuracy": pick.accuracy.value - pick.accuracy.low}
    return Turn(
        kind=each.kind,
        gpu=each.gpu,
        factor=each.factor,
        interval=interval.get(each.kind),
        usd_per_gpu_hour=_gpu_hour(each, winner, pick) if each.kind == "price" else None,
        model=winner["model"] if winner else None,
        winner_gpu=winner["gpu"] if winner else None,
        winner_gpu_count=winner["gpu_count"] if winner else None,
    )


def _gpu_hour(each: Scenario, winner: dict[str, Any] | None, pick: Candidate) -> float | None:
    """What a GPU-hour costs then: of the pick, or of the winner where the price of another GPU fell."""
    if winner and each.gpu != pick.gpu:
        return each.factor * winner["usd_per_hour"] / winner["rented_gpus"] if winner["rented_gpus"] else None
    return each.factor * pick.rent.usd_per_hour / pick.rent.gpus if pick.rent else None


STEP = """
    select
        model, strategy, n_samples, token_budget, generated_tokens, setup, gpu, gpu_count, accuracy, {cost} as cost
    from feasible
    where accuracy >= {least} order by cost, accuracy desc limit 1
"""


def step_up(connection: duckdb.DuckDBPyConnection, request: Request, pick: Candidate) -> Step | None:
    """The cheapest candidate that gets at least a point more right, if the budgets were larger; None without any."""
    limits = {**request.limits, **dict.fromkeys(COSTS)}
    return _step(connection, pick.accuracy.value + MORE, limits, request, pick)


def step_down(connection: duckdb.DuckDBPyConnection, request: Request, pick: Candidate) -> Step | None:
    """The cheapest candidate a few points below, where it costs less than half; None without any."""
    found = _step(connection, pick.accuracy.value - LITTLE, request.limits, request, pick)
    return found if found and found.cost_ratio <= HALF else None


def _step(
    connection: duckdb.DuckDBPyConnection, least: float, limits: Mapping[str, object], request: Request, pick: Candidate
) -> Step | None:
    own = pick.cost(request.cost)
    best = rows(connection.execute(feasible(STEP.format(cost=request.cost, least=least)), limits))
    return Step(**best[0], cost_ratio=best[0]["cost"] / own) if best and own else None
