"""GuideLLM reports (JSON; tried with 0.8): a benchmark a load.

Mapped by definition: its `inter_token_latency_ms` is our TPOT, (end to end − TTFT) / (generated − 1); its
`time_per_output_token_ms` divides the whole request by its tokens and is left out. Only answered requests count.
"""

from __future__ import annotations

import datetime
import os
from pathlib import Path
from typing import Any

from advisor.arguments import checked_arguments
from advisor.errors import AdvisorError
from advisor.importers.serving_runs import DAMAGED, Defaults, ImportedRuns, Report, Row, seal_report
from advisor.input_files import read_json
from advisor.store.workspace import Workspace

FORMS = "accepted: the JSON report of guidellm"
TIMES = {
    "ttft": ("time_to_first_token_ms", 1e-3),
    "tpot": ("inter_token_latency_ms", 1e-3),
    "request": ("request_latency", 1.0),
}


@checked_arguments
def import_guidellm(
    workspace: Workspace,
    path: str | os.PathLike[str],
    *,
    model: str | None = None,
    gpu: str | None = None,
    parallelism: str | None = None,
    precision: str | None = None,
    kv_precision: str | None = None,
    engine: str | None = None,
    input_tokens: int | None = None,
    output_tokens: int | None = None,
    concurrency: int | None = None,
) -> ImportedRuns:
    """Seal the benchmarks that answered anything as one run; the options fill in what the report leaves out.

    Raises AdvisorError.
    """
    defaults = Defaults(
        model, gpu, parallelism, precision, kv_precision, engine, input_tokens, output_tokens, concurrency
    )
    return seal_report(workspace, _report(Path(path)), defaults)


def _report(path: Path) -> Report:
    report = read_json(path, hint=FORMS)
    if not isinstance(report, dict) or not isinstance(report.get("benchmarks"), list):
        raise AdvisorError("is no report of guidellm", where=str(path), hint=FORMS)
    try:
        rows = [row for benchmark in report["benchmarks"] if (row := _row(benchmark, report))]
    except DAMAGED as error:
        raise AdvisorError(f"is damaged ({type(error).__name__}: {error})", where=str(path), hint=FORMS) from None
    if not rows:
        raise AdvisorError("answered no request", where=str(path), hint="measure again; there is nothing to learn from")
    return Report(path, "guidellm", rows)


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
    """The model's name where the report has it."""
    for config in (benchmark.get("config"), report.get("config")):
        backend = config.get("backend") if isinstance(config, dict) else None
        for section in (backend, config):
            if isinstance(section, dict) and isinstance(section.get("model"), str):
                return str(section["model"])
    return None
