"""What a base, an engine, a family of GPUs and a precision may add to an efficiency, and what is expected of it.

Bounds keep order. Shifts are logarithms (`roofline.shifted`), so that of two GPUs, one better in every peak, the newer
one's effective rate is no lower while its family's shift is no further below than its peaks are above; latencies only
fall from family to family. Halving the bits doubles peak FLOP/s and halves the bytes (0.5625 for four of them with
their scales), so that products and reading may lose up to that much of their efficiency. Four bits that a GPU widens
before it multiplies (int4 here) may lose more, and products with experts too. Nothing else depends on the precision.
Between vendors nothing is bounded.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from advisor.performance.demand import Array
from advisor.performance.families import BLACKWELL, CDNA, OTHER
from advisor.performance.observed import Labels
from advisor.performance.roofline import OF_BITS, SHARES, Efficiency

NAMES = tuple(f.name for f in fields(Efficiency))
LATENCIES = tuple(name for name in NAMES if name.endswith("_s"))
FAMILIES = (OTHER, BLACKWELL, CDNA)
PRECISIONS = ("fp8", "fp4", "int8", "int4")


@dataclass(frozen=True, slots=True)
class Columns:
    """Shape (efficiency fields, columns) each: what is fitted, its bounds, and how far from what it is expected."""

    engines: tuple[str, ...]
    free: NDArray[np.bool_]
    low: Array
    high: Array
    expected: Array
    deviation: Array

    def design(self, family: Labels, engine: Labels, precision: Labels) -> Array:
        """Which columns hold for each run, shape (n, columns)."""
        of_family = [family == name for name in FAMILIES]
        four = precision == "fp4"
        of_precision = (four | (precision == "fp8"), four, precision == "int8", precision == "int4")
        of_engine = [engine == name for name in self.engines]
        return np.stack([np.ones(len(family)), *of_engine, *of_family, *of_precision], axis=-1).astype(float)


def columns_of(engines: tuple[str, ...]) -> Columns:
    """Those of some engines."""
    names = ("base", *engines, *FAMILIES, *PRECISIONS)
    shape = (len(NAMES), len(names))
    free, expected, deviation = np.zeros(shape, dtype=bool), np.zeros(shape), np.ones(shape)
    low, high = np.full(shape, -np.inf), np.full(shape, np.inf)
    for column, name in enumerate(names):
        for row, efficiency in enumerate(NAMES):
            rule = _rule(name, efficiency, engines)
            if rule is not None:
                free[row, column] = True
                expected[row, column], deviation[row, column], low[row, column], high[row, column] = rule
    return Columns(engines, free, low, high, expected, deviation)


Rule = tuple[float, float, float, float]
"""Expected shift, how far it may lie from that, bounds."""
ANY = (-np.inf, np.inf)


def _rule(column: str, efficiency: str, engines: tuple[str, ...]) -> Rule | None:
    if efficiency in OF_BITS:
        return OF_FEWER_BITS[efficiency].get(column)
    is_share, is_latency = efficiency in SHARES, efficiency in LATENCIES
    if column == "base":
        return (0.0, 0.3 if is_share else 1.0 if is_latency else 0.5, *ANY)
    if column in engines:
        return (0.0, 0.15 if is_share else 0.5 if is_latency else 0.3, *ANY)
    if column == CDNA and (is_share or is_latency):
        return (OF_CDNA.get(efficiency, 0.4), 0.3 if is_share else 0.6, *ANY)
    if column in FAMILIES and (is_share or is_latency):
        expected, *rest = OF_FAMILY[column, "share" if is_share else "latency"]
        deviation, low, high = rest
        return (KERNELS.get((column, efficiency), expected), deviation, low, high)
    return OF_PRECISION.get((column, efficiency))


OF_FEWER_BITS: dict[str, dict[str, Rule]] = {
    "narrow": {
        "fp8": (-0.45, 0.15, -0.5, 0.0),
        "fp4": (-0.12, 0.15, -0.35, 0.0),
        "int8": (-0.4, 0.15, -0.5, 0.0),
        "int4": (-0.2, 0.15, -1.0, 0.0),
    },
    "four_bit": {"fp4": (0.0, 0.15, -0.2, 0.07), "int4": (0.0, 0.2, -1.0, 0.07)},
    "routed": {"fp4": (-0.4, 0.3, -np.inf, -0.15), "int4": (0.2, 0.3, 0.0, np.inf)},
}
OF_FAMILY: dict[tuple[str, str], Rule] = {
    (BLACKWELL, "share"): (-0.05, 0.1, -0.2, np.inf),
    (BLACKWELL, "latency"): (-0.05, 0.3, -np.inf, 0.0),
    (OTHER, "share"): (-0.05, 0.1, -np.inf, 0.0),
    (OTHER, "latency"): (0.1, 0.3, 0.0, np.inf),
}
KERNELS = {
    (BLACKWELL, "dense"): -0.16,
    (BLACKWELL, "attention"): -0.09,
    (BLACKWELL, "weights"): -0.14,
    (BLACKWELL, "experts"): 0.13,
    (BLACKWELL, "kv"): 0.0,
    (BLACKWELL, "link"): -0.1,
    (OTHER, "dense"): -0.02,
    (OTHER, "attention"): -0.1,
    (OTHER, "kv"): -0.12,
    (OTHER, "weights"): 0.0,
}
"""Expected shifts by the times of vLLM's kernels: logarithms of medians over those of Hopper, which are the defaults of
`Efficiency` (benchmarks/kernels.py; ai-dynamo/aiconfigurator, Apache-2.0)."""
OF_CDNA = {
    "dense": -1.2,
    "grouped": -0.5,
    "attention": -0.5,
    "weights": -0.8,
    "experts": -0.6,
    "kv": -0.5,
    "link": -2.0,
    "kernel_s": 1.4,
    "step_s": 1.0,
}
"""Expected shifts of AMD's GPUs, others 0.4: fitted once to offline batches of MI250 and MI300X with vLLM of 2024
(argonne-lcf/LLM-Inference-Bench, BSD-3-Clause)."""
OF_PRECISION: dict[tuple[str, str], Rule] = {
    ("fp8", "weights"): (0.0, 0.05, -0.15, np.inf),
    ("fp8", "experts"): (0.0, 0.1, -0.3, np.inf),
    ("fp4", "experts"): (-0.1, 0.1, -0.3, np.inf),
    ("int8", "weights"): (0.0, 0.05, -0.15, np.inf),
    ("int8", "experts"): (0.0, 0.1, -0.3, np.inf),
    ("int4", "experts"): (-0.35, 0.2, -0.8, 0.0),
    ("int4", "grouped"): (-0.15, 0.2, -0.8, 0.0),
}
"""Of experts in int4 by the same kernels, INT4 and MXFP4 weights in 16-bit products: on Hopper and Blackwell they read
at 0.53 to 1.05 of the peak where fp8 reads at 0.96 to 1.06, and multiply 0.5 to 1.5 times as fast as 16-bit weights."""
