"""The verb `recommend`: from options to the pick, the runners-up with why they lost, and the frontier."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from advisor.arguments import checked_arguments
from advisor.errors import NoAnswer
from advisor.prices import Price
from advisor.recommendation.at_rates import PickAtRate, picks_at_rates
from advisor.recommendation.candidate import Candidate
from advisor.recommendation.candidates import (
    PACKAGE,
    candidate,
    costed,
    feasible,
    frontier_rows,
    loaded,
    points_and_deployments,
    rows,
)
from advisor.recommendation.certainty import certainty
from advisor.recommendation.eligible import question_notes
from advisor.recommendation.hosted import NO_OFFERS, HostedOffer, hosted_notes, hosted_offers
from advisor.recommendation.hosted_prices import NO_PRICES, hosted_prices
from advisor.recommendation.launch import cut_answers, flag_notes, limit_notes, loading_notes, served_notes
from advisor.recommendation.launch_apart import apart_notes, none_apart
from advisor.recommendation.model_points import WORTH, ModelPoint, model_points
from advisor.recommendation.no_answer import no_answer
from advisor.recommendation.reasons import reason, why_not, with_bound
from advisor.recommendation.request import Request, checked_request, rents_of
from advisor.recommendation.running import Running, what_runs
from advisor.recommendation.task_weights import TaskWeight
from advisor.recommendation.traffic import DayOfTraffic, day_of_traffic
from advisor.recommendation.uncosted import NOBODY, LeftOut, imputed_notes, left_out, unpriced_notes
from advisor.recommendation.undecided import Almost, Undecided
from advisor.recommendation.what_if import NO_TURNS, Step, Turn, step_down, step_up, turns
from advisor.rents import Rents, price_notes
from advisor.store.sql import statement
from advisor.store.workspace import Workspace
from advisor.tasks import DEFAULT_TASK
from advisor.units import Budget, percent, significant
from advisor.values import Rows, Value, to_html

if TYPE_CHECKING:
    import pandas

N_ALTERNATIVES = 5
CONSIDERED = 40
"""Places that runners-up are taken from."""
LEAST_OF_THE_PICK = 0.5
"""Share of the pick's accuracy that a runner-up has to have."""


@dataclass(frozen=True, slots=True)
class Unanswered(Value):
    """What `--json` prints where nothing meets the limits: the keys of a Recommendation, empty, and the reason."""

    task: str
    constraints: tuple[str, ...]
    reason: str
    request: Request
    n_candidates: None = None
    recommended: None = None
    alternatives: tuple[Candidate, ...] = ()
    frontier: tuple[Candidate, ...] = ()
    models: tuple[ModelPoint, ...] = ()
    at_rates: tuple[PickAtRate, ...] = ()
    expected_regret: None = None
    n_models: None = None
    undecided: None = None
    almost: None = None
    day: None = None
    notes: tuple[str, ...] = ()
    tasks: tuple[TaskWeight, ...] = ()
    turns: tuple[Turn, ...] = ()
    step_up: None = None
    step_down: None = None
    running: None = None
    hosted: tuple[HostedOffer, ...] = ()
    left_out: tuple[LeftOut, ...] = ()


def _in_short(c: Candidate) -> dict[str, object]:
    """What tells candidates apart at a glance."""
    count = c.token_budget or (c.n_samples if c.n_samples > 1 else "")
    return {
        "model": c.model,
        "strategy": f"{c.strategy} {count}".strip() + (f", {c.setup}" if c.setup else ""),
        "GPUs": f"{c.gpu_count} × {c.gpu}",
        "accuracy": percent(c.accuracy.value),
        "USD per question": significant(c.usd),
        "seconds": significant(c.latency_s),
    }


@dataclass(frozen=True, slots=True)
class Recommendation(Value):
    """The pick, the runners-up, the frontier over the first budget's cost and every model's own point over it.

    `expected_regret` is the accuracy that the pick loses on average against the best within the limits, over joint
    draws of what is uncertain; `undecided` names a model that may as well be the best, and what would decide;
    `almost` a far cheaper one that reaches the target accuracy with less confidence; `n_models` were compared.
    `running` and `hosted` are what the pick is measured against, where given; `at_rates` the picks at other rates
    where none is; `day` a day of traffic; `notes` are doubts about the data; `left_out` are models
    whose accuracy is known and whose cost is not.
    """

    task: str
    recommended: Candidate
    alternatives: Rows[Candidate]
    frontier: Rows[Candidate]
    models: Rows[ModelPoint]
    constraints: tuple[str, ...]
    reason: str
    n_candidates: int
    request: Request
    at_rates: Rows[PickAtRate]
    expected_regret: float
    n_models: int
    undecided: Undecided | None = None
    almost: Almost | None = None
    day: DayOfTraffic | None = None
    notes: tuple[str, ...] = ()
    tasks: tuple[TaskWeight, ...] = ()
    turns: Rows[Turn] = NO_TURNS
    step_up: Step | None = None
    step_down: Step | None = None
    running: Running | None = None
    hosted: Rows[HostedOffer] = NO_OFFERS
    left_out: Rows[LeftOut] = NOBODY

    def _repr_html_(self) -> str:
        """The pick, why, and the runners-up in short; everything else is in the fields."""
        pick = self.recommended
        shown = {
            **_in_short(pick),
            "precision": pick.precision,
            "requests in flight": pick.concurrency,
            "90 % interval": f"{percent(pick.accuracy.low)} to {percent(pick.accuracy.high)}",
            "why": self.reason,
            "deploy": list(pick.commands),
            "ask": pick.ask,
        }
        runners_up = Rows(_in_short(c) | {"why not": c.why_not} for c in self.alternatives)
        return to_html(shown) + (to_html(runners_up) if runners_up else "")

    def to_frame(self) -> pandas.DataFrame:
        """The pick and the runners-up, one line each."""
        return Rows((self.recommended, *self.alternatives)).to_frame()


@checked_arguments
def recommend(
    workspace: Workspace,
    *,
    budget: str | Budget | Sequence[str | Budget] | None = None,
    task: str | Sequence[str] = DEFAULT_TASK,
    min_accuracy: float | None = None,
    confidence: float = 0.9,
    evidence: str = "published",
    gpu: str | Sequence[str] | None = None,
    model: str | Sequence[str] | None = None,
    precision: str | None = None,
    qps: float | None = None,
    traffic: str | Path | Sequence[float] | None = None,
    max_wait: str | float | None = None,
    max_ttft: str | float | None = None,
    max_tpot: str | float | None = None,
    percentile: int = 95,
    engine: str = "vllm",
    price: str | Price | Sequence[str | Price] | None = None,
    price_kind: str | None = None,
    have: str | Sequence[str] | None = None,
    usd_per_kwh: float | None = None,
    license: str | Sequence[str] | None = None,
    exclude_model: str | Sequence[str] | None = None,
    exclude_gpu: str | Sequence[str] | None = None,
    input_tokens: int | None = None,
    output_tokens: int | None = None,
    cached_prompt_tokens: int | None = None,
    running: str | None = None,
    hosted: str | None = None,
    kv_precision: str = "bf16",
    speculative_tokens: int | None = None,
    acceptance: float | None = None,
    max_num_seqs: int | None = None,
    max_num_batched_tokens: int | None = None,
    prefill_parallelism: str | None = None,
) -> Recommendation:
    """The model, strategy, GPU and configuration that get most right within a budget.

    budget         most that one question may cost: "0.01usd", "5e13flops", "20s", "300J", "4000tokens", or
                   "500usd/month" (needs qps); a text, a Budget, or a list of them that must all hold
    task           name of a task, as `advisor tasks` lists it, or a list of them; "gpqa-diamond:0.7" has a weight
    min_accuracy   share of right answers to reach, 0.8 for 80 %: then the cheapest that does is picked
    confidence     probability with which min_accuracy has to be reached, from 0.5 to 0.99
    evidence       which accuracies count: measured (answers were seen), published (those too that sources report), or
                   any (also read off charts, at second hand, from drafts, or of a task that was inferred)
    gpu            name of a GPU, "h100-sxm:2" for at most two of them, or a list: only these
    model          name of a model, or a list: only these
    precision      of the weights: bf16, fp8, fp4, int8 or int4; None: the checkpoint's own
    qps            questions per second, coming at random, that must be carried; None: every replica is kept busy
    traffic        the same by the hour: the path of a CSV with hour,questions_per_second, or 24 numbers
    max_wait       longest wait for a free place: "2s", or a number of seconds; None: a tenth of an answer's mean time,
                   or what the seconds of the budget leave
    max_ttft       longest time to the first token: "1s", "500ms", or a number of seconds
    max_tpot       longest time per output token after it: "30ms", or a number of seconds
    percentile     of the questions that stay within the seconds of a budget and of the answer: 50, 95 or 99
    engine         vllm, sglang or trtllm
    price          of one GPU an hour: "h100-sxm=2.10usd/h", the path of a CSV, a Price, or a list of them
    price_kind     on-demand, marketplace, reserved-1yr, reserved-3yr, owned or spot; None: on-demand
    have           GPUs that are owned: "2xh100-sxm", or a list; only these, and their hours cost nothing
    usd_per_kwh    price of the energy that owned GPUs take
    license        of the model and of its reward model, "apache-2.0", or a list: only these; `ws.models` has them
    exclude_model  name of a model, or a list: none of these
    exclude_gpu    name of a GPU, or a list: none of these
    input_tokens   length of your own prompts, in place of the task's
    output_tokens  mean length of one answer, in place of each model's on the task
    cached_prompt_tokens  those of input_tokens that the prefix cache holds already: not computed, but in memory
    running        what runs today, to measure the pick against: "qwen3-32b majority of 8 on 2xa100-sxm-80gb at 16"
    hosted         token prices of hosted APIs, to measure the pick against: the path of a CSV, or "genai-prices"
    kv_precision   of the KV cache: bf16 or fp8
    speculative_tokens  drafted before each step of models with a head of multi-token prediction
    acceptance     chance that a drafted token is accepted, those before it being so
    max_num_seqs   sequences that every engine (each data-parallel group) runs at once at most; None: as many as costed
    max_num_batched_tokens  prompt tokens of one step at most; None: 8,192
    prefill_parallelism     also deployments with prompts on GPUs of their own, in engines of this layout: "tp8", or
                   "same" as those that decode

    None means no limit. Raises AdvisorError for options that cannot be read, NoAnswer where nothing meets them, with
    the limit at fault and the nearest feasible one.
    """
    request = checked_request(
        workspace,
        budget=budget,
        task=task,
        min_accuracy=min_accuracy,
        confidence=confidence,
        evidence=evidence,
        gpu=gpu,
        model=model,
        precision=precision,
        qps=qps,
        traffic=traffic,
        max_wait=max_wait,
        max_ttft=max_ttft,
        max_tpot=max_tpot,
        percentile=percentile,
        engine=engine,
        price=price,
        price_kind=price_kind,
        have=have,
        usd_per_kwh=usd_per_kwh,
        license=license,
        exclude_model=exclude_model,
        exclude_gpu=exclude_gpu,
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        cached_prompt_tokens=cached_prompt_tokens,
        running=running,
        hosted=hosted,
        kv_precision=kv_precision,
        speculative_tokens=speculative_tokens,
        acceptance=acceptance,
        max_num_seqs=max_num_seqs,
        max_num_batched_tokens=max_num_batched_tokens,
        prefill_parallelism=prefill_parallelism,
    )
    try:
        return _recommendation(workspace, request)
    except NoAnswer as none:
        none.answer = _unanswered(workspace, request, none)
        raise


def _unanswered(workspace: Workspace, request: Request, none: NoAnswer) -> Unanswered:
    missing = tuple(left_out(workspace, request)) if workspace.fits.points else ()
    return Unanswered(request.task, request.constraints, str(none), request, tasks=request.tasks, left_out=missing)


def _recommendation(workspace: Workspace, request: Request) -> Recommendation:
    token_prices = hosted_prices(request.hosted, workspace) if request.hosted is not None else NO_PRICES
    rents = rents_of(workspace, request)
    points, deployed = points_and_deployments(workspace, request, rents)
    connection = costed(points, loaded(points, deployed, request), request, rents)
    cheaper = _cheaper(connection, request)
    parameters = {**request.limits, "cost": cheaper, "worth": WORTH}
    connection.execute(f"create table picked as {feasible(statement(PACKAGE, 'pick'))}", parameters)
    best = rows(connection.execute("from picked order by place limit $n", {"n": CONSIDERED}))
    if not best:
        raise no_answer(connection, request, workspace)
    pick, others, front = best[0], _other_choices(best), frontier_rows(connection, request.cost)
    listed = list(dict.fromkeys(row["candidate_id"] for row in (pick, *others, *front)))
    sure = certainty(connection, points, request, listed, cheaper)

    def shown(row: dict[str, Any], lost_by: str | None = None) -> Candidate:
        found = candidate(row, workspace, lost_by, engine=request.engine, served=request.served)
        return replace(found, odds=sure.of_candidate.get(row["candidate_id"]))

    recommended = shown(pick)
    alternatives = [shown(row, why_not(row, pick, cheaper, request)) for row in others]
    hosted = hosted_offers(workspace, request, token_prices, recommended)
    frontier = [shown(row) for row in front]
    alternatives = [with_bound(each, frontier, recommended, request.cost) for each in alternatives]
    return Recommendation(
        task=request.task,
        recommended=recommended,
        alternatives=Rows(alternatives, Candidate),
        frontier=Rows(frontier, Candidate),
        models=model_points(connection, request.cost, lambda model: sure.best_of_model.get(model, 0.0)),
        constraints=request.constraints,
        reason=reason(pick, request, cheaper),
        expected_regret=sure.expected_regret,
        undecided=sure.undecided,
        almost=sure.almost,
        n_models=len(sure.best_of_model),
        n_candidates=_count(connection),
        request=request,
        day=day_of_traffic(recommended, request.hourly, rents, request.usd_per_kwh) if request.hourly else None,
        at_rates=picks_at_rates(connection, points, deployed, request, rents, parameters)
        if request.qps is None
        else Rows((), PickAtRate),
        notes=(
            *_notes(workspace, request, recommended, rents),
            *none_apart(connection, request),
            *hosted_notes(token_prices, hosted, request, workspace),
        ),
        tasks=request.tasks,
        turns=turns(connection, request, recommended, alternatives, parameters),
        step_up=step_up(connection, request, recommended),
        step_down=step_down(connection, request, recommended),
        running=what_runs(workspace, request, recommended) if request.running else None,
        hosted=hosted,
        left_out=left_out(workspace, request),
    )


def _notes(workspace: Workspace, request: Request, pick: Candidate, rents: Rents) -> tuple[str, ...]:
    """What a reader has to know of the pick: how it loads, what was left out, assumed or imputed, old prices."""
    vendor = workspace.gpus[pick.gpu].vendor
    return (
        *loading_notes(workspace, request.engine, pick.model, pick.precision, vendor),
        *workspace.models.spec(pick.model).notes,
        *cut_answers(pick),
        *((_unfitted(workspace),) if workspace.unfitted else ()),
        *question_notes(workspace, request),
        *unpriced_notes(request, rents),
        *imputed_notes(pick),
        *flag_notes(workspace, request.engine, pick.model),
        *served_notes(pick),
        *limit_notes(pick, request),
        *apart_notes(pick),
        *price_notes([pick.rent], rents),
    )


def _other_choices(best: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The runners-up: every other model once, and the pick's on one other kind of GPU, not far less accurate."""
    pick, *others = best
    near = [row for row in others if row["accuracy"] >= LEAST_OF_THE_PICK * pick["accuracy"]]
    first_of = {row["model"]: row for row in reversed(near)}
    return [row for row in near if first_of[row["model"]] is row][:N_ALTERNATIVES]


def _cheaper(connection: duckdb.DuckDBPyConnection, request: Request) -> str:
    """The cost that decides among equals: usd; energy where all GPUs are owned and free, time where that is unknown."""
    if not request.is_free:
        return "usd"
    known = connection.execute('select count(*) from candidates where not isnan("J")').fetchone()
    return "J" if known and known[0] else "s"


def _unfitted(workspace: Workspace) -> str:
    return f"measurements are newer than the fits; run `{workspace.fit_command}` to count them"


def _count(connection: duckdb.DuckDBPyConnection) -> int:
    counted = connection.execute("select count(*) from candidates").fetchone()
    return int(counted[0]) if counted else 0
