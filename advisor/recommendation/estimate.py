"""The verb `estimate`: one deployment at one load, and under traffic where --rate, --qps or a limit is given."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace

from advisor.arguments import checked_arguments
from advisor.counting import counted
from advisor.errors import AdvisorError, NoAnswer, unknown
from advisor.fits.speeds import Speeds
from advisor.models.quantization import known_precision
from advisor.performance.demand import KV_BYTES
from advisor.performance.deployment import Deployment
from advisor.performance.feasibility import Reason, reasons
from advisor.performance.memory import Memory, memory
from advisor.performance.parallelism import Parallelism
from advisor.performance.power import power_source, power_spread, watts
from advisor.performance.predict import Speed, predict
from advisor.performance.under_load import Limits, UnderLoad, replica
from advisor.prices import Price, checked_kind, parse_prices
from advisor.provenance import Provenance
from advisor.recommendation.launch import weight_notes
from advisor.recommendation.request import checked_engine, checked_precision
from advisor.rents import Rent, Rents, price_notes
from advisor.store.workspace import Workspace
from advisor.units import checked_count, checked_rate, parse_duration, significant
from advisor.values import Value, several


@dataclass(frozen=True, slots=True)
class MemoryUse:
    """Bytes per GPU, and the sequences of full length that fit at once in the whole deployment."""

    weights_bytes: float
    kv_cache_bytes: float
    overhead_bytes: float
    total_bytes: float
    capacity_bytes: float
    max_sequences: float


@dataclass(frozen=True, slots=True)
class Origin:
    """Where speed, price and power come from."""

    performance: Provenance
    source: str
    price: str | None
    power: str


@dataclass(frozen=True, slots=True)
class Bounds:
    """Ends of a 90 % interval."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Intervals:
    """90 % intervals of the times, and of the energy that follows from them and the power."""

    tpot_s: Bounds
    output_tokens_per_s: Bounds
    energy_j_per_request: Bounds


@dataclass(frozen=True, slots=True)
class WithinLimits:
    """The most that one replica carries with 90 % of the requests within the limits; replicas for `qps`."""

    max_concurrency: int
    max_requests_per_s: float
    replicas: int | None


@dataclass(frozen=True, slots=True)
class Estimate(Value):
    """Memory, times and cost of one replica; None where there is no price, or no traffic was given."""

    model: str
    gpu: str
    gpu_count: int
    parallelism: str
    precision: str
    kv_precision: str
    engine: str
    concurrency: int
    input_tokens: int
    output_tokens: int
    rate: float | None
    qps: float | None
    fits: bool
    memory: MemoryUse
    ttft_s: float
    tpot_s: float
    request_s: float
    output_tokens_per_s: float
    usd_per_million_output_tokens: float | None
    energy_j_per_request: float
    prefill_flops: int
    decode_flops_per_token: int
    bound: str
    spread: float
    provenance: Origin
    interval: Intervals
    usd_per_hour: float | None
    rent: Rent | None
    notes: tuple[str, ...] = ()
    load: UnderLoad | None = None
    load_usd_per_million_output_tokens: float | None = None
    within_limits: WithinLimits | None = None
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class CannotStart(Value):
    """What `--json` prints of a deployment that cannot start: the keys of an Estimate, why, and what comes nearest."""

    model: str
    gpu: str
    gpu_count: int
    parallelism: str
    precision: str
    kv_precision: str
    engine: str
    concurrency: int
    input_tokens: int
    output_tokens: int
    rate: float | None
    qps: float | None
    memory: MemoryUse
    reasons: tuple[Reason, ...]
    fits: bool = False
    ttft_s: None = None
    tpot_s: None = None
    request_s: None = None
    output_tokens_per_s: None = None
    usd_per_million_output_tokens: None = None
    energy_j_per_request: None = None
    prefill_flops: None = None
    decode_flops_per_token: None = None
    bound: None = None
    spread: None = None
    provenance: None = None
    interval: None = None
    usd_per_hour: None = None
    rent: None = None
    notes: tuple[str, ...] = ()
    load: None = None
    load_usd_per_million_output_tokens: None = None
    within_limits: None = None


@dataclass(frozen=True, slots=True)
class PricedDeployment:
    """A deployment with its predicted speed and what it costs by the hour."""

    deployment: Deployment
    speed: Speed
    rent: Rent | None

    @property
    def origin(self) -> Origin:
        """Where speed, price and power come from."""
        price, power = str(self.rent) if self.rent else None, power_source(self.deployment.gpu.name)
        return Origin(self.speed.provenance, self.speed.source, price, power)


@checked_arguments
def estimate(
    workspace: Workspace,
    *,
    model: str | os.PathLike[str],
    gpu: str,
    gpu_count: int | None = None,
    parallelism: str | None = None,
    precision: str | None = None,
    kv_precision: str = "bf16",
    input_tokens: int = 1024,
    output_tokens: int = 1024,
    concurrency: int = 1,
    engine: str = "vllm",
    rate: float | None = None,
    max_ttft: str | float | None = None,
    max_tpot: str | float | None = None,
    qps: float | None = None,
    price: str | Price | Sequence[str | Price] | None = None,
    price_kind: str | None = None,
) -> Estimate:
    """Memory fit, TTFT, TPOT, tokens/s and USD of a model on a GPU.

    model          name of a model, or the path of a config.json
    gpu            name of a GPU
    gpu_count      GPUs of one replica; None: one, or what parallelism takes
    parallelism    tp8, tp4pp2, dp8, …; None: tensor parallel over all its GPUs
    precision      of the weights: bf16, fp8, fp4, int8 or int4; None: the checkpoint's own
    kv_precision   of the KV cache: bf16 or fp8
    input_tokens   prompt tokens of a request
    output_tokens  generated tokens of a request
    concurrency    requests in flight on the replica
    engine         vllm, sglang or trtllm
    rate           requests per second that arrive at one replica
    max_ttft       longest time to the first token, for 90 % of the requests: "1s", or a number of seconds
    max_tpot       longest time per output token, likewise: "30ms", or a number of seconds
    qps            requests per second of all traffic: says how many replicas it takes
    price          of one GPU an hour: "h100-sxm=2.10usd/h", the path of a CSV, a Price, or a list of them
    price_kind     on-demand, marketplace, reserved-1yr, reserved-3yr, owned or spot; None: on-demand

    `rate`, `qps` or a limit add `load`, percentiles under traffic; `qps` or a limit `within_limits` too, the most that
    one replica carries. Raises AdvisorError for unknown names and impossible numbers, NoAnswer with a CannotStart as
    its `answer` for a deployment that cannot start.
    """
    for flag, count in (("--input-tokens", input_tokens), ("--output-tokens", output_tokens)):
        checked_count(count, where=flag)
    checked_count(concurrency, where="--concurrency")
    checked_rate(rate, where="--rate")
    checked_rate(qps, where="--qps")
    if kv_precision not in KV_BYTES:
        raise unknown("precision", kv_precision, KV_BYTES, where="--kv-precision")
    deployed = deployment(workspace, model, gpu, replica_layout(parallelism, gpu_count), precision, engine)
    deployed = replace(deployed, kv_precision=kv_precision)
    rents = gpu_rents(workspace, deployed.gpu.name, price, price_kind)
    costed = priced(workspace, Speeds.read(workspace), deployed, rents)
    why = reasons(deployed, workspace.support, input_tokens, output_tokens, concurrency)
    if why:
        numbers = {"concurrency": concurrency, "input_tokens": input_tokens, "output_tokens": output_tokens}
        raise no_start(deployed, why, _cannot_start(deployed, why, rate=rate, qps=qps, **numbers))
    missing = rents.missing(deployed.gpu.name, deployed.layout.together(deployed.gpu.node_gpus))
    notes = (
        *(price_notes([costed.rent], rents) if costed.rent else (missing,)),
        *weight_notes(workspace, deployed.engine, deployed.spec, deployed.precision, deployed.gpu.vendor),
        *deployed.spec.notes,
    )
    found = replace(estimated(costed, input_tokens, output_tokens, concurrency), rate=rate, qps=qps, notes=notes)
    limits_given = (("--max-ttft", max_ttft), ("--max-tpot", max_tpot))
    seconds = [None if given is None else parse_duration(given, where=flag) for flag, given in limits_given]
    if rate is None and qps is None and seconds == [None, None]:
        return found
    limits = Limits(*(math.inf if limit is None else limit for limit in seconds))
    return _under_load(costed, found, limits)


def no_start(deployed: Deployment, why: Sequence[Reason], answer: CannotStart | None = None) -> NoAnswer:
    """The error for a deployment that cannot start, with every reason and what comes nearest to each."""
    what = f"{deployed} cannot start: {'; '.join(str(reason) for reason in why)}"
    nearest = dict.fromkeys(reason.nearest for reason in why)
    return NoAnswer(what, hint=f"nearest: {', and '.join(nearest)}", answer=answer)


def _cannot_start(
    deployed: Deployment,
    why: Sequence[Reason],
    *,
    concurrency: int,
    input_tokens: int,
    output_tokens: int,
    rate: float | None,
    qps: float | None,
) -> CannotStart:
    d = deployed.demand(input_tokens, output_tokens)
    return CannotStart(
        model=deployed.spec.name,
        gpu=deployed.gpu.name,
        gpu_count=deployed.layout.gpu_count,
        parallelism=str(deployed.layout),
        precision=deployed.precision,
        kv_precision=deployed.kv_precision,
        engine=deployed.engine,
        concurrency=concurrency,
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        rate=rate,
        qps=qps,
        memory=_memory_use(memory(d, deployed.gpu.memory_bytes, deployed.hardware, concurrency)),
        reasons=tuple(why),
    )


def replica_layout(parallelism: str | None, gpu_count: int | None) -> Parallelism:
    """How one replica lies on its GPUs: tensor parallel where nothing else is given. Raises AdvisorError."""
    if gpu_count is not None:
        checked_count(gpu_count, where="--gpu-count")
    if parallelism is None:
        return Parallelism(tp=gpu_count or 1)
    layout = Parallelism.parse(parallelism)
    if gpu_count not in (None, layout.gpu_count):
        what = f"{layout} takes {layout.gpu_count} GPUs, not {gpu_count}"
        raise AdvisorError(what, where="--parallelism", hint="leave --gpu-count out")
    return layout


def deployment(
    workspace: Workspace,
    model: str | os.PathLike[str],
    gpu: str,
    layout: Parallelism,
    precision: str | None,
    engine: str,
) -> Deployment:
    """One replica with its names checked, in the checkpoint's own precision unless another is given.

    Raises AdvisorError.
    """
    spec, chosen = workspace.models.load(os.fspath(model), count=counted), workspace.gpus.named(gpu)
    weights = checked_precision(precision) or known_precision(spec.checkpoint_precision, where=os.fspath(model))
    return Deployment(spec, chosen, layout, weights, engine=checked_engine(engine))


def gpu_rents(
    workspace: Workspace, gpu: str, price: str | Price | Sequence[str | Price] | None, price_kind: str | None
) -> Rents:
    """What one GPU costs in any number. Raises AdvisorError for a bad price."""
    return Rents.of_kind(
        workspace.prices.offers,
        parse_prices(several(price), workspace.gpus),
        today=workspace.today,
        kind=None if price_kind is None else checked_kind(price_kind, where="--price-kind"),
        named=(gpu,),
    )


def priced(workspace: Workspace, speeds: Speeds, deployed: Deployment, rents: Rents) -> PricedDeployment:
    """The deployment with the speed that is known for it, and its rent."""
    shape, gpu, layout = workspace.models.shape(deployed.spec.name), deployed.gpu, deployed.layout
    speed = speeds.of(gpu.name, deployed.engine, deployed.precision, shape, data_parallel=layout.dp > 1)
    together = layout.together(gpu.node_gpus)
    return PricedDeployment(deployed, speed, rents.rent(gpu.name, together, layout.gpu_count // together))


def estimated(of: PricedDeployment, input_tokens: int, output_tokens: int, concurrency: int) -> Estimate:
    """Memory, times and cost with `concurrency` requests in flight on one replica."""
    deployed, speed, rent = of.deployment, of.speed, of.rent
    d, hw, gpu_count = deployed.demand(input_tokens, output_tokens), deployed.hardware, deployed.layout.gpu_count
    use = memory(d, deployed.gpu.memory_bytes, hw, concurrency)
    predicted = predict(d, hw, speed, concurrency, max(use.max_sequences, 1.0))
    times, spread = predicted.serving, float(predicted.spread)
    tpot_s, tokens_per_s = float(times.tpot_s), float(times.output_tokens_per_s)
    usd_per_s = rent.usd_per_hour / 3600 if rent else None
    energy_j = float(watts(times, deployed.gpu.tdp_w, gpu_count)) * output_tokens / tokens_per_s
    energy_spread = math.exp(math.hypot(math.log(spread), math.log(power_spread(deployed.gpu.name))))
    parts = {"compute": float(times.compute_s), "weights": float(times.weights_s), "KV cache": float(times.kv_s)}
    return Estimate(
        model=deployed.spec.name,
        gpu=deployed.gpu.name,
        gpu_count=gpu_count,
        parallelism=str(deployed.layout),
        precision=deployed.precision,
        kv_precision=deployed.kv_precision,
        engine=deployed.engine,
        concurrency=concurrency,
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        rate=None,
        qps=None,
        fits=use.fits,
        memory=_memory_use(use),
        ttft_s=float(times.ttft_s),
        tpot_s=tpot_s,
        request_s=float(times.request_s),
        output_tokens_per_s=tokens_per_s,
        usd_per_million_output_tokens=usd_per_s / tokens_per_s * 1e6 if usd_per_s else None,
        energy_j_per_request=energy_j,
        prefill_flops=deployed.spec.prefill_flops(input_tokens),
        decode_flops_per_token=deployed.spec.decode_flops(input_tokens + max(output_tokens // 2, 1)),
        bound=max(parts, key=lambda part: parts[part]),
        spread=spread,
        provenance=of.origin,
        interval=Intervals(
            *(Bounds(x / f, x * f) for x, f in ((tpot_s, spread), (tokens_per_s, spread), (energy_j, energy_spread)))
        ),
        usd_per_hour=rent.usd_per_hour if rent else None,
        rent=rent,
    )


def _memory_use(use: Memory) -> MemoryUse:
    parts = (use.weights_bytes, use.kv_cache_bytes, use.overhead_bytes)
    return MemoryUse(*parts, use.total_bytes, use.capacity_bytes, use.max_sequences)


def _under_load(of: PricedDeployment, found: Estimate, limits: Limits) -> Estimate:
    one = replica(of.deployment, of.speed, found.input_tokens, found.output_tokens)
    if found.rate is not None and found.rate > one.most_per_s:
        what = f"{found.rate:g} requests/s are more than one replica answers, about {significant(one.most_per_s)}"
        raise AdvisorError(what, where="--rate", hint="give less, or --qps, which says how many replicas carry it")
    load = one.at_rate(found.rate) if found.rate else one.at_concurrency(found.concurrency)
    if usd := found.usd_per_million_output_tokens:
        usd *= found.output_tokens_per_s / (found.output_tokens * (found.rate or load.requests_per_s))
        found = replace(found, load_usd_per_million_output_tokens=usd)
    if limits == Limits() and found.qps is None:
        return replace(found, load=load)
    most = one.largest_rate(limits)
    replicas = math.ceil(found.qps / most) if found.qps and most else None
    return replace(found, load=load, within_limits=WithinLimits(one.largest_concurrency(limits), most, replicas))
