"""What may move an efficiency, and bounds that keep order whatever is fitted."""

from itertools import pairwise, permutations

import numpy as np
import pytest

from advisor.gpus import BYTES_PER_WEIGHT
from advisor.performance.columns import FAMILIES, LATENCIES, NAMES, PRECISIONS, columns_of
from advisor.performance.families import BLACKWELL, CDNA, HOPPER, OTHER, at_least, family_of
from advisor.performance.groups import OF_PRECISION
from advisor.performance.roofline import SHARES, Efficiency
from tests.known import SHIPPED

ENGINES = ("sglang", "vllm")
COLUMNS = columns_of(ENGINES)
ORDER = ("base", *ENGINES, *FAMILIES, *PRECISIONS)


def bounds(column, efficiency):
    place = NAMES.index(efficiency), ORDER.index(column)
    return float(COLUMNS.low[place]), float(COLUMNS.high[place]), bool(COLUMNS.free[place])


def test_bounds_hold_what_is_expected():
    inside = (COLUMNS.low <= COLUMNS.expected) & (COLUMNS.expected <= COLUMNS.high)
    assert inside[COLUMNS.free].all()
    assert (COLUMNS.deviation[COLUMNS.free] > 0).all()


def test_the_design_of_a_few_runs():
    family, engine, precision = (np.array(names) for names in zip(
        (HOPPER, "vllm", "bf16"), (BLACKWELL, "sglang", "fp4"), (OTHER, "other", "fp8"), (CDNA, "vllm", "int4"),
        strict=True,
    ))  # fmt: skip
    held = [[ORDER[i] for i in np.flatnonzero(row)] for row in COLUMNS.design(family, engine, precision)]
    assert held == [
        ["base", "vllm"],
        ["base", "sglang", BLACKWELL, "fp8", "fp4"],
        ["base", OTHER, "fp8"],
        ["base", "vllm", CDNA, "int4"],
    ]


@pytest.mark.parametrize("name", LATENCIES)
def test_latencies_fall_with_newer_families_and_know_no_precision(name):
    assert bounds(OTHER, name)[0] >= 0
    assert bounds(BLACKWELL, name)[1] <= 0
    assert not any(bounds(precision, name)[2] for precision in PRECISIONS)


@pytest.mark.parametrize("name", SHARES)
def test_newer_families_reach_more_in_absolute_figures(name):
    """Of every two GPUs of different families, one better in every figure, the better one's peak is higher by more than
    its share may be lower."""
    most_below = {(BLACKWELL, HOPPER): bounds(BLACKWELL, name)[0], (HOPPER, OTHER): -bounds(OTHER, name)[1]}
    most_below[BLACKWELL, OTHER] = sum(most_below.values())
    figure = {"link": "link_bytes_per_s", "dense": "bf16_flops_per_s", "grouped": "bf16_flops_per_s",
              "attention": "bf16_flops_per_s"}.get(name, "memory_bytes_per_s")  # fmt: skip
    gpus = [gpu for gpu in SHIPPED.gpus.values() if gpu.vendor == "NVIDIA"]
    for one, other in permutations(gpus, 2):
        families = family_of(one), family_of(other)
        if families[0] != families[1] and at_least(one, other, "bf16"):
            assert np.log(getattr(one, figure) / getattr(other, figure)) + most_below[families] >= -1e-9, (one, other)


def test_fewer_bits_lose_less_than_they_save():
    """Products: half the bits, twice the peak. Reading: as many bytes fewer. What a model's own runs add on either side
    is counted in."""
    for name, saved in (("narrow", {"fp8": 2, "fp4": 2}), ("experts", None)):
        own = OF_PRECISION[name]
        for wide, narrow in pairwise(("bf16", "fp8", "fp4")):
            ratio = saved[narrow] if saved else BYTES_PER_WEIGHT[wide] / BYTES_PER_WEIGHT[narrow]
            # in 16 bit nothing is narrow, and its own runs move nothing
            spread = own if name == "narrow" and wide == "bf16" else 2 * own
            assert bounds(narrow, name)[0] - spread > -np.log(ratio), (name, narrow)
    assert not bounds("fp4", "weights")[2]  # attention of four-bit mixtures is read as if it were in eight
    assert bounds("fp8", "weights")[0] > -np.log(2)
    untouched = {"dense", "attention", "kv", "link", "tile", "skew", "imbalance", "ttft_steps", "burst"}
    assert not any(bounds(precision, name)[2] for precision in PRECISIONS for name in untouched)
    assert [precision for precision in PRECISIONS if bounds(precision, "grouped")[2]] == ["int4"]


def test_four_bits_are_never_read_slower_than_eight_nor_faster_than_the_bandwidth():
    """What a model's own runs add is counted in; nothing but four bits moves it."""
    own, start = OF_PRECISION["four_bit"], np.log(Efficiency().four_bit)
    low, high, free = bounds("fp4", "four_bit")
    assert free
    assert start + low - own >= np.log(BYTES_PER_WEIGHT["fp4"] / BYTES_PER_WEIGHT["fp8"])
    assert start + high + own <= 0
    assert [name for name in ORDER if bounds(name, "four_bit")[2]] == ["fp4", "int4"]


def test_kernels_of_experts_in_four_bits_are_no_more_unless_they_are_widened():
    assert [name for name in ORDER if bounds(name, "routed")[2]] == ["fp4", "int4"]
    assert bounds("fp4", "routed")[1] + OF_PRECISION["routed"] <= 0 <= bounds("int4", "routed")[0]


@pytest.mark.parametrize("name", ["experts", "grouped"])
def test_widened_weights_reach_no_more_than_others(name):
    assert bounds("int4", name)[1] <= 0
