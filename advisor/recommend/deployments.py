"""Which deployments a strategy point can run on, and how fast: the roofline over all of them at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from advisor.gpus import Price, gpus
from advisor.models.catalog import catalog, spec_of
from advisor.performance.corrections import Correction, corrected_serving, covers, spread_at, terms
from advisor.performance.demand import Demand, demand
from advisor.performance.hardware import Hardware, hardware
from advisor.performance.memory import OVERHEAD_BYTES, UTILISATION, max_sequences, weights_per_gpu
from advisor.performance.parallelism import Parallelism
from advisor.performance.power import watts
from advisor.performance.profiles import fitted_for, known_corrections
from advisor.performance.roofline import Efficiency, prefill_s, serving

GPU_COUNTS = (1, 2, 4, 8, 16)
LARGEST = {"gb200": 16, "gb300": 16, "gh200-96gb": 1, "gh200-144gb": 1}
"""GPUs of one fast-linked system where that is not eight: racks have more, Grace Hopper nodes one."""
HOURLY = {"on-demand", "marketplace"}
BUSY_PER_GROUP = 4
"""Data-parallel attention is considered from so many requests a group on; with fewer, groups idle."""
CONCURRENCIES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)


@dataclass(frozen=True, slots=True)
class Fleet:
    """All deployments to consider for one weight precision, as parallel arrays."""

    gpu: NDArray[np.str_]
    gpu_count: NDArray[np.float64]
    parallelism: NDArray[np.str_]
    shares_experts: NDArray[np.bool_]
    concurrency: NDArray[np.float64]
    memory_bytes: NDArray[np.float64]
    tdp_w: NDArray[np.float64]
    usd_per_hour: NDArray[np.float64]
    price: NDArray[np.str_]
    performance: NDArray[np.str_]
    spread: NDArray[np.float64]
    hardware: Hardware
    efficiency: Efficiency
    corrections: dict[str, dict[str, Correction]]


def fleet(precision: str, rates: dict[str, Price], only: list[str] | None, engine: str) -> Fleet:
    """Every GPU that can be rented by the hour (or `only` those named) × layout × concurrency.

    Sixteen GPUs only where a rack shares one fast link; reserved and owned prices only for GPUs asked for by name.
    """
    chosen = [
        g
        for g in gpus().values()
        if (g.name in only if only is not None else g.name in rates and rates[g.name].kind in HOURLY)
    ]
    layouts = [
        (g, Parallelism(**{by: n}))
        for g in chosen
        for by in ("tp", "dp")
        for n in GPU_COUNTS
        if n <= LARGEST.get(g.name, 8) and (by, n) != ("dp", 1)
    ]
    fits = [fitted_for(g.name, engine, precision) for g, _ in layouts]
    peaks = [hardware(g, layout, precision) for g, layout in layouts]
    at = np.repeat(np.arange(len(layouts)), len(CONCURRENCIES))
    concurrency = np.tile(np.array(CONCURRENCIES, dtype=float), len(layouts))
    groups = np.array([layout.dp for _, layout in layouts])[at]
    busy = (groups == 1) | (concurrency >= BUSY_PER_GROUP * groups)
    at, concurrency = at[busy], concurrency[busy]

    def numbers(values: Iterable[float]) -> NDArray[np.float64]:
        column: NDArray[np.float64] = np.array(list(values), dtype=float)[at]
        return column

    def texts(values: Iterable[str]) -> NDArray[np.str_]:
        column: NDArray[np.str_] = np.array(list(values), dtype=str)[at]
        return column

    return Fleet(
        gpu=texts(g.name for g, _ in layouts),
        gpu_count=numbers(layout.gpu_count for _, layout in layouts),
        parallelism=texts(str(layout) for _, layout in layouts),
        shares_experts=numbers(layout.dp for _, layout in layouts) > 1,
        concurrency=concurrency,
        memory_bytes=numbers(g.memory_bytes for g, _ in layouts),
        tdp_w=numbers(g.tdp_w for g, _ in layouts),
        usd_per_hour=numbers(rates[g.name].usd_per_hour if g.name in rates else np.nan for g, _ in layouts),
        price=texts(str(rates[g.name]) if g.name in rates else "" for g, _ in layouts),
        performance=texts(f.provenance for f in fits),
        spread=numbers(f.spread for f in fits),
        hardware=Hardware(*(numbers(getattr(p, field.name) for p in peaks) for field in fields(Hardware))),
        corrections=_corrections(engine, precision),
        efficiency=Efficiency(
            *(numbers(getattr(f.efficiency, field.name) for f in fits) for field in fields(Efficiency))
        ),
    )


def _corrections(engine: str, precision: str) -> dict[str, dict[str, Correction]]:
    """Corrections of one engine and precision by model shape, then GPU."""
    found: dict[str, dict[str, Correction]] = {}
    for (shape, gpu, *rest), correction in known_corrections().items():
        if rest == [engine, precision]:
            found.setdefault(shape, {})[gpu] = correction
    return found


Columns = dict[str, NDArray[np.generic]]


@dataclass(frozen=True, slots=True)
class Rewards:
    """A reward model beside the policy: the tokens it passes for a question, at most `pass_tokens` at a time."""

    model: str
    scored_tokens: float
    pass_tokens: float

    @property
    def demand(self) -> Demand:
        """One pass, in 16 bit."""
        return demand(spec_of(self.model), "bf16", round(self.pass_tokens), 1)

    def seconds(self, f: Fleet) -> NDArray[np.float64]:
        """Time of all GPUs that it takes from the policy for one question: prefills alone, in 16 bit."""
        in_16bit = replace(f.hardware, compute_flops_per_s=f.hardware.compute_16bit_flops_per_s)
        return self.scored_tokens / self.pass_tokens * prefill_s(self.demand, in_16bit, f.efficiency)


def deployments(
    point_id: int,
    model: str,
    prompt_tokens: float,
    answer_tokens: float,
    precision: str,
    f: Fleet,
    rewards: Rewards | None = None,
) -> Columns:
    """Columns of the `deployments` table for one strategy point: those that hold the weights and all requests in flight.

    A reward model lies on the same GPUs.
    """
    spec = spec_of(model)
    d = demand(spec, precision, round(prompt_tokens), max(round(answer_tokens), 1))
    beside = (weights_per_gpu(rewards.demand, f.hardware) + OVERHEAD_BYTES) / UTILISATION if rewards else 0.0
    room = max_sequences(d, f.memory_bytes - beside, f.hardware)
    fits = (room >= f.concurrency) & (spec.is_moe | ~f.shares_experts)
    result = serving(d, f.hardware, f.efficiency, f.concurrency, np.maximum(room, 1.0))
    performance, spread = f.performance, f.spread
    for gpu, correction in f.corrections.get(catalog()[model].shape, {}).items():
        better = corrected_serving(d, f.hardware, correction, f.concurrency, np.maximum(room, 1.0))
        features = terms(d, f.hardware, f.concurrency)
        on = (f.gpu == gpu) & np.where(
            f.shares_experts, covers(correction, data_parallel=True), covers(correction, data_parallel=False)
        )
        times = ("ttft_s", "tpot_s", "request_s", "output_tokens_per_s")
        result = replace(result, **{name: np.where(on, getattr(better, name), getattr(result, name)) for name in times})
        performance, spread = (
            np.where(on, "fitted, this model too", performance),
            np.where(on, spread_at(correction, features, f.spread), spread),
        )
    columns: Columns = {
        "point_id": np.full(len(fits), point_id),
        "gpu": f.gpu,
        "gpu_count": f.gpu_count.astype(np.int64),
        "parallelism": f.parallelism,
        "precision": np.full(len(fits), precision),
        "concurrency": f.concurrency.astype(np.int64),
        "ttft_s": result.ttft_s,
        "tpot_s": result.tpot_s,
        "request_s": result.request_s,
        "score_s": rewards.seconds(f) if rewards else np.zeros(len(fits)),
        "watts": watts(result, f.tdp_w, f.gpu_count),
        "usd_per_hour": f.usd_per_hour * f.gpu_count,
        "performance": performance,
        "spread": spread,
        "price": f.price,
    }
    return {name: column[fits] for name, column in columns.items()}


def served_precision(model: str, asked: str | None) -> str:
    """The precision to serve in: as asked, else the checkpoint's own, in which accuracy was measured."""
    return asked or catalog()[model].checkpoint_precision
