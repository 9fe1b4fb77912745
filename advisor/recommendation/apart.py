"""An estimate with prefill on GPUs of its own."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from advisor.errors import AdvisorError, NoAnswer
from advisor.performance import under_load
from advisor.performance.deployment import Deployment
from advisor.performance.disaggregated import (
    CHECKED,
    TPOT_SPREAD,
    TTFT_SPREAD,
    Disaggregated,
    Station,
    disaggregated,
    times_apart,
)
from advisor.performance.feasibility import reasons
from advisor.performance.parallelism import Parallelism
from advisor.performance.power import IDLE, MULTIPLYING, power_spread, watts
from advisor.performance.predict import predict
from advisor.performance.roofline import at_peak_s
from advisor.performance.under_load import Replica
from advisor.recommendation.estimate_values import Bounds, Estimate, Intervals, PartsApart
from advisor.recommendation.priced import PricedDeployment
from advisor.recommendation.served import SAME
from advisor.rents import Rent, Rents
from advisor.store.workspace import Workspace
from advisor.units import checked_count

WHERE = "--prefill-parallelism"


@dataclass(frozen=True, slots=True)
class Split:
    """Engines that prefill, and how many decode."""

    prefill: Parallelism
    prefill_replicas: int
    replicas: int


def checked_apart(
    deployed: Deployment, prefill_parallelism: str | None, prefill_replicas: int | None, replicas: int | None
) -> Split | None:
    """None where prompts share the GPUs of a deployment with decoding. Raises AdvisorError."""
    counts = (("--prefill-replicas", prefill_replicas), ("--replicas", replicas))
    for flag, count in counts:
        if count is not None:
            checked_count(count, where=flag)
            if prefill_parallelism is None:
                raise AdvisorError("requires --prefill-parallelism", where=flag, hint="e.g. --prefill-parallelism tp8")
    if prefill_parallelism is None:
        return None
    if deployed.cached_tokens:
        what, hint = "a prefix cache is not costed with prefill apart", "leave --cached-prompt-tokens out"
        raise AdvisorError(what, where=WHERE, hint=hint)
    same = prefill_parallelism.lower() == SAME
    layout = deployed.layout if same else Parallelism.parse(prefill_parallelism, where=WHERE)
    return Split(layout, prefill_replicas or 1, replicas or 1)


def apart(workspace: Workspace, of: PricedDeployment, split: Split, rents: Rents, found: Estimate) -> Estimate:
    """`found`, the estimate of one engine that decodes, with times and cost of all engines. Raises NoAnswer."""
    decode = of.deployment
    prefill = replace(decode, layout=split.prefill)
    if why := reasons(prefill, workspace.support, found.input_tokens, 1):
        raise NoAnswer(f"{prefill}, which is to prefill, cannot start: {'; '.join(str(each) for each in why)}")
    stations = _stations(of, split)
    times = disaggregated(*stations, found.input_tokens, found.output_tokens, found.concurrency)
    energy_j = _watts(of, times, stations, found) * found.output_tokens / times.output_tokens_per_s
    rent = _rent(stations, rents)
    usd = rent.usd_per_hour if rent else None
    spread = max(found.spread, TPOT_SPREAD)
    energy_spread = math.exp(math.hypot(math.log(spread), math.log(power_spread(decode.gpu.name))))
    prefill_gpus = split.prefill.gpu_count * split.prefill_replicas
    return replace(
        found,
        gpu_count=decode.layout.gpu_count * split.replicas + prefill_gpus,
        ttft_s=times.ttft_s,
        tpot_s=times.tpot_s,
        request_s=times.request_s,
        output_tokens_per_s=times.output_tokens_per_s,
        usd_per_hour=usd,
        usd_per_million_output_tokens=None if usd is None else usd / 3600 / times.output_tokens_per_s * 1e6,
        energy_j_per_request=energy_j,
        spread=spread,
        interval=Intervals(
            ttft_s=Bounds.within(times.ttft_s, TTFT_SPREAD),
            tpot_s=Bounds.within(times.tpot_s, spread),
            output_tokens_per_s=Bounds.within(times.output_tokens_per_s, spread),
            energy_j_per_request=Bounds.within(energy_j, energy_spread),
        ),
        notes=(*found.notes, CHECKED),
        provenance=replace(found.provenance, price=str(rent) if rent else None),
        rent=rent,
        disaggregated=PartsApart(
            prefill_parallelism=str(split.prefill),
            prefill_replicas=split.prefill_replicas,
            prefill_gpu_count=prefill_gpus,
            parallelism=str(decode.layout),
            replicas=split.replicas,
            queue_s=times.queue_s,
            prefill_s=times.prefill_s,
            transfer_s=times.transfer_s,
            decoding=times.decoding,
            prefill_busy=times.prefill_busy,
        ),
    )


def _rent(stations: tuple[Station, Station], rents: Rents) -> Rent | None:
    """Of all engines together: in one machine where it holds them, else in machines that hold the larger engine."""
    gpu = stations[0].deployment.gpu
    counts = [station.replicas * station.deployment.layout.gpu_count for station in stations]
    if sum(counts) <= gpu.node_gpus:
        return rents.rent(gpu.name, sum(counts))
    together = max(station.deployment.layout.together(gpu.node_gpus) for station in stations)
    return rents.rent(gpu.name, together, sum(-(-count // together) for count in counts))


MOST_SIMULATED = 64
"""Engines of one kind whose events are followed: more take minutes."""


def replica_apart(of: PricedDeployment, split: Split, input_tokens: int, output_tokens: int) -> Replica:
    """All engines together, as they are simulated. Raises AdvisorError for too many."""
    for flag, count in (("--prefill-replicas", split.prefill_replicas), ("--replicas", split.replicas)):
        if count > MOST_SIMULATED:
            what = f"{count:,} engines are too many to simulate, {MOST_SIMULATED} at most"
            raise AdvisorError(what, where=flag, hint="estimate a part of them at its part of the rate")
    return under_load.apart(times_apart(*_stations(of, split), input_tokens, output_tokens), output_tokens)


def _stations(of: PricedDeployment, split: Split) -> tuple[Station, Station]:
    """Those that prefill and those that decode."""
    prefill = replace(of.deployment, layout=split.prefill)
    return Station(prefill, of.speed, split.prefill_replicas), Station(of.deployment, of.speed, split.replicas)


def _watts(
    of: PricedDeployment, times: Disaggregated[float], stations: tuple[Station, Station], found: Estimate
) -> float:
    """Of all GPUs: those that prefill multiply prompts, those that decode read and multiply for tokens."""
    prefill, decode = stations
    at: Deployment = decode.deployment
    d = at.demand(found.input_tokens, found.output_tokens)
    before = prefill.deployment
    prompts_per_s = times.output_tokens_per_s / found.output_tokens / prefill.replicas
    _, prompt_s = at_peak_s(before.demand(found.input_tokens, 1), before.hardware)
    prefilling = min(IDLE + MULTIPLYING * prompts_per_s * float(prompt_s), 1.0)
    with_prompts = predict(d, at.hardware, of.speed, times.decoding).serving
    step = replace(
        with_prompts,
        tpot_s=np.asarray(times.tpot_s),
        output_tokens_per_s=np.asarray(times.output_tokens_per_s / decode.replicas),
        prompt_at_peak_s=np.asarray(0.0),
    )
    decoding = float(watts(step, at.gpu.tdp_w, at.layout.gpu_count)) * decode.replicas
    return at.gpu.tdp_w * before.layout.gpu_count * prefill.replicas * prefilling + decoding
