"""Which deployments a strategy point can run on, and how fast: the roofline over all of them at once."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from advisor.gpus import Price, gpus
from advisor.models.catalog import catalog, spec_of
from advisor.performance.demand import demand
from advisor.performance.memory import max_sequences
from advisor.performance.power import watts
from advisor.performance.profiles import fitted_for
from advisor.performance.roofline import Efficiency, Hardware, serving

GPU_COUNTS = (1, 2, 4, 8, 16)
LARGEST = {"gb200": 16, "gb300": 16, "gh200-96gb": 1, "gh200-144gb": 1}
"""GPUs of one fast-linked system where that is not eight: racks have more, Grace Hopper nodes one."""
HOURLY = {"on-demand", "marketplace"}
CONCURRENCIES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)


@dataclass(frozen=True, slots=True)
class Fleet:
    """All deployments to consider for one weight precision, as parallel arrays."""

    gpu: NDArray[np.str_]
    gpu_count: NDArray[np.float64]
    concurrency: NDArray[np.float64]
    memory_bytes: NDArray[np.float64]
    tdp_w: NDArray[np.float64]
    usd_per_hour: NDArray[np.float64]
    price: NDArray[np.str_]
    performance: NDArray[np.str_]
    spread: NDArray[np.float64]
    hardware: Hardware
    efficiency: Efficiency


def fleet(precision: str, rates: dict[str, Price], only: list[str] | None, engine: str) -> Fleet:
    """Every GPU that can be rented by the hour (or `only` those named) × count × concurrency.

    Sixteen GPUs only where a rack shares one fast link; reserved and owned prices only for GPUs asked for by name.
    """
    chosen = [g for g in gpus().values() if (g.name in only if only is not None else g.name in rates and rates[g.name].kind in HOURLY)]
    rows = [(g, n, c) for g in chosen for n in GPU_COUNTS for c in CONCURRENCIES if n <= LARGEST.get(g.name, 8)]
    fits = [fitted_for(g.name, engine, precision) for g, _, _ in rows]
    counts = np.array([n for _, n, _ in rows], dtype=float)
    return Fleet(
        gpu=np.array([g.name for g, _, _ in rows], dtype=str),
        gpu_count=counts,
        concurrency=np.array([c for _, _, c in rows], dtype=float),
        memory_bytes=np.array([g.memory_bytes for g, _, _ in rows], dtype=float),
        tdp_w=np.array([g.tdp_w for g, _, _ in rows]),
        usd_per_hour=np.array([rates[g.name].usd_per_hour if g.name in rates else np.nan for g, _, _ in rows]),
        price=np.array([str(rates[g.name]) if g.name in rates else "" for g, _, _ in rows], dtype=str),
        performance=np.array([f.provenance for f in fits], dtype=str),
        spread=np.array([f.spread for f in fits]),
        hardware=Hardware(
            counts,
            np.array([g.peak_flops_per_s[g.compute_precision(precision)] for g, _, _ in rows]),
            np.array([g.peak_flops_per_s["bf16"] for g, _, _ in rows]),
            np.array([g.memory_bytes_per_s for g, _, _ in rows]),
            np.array([g.link_bytes_per_s for g, _, _ in rows]),
        ),
        efficiency=Efficiency(*(np.array([getattr(f.efficiency, field.name) for f in fits]) for field in fields(Efficiency))),
    )


Columns = dict[str, NDArray[np.generic]]


def deployments(point_id: int, model: str, prompt_tokens: float, answer_tokens: float, precision: str, f: Fleet) -> Columns:
    """Columns of the `deployments` table for one strategy point: those that hold the weights and all requests in flight."""
    d = demand(spec_of(model), precision, round(prompt_tokens), max(round(answer_tokens), 1))
    room = max_sequences(d, f.memory_bytes, f.gpu_count)
    fits = room >= f.concurrency
    result = serving(d, f.hardware, f.efficiency, f.concurrency, np.maximum(room, 1.0))
    columns: Columns = {
        "point_id": np.full(len(fits), point_id),
        "gpu": f.gpu,
        "gpu_count": f.gpu_count.astype(np.int64),
        "precision": np.full(len(fits), precision),
        "concurrency": f.concurrency.astype(np.int64),
        "ttft_s": result.ttft_s,
        "tpot_s": result.tpot_s,
        "request_s": result.request_s,
        "watts": watts(result, f.tdp_w, f.gpu_count),
        "usd_per_hour": f.usd_per_hour * f.gpu_count,
        "performance": f.performance,
        "spread": f.spread,
        "price": f.price,
    }
    return {name: column[fits] for name, column in columns.items()}


def served_precision(model: str, asked: str | None) -> str:
    """The precision to serve in: as asked, else the checkpoint's own, in which accuracy was measured."""
    return asked or catalog()[model].checkpoint_precision
