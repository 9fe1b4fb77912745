"""NVIDIA's management library stands in as an object: what it tells is recorded, what it refuses is null."""

import pytest

from advisor.errors import AdvisorError
from advisor.profiler.device import Meter, device, gpu_name


class Library:
    """Two H100 that use 300 J between any two looks."""

    NVML_CLOCK_SM = 1

    class NVMLError(Exception):
        pass

    def __init__(self, *, refuses=()):
        self.looks, self.refuses = 0, refuses

    def _answer(self, name, value):
        if name in self.refuses:
            raise self.NVMLError
        return value

    def nvmlDeviceGetCount(self):  # noqa: N802
        return 2

    def nvmlDeviceGetHandleByIndex(self, index):  # noqa: N802
        return index

    def nvmlDeviceGetName(self, _):  # noqa: N802
        return b"NVIDIA H100 80GB HBM3"

    def nvmlDeviceGetMaxClockInfo(self, *_):  # noqa: N802
        return self._answer("clock", 1980)

    def nvmlSystemGetDriverVersion(self):  # noqa: N802
        return self._answer("driver", "580.1")

    def nvmlDeviceGetTotalEnergyConsumption(self, _):  # noqa: N802
        self.looks += 1
        return self._answer("energy", 150_000 * self.looks)

    def nvmlDeviceGetMemoryInfo(self, _):  # noqa: N802
        return self._answer("memory", type("Info", (), {"used": 40 << 30})())


def test_what_it_tells():
    library = Library()
    found = device(library)
    assert (found.count, found.driver, found.clock_hz) == (2, "580.1", 1.98e9)
    assert gpu_name(found.vendors_name) == "h100-sxm"
    meter = Meter(found, 2, library)
    with meter:
        pass
    columns = meter.columns(2.0)
    assert columns["energy_j"] == pytest.approx(600.0)
    assert columns["power_w"] == pytest.approx(300.0)
    assert columns["peak_memory_bytes"] == 2 * (40 << 30)


def test_what_it_refuses_is_null():
    library = Library(refuses=("energy", "memory", "driver", "clock"))
    found = device(library)
    assert (found.driver, found.clock_hz) == (None, None)
    meter = Meter(found, 1, library)
    with meter:
        pass
    assert set(meter.columns(1.0).values()) == {None}


def test_no_device_measures_nothing():
    with Meter(None, 1) as meter:
        pass
    assert set(meter.columns(1.0).values()) == {None}


@pytest.mark.parametrize(
    ("vendors", "ours"),
    [
        ("NVIDIA H100 PCIe", "h100-pcie"),
        ("NVIDIA H200", "h200-sxm"),
        ("NVIDIA GB200", "gb200"),
        ("NVIDIA B200", "b200-sxm"),
        ("NVIDIA A100-SXM4-80GB", "a100-sxm-80gb"),
        ("NVIDIA A100 80GB PCIe", "a100-pcie-80gb"),
        ("NVIDIA L4", "l4"),
        ("NVIDIA L40S", "l40s"),
        ("NVIDIA A10G", "a10g"),
        ("Tesla T4", "t4"),
        ("NVIDIA GeForce RTX 4090", "rtx-4090"),
        ("NVIDIA H20", "h20-sxm"),
    ],
)
def test_names(vendors, ours):
    assert gpu_name(vendors) == ours


def test_an_unknown_gpu_asks_for_a_name():
    with pytest.raises(AdvisorError, match="unknown here"):
        gpu_name("NVIDIA Z1000")
