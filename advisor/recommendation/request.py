"""A request for a recommendation, checked: names in full, budgets per question, durations in seconds."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from advisor.errors import AdvisorError, unknown
from advisor.fits.lengths import PERCENTILES
from advisor.gpus import PRECISIONS
from advisor.models.spec import ModelSpec
from advisor.performance.demand import KV_BYTES
from advisor.performance.deployment import ENGINES
from advisor.performance.speculation import Speculation, checked_speculation
from advisor.prices import Price, checked_kind, parse_prices
from advisor.recommendation.apart_deployments import checked_layouts
from advisor.recommendation.engine_options import batch_limits
from advisor.recommendation.evidence import checked_evidence
from advisor.recommendation.gpu_limits import named_gpus, owned_gpus
from advisor.recommendation.licenses import checked_licenses
from advisor.recommendation.named_models import named_model
from advisor.recommendation.own_lengths import Lengths, checked_lengths
from advisor.recommendation.running_setup import RunningSetup, parse_running
from advisor.recommendation.served import Served
from advisor.recommendation.task_weights import TaskWeight, parse_tasks, tasks_text
from advisor.recommendation.traffic import day_of
from advisor.rents import Rents
from advisor.store.workspace import Workspace
from advisor.tasks import DEFAULT_TASK
from advisor.units import COSTS, Budget, checked_rate, parse_duration, percent
from advisor.values import several


@dataclass(frozen=True, slots=True)
class Request:
    """Budgets are per question, `budgets_given` as they were given; names are full ids; None means no limit.

    `task` names all of `tasks`; `most_gpus`: GPUs that may be used at once; `have`: owned ones, the only ones then;
    `price_kind` None: on-demand, another one for GPUs in `gpus` without an on-demand price; `prices_given`: `--price`
    as it was given; `qps`: to be carried at the peak; `hourly`: in each hour of the day, where they differ; `running`
    and `hosted` (a price list) are what the pick is measured against; `speculation` is that of every model with an MTP
    head; `max_num_seqs` and `max_num_batched_tokens` are limits that every engine has; `prefill_parallelism`: also
    deployments with prompts on GPUs of their own, in engines of this layout.
    """

    task: str = DEFAULT_TASK
    budgets: tuple[Budget, ...] = ()
    min_accuracy: float | None = None
    confidence: float = 0.9
    evidence: str = "published"
    gpus: tuple[str, ...] | None = None
    models: tuple[str, ...] | None = None
    precision: str | None = None
    qps: float | None = None
    hourly: tuple[float, ...] = ()
    traffic_given: str = ""
    max_wait_s: float | None = None
    max_ttft_s: float | None = None
    max_tpot_s: float | None = None
    percentile: int = 95
    engine: str = "vllm"
    prices: tuple[Price, ...] = ()
    prices_given: tuple[str, ...] = ()
    price_kind: str | None = None
    most_gpus: Mapping[str, int] = field(default_factory=dict)
    have: Mapping[str, int] = field(default_factory=dict)
    usd_per_kwh: float | None = None
    budgets_given: tuple[Budget, ...] = ()
    tasks: tuple[TaskWeight, ...] = (TaskWeight(DEFAULT_TASK),)
    licenses: tuple[str, ...] | None = None
    excluded_models: tuple[str, ...] = ()
    excluded_gpus: tuple[str, ...] = ()
    lengths: Lengths = field(default_factory=Lengths)
    running: RunningSetup | None = None
    hosted: str | None = None
    kv_precision: str = "bf16"
    speculation: Speculation | None = None
    max_num_seqs: int | None = None
    max_num_batched_tokens: int | None = None
    prefill_parallelism: str | None = None

    @property
    def served(self) -> Served:
        """How its models are served beside their layout."""
        return Served(
            self.kv_precision,
            self.speculation,
            self.max_num_seqs,
            self.max_num_batched_tokens,
            self.prefill_parallelism,
        )

    @property
    def mean_qps(self) -> float | None:
        """Questions per second over the day."""
        return sum(self.hourly) / len(self.hourly) if self.hourly else self.qps

    @property
    def is_free(self) -> bool:
        """Whether all GPUs are owned and neither their hours nor their energy have a price."""
        return (
            bool(self.have) and self.usd_per_kwh is None and not {price.gpu for price in self.prices} & set(self.have)
        )

    @property
    def cost(self) -> str:
        """The cost the frontier is drawn over: the first budget's, usd without one; joules where usd is always zero."""
        first = self.budgets[0].cost if self.budgets else "usd"
        return "J" if first == "usd" and self.is_free else first

    @property
    def limits(self) -> dict[str, float | None]:
        """Parameters of feasible.sql."""
        bounds: dict[str, float | None] = dict.fromkeys(COSTS)
        for budget in self.budgets:
            known = bounds[budget.cost]
            bounds[budget.cost] = budget.amount if known is None else min(known, budget.amount)
        return bounds | {"max_ttft": self.max_ttft_s, "max_tpot": self.max_tpot_s, "min_accuracy": self.min_accuracy}

    @property
    def has_limits(self) -> bool:
        """Whether any of them is given, other than a target accuracy."""
        return any(value is not None for name, value in self.limits.items() if name != "min_accuracy")

    @property
    def constraints(self) -> tuple[str, ...]:
        """Every limit as it was understood."""
        limits = [self._budget_text(budget) for budget in self.budgets_given]
        limits += [self._target_text] if self.min_accuracy is not None else []
        limits += [f"evidence {self.evidence}"] if self.evidence != "published" else []
        limits += [f"TTFT ≤ {self.max_ttft_s:g} s"] if self.max_ttft_s else []
        limits += [f"TPOT ≤ {self.max_tpot_s:g} s"] if self.max_tpot_s else []
        at_peak = " at the peak" if self.hourly else ""
        limits += [f"{self.qps:g} questions/s{at_peak}"] if self.qps else []
        limits += [f"waiting ≤ {self.max_wait_s:g} s for {self.percentile} %"] if self.max_wait_s else []
        most = {gpu: f" (at most {n})" for gpu, n in self.most_gpus.items()}
        named = ", ".join(gpu + most.get(gpu, "") for gpu in self.gpus or ())
        limits += [f"{'owned ' if self.have else ''}GPU in {named}"] if named else []
        limits += [f"{self.price_kind} prices"] if self.price_kind else []
        limits += [f"no GPU of {', '.join(self.excluded_gpus)}"] if self.excluded_gpus else []
        limits += [f"model in {', '.join(self.models)}"] if self.models else []
        limits += [f"no model of {', '.join(self.excluded_models)}"] if self.excluded_models else []
        limits += [f"licence in {', '.join(self.licenses)}"] if self.licenses else []
        limits += self.lengths.texts
        limits += [f"weights in {self.precision}"] if self.precision else []
        limits += [f"KV cache in {self.kv_precision}"] if self.kv_precision != "bf16" else []
        limits += [f"{self.speculation}"] if self.speculation else []
        limits += [f"engines that run {self.max_num_seqs} sequences at once"] if self.max_num_seqs else []
        tokens = self.max_num_batched_tokens
        limits += [f"steps of {tokens:,} prompt tokens at most"] if tokens else []
        limits += [f"also prefill apart ({self.prefill_parallelism})"] if self.prefill_parallelism else []
        limits += [f"engine {self.engine}"] if self.engine != "vllm" else []
        limits += [f"price {given}" for given in self.prices_given]
        limits += [f"{self.usd_per_kwh:g} USD per kWh"] if self.usd_per_kwh is not None else []
        return tuple(limits)

    @property
    def _target_text(self) -> str:
        return f"accuracy ≥ {self.min_accuracy:g} with {percent(self.confidence, 0)} confidence"

    def _budget_text(self, budget: Budget) -> str:
        if budget.cost == "s":
            return f"{budget} for {self.percentile} % of the questions"
        return f"{budget}" if budget.monthly else f"{budget} per question"


def checked_request(
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
) -> Request:
    """A checked Request from options as on the command line. Raises AdvisorError."""
    if min_accuracy is not None and not 0 < min_accuracy <= 1:
        hint = "give a fraction above 0 and up to 1, e.g. 0.8"
        raise AdvisorError(f"{min_accuracy:g} is no accuracy", where="--min-accuracy", hint=hint)
    hourly = _checked_day(qps, traffic)
    _refuse_wait(max_wait, qps, hourly)
    mean_qps = sum(hourly) / len(hourly) if hourly else qps
    if percentile not in PERCENTILES:
        hint = f"accepted: {', '.join(map(str, PERCENTILES))}"
        raise AdvisorError(f"{percentile} is not a percentile that is known", where="--percentile", hint=hint)
    budgets = tuple(each if isinstance(each, Budget) else Budget.parse(each) for each in several(budget))
    named, owned = named_gpus(several(gpu), workspace.gpus), owned_gpus(several(have), workspace.gpus)
    for flag, value in (("--gpu", named), ("--price-kind", price_kind)):
        if owned and value:
            raise AdvisorError("cannot be combined with --have", where=flag, hint="--have names GPUs and price already")
    models = tuple(named_model(workspace, name, where="--model") for name in several(model))
    no_models = tuple(workspace.models.resolve(name, where="--exclude-model") for name in several(exclude_model))
    no_gpus = tuple(workspace.gpus.named(name, where="--exclude-gpu").name for name in several(exclude_gpu))
    _refuse_both("--exclude-model", models, no_models)
    _refuse_both("--exclude-gpu", tuple(owned or named), no_gpus)
    batch_limits(max_num_seqs, max_num_batched_tokens)
    tasks = parse_tasks(several(task), {p.task for p in workspace.fits.points})
    return Request(
        task=tasks_text(tasks),
        budgets=tuple(each.per_question(mean_qps) for each in budgets),
        min_accuracy=min_accuracy,
        confidence=_checked_confidence(confidence),
        evidence=checked_evidence(evidence),
        gpus=tuple(owned or named) or None,
        models=models or None,
        precision=checked_precision(precision),
        qps=max(hourly) if hourly else qps,
        hourly=hourly,
        traffic_given=str(traffic) if isinstance(traffic, str | Path) else ",".join(map(repr, hourly)),
        max_wait_s=None if max_wait is None else parse_duration(max_wait, where="--max-wait"),
        max_ttft_s=None if max_ttft is None else parse_duration(max_ttft, where="--max-ttft"),
        max_tpot_s=None if max_tpot is None else parse_duration(max_tpot, where="--max-tpot"),
        percentile=percentile,
        engine=checked_engine(engine),
        prices=parse_prices(several(price), workspace.gpus),
        prices_given=tuple(_price_text(each) for each in several(price)),
        price_kind=None if price_kind is None else checked_kind(price_kind, where="--price-kind"),
        most_gpus=owned or {name: most for name, most in named.items() if most is not None},
        have=owned,
        usd_per_kwh=_checked_energy_price(usd_per_kwh, owned, workspace),
        budgets_given=budgets,
        tasks=tasks,
        licenses=checked_licenses(several(license), workspace.models) or None,
        excluded_models=tuple(dict.fromkeys(no_models)),
        excluded_gpus=tuple(dict.fromkeys(no_gpus)),
        lengths=checked_lengths(input_tokens, output_tokens, cached_prompt_tokens),
        running=None if running is None else parse_running(running, workspace),
        hosted=hosted,
        kv_precision=_checked_kv_precision(kv_precision, engine),
        speculation=_checked_drafts(speculative_tokens, acceptance, engine, [workspace.models.spec(m) for m in models]),
        max_num_seqs=max_num_seqs,
        max_num_batched_tokens=max_num_batched_tokens,
        prefill_parallelism=checked_layouts(prefill_parallelism, engine, cached_prompt_tokens, speculative_tokens),
    )


def _checked_day(qps: float | None, traffic: str | Path | Sequence[float] | None) -> tuple[float, ...]:
    """The rates of the hours, none without --traffic."""
    checked_rate(qps, where="--qps")
    if qps is not None and traffic is not None:
        raise AdvisorError("cannot be combined with --qps", where="--traffic", hint="the file has every hour's rate")
    return () if traffic is None else day_of(traffic)


def _refuse_wait(max_wait: str | float | None, qps: float | None, hourly: Sequence[float]) -> None:
    """Raises AdvisorError for a limit on waiting where no questions come at random."""
    if max_wait is not None and qps is None and not hourly:
        hint = "say how many questions come with --qps or --traffic"
        raise AdvisorError("nothing waits where every replica is kept busy", where="--max-wait", hint=hint)


def _checked_confidence(confidence: float) -> float:
    if not 0.5 <= confidence < 1:
        raise AdvisorError(f"{confidence:g} is no confidence", where="--confidence", hint="from 0.5 to 0.99, e.g. 0.9")
    return confidence


def _refuse_both(flag: str, chosen: Sequence[str], excluded: Sequence[str]) -> None:
    """Raises AdvisorError for a name that is wanted and excluded."""
    if both := next((name for name in excluded if name in chosen), None):
        raise AdvisorError(f"{both} is both named and excluded", where=flag, hint="leave out one of the two")


def rents_of(workspace: Workspace, request: Request) -> Rents:
    """What deployments cost by the hour for a request."""
    if request.have:
        return Rents.of_owned(request.have, request.prices, today=workspace.today)
    return Rents.of_kind(
        workspace.prices.offers,
        request.prices,
        today=workspace.today,
        kind=request.price_kind,
        named=request.gpus or (),
        most=request.most_gpus,
    )


def _price_text(given: str | Price) -> str:
    return given if isinstance(given, str) else f"{given.gpu}={given.usd_per_hour:g}usd/h"


def _checked_energy_price(usd_per_kwh: float | None, owned: Mapping[str, int], workspace: Workspace) -> float | None:
    if usd_per_kwh is None:
        return None
    if not owned:
        what, hint = "prices the energy of owned GPUs only", "name them with --have, e.g. --have 2xh100-sxm"
        raise AdvisorError(what, where="--usd-per-kwh", hint=hint)
    if not (math.isfinite(usd_per_kwh) and 0 < usd_per_kwh <= 100):
        raise AdvisorError(f"{usd_per_kwh:g} is no price of energy", where="--usd-per-kwh", hint="e.g. 0.3")
    for gpu in owned:
        if not math.isfinite(workspace.gpus[gpu].tdp_w):
            raise AdvisorError(f"the power limit of {gpu} is not known", where="--usd-per-kwh", hint="leave it out")
    return usd_per_kwh


def checked_precision(precision: str | None) -> str | None:
    """One of PRECISIONS, or None for the checkpoint's own. Raises AdvisorError."""
    if precision is not None and precision not in PRECISIONS:
        raise unknown("precision", precision, PRECISIONS, where="--precision")
    return precision


def _checked_kv_precision(precision: str, engine: str) -> str:
    if precision not in KV_BYTES:
        raise unknown("precision", precision, KV_BYTES, where="--kv-precision")
    if precision != "bf16" and engine == "trtllm":
        what = f"trtllm takes it from the checkpoint: no command is known that holds a cache in {precision} otherwise"
        raise AdvisorError(what, where="--kv-precision", hint="leave it out, or take --engine vllm or sglang")
    return precision


def _checked_drafts(
    tokens: int | None, acceptance: float | None, engine: str, named: Sequence[ModelSpec]
) -> Speculation | None:
    found = checked_speculation(tokens, acceptance)
    if found and named and not any(spec.mtp_layers for spec in named):
        what = f"no head of multi-token prediction is in {', '.join(spec.name for spec in named)}: nothing would draft"
        raise AdvisorError(what, where="--speculative-tokens", hint="leave it out, or name a model that has one")
    if found and engine == "trtllm":
        what, hint = "no command of trtllm that drafts is known", "take --engine vllm or sglang"
        raise AdvisorError(what, where="--speculative-tokens", hint=hint)
    return found


def checked_engine(engine: str) -> str:
    """One of ENGINES. Raises AdvisorError."""
    if engine not in ENGINES:
        raise unknown("engine", engine, ENGINES, where="--engine")
    return engine
