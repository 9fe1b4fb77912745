"""What runs of one model shape add to the fitted efficiencies: shifts of its own, and factors for what they leave over.

Efficiencies move by the same shifts on every GPU and in every precision, apart from what a precision may change within
bounds (`columns.py`), so that they keep the order of GPUs and precisions. The factors on TPOT and TTFT depend on
the layout alone, so that times still rise with load, context and prompt. What a correction does beyond the loads
that it was learned from is bounded by what it does on these. ordered.py applies corrections.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from advisor.performance.demand import Array, Demand, Quantity
from advisor.performance.hardware import Hardware

TERMS = ("constant", "gpus", "data_parallel")
RANGES = ("concurrency", "prompt", "generated", "gpus", "data_parallel")
LARGEST = 0.7
"""Bound of the logarithm of a factor: a factor of two; beyond that the run is an outlier and the physics stays."""

MARGIN = 0.2
"""How much further than on the measured loads a correction may move the logarithm of a time elsewhere."""

EDGE = 1e-3
"""How far beyond a range still counts as in it: ranges are stored with four digits."""

Key = tuple[str, str, str, str]
"""(shape, gpu, engine, precision); an empty gpu or precision stands for any other."""


@dataclass(frozen=True, slots=True)
class Correction:
    """Shifts of the efficiencies (`roofline.shifted`), and coefficients of TERMS for log TPOT and log TTFT.

    low and high are the measured ranges of RANGES, `least` and `most` those of what the correction adds to log TPOT
    and log TTFT on the measured loads. `spread` is the factor of the 90 % interval of times within that range; `n_runs`
    of `source` are behind it, those in its own precision; n_own of all its runs are the user's own.
    """

    shifts: Array
    tpot: Array
    ttft: Array
    low: Array
    high: Array
    least: Array
    most: Array
    spread: float
    n_runs: int
    source: str
    n_own: int = 0


def terms(hw: Hardware, fewest: float = -np.inf, most: float = np.inf) -> Array:
    """The terms of each run or deployment, shape (n, len(TERMS)), of no fewer and no more GPUs than 2^fewest and
    2^most."""
    gpus = (np.clip(np.log2(hw.gpu_count), fewest, most) - 2) / 2
    columns = (np.ones_like(gpus), gpus, _data_parallel(hw))
    return np.stack(np.broadcast_arrays(*columns), axis=-1).astype(float)


def loads(d: Demand, hw: Hardware, concurrency: Quantity) -> Array:
    """What RANGES are of, for each run or deployment, shape (n, len(RANGES)); logarithms to base 2."""
    lengths = (np.log2(np.maximum(n, 1)) for n in (concurrency, d.prompt_tokens, d.generated_tokens))
    columns = (*lengths, np.log2(hw.gpu_count), _data_parallel(hw))
    return np.stack(np.broadcast_arrays(*columns), axis=-1).astype(float)


def _data_parallel(hw: Hardware) -> NDArray[np.bool_]:
    return np.asarray(np.asarray(hw.attention_shards) < np.asarray(hw.gpu_count))


def covers(correction: Correction, data_parallel: NDArray[np.bool_] | bool) -> NDArray[np.bool_]:
    """Whether attention of that kind, data-parallel or not, was among the measured runs."""
    kind = np.asarray(data_parallel, dtype=float)
    return np.asarray((correction.low[-1] <= kind) & (kind <= correction.high[-1]))


def within(correction: Correction, load: Array) -> NDArray[np.bool_]:
    """Whether every one of `loads` lies within the measured range."""
    return np.asarray(np.all((load >= correction.low - EDGE) & (load <= correction.high + EDGE), axis=-1))


def log_factor(coefficients: Array, features: Array) -> Array:
    """Logarithm of the factor on a predicted time by `terms`, shape (n,)."""
    return np.asarray(np.clip(features @ coefficients, -LARGEST, LARGEST))
