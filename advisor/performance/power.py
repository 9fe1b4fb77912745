"""Power drawn, from what a step does."""

from __future__ import annotations

import numpy as np

from advisor.performance.demand import Array, Quantity
from advisor.performance.roofline import Serving

IDLE, READING, MULTIPLYING = 0.28, 0.34, 0.67
"""Shares of a GPU's power limit: drawn between steps, and added while it reads memory or multiplies.

Least squares on the mean power of 126 loads of five models on one H100 SXM of 700 W (measurements/runs/profile-*), by
`benchmarks/power.py`; of other GPUs it is assumed that they draw the same shares of their limits.
"""

MEASURED_GPUS = frozenset({"h100-sxm"})
"""GPUs behind these shares."""


def watts(result: Serving, tdp_w: Quantity, gpu_count: Quantity) -> Array:
    """Power of all GPUs in steady state, by the shares of a step in which they read and multiply; at most the limit.

    P = limit · (idle + reading · (weights + cache)/TPOT + multiplying · (compute + prefill)/TPOT)
    """
    reading, multiplying = shares(result)
    share = np.minimum(IDLE + READING * reading + MULTIPLYING * multiplying, 1.0)
    return np.asarray(np.asarray(tdp_w) * np.asarray(gpu_count) * share)


def shares(result: Serving) -> tuple[Array, Array]:
    """Which part of a step the GPU reads, and which it multiplies; they overlap."""
    reading = (result.weights_s + result.kv_s) / result.tpot_s
    return np.asarray(reading), np.asarray((result.compute_s + result.prefill_s) / result.tpot_s)
