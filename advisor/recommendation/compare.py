"""The verb `compare`: two models on a task, which of them gets more right for a budget."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from advisor.arguments import checked_arguments
from advisor.errors import AdvisorError
from advisor.prices import Price
from advisor.recommendation.candidates import candidate, costed, frontier_rows, loaded, points_and_deployments
from advisor.recommendation.named_models import named_model
from advisor.recommendation.no_answer import no_answer
from advisor.recommendation.overtaking import Overtake, Reached, Standing, overtakes, standings
from advisor.recommendation.request import Request, checked_request, rents_of
from advisor.rents import price_notes
from advisor.store.workspace import Workspace
from advisor.tasks import DEFAULT_TASK
from advisor.units import parse_cost
from advisor.values import Rows, Value

if TYPE_CHECKING:
    import pandas


@dataclass(frozen=True, slots=True)
class Comparison(Value):
    """Both models at every budget where either frontier takes a step, and where one overtakes the other."""

    task: str
    cost: str
    models: tuple[str, str]
    budgets: Rows[Standing]
    overtakes: Rows[Overtake]
    notes: tuple[str, ...] = ()

    def to_frame(self) -> pandas.DataFrame:
        """One line a budget."""
        return self.budgets.to_frame()


@checked_arguments
def compare(
    workspace: Workspace,
    *,
    models: Sequence[str],
    task: str = DEFAULT_TASK,
    cost: str | None = None,
    evidence: str = "published",
    gpu: str | Sequence[str] | None = None,
    precision: str | None = None,
    engine: str = "vllm",
    price: str | Price | Sequence[str | Price] | None = None,
    price_kind: str | None = None,
    have: str | Sequence[str] | None = None,
    usd_per_kwh: float | None = None,
) -> Comparison:
    """Accuracy of two models across budgets, and the budgets from which the other one is more accurate.

    models         names of two models
    task           name of a task, as `advisor tasks` lists it
    cost           what a budget counts: usd, flops, s, J or tokens, each per question; None: usd, or J where all
                   GPUs are owned and free
    evidence       which accuracies count: measured, published (those too that sources report) or any (weak ones too)
    gpu            name of a GPU, "h100-sxm:2" for at most two of them, or a list: only these
    precision      of the weights: bf16, fp8, fp4, int8 or int4; None: each checkpoint's own
    engine         vllm, sglang or trtllm
    price          of one GPU an hour: "h100-sxm=2.10usd/h", the path of a CSV, a Price, or a list of them
    price_kind     on-demand, marketplace, reserved-1yr, reserved-3yr, owned or spot; None: on-demand
    have           GPUs that are owned: "2xh100-sxm", or a list; only these, and their hours cost nothing
    usd_per_kwh    price of the energy that owned GPUs take

    Raises AdvisorError, NoAnswer where nothing is known of one of them on the task.
    """
    pair = two_models(workspace, models)
    request = checked_request(
        workspace,
        task=task,
        gpu=gpu,
        model=pair,
        evidence=evidence,
        precision=precision,
        engine=engine,
        price=price,
        price_kind=price_kind,
        have=have,
        usd_per_kwh=usd_per_kwh,
    )
    unit = parse_cost(cost, where="--cost") if cost else request.cost
    first, second = (_frontier_of(workspace, replace(request, models=(model,)), unit) for model in pair)
    found = standings(first, second, unit)
    notes = price_notes([each.candidate.rent for each in (*first, *second)], rents_of(workspace, request))
    return Comparison(
        request.task,
        unit,
        pair,
        Rows(found, Standing),
        Rows(overtakes(found), Overtake),
        notes if unit == "usd" else (),
    )


def _frontier_of(workspace: Workspace, request: Request, unit: str) -> list[Reached]:
    rents = rents_of(workspace, request)
    points, deployed = points_and_deployments(workspace, request, rents)
    connection = costed(points, loaded(points, deployed, request), request, rents)
    found = frontier_rows(connection, unit)
    if not found:
        raise no_answer(connection, request, workspace)
    return [
        Reached(candidate(row, workspace, engine=request.engine), points.draws[row["point_id"] - 1]) for row in found
    ]


def two_models(workspace: Workspace, models: Sequence[str]) -> tuple[str, str]:
    """Two different models of the catalog by their full ids. Raises AdvisorError."""
    if len(models) != 2:
        raise AdvisorError("takes two models", where="compare", hint="e.g. compare qwen3-30b-a3b qwen3-8b")
    first, second = (named_model(workspace, name) for name in models)
    if first == second:
        raise AdvisorError(f"{first} is compared with itself", where="compare", hint="name two models")
    return first, second
