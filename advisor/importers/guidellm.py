"""GuideLLM reports (JSON; tried with 0.8): a benchmark a load.

Mapped by definition: its `inter_token_latency_ms` is our TPOT, (end to end − TTFT) / (generated − 1); its
`time_per_output_token_ms` divides the whole request by its tokens and is left out. Only answered requests count.
"""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Any

from advisor.errors import AdvisorError
from advisor.importers.serving_runs import ImportedRuns, Told, keep
from advisor.store.runs import Row
from advisor.store.workspace import Workspace

FORMS = "accepted: the JSON report of guidellm"
TIMES = {
    "ttft": ("time_to_first_token_ms", 1e-3),
    "tpot": ("inter_token_latency_ms", 1e-3),
    "request": ("request_latency", 1.0),
}


def import_guidellm(path: Path, told: Told, workspace: Workspace) -> ImportedRuns:
    """Seal the benchmarks of a report that answered anything as one run. Raises AdvisorError."""
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise AdvisorError(f"is no JSON ({error})", where=str(path), hint=FORMS) from None
    if not isinstance(report, dict) or not isinstance(report.get("benchmarks"), list):
        raise AdvisorError("is no report of guidellm", where=str(path), hint=FORMS)
    try:
        rows = [row for benchmark in report["benchmarks"] if (row := _row(benchmark, report))]
    except (KeyError, TypeError, ValueError, ZeroDivisionError) as error:
        raise AdvisorError(f"is damaged ({type(error).__name__}: {error})", where=str(path), hint=FORMS) from None
    if not rows:
        raise AdvisorError(
            "answered no request", where=str(path), hint="measure again: a run without answers says nothing"
        )
    return keep(rows, told, path, "guidellm", workspace)


def _row(benchmark: dict[str, Any], report: dict[str, Any]) -> Row | None:
    metrics = benchmark["metrics"]
    answered, failed = (int(metrics["request_totals"][kind]) for kind in ("successful", "errored"))
    if not answered:
        return None
    strategy = benchmark["config"]["strategy"]
    of = {
        name: metrics[name]["successful"]
        for name in metrics
        if isinstance(metrics[name], dict) and "successful" in metrics[name]
    }
    row: Row = {
        "measured_at": datetime.datetime.fromtimestamp(float(benchmark["start_time"]), datetime.UTC).isoformat(
            timespec="seconds"
        ),
        "model": _model(benchmark, report),
        "prompt_tokens": of["prompt_token_count"]["mean"],
        "generated_tokens": of["output_token_count"]["mean"],
        "concurrency": float(strategy.get("streams") or of["request_concurrency"]["mean"]),
        "request_rate": strategy.get("rate"),
        "n_requests": answered,
        "duration_s": float(benchmark["duration"]),
        "output_tokens_per_s": of["output_token_count"]["total_sum"] / float(benchmark["duration"]),
        "note": f"{failed} requests failed" if failed else None,
    }
    for ours, (theirs, seconds) in TIMES.items():
        if of.get(theirs) and of[theirs]["mean"]:  # without streaming there is no first token to time
            row[f"{ours}_s"] = of[theirs]["mean"] * seconds
            row |= {f"{ours}_p{p}_s": of[theirs]["percentiles"][f"p{p}"] * seconds for p in (50, 90, 99)}
    return row


def _model(benchmark: dict[str, Any], report: dict[str, Any]) -> str | None:
    """The model's name where the report tells it."""
    for config in (benchmark.get("config"), report.get("config")):
        backend = config.get("backend") if isinstance(config, dict) else None
        for told in (backend, config):
            if isinstance(told, dict) and isinstance(told.get("model"), str):
                return str(told["model"])
    return None
