"""Why nothing meets a request: the limit at fault with the nearest value that would do, in the unit it was given in."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import duckdb

from advisor.errors import NoAnswer
from advisor.prices import KINDS
from advisor.recommendation.candidates import candidates, feasible
from advisor.recommendation.eligible import eligible
from advisor.recommendation.request import Request, rents_of
from advisor.store.workspace import Workspace
from advisor.units import COSTS, SECONDS_PER_MONTH, Budget, significant

UNDER_LOAD = ("s", "max_ttft", "max_tpot")
"""Limits that decide how many questions a replica takes, where they come at a rate."""
LOOSER = 4.0
COLUMNS = {
    "usd": "usd * bill_tokens_spread", "flops": "flops * tokens_spread", "s": "s * tokens_spread",
    "J": '"J" * tokens_spread', "tokens": "tokens * tokens_spread",
    "max_ttft": "ttft_s", "max_tpot": "tpot_s", "min_accuracy": "assured",
}  # fmt: skip
"""What a limit bounds, as in feasible.sql."""


def no_answer(connection: duckdb.DuckDBPyConnection, request: Request, workspace: Workspace) -> NoAnswer:
    """What is at fault: GPUs that are too small or too few, a price that is not known, or a single limit."""
    left_out = eligible(workspace, request).left_out
    near = [*_binding(connection, request), *_binding_under_load(request, workspace)]
    if not near and not _one(connection, "select count(*) from paced"):
        what = f"no model with a known accuracy on {request.task} can start on these GPUs under {request.engine}"
        hint = "`advisor estimate MODEL --gpu GPU` says why; allow other GPUs or another --precision"
        return NoAnswer(what, hint="; ".join([hint, *left_out]))
    if not near and not _one(connection, "select count(*) from candidates"):
        return _too_few(connection, request) if request.most_gpus else _no_machine(request)
    what = f"nothing known on {request.task} meets all limits"
    missing = _missing_prices(connection, request, workspace)
    if near:
        nearest = f"nearest feasible, changing one: {' or '.join(near)}"
        return NoAnswer(what, hint="; ".join([nearest, *missing, *left_out]))
    if missing:
        return NoAnswer("; ".join([*missing, *left_out]))
    what = f"{what}, and changing a single one would not help"
    return NoAnswer(what, hint="; ".join(["loosen two of them", *left_out]))


def _one(
    connection: duckdb.DuckDBPyConnection, query: str, parameters: Mapping[str, object] | None = None
) -> float | None:
    found = connection.execute(query, parameters or {}).fetchone()
    value = found[0] if found else None
    return float(value) if value is not None and math.isfinite(value) else None


def _binding(connection: duckdb.DuckDBPyConnection, request: Request) -> list[str]:
    """For each limit that alone keeps everything out, the option that would let something through."""
    binding = []
    for name, value in request.limits.items():
        if value is None or (request.qps and name in UNDER_LOAD):
            continue
        best = "max" if name == "min_accuracy" else "min"
        priced = "usd is not null and not isnan(usd)"
        query = feasible(f"select {best}({COLUMNS[name]}) from feasible where {priced}")
        nearest = _one(connection, query, {**request.limits, name: None})
        if nearest is not None:
            binding.append(_nearest(name, nearest, request))
    return binding


def _binding_under_load(request: Request, workspace: Workspace) -> list[str]:
    """The same of limits that decide how many questions a replica takes, which has to be computed anew for each."""
    if request.qps is None:
        return []
    limits = request.limits | {"max_wait": request.max_wait_s}
    given = [(name, value) for name in (*UNDER_LOAD, "max_wait") if (value := limits[name]) is not None]
    nearest = [(name, _nearest_under_load(name, value, request, workspace)) for name, value in given]
    return [_nearest(name, value, request) for name, value in nearest if value is not None]


def _nearest_under_load(name: str, limit: float, request: Request, workspace: Workspace) -> float | None:
    """A limit with which something is feasible, at most a third above the smallest; None where there is none."""
    if not _any_feasible(_with_limit(request, name, None), workspace):
        return None
    low, high = limit, limit * LOOSER
    while not _any_feasible(_with_limit(request, name, high), workspace):
        low, high = high, high * LOOSER
    while high / low > 4 / 3:
        middle = math.sqrt(low * high)
        low, high = (low, middle) if _any_feasible(_with_limit(request, name, middle), workspace) else (middle, high)
    return high


def _any_feasible(request: Request, workspace: Workspace) -> bool:
    query = feasible("select count(*) from feasible where usd is not null and not isnan(usd)")
    return bool(_one(candidates(workspace, request), query, request.limits))


def _with_limit(request: Request, name: str, limit: float | None) -> Request:
    if name == "s":
        others = tuple(budget for budget in request.budgets if budget.cost != "s")
        return replace(request, budgets=others if limit is None else (*others, Budget(limit, "s")))
    if name == "max_ttft":
        return replace(request, max_ttft_s=limit)
    return replace(request, max_tpot_s=limit) if name == "max_tpot" else replace(request, max_wait_s=limit)


def _nearest(name: str, value: float, request: Request) -> str:
    if name == "min_accuracy":
        return f"--min-accuracy {math.floor(value * 1000) / 1000:g}"
    if name == "usd" and request.mean_qps and _tightest_is_monthly(request):
        return f"--budget {_rounded_up(value * request.mean_qps * SECONDS_PER_MONTH):g}usd/month"
    if name in COSTS:
        return f"--budget {_rounded_up(value):g}{name}"
    return f"--{name.replace('_', '-')} {_rounded_up(value):g}s"


def _rounded_up(value: float) -> float:
    return float(f"{value * 1.005:.3g}")


def _tightest_is_monthly(request: Request) -> bool:
    usd = [
        (b.amount, given.monthly)
        for b, given in zip(request.budgets, request.budgets_given, strict=True)
        if b.cost == "usd"
    ]
    return min(usd)[1]


def _missing_prices(connection: duckdb.DuckDBPyConnection, request: Request, workspace: Workspace) -> list[str]:
    """What would be considered if it had a price, a sentence a GPU."""
    query = feasible("select gpu, min(gpu_count) from feasible where usd is null group by gpu order by gpu")
    found = connection.execute(query, {**request.limits, "usd": None}).fetchall()
    rents = rents_of(workspace, request)
    return [rents.missing(gpu, gpu_count) for gpu, gpu_count in found]


def _no_machine(request: Request) -> NoAnswer:
    what = f"no {request.price_kind or KINDS[0]} machine holds a model with a known accuracy on {request.task}"
    return NoAnswer(what, hint="name GPUs with --gpu and give their --price, or another --price-kind")


def _too_few(connection: duckdb.DuckDBPyConnection, request: Request) -> NoAnswer:
    """The most questions per second that the GPUs carry."""
    gpus = " or ".join(f"{n} × {gpu}" for gpu, n in request.most_gpus.items())
    limits = "(select unnest($gpus) as gpu, unnest($most) as most_gpus)"
    query = f"select max(questions_per_s * floor(most_gpus / gpu_count)) from paced join {limits} using (gpu)"
    most = _one(connection, query, {"gpus": list(request.most_gpus), "most": list(request.most_gpus.values())}) or 0.0
    what = f"{gpus} carry at most {significant(most)} questions/s of {request.task}, not {request.qps:g}"
    return NoAnswer(what, hint=f"--qps {float(f'{most * 0.995:.3g}'):g}, or allow more GPUs")
