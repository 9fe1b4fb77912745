"""`advisor recommend`: the pick, why, the runners-up, and what to type."""

from __future__ import annotations

import math
import sys
from typing import Any

from advisor.errors import AdvisorError, NoAnswer, unknown
from advisor.gpus import PRECISIONS, load_gpu, parse_price
from advisor.models.catalog import resolve_name
from advisor.performance.profiles import ENGINES
from advisor.recommend.recommend import Recommendation, Request, bad_fraction, recommend
from advisor.report.deploy import commands, gpus_text, reward_command, sampling_text, serve_command, strategy_text
from advisor.report.tables import print_table, table, to_json
from advisor.store.workspace import Workspace
from advisor.units import COSTS, Budget, parse_duration, percent, significant


def request(
    budgets: list[str],
    task: str,
    min_accuracy: float | None,
    gpus: list[str] | None,
    models: list[str] | None,
    precision: str | None,
    qps: float | None,
    max_ttft: str | None,
    max_tpot: str | None,
    engine: str,
    prices: list[str],
    workspace: str | None,
) -> Request:
    """A checked Request from what was typed, models of the workspace among those known. Raises AdvisorError."""
    Workspace.open(workspace)
    if min_accuracy is not None and not 0 < min_accuracy <= 1:
        raise bad_fraction(min_accuracy, "--min-accuracy")
    if qps is not None and not (math.isfinite(qps) and 0 < qps <= 1e6):
        raise AdvisorError(
            f"{qps:g} is no request rate", where="--qps", hint="give questions per second above zero, e.g. 0.5"
        )
    if precision is not None and precision not in PRECISIONS:
        raise unknown("precision", precision, PRECISIONS, where="--precision")
    if engine not in ENGINES:
        raise unknown("engine", engine, ENGINES, where="--engine")
    return Request(
        task=task.lower(),
        budgets=tuple(Budget.parse(text).per_question(qps) for text in budgets),
        min_accuracy=min_accuracy,
        gpus=tuple(load_gpu(name).name for name in gpus) if gpus else None,
        models=tuple(resolve_name(name) for name in models) if models else None,
        precision=precision,
        qps=qps,
        max_ttft_s=parse_duration(max_ttft, where="--max-ttft") if max_ttft else None,
        max_tpot_s=parse_duration(max_tpot, where="--max-tpot") if max_tpot else None,
        engine=engine,
        prices=tuple(p for text in prices for p in parse_price(text)),
    )


def as_candidate(row: dict[str, Any]) -> dict[str, Any]:
    """A candidate with the stable JSON keys."""
    return {
        "model": row["model"],
        "strategy": row["strategy"],
        "n_samples": row["n_samples"],
        "token_budget": row["token_budget"],
        "gpu": row["gpu"],
        "gpu_count": row["gpu_count"],
        "parallelism": row["parallelism"],
        "precision": row["precision"],
        "concurrency": row["concurrency"],
        "accuracy": {"value": row["accuracy"], "low": row["low"], "high": row["high"]},
        "usd": row["usd"],
        "flops": row["flops"],
        "tokens": row["tokens"],
        "latency_s": row["s"],
        "energy_j": row["J"],
        "ttft_s": row["ttft_s"],
        "tpot_s": row["tpot_s"],
        "replicas": row["replicas"],
        "usd_per_month": row["usd_per_month"],
        "questions_per_s": row["questions_per_s"],
        "spread": row["spread"],
        "per_correct": {cost: row[cost] / row["accuracy"] if row["accuracy"] else None for cost in COSTS},
        "provenance": {
            "accuracy": f"{row['accuracy_provenance']}: {row['runs']}",
            "performance": row["performance_provenance"],
            "price": row["price_provenance"],
        },
        "command": serve_command(row),
        "reward_model": row["reward_model"],
        "policy_flops": row["policy_flops"],
        **({"reward_command": reward_command(row)} if row["reward_model"] else {}),
        **({"why_not": row["lost"]} if "lost" in row else {}),
    }


def constraints(r: Request) -> list[str]:
    """Every limit of a request, as it was understood."""
    limits = [f"{budget} per question" for budget in r.budgets]
    limits += [f"accuracy ≥ {r.min_accuracy:g}"] if r.min_accuracy is not None else []
    limits += [f"TTFT ≤ {r.max_ttft_s:g} s"] if r.max_ttft_s else []
    limits += [f"TPOT ≤ {r.max_tpot_s:g} s"] if r.max_tpot_s else []
    limits += [f"{r.qps:g} questions/s"] if r.qps else []
    limits += [f"GPU in {', '.join(r.gpus)}"] if r.gpus else []
    limits += [f"model in {', '.join(r.models)}"] if r.models else []
    return limits


def as_json_object(found: Recommendation) -> dict[str, Any]:
    """The JSON of `advisor recommend`."""
    return {
        "task": found.request.task,
        "recommended": as_candidate(found.pick),
        "alternatives": [as_candidate(row) for row in found.alternatives],
        "frontier": [as_candidate(row) for row in found.frontier],
        "constraints": constraints(found.request),
        "reason": found.reason,
        "n_candidates": found.n_candidates,
    }


def show(r: Request, workspace: str | None, as_json: bool) -> None:
    """Print the recommendation. With --json a missing answer is an object too, before it ends in exit code 1."""
    ws = Workspace.open(workspace)
    if ws.unfitted:
        print("advisor: measurements are newer than the fits; run `advisor fit` to count them", file=sys.stderr)
    try:
        found = recommend(r, ws)
    except NoAnswer as error:
        if as_json:
            print(
                to_json(
                    {
                        "task": r.task,
                        "recommended": None,
                        "alternatives": [],
                        "frontier": [],
                        "constraints": constraints(r),
                        "reason": str(error),
                    }
                )
            )
        raise
    if as_json:
        print(to_json(as_json_object(found)))
        return
    pick = found.pick
    print(
        f"{pick['model']}, {strategy_text(pick)}, on {gpus_text(pick)}, {pick['precision']}, {pick['concurrency']} requests in flight"
    )
    print(f"Why: {found.reason} ({found.n_candidates:,} candidates).")
    print_table(table(["", "", "from"], facts(pick, r)))
    for command in commands(pick).splitlines():
        print(f"Deploy:  {command}")
    print(f"Ask:     {sampling_text(pick)}")
    if found.alternatives:
        print_table(runners_up(found))


def facts(row: dict[str, Any], r: Request) -> list[list[str]]:
    """What a candidate gives and takes, each with its origin."""
    interval = f"{percent(row['accuracy'])} (90 %: {percent(row['low'])} – {percent(row['high'])})"
    speed = f"speed {row['performance_provenance']}"
    rows = [
        [f"accuracy on {row['task']}", interval, f"{row['accuracy_provenance']}: {row['runs']}"],
        ["USD per question", significant(row["usd"]), f"{row['price_provenance']}; {speed}"],
        [
            "time to answer",
            f"{significant(row['s'])} s (TTFT {significant(row['ttft_s'])} s, TPOT {significant(1000 * row['tpot_s'])} ms)",
            speed,
        ],
        ["FLOPs per question", flops_text(row), "counted from the model's config"],
        ["tokens per question", f"{row['tokens']:,.0f}", row["accuracy_provenance"]],
        ["energy per question", f"{significant(row['J'])} J", "power assumed from the GPU's limit"],
        ["questions per second", significant(row["questions_per_s"]), speed],
        [
            "per correct answer",
            ", ".join(f"{significant(row[c] / row['accuracy'])} {c}" for c in COSTS) if row["accuracy"] else "–",
            "cost / accuracy",
        ],
    ]
    if r.qps:
        rows.append(
            [
                "replicas, USD per month",
                f"{row['replicas']} × , {significant(row['usd_per_month'])}",
                f"for {r.qps:g} questions/s",
            ]
        )
    return rows


def flops_text(row: dict[str, Any]) -> str:
    """All FLOPs of a question, and those of the policy where a reward model adds to them."""
    alone = f" ({significant(row['policy_flops'])} of the policy alone)" if row["reward_model"] else ""
    return significant(row["flops"]) + alone


def runners_up(found: Recommendation) -> Any:
    """The table of alternatives with why they lost."""
    rows = [
        [
            row["model"],
            strategy_text(row),
            gpus_text(row),
            percent(row["accuracy"]),
            significant(row["usd"]),
            significant(row["s"]),
            row["lost"],
        ]
        for row in found.alternatives
    ]
    columns = ["runner-up", "strategy", "GPUs", "accuracy", "USD", "s", "why not"]
    return table(columns, rows, right=columns[3:6])
