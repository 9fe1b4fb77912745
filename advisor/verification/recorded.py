"""The load that was seen, kept as a measured run, so that the next fit knows it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from advisor.performance.deployment import Deployment
from advisor.store.doubts import doubtful_notes, doubts_of
from advisor.store.identity import run_id
from advisor.store.locks import SHORT_WAIT_S, locked
from advisor.store.measurements import seal_rows
from advisor.store.runs import Run
from advisor.store.workspace import Workspace
from advisor.verification.seen import Seen

SOURCE = "advisor verify"


def recorded(
    workspace: Workspace, deployed: Deployment, seen: Seen, row: dict[str, Any], doubt: str
) -> tuple[str | None, tuple[str, ...]]:
    """The name of the sealed run and what is to be said of it; None for a model that is not in the workspace.

    With a `doubt` it is kept and not fitted. Raises AdvisorError where it cannot be written.
    """
    if deployed.spec.name not in workspace.models:
        return None, (f"not kept: {deployed.spec.name} has no entry here, `advisor import model FOLDER` makes one",)
    found = _columns(deployed, seen) | row | ({"doubt": doubt} if doubt else {})
    found["measured_at"] = datetime.now(UTC).isoformat(timespec="milliseconds")
    name = deployed.spec.name.rpartition("/")[2]
    run = run_id(f"verify-{name}-{deployed.gpu.name}-{deployed.layout}-{deployed.precision}", found)
    found["run_id"] = run
    folder = workspace.writable / "measurements" / "runs"
    with locked(folder, wait_s=SHORT_WAIT_S):
        seal_rows(Run, [found], folder / f"{run}.parquet")
    return run, tuple(doubtful_notes([found], doubts_of([found], workspace.models, workspace.gpus)))


def _columns(deployed: Deployment, seen: Seen) -> dict[str, Any]:
    """Percentiles of a page are left out: they are a bucket's width off."""
    return {
        "source": SOURCE,
        "model": deployed.spec.name,
        "gpu": deployed.gpu.name,
        "parallelism": str(deployed.layout),
        "precision": deployed.precision,
        "kv_precision": deployed.kv_precision,
        "engine": deployed.engine,
        "status": "ok",
        "prompt_tokens": seen.prompt_tokens,
        "generated_tokens": seen.generated_tokens,
        "concurrency": seen.in_flight,
        "request_rate": seen.requests_per_s,
        "n_requests": seen.n_requests,
        "duration_s": seen.duration_s,
        "ttft_s": seen.ttft_s.mean,
        "tpot_s": seen.tpot_s.mean,
        "request_s": seen.request_s.mean,
        "output_tokens_per_s": seen.output_tokens_per_s,
        "kv_cache_tokens": seen.kv_cache_tokens,
    }
