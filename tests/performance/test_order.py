"""A better GPU, or fewer bits, is never predicted to be slower, more load never faster, and nothing beats its peaks."""

import sys
from dataclasses import replace
from itertools import permutations
from pathlib import Path

import pytest

from advisor.performance.families import BLACKWELL, CDNA, HOPPER, OTHER, at_least, family_of, with_units
from tests.known import SHIPPED, load_gpu

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

from order import broken


def test_a_thousand_random_loads_break_no_rule():
    assert list(broken(SHIPPED, 1000, seed=1)) == []


@pytest.mark.parametrize(
    ("gpu", "family"),
    [
        ("a100-sxm-80gb", OTHER),
        ("l40s", OTHER),
        ("rtx-5090", OTHER),
        ("h20-sxm", HOPPER),
        ("gb300", BLACKWELL),
        ("mi300x", CDNA),
    ],
)
def test_families(gpu, family):
    assert family_of(load_gpu(gpu)) == family


def test_a_gpu_is_at_least_as_good_where_no_figure_is_worse():
    h100, h200, l40s, mi300x = (load_gpu(name) for name in ("h100-sxm", "h200-sxm", "l40s", "mi300x"))
    assert at_least(h200, h100, "fp8")
    assert not at_least(h100, h200, "fp8")
    assert at_least(h100, h100, "fp4")
    assert at_least(h100, l40s, "bf16")
    assert not at_least(mi300x, load_gpu("h100-pcie"), "bf16")  # of another vendor, whose engines differ
    for figure in ("bf16_flops_per_s", "memory_bytes_per_s", "memory_bytes", "link_bytes_per_s", "fp8_flops_per_s"):
        less = replace(h200, **{figure: getattr(h100, figure) - 1})
        assert not at_least(less, h100, "fp8")


def test_order_of_gpus_is_transitive_and_that_of_families_agrees():
    """A GPU that is better in every figure is of no family whose kernels take longer."""
    gpus = [gpu for gpu in SHIPPED.gpus.values() if gpu.vendor == "NVIDIA"]
    rank = {OTHER: 0, HOPPER: 1, BLACKWELL: 2}
    for one, other in permutations(gpus, 2):
        if at_least(one, other, "bf16"):
            assert rank[family_of(one)] >= rank[family_of(other)], (one.name, other.name)


def test_units_that_a_gpu_lacks():
    h100, a100, b200 = (load_gpu(name) for name in ("h100-sxm", "a100-sxm-80gb", "b200-sxm"))
    assert with_units(h100, "fp4").fp4_flops_per_s == 2 * h100.fp8_flops_per_s
    assert with_units(a100, "fp8").fp8_flops_per_s == 2 * a100.bf16_flops_per_s
    assert with_units(a100, "fp4").fp4_flops_per_s == 4 * a100.bf16_flops_per_s
    assert with_units(b200, "fp4") == b200
    assert with_units(a100, "bf16") == with_units(a100, "int4") == a100
