import dataclasses

import pytest

from advisor.errors import AdvisorError
from advisor.gpus import Gpus
from tests.known import SHIPPED, load_gpu


def test_peaks_are_dense_and_consistent():
    """Vendors' tables: fp8 is twice bf16 wherever the GPU has it; sparse figures would break the ratio to bandwidth."""
    assert len(SHIPPED.gpus) >= 20
    for gpu in SHIPPED.gpus.values():
        bf16 = gpu.peak_flops_per_s["bf16"]
        assert 35 < bf16 / gpu.memory_bytes_per_s < 450, gpu.name
        if "fp8" in gpu.peak_flops_per_s:
            assert gpu.peak_flops_per_s["fp8"] == pytest.approx(2 * bf16, rel=0.02)
        assert gpu.source


def test_known_data_sheets():
    h100, mi300x, l4 = load_gpu("H100-SXM"), load_gpu("mi300x"), load_gpu("l4")
    assert (h100.peak_flops_per_s["bf16"], h100.memory_bytes_per_s, h100.tdp_w) == (989e12, 3.35e12, 700)
    assert (mi300x.memory_bytes, mi300x.peak_flops_per_s["fp8"]) == (192_000_000_000, 2615e12)
    assert l4.peak_flops_per_s["bf16"] == 121e12
    assert h100.memory_bytes == 81559 << 20  # as the driver reports, not the 80 GB of the name


def test_near_names():
    with pytest.raises(AdvisorError, match="did you mean h200-sxm"):
        load_gpu("h200sxm")


def test_every_alias_is_of_one_gpu():
    seen = {}
    for gpu in SHIPPED.gpus.values():
        for alias in filter(None, gpu.aliases.split("; ")):
            assert alias not in seen
            seen[alias] = gpu.name
            assert SHIPPED.gpus.of_device(alias).name == gpu.name
            assert SHIPPED.gpus.of_device(alias.upper()).name == gpu.name
    assert len(seen) >= 30


@pytest.mark.parametrize(
    "seen",
    ["NVIDIA A100-SXM-64GB", "NVIDIA RTX A4000", "NVIDIA H100 80GB HBM3 MIG 1g.10gb", "NVIDIA H20-3e", "A10", ""],
)
def test_a_name_that_only_resembles_a_known_one_is_not_guessed(seen):
    with pytest.raises(AdvisorError) as caught:
        SHIPPED.gpus.of_device(seen)
    assert repr(seen) in str(caught.value)
    assert "--gpu" in str(caught.value)


def test_node_sizes():
    assert SHIPPED.gpus["h100-sxm"].node_gpus == 8
    assert SHIPPED.gpus["gb200"].node_gpus == 16
    assert SHIPPED.gpus["gh200-96gb"].node_gpus == 1


def test_products_run_in_a_precision_the_gpu_has():
    assert load_gpu("h100-sxm").compute_precision("fp8") == "fp8"
    assert load_gpu("a100-sxm-80gb").compute_precision("fp8") == "bf16"
    assert load_gpu("h100-sxm").compute_precision("fp4") == "bf16"
    assert load_gpu("b200-sxm").compute_precision("fp4") == "fp4"
    assert load_gpu("b200-sxm").compute_precision("int4") == "bf16"


def test_a_gpu_by_its_name_in_any_case():
    gpus = SHIPPED.gpus
    assert gpus["H100-SXM"] is gpus["h100-sxm"]
    assert "H100-SXM" in gpus
    assert "h101" not in gpus
    assert [gpus[name].gpu for name in gpus] == list(gpus)
    assert repr(gpus) == f"<{len(gpus)} GPUs>"


def test_a_gpu_of_your_own_may_have_capitals():
    own = Gpus([dataclasses.replace(load_gpu("l4"), gpu="MyGPU")])
    assert own.named("mygpu") is own["MyGPU"]
    assert list(own) == ["MyGPU"]
