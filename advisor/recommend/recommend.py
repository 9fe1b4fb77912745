"""From a request to a recommendation: gather, cost, ask SQL, explain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np

from advisor.calibration.fitted import TYPICAL_PROMPT_TOKENS, Row, flops, pass_tokens, read, rows, verifier_flops
from advisor.errors import AdvisorError, NoAnswer, unknown
from advisor.gpus import Price, going_rates
from advisor.models.catalog import catalog
from advisor.recommend.deployments import Columns, Rewards, deployments, fleet, served_precision
from advisor.store.sql import statement
from advisor.store.workspace import Workspace
from advisor.units import COSTS, Budget, percent, significant

PACKAGE = "advisor.recommend"
DEFAULT_TASK = "gpqa-diamond"
N_ALTERNATIVES = 5
WORTH = 0.01
"""Accuracy that a doubling of the cost must buy among candidates no interval can tell apart."""


@dataclass(frozen=True, slots=True)
class Request:
    """What the user asked. Budgets are per question; names are full ids; None means no limit."""

    task: str
    budgets: tuple[Budget, ...] = ()
    min_accuracy: float | None = None
    gpus: tuple[str, ...] | None = None
    models: tuple[str, ...] | None = None
    precision: str | None = None
    qps: float | None = None
    max_ttft_s: float | None = None
    max_tpot_s: float | None = None
    engine: str = "vllm"
    prices: tuple[Price, ...] = ()

    @property
    def cost(self) -> str:
        """The cost the frontier is drawn over: the first budget's, usd without one. Cheaper always means usd."""
        return self.budgets[0].cost if self.budgets else "usd"

    @property
    def limits(self) -> dict[str, float | None]:
        """Parameters of pick.sql."""
        bounds: dict[str, float | None] = dict.fromkeys(COSTS)
        for budget in self.budgets:
            known = bounds[budget.cost]
            bounds[budget.cost] = budget.amount if known is None else min(known, budget.amount)
        return bounds | {"max_ttft": self.max_ttft_s, "max_tpot": self.max_tpot_s, "min_accuracy": self.min_accuracy}


@dataclass(frozen=True, slots=True)
class Recommendation:
    """The pick, the runners-up with why they lost, and the frontier; rows are candidates as in candidates.sql."""

    request: Request
    pick: Row
    alternatives: tuple[Row, ...]
    frontier: tuple[Row, ...]
    n_candidates: int
    reason: str


def tasks(workspace: Workspace) -> list[Row]:
    """Every task with strategy points that know their tokens."""
    connection = duckdb.connect()
    return read(connection, statement(PACKAGE, "tasks"), {"files": _points_files(workspace)})


def candidates(request: Request, workspace: Workspace) -> duckdb.DuckDBPyConnection:
    """A database with the table `candidates`. Raises AdvisorError for an unknown task, NoAnswer where nothing is known."""
    connection = duckdb.connect()
    files = _points_files(workspace)
    points = read(
        connection,
        statement("advisor.calibration", "points"),
        {"files": files, "task": request.task, "models": request.models},
    )
    costed = [p for p in points if p["generated_tokens"] is not None and p["model"] in catalog()]
    usable = [
        p for p in costed if verifier_flops(p) is not None
    ]  # without its reward model a strategy looks cheaper than it is
    if not points and request.task not in (known := [row["task"] for row in tasks(workspace)]):
        raise unknown("task", request.task, known, where="--task")
    if points and (strange := sorted({p["model"] for p in points} - set(catalog()))) and not usable:
        raise NoAnswer(
            f"what {', '.join(strange)} costs is unknown: no config of it is known here",
            hint="ask for models of `advisor models`",
        )
    if not usable:
        asked = f" of {', '.join(request.models)}" if request.models else ""
        raise NoAnswer(
            f"no accuracy with token counts{asked} is known on {request.task}",
            hint="measure it with `advisor import samples`",
        )
    connection.register("points", _columns(_with_flops(usable)))
    connection.register("deployments", _all_deployments(usable, request))
    connection.execute(f"create table candidates as {statement(PACKAGE, 'candidates')}", {"qps": request.qps})
    return connection


def _points_files(workspace: Workspace) -> list[str]:
    files = [
        str(root / "profiles" / "points.csv") for root in workspace.roots if (root / "profiles" / "points.csv").exists()
    ]
    if not files:
        raise NoAnswer("no strategy point is known", hint="run `advisor fit`")
    return files


def _with_flops(points: list[Row]) -> list[Row]:
    for p in points:
        p["reward_model"] = p["reward_model"] or ""
        p["prompt_tokens"] = p["prompt_tokens"] or float(TYPICAL_PROMPT_TOKENS)
        p["policy_flops"] = flops(p["model"], p["prompt_tokens"], p["generated_tokens"], p["n_samples"])
        p["flops"] = p["policy_flops"] + (verifier_flops(p) or 0.0)
    return points


def _columns(rows: list[Row]) -> Columns:
    kinds = {str: str, int: np.int64, float: float}

    def column(name: str) -> np.ndarray[Any, Any]:
        values = [row[name] for row in rows]
        kind = float if None in values else kinds[type(values[0])]
        return np.array([np.nan if v is None else v for v in values], dtype=kind)

    return {name: column(name) for name in rows[0]}


def _all_deployments(points: list[Row], request: Request) -> Columns:
    rates = going_rates(request.prices)
    only = list(request.gpus) if request.gpus is not None else None
    fleets: dict[str, Any] = {}
    parts = []
    for p in points:
        precision = served_precision(p["model"], request.precision)
        if precision not in fleets:
            fleets[precision] = fleet(precision, rates, only, request.engine)
        rewards = Rewards(p["reward_model"], p["scored_tokens"], pass_tokens(p)) if p["scored_tokens"] else None
        answer_tokens = p["generated_tokens"] / p["n_samples"]
        parts.append(
            deployments(
                p["point_id"], p["model"], p["prompt_tokens"], answer_tokens, precision, fleets[precision], rewards
            )
        )
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def recommend(request: Request, workspace: Workspace) -> Recommendation:
    """The pick for a request. Raises NoAnswer with the binding constraint and the nearest feasible one."""
    connection = candidates(request, workspace)
    parameters = {**request.limits, "cost": "usd", "worth": WORTH}
    connection.execute(f"create table picked as {feasible(statement(PACKAGE, 'pick'))}", parameters)
    first = rows(connection.execute("select * from picked where place = 1"))
    if not first:
        raise _no_answer(connection, request)
    alternatives = rows(
        connection.execute(
            "select * from picked where place > 1 order by place limit $limit", {"limit": N_ALTERNATIVES}
        )
    )
    pick = first[0]
    for row in alternatives:
        row["lost"] = _why_lost(row, pick)
    count = connection.execute("select count(*) from candidates").fetchone()
    return Recommendation(
        request,
        pick,
        tuple(alternatives),
        frontier(connection, request.cost),
        count[0] if count else 0,
        _reason(pick, request),
    )


def feasible(query: str) -> str:
    """`query`, which may read from `feasible`, the candidates within the limits."""
    return f"with feasible as not materialized ({statement(PACKAGE, 'feasible')}) select * from ({query})"


def frontier(connection: duckdb.DuckDBPyConnection, cost: str) -> tuple[Row, ...]:
    """The Pareto frontier of accuracy against one cost, cheapest first."""
    connection.execute(f"create or replace temp table front as {statement(PACKAGE, 'frontier')}", {"cost": cost})
    return tuple(
        rows(
            connection.execute(
                "select candidates.*, front.cost from front join candidates using (candidate_id) order by front.cost"
            )
        )
    )


def _reason(pick: Row, request: Request) -> str:
    if request.min_accuracy is not None:
        return f"the cheapest that reaches {percent(request.min_accuracy)} on {request.task}"
    if pick["most_accurate"] <= pick["accuracy"]:
        return f"the most accurate on {request.task} within the limits, at the lowest cost"
    best = f"{pick['most_accurate_model']}, {percent(pick['most_accurate'])}"
    return (
        f"as accurate on {request.task} as the best within the limits ({best}) as far as its 90 % interval can tell, "
        f"and a dearer one would gain less than {percent(WORTH, 0)} a doubling of its cost"
    )


def _why_lost(row: Row, pick: Row) -> str:
    ratio = row["cost"] / pick["cost"]
    dearer = f"{significant(ratio)} × the cost"
    if row["accuracy"] < pick["accuracy"]:
        lead = f"{100 * (pick['accuracy'] - row['accuracy']):.1f} points less accurate"
        return f"{lead}, {dearer}" if ratio > 1 else lead
    if row["accuracy"] > pick["accuracy"]:
        return f"{dearer} for {100 * (row['accuracy'] - pick['accuracy']):.1f} points that its interval cannot confirm"
    return dearer


def _no_answer(connection: duckdb.DuckDBPyConnection, request: Request) -> NoAnswer:
    """Which single constraint, if lifted, would let something through, and the value that just would."""
    limits = {name: value for name, value in request.limits.items() if value is not None}
    total = connection.execute("select count(*) from candidates").fetchone()
    if total == (0,):
        return NoAnswer(
            f"no known model fits the GPUs asked for on {request.task}",
            hint="allow other GPUs or a smaller --precision",
        )
    columns = {"max_ttft": "ttft_s", "max_tpot": "tpot_s", "min_accuracy": "accuracy"}
    binding = []
    for name in limits:
        others = {**request.limits, name: None}
        column = columns.get(name, name)
        best = "max" if name == "min_accuracy" else "min"
        found = connection.execute(feasible(f'select {best}("{column}") from feasible'), others).fetchone()
        if found and found[0] is not None:
            binding.append(_nearest(name, float(found[0])))
    if binding:
        return NoAnswer(
            f"nothing known on {request.task} meets all limits",
            hint="nearest feasible, changing one: " + " or ".join(binding),
        )
    return NoAnswer(
        f"nothing known on {request.task} meets the limits, and no single one is to blame", hint="loosen two of them"
    )


def _nearest(name: str, value: float) -> str:
    if name == "min_accuracy":
        return f"--min-accuracy {np.floor(value * 1000) / 1000:g}"
    rounded = float(f"{value * 1.005:.3g}")
    if name in COSTS:
        return f"--budget {rounded:g}{name}"
    return f"--{name.replace('_', '-')} {rounded:g}s"


def bad_fraction(value: float, flag: str) -> AdvisorError:
    """The error for an accuracy outside (0, 1]."""
    return AdvisorError(f"{value:g} is no accuracy", where=flag, hint="give a fraction above 0 and up to 1, e.g. 0.8")
