"""What runs today, as `--running` says it: `qwen3-32b majority of 8 with temperature 0.6 on 2xa100-sxm-80gb at 16`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from advisor.errors import AdvisorError, unknown
from advisor.gpus import PRECISIONS
from advisor.performance.parallelism import Parallelism
from advisor.store.workspace import Workspace
from advisor.units import checked_count

WHERE = "--running"
FORMS = (
    "accepted: MODEL [majority of N] [with SET-UP] on NxGPU [(dpN)] [at CONCURRENCY] [in PRECISION],"
    " e.g. 'qwen3-32b on 2xa100-sxm-80gb at 16'"
)
_SETUP = re.compile(
    r"(?P<model>\S+)(?: majority of (?P<votes>\d{1,9}))?(?: with (?P<setup>.+?))?"
    r" on (?P<count>\d{1,9}) ?[x×*] ?(?P<gpu>[^\s()]+)"
    r"(?: ?\((?P<layout>[a-z0-9]+)\))?(?: at (?P<concurrency>\d{1,9}))?(?: in (?P<precision>\S+))?",
    re.IGNORECASE | re.ASCII,
)


@dataclass(frozen=True, slots=True)
class RunningSetup:
    """One replica that runs today: `given` as it was written, names in full.

    `n_samples` answers a question are voted on; `concurrency` None: as many requests in flight as fit; `setup`: how
    they are drawn, where the model was measured in several ways, as the table of choices names it.
    """

    given: str
    model: str
    n_samples: int
    gpu: str
    layout: Parallelism
    concurrency: int | None
    precision: str
    setup: str | None = None


def parse_running(given: str, workspace: Workspace) -> RunningSetup:
    """Read what runs; its GPUs are those of one replica, tensor-parallel unless `(dp8)` says otherwise.

    Raises AdvisorError naming the part at fault and the accepted form.
    """
    match = _SETUP.fullmatch(" ".join(given.split()))
    if match is None:
        raise AdvisorError(f"{given!r} does not say what runs", where=WHERE, hint=FORMS)
    model = workspace.models.resolve(match["model"], where=WHERE)
    gpu = workspace.gpus.named(match["gpu"], where=WHERE)
    precision = (match["precision"] or workspace.models.checkpoint_precision(model)).lower()
    if precision not in PRECISIONS:
        raise unknown("precision", precision, PRECISIONS, where=WHERE)
    gpu_count = checked_count(int(match["count"]), where=f"{WHERE}, GPUs")
    if gpu_count > gpu.node_gpus:
        what = f"{gpu_count} × {gpu.name} are no single replica: {gpu.node_gpus} of them share a link at most"
        raise AdvisorError(what, where=WHERE, hint="give the GPUs of one replica; --qps counts the replicas")
    concurrency = match["concurrency"] and checked_count(int(match["concurrency"]), where=f"{WHERE}, at")
    return RunningSetup(
        given=given,
        model=model,
        n_samples=checked_count(int(match["votes"] or 1), where=f"{WHERE}, majority of"),
        gpu=gpu.name,
        layout=_layout(match["layout"], gpu_count, concurrency or None, is_moe=workspace.models.spec(model).is_moe),
        concurrency=concurrency or None,
        precision=precision,
        setup=match["setup"],
    )


def _layout(text: str | None, gpu_count: int, concurrency: int | None, *, is_moe: bool) -> Parallelism:
    """Raises AdvisorError for a layout of other GPUs, or groups that a model or a load leaves without work."""
    usual = Parallelism(tp=gpu_count)
    accepted = [usual] if gpu_count == 1 or not is_moe else [usual, Parallelism(dp=gpu_count)]
    found = next((layout for layout in accepted if text is None or str(layout) == text.lower()), None)
    if found is None:
        what = f"({text}) is no layout of this model on {gpu_count} GPUs"
        raise AdvisorError(what, where=WHERE, hint=f"accepted: {' or '.join(f'({each})' for each in accepted)}")
    if concurrency is not None and concurrency < found.dp:
        what = f"{concurrency} in flight leave some of the {found.dp} data-parallel groups without work"
        raise AdvisorError(what, where=WHERE, hint=f"give at least {found.dp}, or another layout")
    return found
