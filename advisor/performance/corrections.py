"""What was learned about one model shape on one GPU, engine and precision from runs of it: efficiencies of its own and what they leave over.

The physics of roofline.py with own efficiencies carries beyond the measured range; a few smooth terms in the logarithm
of TPOT and TTFT take up the rest, and are held still outside that range.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from advisor.performance.demand import Array, Demand, Quantity
from advisor.performance.hardware import Hardware
from advisor.performance.roofline import Efficiency, Serving, serving

TERMS = ("constant", "concurrency", "prompt", "generated", "gpus", "concurrency_squared", "data_parallel")
LARGEST = 0.7
"""Bound of a logarithmic correction: a factor of two; beyond that the run is an outlier and the physics stays."""

EDGE = 1e-3
"""How far beyond the range of a term still counts as in it: ranges are stored with four digits."""

Key = tuple[str, str, str, str]
"""(shape, gpu, engine, precision)"""


@dataclass(frozen=True, slots=True)
class Correction:
    """Own efficiencies, coefficients of TERMS for log TPOT and log TTFT, the measured range of each term, and the runs behind it.

    `spread` is the factor of the 90 % interval of times within that range.
    """

    efficiency: Efficiency
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


def spread_at(correction: Correction, features: Array, otherwise: Quantity) -> Array:
    """Factor of the 90 % interval of times at each load, shape (n,): the correction's own where every term lies within its measured
    range, elsewhere no less than `otherwise`, the factor without a correction."""
    measured = np.all((features >= correction.low - EDGE) & (features <= correction.high + EDGE), axis=-1)
    return np.where(measured, correction.spread, np.maximum(correction.spread, otherwise))


def log_factor(coefficients: Array, features: Array, correction: Correction) -> Array:
    """Logarithm of the factor on a predicted time, shape (n,)."""
    return np.asarray(np.clip(np.clip(features, correction.low, correction.high) @ coefficients, -LARGEST, LARGEST))


def corrected_serving(
    d: Demand, hw: Hardware, correction: Correction, concurrency: Quantity, max_sequences: Quantity = np.inf
) -> Serving:
    """`serving` with what the correction knows."""
    result = serving(d, hw, correction.efficiency, concurrency, max_sequences)
    features = terms(d, hw, concurrency)
    tpot = result.tpot_s * np.exp(log_factor(correction.tpot, features, correction))
    ttft = result.ttft_s * np.exp(log_factor(correction.ttft, features, correction))
    request = ttft + tpot * (np.maximum(d.generated_tokens, 1.0) - 1)
    throughput = result.output_tokens_per_s * result.request_s / request
    return replace(result, ttft_s=ttft, tpot_s=tpot, request_s=request, output_tokens_per_s=throughput)
