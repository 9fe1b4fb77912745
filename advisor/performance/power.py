"""Power drawn, from what a decode step does."""

from __future__ import annotations

import numpy as np

from advisor.performance.demand import Array, Quantity
from advisor.performance.roofline import Serving

READING_SHARE = 0.35
"""Power of a GPU that reads memory at full rate without multiplying, as a share of its limit (H100: 200–300 of 700 W).
An assumption until power is measured: provenance of every energy figure is at best *roofline*."""


def watts(result: Serving, tdp_w: Quantity, gpu_count: Quantity) -> Array:
    """Power of all GPUs in steady state, linear in the share of the step that multiplies rather than reads."""
    busy = result.compute_s / (result.compute_s + result.weights_s + result.kv_s)
    return np.asarray(np.asarray(tdp_w) * np.asarray(gpu_count) * (READING_SHARE + (1 - READING_SHARE) * busy))
