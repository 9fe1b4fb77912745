"""What runs of one model shape on one GPU, engine and precision add: efficiencies of its own, and residuals.

The physics of roofline.py with own efficiencies carries beyond the measured range; a few smooth terms in the logarithm
of TPOT and TTFT take up the rest, and are held still outside that range. predict.py applies them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from advisor.performance.demand import Array, Demand, Quantity
from advisor.performance.hardware import Hardware
from advisor.performance.roofline import Efficiency

TERMS = ("constant", "concurrency", "prompt", "generated", "gpus", "concurrency_squared", "data_parallel")
LARGEST = 0.7
"""Bound of a logarithmic correction: a factor of two; beyond that the run is an outlier and the physics stays."""

EDGE = 1e-3
"""How far beyond the range of a term still counts as in it: ranges are stored with four digits."""

Key = tuple[str, str, str, str]
"""(shape, gpu, engine, precision)"""


@dataclass(frozen=True, slots=True)
class Correction:
    """Own efficiencies, coefficients of TERMS for log TPOT and log TTFT, and the measured range of each term.

    `spread` is the factor of the 90 % interval of times within that range; `n_runs` runs of `source` are behind it.
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


def log_factor(coefficients: Array, features: Array, correction: Correction) -> Array:
    """Logarithm of the factor on a predicted time, shape (n,)."""
    return np.asarray(np.clip(np.clip(features, correction.low, correction.high) @ coefficients, -LARGEST, LARGEST))
