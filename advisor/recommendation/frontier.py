"""The verb `frontier`, and the tasks that it can be drawn for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from advisor.prices import Price
from advisor.recommendation.candidate import Candidate
from advisor.recommendation.candidates import candidates, frontier_of
from advisor.recommendation.request import checked_request, rents_of
from advisor.rents import price_notes
from advisor.store.beliefs import Point
from advisor.store.workspace import Workspace
from advisor.tasks import DEFAULT_TASK
from advisor.units import parse_cost
from advisor.values import Rows, Value

if TYPE_CHECKING:
    import pandas


@dataclass(frozen=True, slots=True)
class Frontier(Value):
    """Candidates that no other beats on accuracy and cost, cheapest first."""

    task: str
    cost: str
    frontier: Rows[Candidate]
    notes: tuple[str, ...] = ()

    def to_frame(self) -> pandas.DataFrame:
        """One line a candidate."""
        return self.frontier.to_frame()


def frontier(
    workspace: Workspace,
    *,
    task: str = DEFAULT_TASK,
    cost: str | None = None,
    gpu: str | Sequence[str] | None = None,
    model: str | Sequence[str] | None = None,
    price: str | Price | Sequence[str | Price] | None = None,
    price_kind: str | None = None,
    have: str | Sequence[str] | None = None,
    usd_per_kwh: float | None = None,
) -> Frontier:
    """The Pareto frontier of accuracy against one cost per question, by frontier.sql.

    Over usd where no cost is given, over joules where all GPUs are owned and free. Raises AdvisorError, NoAnswer.
    """
    request = checked_request(
        workspace,
        task=task,
        gpu=gpu,
        model=model,
        price=price,
        price_kind=price_kind,
        have=have,
        usd_per_kwh=usd_per_kwh,
    )
    unit = parse_cost(cost, where="--cost") if cost else request.cost
    found = Rows(frontier_of(candidates(workspace, request), unit, workspace))
    notes = price_notes([c.rent for c in found], rents_of(workspace, request))
    return Frontier(request.task, unit, found, notes if unit == "usd" else ())


@dataclass(frozen=True, slots=True)
class TaskSummary:
    """What is known on one task; `n_questions` is its largest set."""

    task: str
    models: int
    points: int
    n_questions: int
    models_with_tokens: int


def known_tasks(workspace: Workspace) -> Rows[TaskSummary]:
    """Every task with strategy points, by name."""
    by_task: dict[str, list[Point]] = defaultdict(list)
    for point in workspace.fits.points:
        by_task[point.task].append(point)
    return Rows(
        TaskSummary(
            task,
            len({p.model for p in points}),
            len(points),
            max(p.n_questions for p in points),
            len({p.model for p in points if p.generated_tokens is not None}),
        )
        for task, points in sorted(by_task.items())
    )
