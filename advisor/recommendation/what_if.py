"""What would change the pick: prices, its speed and its accuracy, moved until another choice wins; the next step up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import duckdb
import numpy as np

from advisor.recommendation.candidate import Candidate
from advisor.recommendation.candidates import PACKAGE, feasible, rows
from advisor.recommendation.request import Request
from advisor.store.sql import statement
from advisor.units import COSTS
from advisor.values import Rows, Value

FACTORS = tuple(float(x) for x in np.geomspace(1.02, 4, 28))
"""On prices and times, in steps of five percent."""
LESS = tuple(float(x) for x in np.linspace(0.005, 0.15, 30))
"""Accuracy less, in steps of half a point."""
FINER = 10
"""Steps that a step of five percent is divided into, where the pick turns."""
RIVALS = 2
"""Kinds of GPU of the runners-up whose price is lowered."""
MORE = 0.01
"""Accuracy that a step up has to gain."""


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
    share less; `interval`: how far the 90 % interval of that reaches, None for prices; `usd_per_hour`: of one replica
    of the pick, or of the winner for another GPU's price, at which it turns. No `model`: then nothing meets the limits.
    """

    kind: str
    gpu: str
    factor: float
    interval: float | None
    usd_per_hour: float | None
    model: str | None = None
    winner_gpu: str | None = None
    winner_gpu_count: int | None = None


NO_TURNS = Rows((), Turn)


@dataclass(frozen=True, slots=True)
class StepUp(Value):
    """The cheapest candidate that gets at least a point more right, if the budgets were larger."""

    model: str
    gpu: str
    gpu_count: int
    accuracy: float
    cost: float
    cost_ratio: float


def turns(
    connection: duckdb.DuckDBPyConnection,
    request: Request,
    pick: Candidate,
    others: Sequence[Candidate],
    parameters: Mapping[str, object],
) -> Rows[Turn]:
    """The nearest change of each kind that lets another model or kind of GPU win, as pick.sql decides.

    `parameters`: those of pick.sql. Another number of GPUs or another cap of the same model on the same kind of GPU is
    no other choice.
    """
    contenders = f"create temp table contenders as {feasible(statement(PACKAGE, 'contenders'))}"
    connection.execute(contenders, {**request.limits, "usd": None, "cost": parameters["cost"]})
    connection.execute("create schema what_if")
    of_pick = {"model": pick.model, "gpu": pick.gpu, "most": request.most_gpus.get(pick.gpu)}

    def first(scenarios: Sequence[Scenario]) -> Iterator[tuple[Scenario, Turn]]:
        return _first_turns(scenarios, _winners(connection, scenarios, of_pick, parameters), pick)

    coarse = list(first(_scenarios(request, pick, others)))
    fine = [each for scenario, _ in coarse if scenario.kind != "accuracy" for each in _finer(scenario)]
    exact = {(scenario.kind, scenario.gpu): turn for scenario, turn in (first(fine) if fine else ())}
    return Rows([exact.get((scenario.kind, scenario.gpu), turn) for scenario, turn in coarse], Turn)


def _winners(
    connection: duckdb.DuckDBPyConnection,
    scenarios: Sequence[Scenario],
    of_pick: Mapping[str, object],
    parameters: Mapping[str, object],
) -> dict[int, dict[str, Any]]:
    """What wins in each scenario, by its number; not there: nothing meets the limits."""
    connection.register(
        "scenarios",
        {
            "scenario": np.arange(len(scenarios), dtype=float),
            **{name: np.array([getattr(each, name) for each in scenarios]) for name in ("kind", "gpu", "factor")},
        },
    )
    connection.execute("use what_if")
    connection.execute(f"create or replace table candidates as {statement(PACKAGE, 'what_if')}", of_pick)
    columns = "scenario, model, gpu, gpu_count, replicas, usd_per_hour"
    query = f"select {columns} from ({statement(PACKAGE, 'pick')}) where place = 1"
    winners = {int(row["scenario"]): row for row in rows(connection.execute(feasible(query), parameters))}
    connection.execute("use main")
    return winners


def _finer(turned: Scenario) -> list[Scenario]:
    """The same change in steps of half a percent, from the step before it on."""
    raised = turned.factor > 1
    size = turned.factor if raised else 1 / turned.factor
    before = max((each for each in FACTORS if each < size * (1 - 1e-9)), default=1.0)
    sizes = np.geomspace(before, size, FINER + 1)[1:]
    return [replace(turned, factor=float(each if raised else 1 / each)) for each in sizes]


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
    scenarios: Sequence[Scenario], winners: Mapping[int, dict[str, Any]], pick: Candidate
) -> Iterator[tuple[Scenario, Turn]]:
    turned: set[tuple[str, str]] = set()
    for number, each in enumerate(scenarios):
        winner = winners.get(number)
        same = winner is not None and (winner["model"], winner["gpu"]) == (pick.model, pick.gpu)
        if same or (each.kind, each.gpu) in turned:
            continue
        turned.add((each.kind, each.gpu))
        yield each, _turn(each, winner, pick)


def _turn(each: Scenario, winner: dict[str, Any] | None, pick: Candidate) -> Turn:
    lowered = winner is not None and each.gpu != pick.gpu
    bill = winner["usd_per_hour"] if winner and lowered else pick.usd_per_hour
    replicas = winner["replicas"] if winner and lowered else pick.replicas
    interval = {"speed": pick.spread, "accuracy": pick.accuracy.value - pick.accuracy.low}
    return Turn(
        kind=each.kind,
        gpu=each.gpu,
        factor=each.factor,
        interval=interval.get(each.kind),
        usd_per_hour=bill / replicas * each.factor if each.kind == "price" else None,
        model=winner["model"] if winner else None,
        winner_gpu=winner["gpu"] if winner else None,
        winner_gpu_count=winner["gpu_count"] if winner else None,
    )


def step_up(connection: duckdb.DuckDBPyConnection, request: Request, pick: Candidate) -> StepUp | None:
    """What more accuracy costs beyond the budgets, in the unit of the first; None where nothing known has more."""
    limits = {**request.limits, **dict.fromkeys(COSTS), "min_accuracy": pick.accuracy.value + MORE}
    query = f"select model, gpu, gpu_count, accuracy, {request.cost} as cost from feasible order by cost limit 1"
    best = rows(connection.execute(feasible(query), limits))
    if not best or not (own := pick.cost(request.cost)):
        return None
    return StepUp(**best[0], cost_ratio=best[0]["cost"] / own)
