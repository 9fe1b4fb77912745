"""What an answer could not consider for want of a cost (models without a config or tokens, GPUs without a price), and
costs that rest on imputed tokens."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from advisor.provenance import Provenance
from advisor.recommendation.candidate import Candidate
from advisor.recommendation.eligible import MOST_CUT, considered, has_cost
from advisor.recommendation.measuring import calibrate_command
from advisor.recommendation.request import Request
from advisor.rents import Rents
from advisor.store.beliefs import Point
from advisor.store.workspace import Workspace
from advisor.units import percent
from advisor.values import Rows

NO_CONFIG, NO_TOKENS = "a config", "the length of its answers"
NO_REWARDS, CUT = "the cost of its reward model", f"answers of which a cap stops less than {percent(MOST_CUT, 0)}"


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A model whose accuracy is known and whose cost is not: `missing` is what lacks, `command` what brings it.

    `accuracy` is that of its most accurate point, of several tasks their weighted mean.
    """

    model: str
    accuracy: float
    missing: str
    command: str


NOBODY = Rows((), LeftOut)


def left_out(workspace: Workspace, request: Request) -> Rows[LeftOut]:
    """Models that the request lets through and that cannot be costed, the most accurate first.

    Of several tasks those that were measured on all of them. Raises as `considered` does.
    """
    of_model: dict[str, dict[str, list[Point]]] = defaultdict(lambda: defaultdict(list))
    for p in considered(workspace, request):
        of_model[p.model][p.task].append(p)
    found = []
    for model, by_task in of_model.items():
        points = [p for of_task in by_task.values() for p in of_task]
        costed = {p.task for p in points if has_cost(p, workspace.models)}
        if len(by_task) < len(request.tasks) or costed == set(by_task) or not _licensed(model, workspace, request):
            continue
        best = {task: max(p.accuracy for p in of_task) for task, of_task in by_task.items()}
        missing = _missing(points, model, workspace)
        uncosted = next(each.task for each in request.tasks if each.task not in costed)
        accuracy = sum(each.weight * best[each.task] for each in request.tasks)
        found.append(LeftOut(model, accuracy, missing, _command(missing, model, uncosted)))
    return Rows(sorted(found, key=lambda each: (-each.accuracy, each.model)), LeftOut)


def _licensed(model: str, workspace: Workspace, request: Request) -> bool:
    """Whether the licences of the request let a model through; without a config its licence is not known."""
    license_ = workspace.models[model].license if model in workspace.models else ""
    return request.licenses is None or license_ in request.licenses


def _missing(points: Sequence[Point], model: str, workspace: Workspace) -> str:
    if model not in workspace.models:
        return NO_CONFIG
    if all(p.generated_tokens is None for p in points if not has_cost(p, workspace.models)):
        return NO_TOKENS
    return CUT if any(p.cut is not None and p.cut > MOST_CUT for p in points) else NO_REWARDS


def _command(missing: str, model: str, task: str) -> str:
    if missing == NO_CONFIG:
        return "advisor import model FOLDER"
    return calibrate_command(model, task)


def unpriced_notes(request: Request, rents: Rents) -> tuple[str, ...]:
    """A sentence for each of several named GPUs that has no price.

    Where it is the only one there is no answer, which says the same.
    """
    return tuple(f"left out: {rents.missing(gpu, 1)}" for gpu in sorted(request.gpus or ()) if gpu not in rents.offers)


def imputed_notes(pick: Candidate) -> tuple[str, ...]:
    """That nobody counted the answers of a pick."""
    if pick.provenance.tokens is not Provenance.IMPUTED:
        return ()
    return (
        f"the length of the answers of {pick.model} is imputed from how wordy models are, within a factor"
        f" {pick.tokens_spread:.2f} in nine of ten cases; budgets hold at its upper end; `advisor calibrate` counts it",
    )
