"""Every model's own frontier on every kind of GPU: all that a picture needs whose reader chooses what it shows.

A candidate that the same model beats, on the same kind of GPU and with the same kind of evidence, is on no frontier,
whichever GPUs, models and kinds of evidence are chosen, and is left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from advisor.accuracy.estimators import Interval
from advisor.errors import NoAnswer
from advisor.provenance import Provenance
from advisor.recommendation.candidate import Costs
from advisor.recommendation.candidates import PACKAGE, candidates, rows
from advisor.recommendation.request import Request
from advisor.recommendation.task_weights import TaskWeight
from advisor.rents import Rent
from advisor.store.sql import statement
from advisor.store.workspace import Workspace
from advisor.values import Rows, Value


@dataclass(frozen=True, slots=True)
class ModelFrontierPoint(Value):
    """A candidate on its model's own frontier.

    evidence  of the accuracy: measured, published or weak; imputed where the length of the answers is
    units     costs of units.COSTS over which it is on the frontier of its model, kind of GPU and evidence
    anywhere  those over which it also is on that of all GPUs together
    spread    factor of the 90 % interval of times, `tokens_spread` that of tokens
    runs      where the accuracy was seen
    """

    model: str
    is_moe: bool
    strategy: str
    n_samples: int
    token_budget: int | None
    generated_tokens: float
    reward_model: str | None
    setup: str
    gpu: str
    gpu_count: int
    precision: str
    concurrency: int
    accuracy: Interval
    costs: Costs
    evidence: str
    runs: str
    tokens_from: Provenance
    tokens_spread: float
    performance: Provenance
    spread: float
    rent: Rent | None
    units: tuple[str, ...]
    anywhere: tuple[str, ...]


AS_THEY_ARE = (
    "model", "strategy", "n_samples", "token_budget", "generated_tokens", "reward_model", "setup", "gpu", "gpu_count",
    "precision", "concurrency", "evidence", "runs", "tokens_spread", "spread",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class TaskFrontiers:
    """Of one task; without points where no candidate on it has a known accuracy and cost."""

    task: str
    points: Rows[ModelFrontierPoint]


def model_frontiers(workspace: Workspace, request: Request) -> Iterator[TaskFrontiers]:
    """Of a request's own question, then of every other task on its own, all else as requested.

    Raises AdvisorError as `candidates` does; a task on which nothing is known has no points.
    """
    for each_request in (request, *_of_other_tasks(workspace, request)):
        try:
            points = _points(workspace, each_request)
        except NoAnswer:
            points = Rows((), ModelFrontierPoint)
        yield TaskFrontiers(each_request.task, points)


def _of_other_tasks(workspace: Workspace, request: Request) -> Iterator[Request]:
    for task in sorted({point.task for point in workspace.fits.points} - {request.task}):
        yield replace(request, task=task, tasks=(TaskWeight(task),))


def _points(workspace: Workspace, request: Request) -> Rows[ModelFrontierPoint]:
    found = rows(candidates(workspace, request).execute(statement(PACKAGE, "model_frontiers")))
    return Rows((_point(row, workspace) for row in found), ModelFrontierPoint)


def _point(row: dict[str, Any], workspace: Workspace) -> ModelFrontierPoint:
    return ModelFrontierPoint(
        **{name: row[name] for name in AS_THEY_ARE},
        is_moe=workspace.models.spec(row["model"]).is_moe,
        accuracy=Interval(row["accuracy"], row["low"], row["high"]),
        costs=Costs(row["usd"], row["flops"], row["s"], row["J"], row["tokens"]),
        tokens_from=Provenance(row["tokens_from"]),
        performance=Provenance(row["performance_provenance"]),
        rent=Rent(**row["rent"]) if row["rent"] else None,
        units=tuple(row["units"]),
        anywhere=tuple(row["anywhere"] or ()),
    )
