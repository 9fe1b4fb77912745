"""What an answer could not consider for want of a cost: GPUs without a price, more accurate models without tokens."""

from __future__ import annotations

from advisor.recommendation.candidate import Candidate
from advisor.recommendation.request import Request
from advisor.rents import Rents
from advisor.store.workspace import Workspace
from advisor.units import percent

NAMED = 3
"""Models that the note names, the most accurate first; of more it gives the number."""


def uncosted_notes(workspace: Workspace, request: Request, pick: Candidate, rents: Rents) -> tuple[str, ...]:
    """A sentence for each named GPU that has no price, and one for models that would be more accurate than the pick."""
    return (*_unpriced(request, rents), *_without_tokens(workspace, request, pick))


def _unpriced(request: Request, rents: Rents) -> list[str]:
    """Of several named GPUs; where it is the only one, there is no answer, which says the same."""
    return [f"left out: {rents.missing(gpu, 1)}" for gpu in sorted(request.gpus or ()) if gpu not in rents.offers]


def _without_tokens(workspace: Workspace, request: Request, pick: Candidate) -> list[str]:
    """On one task: models whose accuracy is known and above the pick's, while their answers' length is not."""
    points = [p for p in workspace.fits.points if p.task == request.task]
    counted = {p.model for p in points if p.generated_tokens is not None}
    best: dict[str, float] = {}
    for p in points:
        if p.model not in counted and _allowed(p.model, workspace, request) and p.accuracy > pick.accuracy.value:
            best[p.model] = max(p.accuracy, best.get(p.model, 0.0))
    if not best:
        return []
    ordered = sorted(best, key=lambda model: (-best[model], model))
    shown = ", ".join(f"{model} ({percent(best[model])})" for model in ordered[:NAMED])
    more = f" and {len(ordered) - NAMED} more" if len(ordered) > NAMED else ""
    return [
        f"more accurate on {request.task}, but left out, since their token counts are not known and so no cost is:"
        f" {shown}{more}; measure one with `advisor calibrate`"
    ]


def _allowed(model: str, workspace: Workspace, request: Request) -> bool:
    """Whether the request's models and licences let a model through."""
    if (request.models is not None and model not in request.models) or model in request.excluded_models:
        return False
    license_ = workspace.models[model].license if model in workspace.models else ""
    return request.licenses is None or license_ in request.licenses
