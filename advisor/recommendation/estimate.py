"""The verb `estimate`: one deployment at one load, and under traffic where --rate, --qps or a limit is given."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import replace

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
from advisor.performance.power import power_spread, watts
from advisor.performance.predict import predict
from advisor.performance.start import start_s
from advisor.performance.under_load import Limits, replica
from advisor.prices import Price, checked_kind, parse_prices
from advisor.recommendation.apart import Split, apart, checked_apart, replica_apart
from advisor.recommendation.engine_options import batch_limits, option_notes, speculation_of
from advisor.recommendation.estimate_values import (
    Bounds,
    CannotStart,
    EngineOptions,
    Estimate,
    Intervals,
    MemoryUse,
    WithinLimits,
)
from advisor.recommendation.launch import weight_notes
from advisor.recommendation.own_lengths import checked_lengths
from advisor.recommendation.priced import PricedDeployment, priced
from advisor.recommendation.request import checked_engine, checked_precision
from advisor.rents import Rents, price_notes
from advisor.store.workspace import Workspace
from advisor.units import checked_count, checked_rate, parse_duration, significant
from advisor.values import several


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
    max_num_seqs: int | None = None,
    max_num_batched_tokens: int | None = None,
    speculative_tokens: int | None = None,
    acceptance: float | None = None,
    draft_model: str | None = None,
    disk_gb_per_s: float | None = None,
    replicas: int | None = None,
    prefill_parallelism: str | None = None,
    prefill_replicas: int | None = None,
    cached_prompt_tokens: int | None = None,
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
    qps            requests per second of all traffic: says how many replicas it takes; each gets its part as `rate`
    price          of one GPU an hour: "h100-sxm=2.10usd/h", the path of a CSV, a Price, or a list of them
    price_kind     on-demand, marketplace, reserved-1yr, reserved-3yr, owned or spot; None: on-demand
    max_num_seqs   sequences that the engine (each data-parallel group) runs at once at most; the others wait
    max_num_batched_tokens  prompt tokens of one step at most; None: 8,192
    speculative_tokens      drafted before each step, by the model's MTP head or draft_model
    acceptance     chance that a drafted token is accepted, those before it being so
    draft_model    name of the dense model that drafts, in 16 bit on the same GPUs
    disk_gb_per_s  at which weights are read at the start; None: 1, assumed
    replicas       engines that decode, where others prefill
    prefill_parallelism  layout of the engines that prefill, on GPUs of their own, or "same"; concurrency is
                   then of all engines
    prefill_replicas     how many these are
    cached_prompt_tokens  those of input_tokens that the prefix cache holds already: not computed, but in memory

    `rate`, `qps` or a limit add `load`, percentiles under traffic; `qps` or a limit `within_limits` too, the most that
    one replica carries. Raises AdvisorError for unknown names and impossible numbers, NoAnswer with a CannotStart as
    its `answer` for a deployment that cannot start.
    """
    for flag, count in (("--input-tokens", input_tokens), ("--output-tokens", output_tokens)):
        checked_count(count, where=flag)
    if cached_prompt_tokens is not None:
        checked_lengths(input_tokens, None, cached_prompt_tokens)
    checked_count(concurrency, where="--concurrency")
    checked_rate(rate, where="--rate")
    checked_rate(qps, where="--qps")
    if kv_precision not in KV_BYTES:
        raise unknown("precision", kv_precision, KV_BYTES, where="--kv-precision")
    options = EngineOptions(max_num_seqs, max_num_batched_tokens, speculative_tokens, acceptance, draft_model)
    deployed = deployment(workspace, model, gpu, replica_layout(parallelism, gpu_count), precision, engine)
    deployed = replace(deployed, kv_precision=kv_precision, limits=batch_limits(max_num_seqs, max_num_batched_tokens))
    deployed = replace(deployed, cached_tokens=cached_prompt_tokens or 0)
    deployed = replace(deployed, speculation=speculation_of(workspace, deployed.spec, options))
    split = checked_apart(deployed, prefill_parallelism, prefill_replicas, replicas)
    checked_rate(disk_gb_per_s, where="--disk-gb-per-s")
    rents = gpu_rents(workspace, deployed.gpu.name, price, price_kind)
    speeds = Speeds.read(workspace)
    costed = priced(workspace, speeds, deployed, rents)
    # limits of its own make an engine queue what its cache does not hold, and engines apart share what is in flight
    running = concurrency if max_num_seqs is None and split is None else 1
    why = reasons(deployed, workspace.support, input_tokens, output_tokens, running)
    if why:
        numbers = {"concurrency": concurrency, "input_tokens": input_tokens, "output_tokens": output_tokens}
        refused = _cannot_start(deployed, why, rate=rate, qps=qps, options=options, **numbers)
        raise no_start(deployed, why, replace(refused, cached_prompt_tokens=cached_prompt_tokens))
    missing = rents.missing(deployed.gpu.name, deployed.layout.together(deployed.gpu.node_gpus))
    notes = (
        *(price_notes([costed.rent], rents) if costed.rent else (missing,)),
        *weight_notes(workspace, deployed.engine, deployed.spec, deployed.precision, deployed.gpu.vendor),
        *option_notes(deployed, input_tokens, output_tokens, concurrency if split is None else 1),
        *deployed.spec.notes,
    )
    found = estimated(costed, input_tokens, output_tokens, concurrency)
    if split is not None:  # of the memory of one engine that decodes; what its cache does not hold waits
        each = min(-(-concurrency // split.replicas), max(int(found.memory.max_sequences), 1))
        found = replace(estimated(costed, input_tokens, output_tokens, each), concurrency=concurrency)
    found = replace(found, rate=rate, qps=qps, notes=notes)
    found = replace(found, options=options, cached_prompt_tokens=cached_prompt_tokens)
    if disk_gb_per_s:
        weights_bytes = float(deployed.demand(input_tokens, output_tokens).resident_weight_bytes)
        found = replace(found, start_s=start_s(weights_bytes, disk_gb_per_s * 1e9))
    seconds = [
        None if given is None else parse_duration(given, where=flag)
        for flag, given in (("--max-ttft", max_ttft), ("--max-tpot", max_tpot))
    ]
    if split is not None:
        found = apart(workspace, costed, split, rents, found)
    if rate is None and qps is None and seconds == [None, None]:
        return found
    limits = Limits(*(math.inf if limit is None else limit for limit in seconds))
    return _under_load(costed, split, found, limits)


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
    options: EngineOptions,
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
        options=options,
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


def estimated(of: PricedDeployment, input_tokens: int, output_tokens: int, concurrency: int) -> Estimate:
    """Memory, times and cost with `concurrency` requests in flight on one replica."""
    deployed, speed, rent = of.deployment, of.speed, of.rent
    d, hw, gpu_count = deployed.demand(input_tokens, output_tokens), deployed.hardware, deployed.layout.gpu_count
    use = memory(d, deployed.gpu.memory_bytes, hw, concurrency)
    held = max(min(use.max_sequences, deployed.most_sequences), 1.0)
    if math.isfinite(deployed.most_sequences):
        use = memory(d, deployed.gpu.memory_bytes, hw, int(min(concurrency, held)))
    predicted = predict(d, hw, speed, concurrency, held)
    times, spread = predicted.serving, float(predicted.spread)
    tpot_s, tokens_per_s = float(times.tpot_s), float(times.output_tokens_per_s)
    usd_per_s = rent.usd_per_hour / 3600 if rent else None
    energy_j = float(watts(times, deployed.gpu.tdp_w, gpu_count)) * output_tokens / tokens_per_s
    whole = float(predicted.answer_spread)
    energy_spread = math.exp(math.hypot(math.log(whole), math.log(power_spread(deployed.gpu.name))))
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
        prefill_flops=deployed.spec.prefill_flops(input_tokens, deployed.cached_tokens),
        decode_flops_per_token=deployed.spec.decode_flops(input_tokens + max(output_tokens // 2, 1)),
        bound=max(parts, key=lambda part: parts[part]),
        spread=spread,
        provenance=of.origin,
        interval=Intervals(
            ttft_s=Bounds.within(float(times.ttft_s), float(predicted.ttft_spread)),
            tpot_s=Bounds.within(tpot_s, spread),
            output_tokens_per_s=Bounds.within(tokens_per_s, whole),
            energy_j_per_request=Bounds.within(energy_j, energy_spread),
        ),
        usd_per_hour=rent.usd_per_hour if rent else None,
        rent=rent,
        start_s=start_s(float(d.resident_weight_bytes)),
    )


def _memory_use(use: Memory) -> MemoryUse:
    parts = (use.weights_bytes, use.kv_cache_bytes, use.overhead_bytes)
    return MemoryUse(*parts, use.total_bytes, use.capacity_bytes, use.max_sequences)


def _under_load(of: PricedDeployment, split: Split | None, found: Estimate, limits: Limits) -> Estimate:
    tokens = (found.input_tokens, found.output_tokens)
    one = replica(of.deployment, of.speed, *tokens) if split is None else replica_apart(of, split, *tokens)
    if found.rate is not None and found.rate > one.most_per_s:
        who = "one replica answers" if split is None else "these engines answer"
        what = f"{found.rate:g} requests/s are more than {who}, about {significant(one.most_per_s)}"
        raise AdvisorError(what, where="--rate", hint="give less, or --qps, which says how many replicas carry it")
    within = None
    if limits != Limits() or found.qps is not None:
        most = one.largest_rate(limits)
        replicas = math.ceil(found.qps / most) if found.qps and most else None
        within = WithinLimits(one.largest_concurrency(limits), most, replicas)
    if found.rate is None and found.qps and within and within.replicas:
        found = replace(found, rate=found.qps / within.replicas)
    load = one.at_rate(found.rate) if found.rate else one.at_concurrency(found.concurrency)
    if usd := found.usd_per_million_output_tokens:
        usd *= found.output_tokens_per_s / (found.output_tokens * (found.rate or load.requests_per_s))
        found = replace(found, load_usd_per_million_output_tokens=usd)
    return replace(found, load=load, within_limits=within)
