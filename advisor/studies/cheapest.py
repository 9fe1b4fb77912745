"""Single answers where they cost least: every model on the rented GPUs that answer its questions for the fewest USD."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from advisor.accuracy.estimators import Array
from advisor.errors import NoAnswer
from advisor.performance.demand import demand
from advisor.recommendation.candidates import costed, loaded, points_and_deployments, rows
from advisor.recommendation.deployments import Columns
from advisor.recommendation.mixture import Mix
from advisor.recommendation.odds import cost_draws
from advisor.recommendation.request import Request, rents_of
from advisor.store.sql import statement
from advisor.store.workspace import Workspace
from advisor.studies.one_answer import OneAnswer, one_answer, one_answer_mixes

UNITS = ("flops", "usd", "s", "J")
"""Costs that are set side by side."""


@dataclass(frozen=True, slots=True)
class Deployed:
    """A single answer on its cheapest deployment; costs are per question, `s` within which 95 % of them end.

    weights_bytes  of the model, on all GPUs together; `cache_bytes` of one request at its end
    concurrency    requests in flight
    """

    answer: OneAnswer
    flops: float
    usd: float
    s: float
    J: float
    gpu: str
    gpu_count: int
    precision: str
    concurrency: int
    weights_bytes: float
    cache_bytes: float

    def cost(self, unit: str) -> float:
        """The cost in one of UNITS."""
        value: float = getattr(self, unit)
        return value


@dataclass(frozen=True, slots=True)
class Fleetwide:
    """N deployed answers with their joint draws: `accuracies` (N, D), `costs` (N, D) by unit.

    `unpriced` are models that no priced GPU holds.
    """

    deployed: tuple[Deployed, ...]
    accuracies: Array
    costs: dict[str, Array]
    unpriced: tuple[str, ...]


def cheapest(workspace: Workspace, request: Request) -> Fleetwide:
    """Every single answer that a request lets through, deployed. Raises as `candidates` does, NoAnswer for none."""
    mixes = one_answer_mixes(workspace, request)
    rents = rents_of(workspace, request)
    points, deployments = points_and_deployments(workspace, request, rents, mixes)
    with costed(points, loaded(points, deployments, request), request, rents) as connection:
        found = rows(connection.execute(statement("advisor.studies", "cheapest")))
    if not found:
        what = f"no model with a known accuracy on {request.task} has a GPU with a price that holds it"
        raise NoAnswer(what, hint="give prices with --price")
    columns: Columns = {name: np.array([row[name] for row in found]) for name in found[0]}
    at = columns["point_id"].astype(int) - 1
    chosen = [mixes[i] for i in at]
    deployed = tuple(_deployed(workspace, mix, row) for mix, row in zip(chosen, found, strict=True))
    costs = {unit: values for unit, values in cost_draws(columns).items() if unit in UNITS}
    unpriced = {mix.point.model for mix in mixes} - {mix.point.model for mix in chosen}
    return Fleetwide(deployed, points.draws[at], costs, tuple(sorted(unpriced)))


def _deployed(workspace: Workspace, mix: Mix, row: dict[str, object]) -> Deployed:
    answer, p = one_answer(workspace, mix), mix.point
    tokens = (round(p.prompt_tokens or 0), max(round(p.generated_tokens or 0), 1))
    needs = demand(workspace.models.spec(p.model), str(row["precision"]), *tokens)
    taken = {name: row[name] for name in ("usd", "s", "J", "gpu", "gpu_count", "precision", "concurrency")}
    return Deployed(
        answer=replace(answer, flops=float(str(row["flops"]))),
        flops=float(str(row["flops"])),
        weights_bytes=float(np.asarray(needs.resident_weight_bytes)),
        cache_bytes=float(np.asarray(needs.kv_sequence_bytes)),
        **taken,  # type: ignore[arg-type]
    )


def names_of(deployed: Sequence[Deployed]) -> list[str]:
    """Their models, once each."""
    return list(dict.fromkeys(each.answer.model for each in deployed))
