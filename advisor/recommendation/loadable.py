"""Which strategy points have weights that the engine of a request loads."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from advisor.errors import NoAnswer
from advisor.recommendation.deployments import Fleet
from advisor.recommendation.launch import REWARD_ENGINE, loading
from advisor.recommendation.request import Request
from advisor.store.beliefs import Point
from advisor.store.workspace import Workspace

MOST_NAMED = 3


def loadable(workspace: Workspace, points: Sequence[Point], request: Request) -> list[Point]:
    """The points whose command can be written. Raises NoAnswer where there is none, with the reason."""
    engine = request.engine
    served = [p for p in points if not p.reward_model or engine == REWARD_ENGINE]
    if not served:
        what = f"{engine} serves no reward models, which everything known on {request.task} needs here"
        raise NoAnswer(what, hint=f"leave --engine out: {REWARD_ENGINE} serves them")
    models = {p.model for p in served}
    known = {model for model in models if loading(workspace, engine, model, _precision(workspace, model, request))}
    if not known:
        named = sorted(models)[:MOST_NAMED]
        more = f" and {len(models) - MOST_NAMED} more" if len(models) > MOST_NAMED else ""
        what = f"no weights in {request.precision} that {engine} loads are known of {', '.join(named)}{more}"
        hint = "leave --precision out, or name a checkpoint in the workspace's own profiles/checkpoints.csv"
        raise NoAnswer(what, hint=hint)
    return [p for p in served if p.model in known]


def loads_on(f: Fleet, model: str, workspace: Workspace) -> NDArray[np.bool_]:
    """On which deployments the engine of the fleet gets the model's weights in its precision."""
    vendors = np.array([gpu.vendor for gpu, _ in f.layouts])
    loads = {v for v in set(vendors.tolist()) if loading(workspace, f.engine, model, f.precision, v)}
    return np.asarray(np.isin(vendors, list(loads))[f.layout])


def _precision(workspace: Workspace, model: str, request: Request) -> str:
    return request.precision or workspace.models[model].checkpoint_precision
