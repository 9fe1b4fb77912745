"""What the step-time model leaves over where the very combination of model shape, GPU, engine and precision was measured.

A few smooth terms in the logarithm of each quantity, held near zero by a ridge and held still outside the measured
range: they correct the physics where there is evidence and vanish everywhere else.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from advisor.performance.demand import Array, Demand, Quantity
from advisor.performance.hardware import Hardware
from advisor.performance.roofline import Serving
from advisor.shipped import shipped_root

TERMS = ("constant", "concurrency", "prompt", "generated", "gpus", "concurrency_squared", "data_parallel")
LARGEST = 0.7
"""Bound of a logarithmic correction: a factor of two; beyond that the run is an outlier and the physics stays."""

Key = tuple[str, str, str, str]


@dataclass(frozen=True, slots=True)
class Correction:
    """Coefficients of TERMS for log TPOT and log TTFT, the measured range of each term, and what it was fitted on."""

    tpot: Array
    ttft: Array
    low: Array
    high: Array
    spread: float
    n_runs: int
    source: str


def terms(d: Demand, hw: Hardware, concurrency: Quantity) -> Array:
    """The terms of each run or deployment, shape (n, len(TERMS)); logarithms to base 2, centred and scaled by hand."""
    c = (np.log2(concurrency) - 5) / 3
    columns = (
        np.ones_like(c),
        c,
        (np.log2(d.prompt_tokens) - 11) / 2,
        (np.log2(d.generated_tokens) - 11) / 2,
        (np.log2(hw.gpu_count) - 2) / 2,
        c * c,
        np.asarray(hw.attention_shards) < np.asarray(hw.gpu_count),
    )
    return np.stack(np.broadcast_arrays(*columns), axis=-1).astype(float)


def covers(correction: Correction, data_parallel: bool) -> bool:
    """Whether attention of that kind, data-parallel or not, was among the measured runs."""
    return bool(correction.low[-1] <= float(data_parallel) <= correction.high[-1])


def log_factor(coefficients: Array, features: Array, correction: Correction) -> Array:
    """Logarithm of the factor on a predicted time, shape (n,)."""
    return np.asarray(np.clip(np.clip(features, correction.low, correction.high) @ coefficients, -LARGEST, LARGEST))


def corrected(result: Serving, correction: Correction, features: Array, concurrency: Quantity, generated_tokens: Quantity) -> Serving:
    """The Serving with TPOT and TTFT corrected, and what follows from them."""
    tpot = result.tpot_s * np.exp(log_factor(correction.tpot, features, correction))
    ttft = result.ttft_s * np.exp(log_factor(correction.ttft, features, correction))
    request = ttft + tpot * (np.maximum(generated_tokens, 1.0) - 1)
    throughput = result.output_tokens_per_s * result.request_s / request
    return replace(result, ttft_s=ttft, tpot_s=tpot, request_s=request, output_tokens_per_s=throughput)


@cache
def shipped_corrections() -> dict[Key, Correction]:
    """Rows of profiles/corrections.csv by (shape, gpu, engine, precision); the shape is the folder of the model's config."""
    path = shipped_root() / "profiles" / "corrections.csv"
    if not path.exists():
        return {}
    with path.open(newline="", encoding="utf-8") as file:
        return {(row["shape"], row["gpu"], row["engine"], row["precision"]): _correction(row) for row in csv.DictReader(file)}


def _correction(row: dict[str, str]) -> Correction:
    tpot, ttft, low, high = (np.array([float(v) for v in row[name].split()]) for name in ("tpot", "ttft", "low", "high"))
    return Correction(tpot, ttft, low, high, float(row["spread"]), int(row["n_runs"]), row["runs"])
