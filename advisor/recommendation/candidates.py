"""The table of candidates: every strategy point of a task on every deployment that can carry it, costed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from advisor.accuracy.estimators import Interval
from advisor.errors import AdvisorError, NoAnswer, unknown
from advisor.fits.costs import TYPICAL_PROMPT_TOKENS, pass_tokens, policy_flops, verifier_flops
from advisor.fits.speeds import Speeds
from advisor.gpus import GpuSpec
from advisor.provenance import Provenance
from advisor.recommendation.asking import asked
from advisor.recommendation.candidate import Candidate, Costs, Latency, Origins
from advisor.recommendation.deployments import Answers, Columns, Fleet, Rewards, able, deployments, fleet
from advisor.recommendation.launch import launch_command, reward_command
from advisor.recommendation.loadable import loadable, loads_on
from advisor.recommendation.request import Request, rents_of
from advisor.recommendation.waiting import Waiting, context_tokens, typical_spread, waiting
from advisor.rents import Rent, Rents
from advisor.store.beliefs import Point
from advisor.store.sql import statement
from advisor.store.workspace import Workspace

PACKAGE = "advisor.recommendation"


def candidates(workspace: Workspace, request: Request) -> duckdb.DuckDBPyConnection:
    """A database with the tables `paced` and `candidates`.

    Raises AdvisorError for an unknown task, NoAnswer where nothing is known of the models on it, or no GPU has a price
    of the kind.
    """
    usable, rents = _usable(workspace, request), rents_of(workspace, request)
    gpus = _chosen_gpus(workspace, request, rents)
    connection = duckdb.connect()
    typical = typical_spread(workspace.fits.points)
    waits = [waiting(p, typical) for p in usable]
    answers = [_answers(workspace, p, w) for p, w in zip(usable, waits, strict=True)]
    connection.register("points", _point_columns(workspace, usable, waits, answers))
    connection.register("deployments", _all_deployments(workspace, usable, answers, request, gpus))
    connection.execute(f"create table paced as {statement(PACKAGE, 'paced')}", {"qps": request.qps})
    _bill(connection, rents, keep_unpriced=request.gpus is not None)
    parameters = {"qps": request.qps, "usd_per_kwh": request.usd_per_kwh, "percentile": request.percentile}
    connection.execute(f"create table candidates as {statement(PACKAGE, 'candidates')}", parameters)
    return connection


def _bill(connection: duckdb.DuckDBPyConnection, rents: Rents, *, keep_unpriced: bool) -> None:
    """The table `rents`: the bill of every number of GPUs and replicas in `paced` that may be had."""
    needed = connection.execute("select distinct gpu, gpu_count, replicas from paced").fetchall()
    allowed = [n for n in needed if n[1] * n[2] <= rents.most.get(n[0], n[1] * n[2])]
    billed = [(*need, *_cells(rent)) for need in allowed if (rent := rents.rent(*need)) or keep_unpriced]
    values = list(zip(*billed, strict=True)) or [()] * len(BILLS)
    columns = {name: np.array(each, dtype=kind) for (name, kind), each in zip(BILLS, values, strict=True)}
    connection.register("bills", columns)
    connection.execute(f"create table rents as {statement(PACKAGE, 'rents')}")


BILLS = (
    ("gpu", "str"),
    ("gpu_count", "int64"),
    ("replicas", "int64"),
    ("usd_per_hour", "float64"),
    *((name, "str") for name in ("provider", "kind", "region", "as_of")),
    *((name, "int64") for name in ("gpus", "instances", "gpus_per_instance", "age_days")),
)
"""Columns of `bills`."""


def _cells(rent: Rent | None) -> tuple[float | str, ...]:
    """A rent in the columns of `bills`, as rents.sql reads what is not known."""
    if rent is None:
        return (float("nan"), "", "", "", "", -1, -1, -1, -1)
    counts = (rent.gpus, rent.instances, rent.gpus_per_instance, rent.age_days)
    texts = (rent.provider, rent.kind, rent.region, rent.as_of)
    return (rent.usd_per_hour, *texts, *(-1 if count is None else count for count in counts))


def _usable(workspace: Workspace, request: Request) -> list[Point]:
    """The strategy points whose cost can be counted, in a fixed order, prompts filled in where not recorded."""
    models = workspace.models
    if not workspace.fits.points:
        raise NoAnswer("no strategy point is known", hint=f"run `{workspace.fit_command}`")
    of_task = [p for p in workspace.fits.points if p.task == request.task]
    if not of_task and workspace.unfitted:
        what = f"task {request.task!r} has no strategy points yet, and measurements are newer than the fits"
        raise AdvisorError(what, where="--task", hint=f"run `{workspace.fit_command}`")
    if not of_task:
        tasks = {p.task for p in workspace.fits.points}
        raise unknown("task", request.task, tasks, where="--task", listed_by="advisor tasks")
    points = [p for p in of_task if request.models is None or p.model in request.models]
    usable = [
        replace(p, prompt_tokens=p.prompt_tokens or float(TYPICAL_PROMPT_TOKENS))
        for p in sorted(points, key=_order)
        if p.generated_tokens is not None and p.model in models and verifier_flops(models, p) is not None
    ]  # without its reward model a strategy looks cheaper than it is
    if not usable and (strange := sorted({p.model for p in points} - set(models))):
        what = f"the cost of {', '.join(strange)} cannot be counted without a config"
        raise NoAnswer(what, hint="choose models of `advisor models`, or `advisor import model FOLDER`")
    if not usable:
        whose = f" of {', '.join(request.models)}" if request.models else ""
        what = f"no accuracy with token counts{whose} is known on {request.task}"
        raise NoAnswer(what, hint="measure it with `advisor calibrate`, or bring answers with `advisor import samples`")
    return loadable(workspace, usable, request)


def _order(p: Point) -> tuple[Any, ...]:
    """By model, strategy, reward model, budget; what is not given comes last."""
    budget = (p.n_samples, p.token_budget is None, p.token_budget or 0)
    return (p.model, p.strategy, p.reward_model is None, p.reward_model or "", *budget, p.generated_tokens or 0.0)


def _point_columns(
    workspace: Workspace, points: Sequence[Point], waits: Sequence[Waiting], answers: Sequence[Answers]
) -> Columns:
    policy = [
        policy_flops(workspace.models, p.model, p.prompt_tokens, p.generated_tokens or 0.0, p.n_samples) for p in points
    ]
    verifier = [verifier_flops(workspace.models, p) or 0.0 for p in points]
    texts = ("model", "task", "strategy", "provenance", "runs")
    numbers = ("accuracy", "low", "high", "prompt_tokens", "generated_tokens", "token_budget")
    return {
        "point_id": np.arange(1, len(points) + 1),
        **{name: np.array([str(getattr(p, name)) for p in points]) for name in texts},
        "reward_model": np.array([p.reward_model or "" for p in points]),
        "n_samples": np.array([p.n_samples for p in points]),
        **{name: np.array([_number(getattr(p, name)) for p in points]) for name in numbers},
        **{f"wait_{name}": np.array([getattr(w, name) for w in waits]) for name in ("p50", "p95", "p99")},
        "longest": np.array([w.longest for w in waits]),
        "context_tokens": np.array([each.context_tokens for each in answers]),
        "lengths": np.array([w.provenance.value for w in waits]),
        "policy_flops": np.array(policy),
        "flops": np.array(policy) + np.array(verifier),
    }


def _number(value: float | None) -> float:
    return float("nan") if value is None else float(value)


def _all_deployments(
    workspace: Workspace, points: Sequence[Point], answers: Sequence[Answers], request: Request, gpus: list[GpuSpec]
) -> Columns:
    speeds = Speeds.read(workspace)
    fleets: dict[str, Fleet] = {}
    starts: dict[tuple[str, str, str | None], NDArray[np.bool_]] = {}
    parts = []
    for number, (p, work) in enumerate(zip(points, answers, strict=True), 1):
        precision = request.precision or workspace.models[p.model].checkpoint_precision
        if precision not in fleets:
            fleets[precision] = fleet(gpus, request.most_gpus, speeds, request.engine, precision)
        whose = (precision, p.model, p.reward_model)
        if whose not in starts:
            rewards = work.rewards.spec if work.rewards else None
            starts[whose] = able(fleets[precision], work.spec, rewards, workspace.support)
            starts[whose] &= loads_on(fleets[precision], p.model, workspace)
        parts.append(deployments(number, work, fleets[precision], starts[whose]))
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _chosen_gpus(workspace: Workspace, request: Request, rents: Rents) -> list[GpuSpec]:
    """The GPUs that were named or are owned, else all that have a price of the kind. Raises NoAnswer for none."""
    if request.gpus is not None:
        return [workspace.gpus[name] for name in sorted(request.gpus)]
    priced = [gpu for gpu in workspace.gpus.values() if gpu.name in rents.offers]
    if not priced:
        what = f"no {rents.kind} price is known for any GPU"
        raise NoAnswer(what, hint="give one with --price h100-sxm=…usd/h, or another --price-kind")
    return priced


def _answers(workspace: Workspace, p: Point, lengths: Waiting) -> Answers:
    models = workspace.models
    rewards = (
        Rewards(models.spec(p.reward_model), p.scored_tokens, pass_tokens(p))
        if p.reward_model and p.scored_tokens
        else None
    )
    spec, prompt_tokens = models.spec(p.model), p.prompt_tokens or 0.0
    return Answers(
        spec=spec,
        shape=models.shape(p.model),
        prompt_tokens=prompt_tokens,
        generated_tokens=(p.generated_tokens or 0.0) / p.n_samples,
        context_tokens=context_tokens(prompt_tokens, p.token_budget or lengths.longest, spec.max_context),
        rewards=rewards,
    )


def feasible(query: str) -> str:
    """`query`, which may read from `feasible`, the candidates within the limits."""
    return f"with feasible as not materialized ({statement(PACKAGE, 'feasible')}) select * from ({query})"


def frontier_of(connection: duckdb.DuckDBPyConnection, cost: str, workspace: Workspace, engine: str) -> list[Candidate]:
    """The Pareto frontier of accuracy against one cost, cheapest first."""
    connection.execute(f"create or replace temp table front as {statement(PACKAGE, 'frontier')}", {"cost": cost})
    query = "select candidates.* from front join candidates using (candidate_id) order by front.cost"
    return [candidate(row, workspace, engine=engine) for row in rows(connection.execute(query))]


def rows(result: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    """All rows of a result by column name."""
    names = [column[0] for column in result.description or ()]
    return [dict(zip(names, values, strict=True)) for values in result.fetchall()]


AS_THEY_ARE = (
    "model", "task", "strategy", "n_samples", "token_budget", "gpu", "gpu_count", "parallelism", "precision",
    "concurrency", "flops", "policy_flops", "tokens", "generated_tokens", "ttft_s", "tpot_s", "replicas",
    "questions_per_s", "spread", "reward_model", "context_tokens",
)  # fmt: skip


def candidate(
    row: dict[str, Any], workspace: Workspace, why_not: str | None = None, *, engine: str = "vllm"
) -> Candidate:
    """A row of candidates.sql, with the commands that deploy it and the request that asks it."""
    usd, usd_per_hour, usd_per_month = (_number(row[name]) for name in ("usd", "usd_per_hour", "usd_per_month"))
    rent = Rent(**row["rent"]) if row["rent"] else None
    costs = Costs(usd, row["flops"], row["s"], row["J"], row["tokens"])
    origins = Origins(
        accuracy=f"{row['accuracy_provenance']}: {row['runs']}",
        tokens=Provenance(row["accuracy_provenance"]),
        lengths=Provenance(row["lengths"]),
        performance=Provenance(row["performance_provenance"]),
        price=str(rent or ""),
    )
    found = Candidate(
        **{name: row[name] for name in AS_THEY_ARE},
        usd=usd,
        usd_per_hour=usd_per_hour,
        usd_per_month=usd_per_month,
        rent=rent,
        accuracy=Interval(row["accuracy"], row["low"], row["high"]),
        latency_s=row["s"],
        latency=Latency(row["s_p50"], row["s_p95"], row["s_p99"]),
        longest_answer_tokens=row["longest"],
        energy_j=row["J"],
        per_correct=costs / row["accuracy"] if row["accuracy"] else None,
        provenance=origins,
        why_not=why_not,
    )
    return replace(
        found,
        command=launch_command(found, engine, workspace),
        reward_command=reward_command(found, workspace),
        ask=asked(found, row["runs"], engine, workspace),
    )
