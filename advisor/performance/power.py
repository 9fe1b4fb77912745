"""Power drawn, from what a step does."""

from __future__ import annotations

import numpy as np

from advisor.performance.demand import Array, Quantity
from advisor.performance.roofline import Serving

IDLE, READING, MULTIPLYING = 0.14, 0.60, 1.51
"""Shares of a GPU's power limit: drawn between steps, added while it reads memory, and added for products at its peak.

Fitted to the mean power of 96 loads of five models on one H100 SXM, 47 of four on two H200 SXM and 24 of one on a
GH200 (measurements/runs), by `benchmarks/power.py`, with a limit of 700 W for the GPU of the
GH200. Of other GPUs it is assumed that they draw the same shares of their limits.
"""

MEASURED_GPUS = frozenset({"h100-sxm", "h200-sxm", "gh200-96gb"})
"""GPUs behind these shares."""

SPREAD, SPREAD_ELSEWHERE = 1.49, 1.49
"""Factors of the 90 % interval of power at given times: on those GPUs, from models left out; on others, from GPUs left
out, and no narrower."""


def watts(result: Serving, tdp_w: Quantity, gpu_count: Quantity) -> Array:
    """Power of all GPUs in steady state, by the shares of a step in which they read and multiply; at most the limit.

    P = limit · (idle + reading · (weights + cache)/TPOT + multiplying · MFU). A product takes the same energy however
    long it lasts: experts, which multiply for long at a small share of the peak, draw less than dense layers.
    """
    reading, multiplying = shares(result)
    share = np.minimum(IDLE + READING * reading + MULTIPLYING * multiplying, 1.0)
    return np.asarray(np.asarray(tdp_w) * np.asarray(gpu_count) * share)


def shares(result: Serving) -> tuple[Array, Array]:
    """Which part of a step the GPU reads, and which share of its peak its products have (MFU)."""
    reading = (result.weights_s + result.kv_s) / result.tpot_s
    multiplying = result.output_tokens_per_s * (result.token_at_peak_s + result.prompt_at_peak_s)
    return np.asarray(reading), np.asarray(multiplying)


def power_spread(gpu: str) -> float:
    """Factor of the 90 % interval of a GPU's power."""
    return SPREAD if gpu in MEASURED_GPUS else SPREAD_ELSEWHERE


def power_source(gpu: str) -> str:
    """Where the power of a GPU comes from, in a few words."""
    known = "power fitted on an H100, an H200 and a GH200"
    return known if gpu in MEASURED_GPUS else f"{known}, taken for the same share of this GPU's limit"
