"""Reports of `vllm bench serve`, `throughput`, `latency` and `sweep`.

serve       every figure by its definition: TPOT is (end to end − TTFT) / (generated − 1), ours
throughput  all requests at once, neither lengths nor latencies: lengths must be given, and must add up to its total
latency     one batch at a time: lengths and batch size must be given
sweep       a folder with a folder for every setting; each run=N.json in it is a serve report
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from advisor.arguments import checked_arguments
from advisor.errors import AdvisorError
from advisor.importers.serving_runs import DAMAGED, Defaults, ImportedRuns, Report, Row, seal_report
from advisor.input_files import parse_json, read_text
from advisor.store.workspace import Workspace

FORMS = "accepted: the JSON of vllm bench serve, throughput or latency, or the folder of vllm bench sweep"
DRAFTED = "answered with speculative decoding, which no formula here knows"
TIMES = {"ttft_s": "ttft", "tpot_s": "tpot", "request_s": "e2el"}


@checked_arguments
def import_vllm_bench(
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
    """Seal the reports of one file or sweep folder as one run; the options fill in what they leave out.

    Raises AdvisorError.
    """
    defaults = Defaults(
        model, gpu, parallelism, precision, kv_precision, engine, input_tokens, output_tokens, concurrency
    )
    folder = Path(path)
    files = sorted(folder.rglob("run=*.json")) if os.path.isdir(folder) else [folder]
    if not files:
        raise AdvisorError("no report here", where=str(folder), hint=FORMS)
    rows = [row for file in files for row in _rows(file, defaults)]
    return seal_report(workspace, Report(folder, "vllm bench", rows), defaults)


def _rows(file: Path, defaults: Defaults) -> list[Row]:
    text = read_text(file, hint=FORMS, missing="no report here")
    several = "\n{" in text  # --append-result
    texts = [line for line in text.splitlines() if line.strip()] if several else [text]
    reports = [parse_json(each, where=str(file), hint=FORMS) for each in texts]
    return [_row(report, defaults, str(file)) for report in reports]


def _row(report: Any, defaults: Defaults, where: str) -> Row:
    kinds = {"output_throughput": _serve, "total_num_tokens": _throughput, "avg_latency": _latency}
    if not isinstance(report, dict) or not (kind := next((k for k in kinds if k in report), None)):
        raise AdvisorError("is no report of vllm bench", where=where, hint=FORMS)
    try:
        return kinds[kind](report, defaults, where)
    except DAMAGED as error:
        raise AdvisorError(f"is damaged ({type(error).__name__}: {error})", where=where, hint=FORMS) from None


def _serve(report: dict[str, Any], defaults: Defaults, where: str) -> Row:
    done = int(report["completed"])
    if not done:
        raise AdvisorError(
            f"answered none of {report['num_prompts']} requests",
            where=where,
            hint="measure again; there is nothing to learn from",
        )
    rate = float(report["request_rate"])
    limit = report.get("max_concurrency")
    row: Row = {
        "source": "vllm bench serve",
        "measured_at": report.get("date"),
        "model": report["model_id"],
        "prompt_tokens": report["total_input_tokens"] / done,
        "generated_tokens": report["total_output_tokens"] / done,
        "request_rate": rate if rate != float("inf") else None,
        "n_requests": done,
        "duration_s": float(report["duration"]),
        "output_tokens_per_s": float(report["output_throughput"]),
        "note": f"{report['failed']} requests failed" if report.get("failed") else None,
        "doubt": DRAFTED if report.get("spec_decode_num_drafts") else None,
    }
    for ours, theirs in TIMES.items():
        if f"mean_{theirs}_ms" in report:
            row[ours] = report[f"mean_{theirs}_ms"] / 1000
        for percentile in (50, 90, 99):
            value = report.get(
                f"p{percentile}_{theirs}_ms", report.get(f"median_{theirs}_ms") if percentile == 50 else None
            )
            if value is not None:
                row[f"{ours[:-2]}_p{percentile}_s"] = value / 1000
    return row | {"concurrency": _in_flight(limit, row)}


def _in_flight(limit: int | None, row: Row) -> float:
    """The limit where the load filled it, else Little's law: arrivals per second times the time each stays."""
    stay = row.get("request_s") or row["ttft_s"] + row["tpot_s"] * (row["generated_tokens"] - 1)
    mean = row["n_requests"] / row["duration_s"] * stay
    return (
        float(limit)
        if limit and row["request_rate"] is None and row["n_requests"] >= limit
        else min(mean, float(limit or mean))
    )


def _throughput(report: dict[str, Any], defaults: Defaults, where: str) -> Row:
    n, total = int(report["num_requests"]), int(report["total_num_tokens"])
    if defaults.prompt_tokens is None or defaults.generated_tokens is None:
        raise AdvisorError(
            "lacks the lengths of prompts and answers",
            where=where,
            hint="give --input-tokens and --output-tokens as in the benchmark",
        )
    if abs(n * (defaults.prompt_tokens + defaults.generated_tokens) / total - 1) > 0.02:
        what = f"counts {total} tokens in {n} requests, not {defaults.prompt_tokens} + {defaults.generated_tokens} each"
        raise AdvisorError(what, where=where, hint="give --input-tokens and --output-tokens as in the benchmark")
    return {
        "source": "vllm bench throughput",
        "model": report.get("model_id"),
        "concurrency": min(n, defaults.concurrency or n),
        "n_requests": n,
        "duration_s": float(report["elapsed_time"]),
        "output_tokens_per_s": n * defaults.generated_tokens / float(report["elapsed_time"]),
    }


def _latency(report: dict[str, Any], defaults: Defaults, where: str) -> Row:
    if defaults.prompt_tokens is None or defaults.generated_tokens is None or defaults.concurrency is None:
        raise AdvisorError(
            "lacks lengths and batch size",
            where=where,
            hint="give --input-tokens, --output-tokens and --concurrency, its batch size",
        )
    mean, times = float(report["avg_latency"]), report["percentiles"]
    return {
        "source": "vllm bench latency",
        "model": report.get("model_id"),
        "n_requests": defaults.concurrency * len(report["latencies"]),
        "duration_s": sum(report["latencies"]),
        "request_s": mean,
        **{f"request_p{p}_s": times[str(p)] for p in (50, 90, 99)},
        "output_tokens_per_s": defaults.concurrency * defaults.generated_tokens / mean,
    }
