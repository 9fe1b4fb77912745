"""The table of candidates: every strategy point of a task on every deployment that can carry it, costed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from advisor.accuracy.estimators import Array, Interval
from advisor.errors import NoAnswer
from advisor.fits.costs import pass_tokens, point_flops, verifier_flops
from advisor.fits.draws import Z90, draws_of
from advisor.fits.speeds import Speeds
from advisor.gpus import GpuSpec
from advisor.provenance import Provenance
from advisor.recommendation.apart_deployments import Pairs, apart, can_send, pairs
from advisor.recommendation.bills import bill
from advisor.recommendation.candidate import Candidate, Costs, EnginesApart, Latency, Origins
from advisor.recommendation.deployments import (
    USUAL,
    Answers,
    Columns,
    Fleet,
    Rewards,
    Sizes,
    able,
    deployments,
    fleet,
    holds_cache,
)
from advisor.recommendation.eligible import eligible
from advisor.recommendation.evidence import kind_of
from advisor.recommendation.launch import reward_command
from advisor.recommendation.launch_apart import with_commands
from advisor.recommendation.loadable import loads_on
from advisor.recommendation.loads import at_rate, capacities, kept_busy, replicas_powers
from advisor.recommendation.mixture import Mix, Part, TaskResult
from advisor.recommendation.request import Request, rents_of
from advisor.recommendation.request_body import ask_of
from advisor.recommendation.served import SAME, USUALLY, Served
from advisor.recommendation.waiting import context_tokens
from advisor.rents import Rent, Rents
from advisor.store.beliefs import Point
from advisor.store.measurements import spilling
from advisor.store.sql import statement
from advisor.store.workspace import Workspace
from advisor.values import to_json

PACKAGE = "advisor.recommendation"


@dataclass(frozen=True, slots=True)
class PointTable:
    """P strategy points as columns, (P, DRAWS) joint draws of their accuracies, and the table `ties` of pick.sql."""

    columns: Columns
    draws: Array
    ties: Columns


def candidates(workspace: Workspace, request: Request) -> duckdb.DuckDBPyConnection:
    """A database with the table `candidates`, and `paced`, the deployments that it was made from.

    Raises AdvisorError for an unknown task, NoAnswer where nothing is known of the models on it, or no GPU has a price
    of the kind.
    """
    rents = rents_of(workspace, request)
    points, deployed = points_and_deployments(workspace, request, rents)
    return costed(points, loaded(points, deployed, request), request, rents)


def loaded(points: PointTable, deployed: Columns, request: Request) -> Columns:
    """Deployments at the load of a request."""
    if request.qps is None:
        return kept_busy(points.columns, deployed)
    capacity = capacities(points.columns, deployed, request)
    power = {"replicas_power": replicas_powers(points.columns, deployed, request, capacity)}
    able = np.flatnonzero(capacity)
    return at_rate(points.columns, deployed | power, capacity, able, request.qps, request.percentile)


def costed(
    points: PointTable,
    loaded: Columns,
    request: Request,
    rents: Rents,
    connection: duckdb.DuckDBPyConnection | None = None,
) -> duckdb.DuckDBPyConnection:
    """The same of strategy points and their deployments at a load, where a connection stands, else in a new one."""
    connection = connection or spilling()
    connection.register("points", points.columns)
    connection.register("ties", points.ties)
    connection.register("deployments", loaded)
    connection.execute("create view paced as from points join deployments using (point_id)")
    bill(connection, rents, keep_unpriced=request.gpus is not None)
    mean_share = request.mean_qps / request.qps if request.mean_qps and request.qps else 1.0
    parameters = {"usd_per_kwh": request.usd_per_kwh, "percentile": request.percentile, "mean_share": mean_share}
    connection.execute(f"create table candidates as {statement(PACKAGE, 'candidates')}", parameters)
    return connection


def points_and_deployments(
    workspace: Workspace, request: Request, rents: Rents, mixes: Sequence[Mix] | None = None, sizes: Sizes = USUAL
) -> tuple[PointTable, Columns]:
    """The strategy points of a task, and every deployment that can start and hold them, at full concurrency.

    `mixes`: other points than all that are eligible. Raises as `candidates` does.
    """
    mixes = eligible(workspace, request).points if mixes is None else mixes
    gpus = _chosen_gpus(workspace, request, rents)
    cached_tokens = request.lengths.cached_prompt_tokens or 0
    served = request.served
    answers = [replace(_answers(workspace, each, cached_tokens), served=served) for each in mixes]
    draws = np.array([draws_of(each.point) for each in mixes])
    points = _point_columns(workspace, mixes, answers, cached_tokens)
    points["assured"] = np.quantile(draws, 1 - request.confidence, axis=1)
    return PointTable(points, draws, _ties(draws)), _all_deployments(
        workspace, mixes, answers, request, gpus, sizes=sizes
    )


def _ties(draws: Array) -> Columns:
    """Half the 90 % interval of the difference of every two points' accuracies, by their numbers."""
    apart = draws - draws.mean(axis=1, keepdims=True)
    covariance = np.einsum("ib,jb->ij", apart, apart) / (draws.shape[1] - 1)  # threads of a BLAS take longer to start
    variance = np.diag(covariance)
    half = Z90 * np.sqrt(np.maximum(variance[:, None] + variance - 2 * covariance, 0.0))
    numbers = np.arange(1, len(draws) + 1)
    one, other = np.meshgrid(numbers, numbers, indexing="ij")
    return {"point_id": one.ravel(), "other_id": other.ravel(), "half_width": half.ravel()}


def _point_columns(
    workspace: Workspace, mixes: Sequence[Mix], answers: Sequence[Answers], cached_tokens: float
) -> Columns:
    points, waits = [each.point for each in mixes], [each.waits for each in mixes]
    policy = [_policy_flops(workspace, each, cached_tokens) for each in mixes]
    verifier = [
        sum(part.weight * (verifier_flops(workspace.models, part.point) or 0.0) for part in each.parts)
        for each in mixes
    ]
    texts = ("model", "task", "strategy", "provenance", "runs", "setup")
    numbers = ("n_questions", "accuracy", "low", "high", "prompt_tokens", "generated_tokens", "token_budget")
    return {
        "point_id": np.arange(1, len(points) + 1),
        **{name: np.array([str(getattr(p, name)) for p in points]) for name in texts},
        "reward_model": np.array([p.reward_model or "" for p in points]),
        "n_samples": np.array([p.n_samples for p in points]),
        **{name: np.array([_number(getattr(p, name)) for p in points]) for name in numbers},
        "weak": np.array([p.weak for p in points]),
        "observed": np.array([each.observed for each in mixes]),
        **{f"wait_{name}": np.array([getattr(w, name) for w in waits]) for name in ("p50", "p95", "p99")},
        "longest": np.array([w.longest for w in waits]),
        "context_tokens": np.array([each.context_tokens for each in answers]),
        "lengths": np.array([w.provenance.value for w in waits]),
        "prompt": np.array([each.prompt.value for each in mixes]),
        "tokens_from": np.array([p.tokens_from.value for p in points]),
        "tokens_spread": np.array([p.tokens_spread for p in points]),
        "by_task": np.array([to_json(_by_task(each.parts)) if len(each.parts) > 1 else "" for each in mixes]),
        "policy_flops": np.array(policy),
        "flops": np.array(policy) + np.array(verifier),
    }


def _policy_flops(workspace: Workspace, mix: Mix, cached_tokens: float) -> float:
    """The mean over the tasks, each at its own lengths: FLOPs of attention are no function of mean lengths."""
    return sum(part.weight * point_flops(workspace.models, part.point, cached_tokens) for part in mix.parts)


def _by_task(parts: Sequence[Part]) -> list[TaskResult]:
    return [
        TaskResult(
            task=part.point.task,
            weight=part.weight,
            accuracy=Interval(part.point.accuracy, part.point.low, part.point.high),
            n_questions=part.point.n_questions,
            generated_tokens=part.point.generated_tokens or 0.0,
            source=f"{part.point.provenance}: {part.point.runs}",
            setup=part.point.setup,
        )
        for part in parts
    ]


def _number(value: float | None) -> float:
    return float("nan") if value is None else float(value)


def _all_deployments(
    workspace: Workspace,
    mixes: Sequence[Mix],
    answers: Sequence[Answers],
    request: Request,
    gpus: list[GpuSpec],
    *,
    sizes: Sizes,
) -> Columns:
    speeds, sizes = Speeds.read(workspace), sizes.limited(request.max_num_seqs)
    fleets: dict[str, Fleet] = {}
    apart_from: dict[str, Pairs] = {}
    starts: dict[tuple[str, str, str | None], NDArray[np.bool_]] = {}
    parts = []
    for number, (p, work) in enumerate(zip((each.point for each in mixes), answers, strict=True), 1):
        precision = request.precision or workspace.models[p.model].checkpoint_precision
        if precision not in fleets:
            fleets[precision] = fleet(gpus, request.most_gpus, speeds, request.engine, precision, sizes=sizes)
        whose = (precision, p.model, p.reward_model)
        if whose not in starts:
            rewards = work.rewards.spec if work.rewards else None
            starts[whose] = able(fleets[precision], work.spec, rewards, workspace.support)
            starts[whose] &= holds_cache(fleets[precision], work.spec, request.kv_precision, workspace.support)
            starts[whose] &= loads_on(fleets[precision], p.model, workspace)
        parts.append(deployments(number, work, fleets[precision], starts[whose]))
        if request.prefill_parallelism and can_send(work.spec, work, p.n_samples):
            if precision not in apart_from:
                at = (request.engine, precision)
                apart_from[precision] = pairs(gpus, request.most_gpus, speeds, at, sizes, request.prefill_parallelism)
            by_layout = np.zeros(len(fleets[precision].layouts), dtype=bool)
            by_layout[fleets[precision].layout] = starts[whose]
            parts.append(apart(number, work, apart_from[precision], by_layout, sizes))
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _chosen_gpus(workspace: Workspace, request: Request, rents: Rents) -> list[GpuSpec]:
    """The GPUs that were named or are owned, else all that have a price of the kind. Raises NoAnswer for none."""
    if request.gpus is not None:
        return [workspace.gpus[name] for name in sorted(request.gpus)]
    allowed = [gpu for gpu in workspace.gpus.values() if gpu.name not in request.excluded_gpus]
    priced = [gpu for gpu in allowed if gpu.name in rents.offers]
    if not priced:
        any_gpu = "any GPU that is not excluded" if request.excluded_gpus else "any GPU"
        what = f"no {rents.kind} price is known for {any_gpu}"
        raise NoAnswer(what, hint="give one with --price h100-sxm=…usd/h, or another --price-kind")
    return priced


def _answers(workspace: Workspace, mix: Mix, cached_tokens: float) -> Answers:
    models, p = workspace.models, mix.point
    rewards = (
        Rewards(models.spec(p.reward_model), p.scored_tokens, pass_tokens(p))
        if p.reward_model and p.scored_tokens
        else None
    )
    spec, prompt_tokens = models.spec(p.model), p.prompt_tokens or 0.0
    read_anew = _read_anew(p, cached_tokens)
    return Answers(
        spec=spec,
        shape=models.shape(p.model),
        prompt_tokens=prompt_tokens,
        generated_tokens=(p.generated_tokens or 0.0) / p.n_samples,
        context_tokens=max(
            context_tokens(part.point.prompt_tokens or 0.0, p.token_budget or part.waits.longest, spec.max_context)
            for part in mix.parts
        ),
        rewards=rewards,
        cached_tokens=max(prompt_tokens - read_anew / p.n_samples, 0.0),
        read_again_tokens=max(read_anew - p.n_samples * prompt_tokens, 0.0),
    )


def _read_anew(p: Point, cached_tokens: float) -> float:
    """Prompt tokens that a question computes: of a search as recorded, else the prompt of every answer."""
    if p.search_prompt_tokens is None:
        return p.n_samples * ((p.prompt_tokens or 0.0) - cached_tokens)
    return max(p.search_prompt_tokens - cached_tokens, 0.0)


def feasible(query: str) -> str:
    """`query`, which may read from `feasible`, the candidates within the limits."""
    return f"with feasible as not materialized ({statement(PACKAGE, 'feasible')}) select * from ({query})"


def frontier_rows(connection: duckdb.DuckDBPyConnection, cost: str) -> list[dict[str, Any]]:
    """The Pareto frontier of accuracy against one cost, cheapest first, as rows; makes the table `front`."""
    connection.execute(f"create or replace temp table front as {statement(PACKAGE, 'frontier')}", {"cost": cost})
    query = "select candidates.* from front join candidates using (candidate_id) order by front.cost"
    return rows(connection.execute(query))


def frontier_of(
    connection: duckdb.DuckDBPyConnection, cost: str, workspace: Workspace, request: Request
) -> list[Candidate]:
    """The same as candidates."""
    found = frontier_rows(connection, cost)
    return [candidate(row, workspace, engine=request.engine, served=request.served) for row in found]


def rows(result: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    """All rows of a result by column name."""
    names = [column[0] for column in result.description or ()]
    return [dict(zip(names, values, strict=True)) for values in result.fetchall()]


def _engines_apart(row: dict[str, Any], prefill: str | None) -> EnginesApart | None:
    """Of a row whose prompts have GPUs of their own."""
    if not row["prefill_engines"] or prefill is None:
        return None
    layout = row["parallelism"] if prefill == SAME else prefill
    return EnginesApart(layout, row["prefill_engines"], row["decode_engines"], row["machines"])


AS_THEY_ARE = (
    "model", "task", "strategy", "n_samples", "token_budget", "gpu", "gpu_count", "parallelism", "precision",
    "concurrency", "flops", "policy_flops", "tokens", "generated_tokens", "ttft_s", "tpot_s", "replicas",
    "questions_per_s", "spread", "ttft_spread", "tokens_spread", "reward_model", "context_tokens", "setup",
)  # fmt: skip


def _task_results(stored: str) -> tuple[TaskResult, ...]:
    """What `by_task` of the points holds."""
    results = json.loads(stored) if stored else []
    return tuple(TaskResult(**(each | {"accuracy": Interval(**each["accuracy"])})) for each in results)


def candidate(
    row: dict[str, Any],
    workspace: Workspace,
    why_not: str | None = None,
    *,
    engine: str = "vllm",
    served: Served = USUALLY,
) -> Candidate:
    """A row of candidates.sql, with the commands that deploy it and the request that asks it."""
    usd, usd_per_hour, usd_per_month = (_number(row[name]) for name in ("usd", "usd_per_hour", "usd_per_month"))
    rent = Rent(**row["rent"]) if row["rent"] else None
    costs = Costs(usd, row["flops"], row["s"], row["J"], row["tokens"])
    origins = Origins(
        accuracy=f"{kind_of(row['accuracy_provenance'], weak=row['weak'])}: {row['runs']}",
        tokens=Provenance(row["tokens_from"]),
        lengths=Provenance(row["lengths"]),
        prompt=Provenance(row["prompt"]),
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
        observed_accuracy=row["observed"],
        evidence=kind_of(row["accuracy_provenance"], weak=row["weak"]),
        latency_s=row["s"],
        latency=Latency(row["s_p50"], row["s_p95"], row["s_p99"]),
        longest_answer_tokens=row["longest"],
        energy_j=row["J"],
        per_correct=costs / row["accuracy"] if row["accuracy"] else None,
        by_task=_task_results(row["by_task"]),
        provenance=origins,
        why_not=why_not,
        kv_precision=served.kv_precision,
        speculative_tokens=served.drafted(workspace.models.spec(row["model"])),
        max_num_seqs=served.max_num_seqs,
        max_num_batched_tokens=served.max_num_batched_tokens,
        disaggregated=_engines_apart(row, served.prefill_parallelism),
    )
    return replace(
        with_commands(found, engine, workspace),
        reward_command=reward_command(found, workspace),
        ask=ask_of(found, row["runs"], engine, workspace),
    )
