"""NVIDIA's management library stands in as an object: what it reports is recorded, what it refuses is null."""

import re

import pytest

from advisor.errors import AdvisorError
from advisor.profiler.device import Device, Meter, device
from advisor.profiler.profile import profile
from advisor.store.workspace import Workspace
from tests.known import SHIPPED


class Used:
    used = 40 << 30


class Library:
    """Two H100 that use 300 J between any two looks."""

    NVML_CLOCK_SM = 1

    class NVMLError(Exception):
        pass

    def __init__(self, *, refuses=()):
        self.looks, self.refuses = 0, refuses

    def fail(self):
        raise self.NVMLError

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
        return self._answer("memory", Used())


def test_what_it_reports():
    library = Library()
    found = device(library)
    assert (found.count, found.driver, found.clock_hz) == (2, "580.1", 1.98e9)
    assert SHIPPED.gpus.of_device(found.name).name == "h100-sxm"
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


def test_one_gpu_of_two_that_reports_nothing_makes_the_sum_unknown():
    library = Library()
    library.nvmlDeviceGetMemoryInfo = lambda handle: (
        library._answer("memory", Used()) if handle == 0 else library.fail()
    )
    with Meter(device(library), 2, library) as meter:
        pass
    assert meter.columns(1.0)["peak_memory_bytes"] is None


ALIASES = [(alias, spec.name) for spec in SHIPPED.gpus.values() for alias in spec.aliases.split("; ") if alias]


@pytest.mark.parametrize(("driver_name", "ours"), ALIASES)
def test_every_name_of_the_table_is_found(driver_name, ours):
    assert SHIPPED.gpus.of_device(driver_name).name == ours
    assert SHIPPED.gpus.of_device(driver_name.upper()).name == ours


def test_a_name_stands_for_one_gpu():
    names = [alias.casefold() for alias, _ in ALIASES]
    assert len(names) == len(set(names)) > 30


@pytest.mark.parametrize(
    "driver_name",
    [
        "NVIDIA A100-SXM-64GB",
        "NVIDIA RTX A4000",
        "NVIDIA RTX A5000",
        "NVIDIA L40G",
        "NVIDIA A10M",
        "NVIDIA H100 PCIe MIG 1g.10gb",
        "NVIDIA H200 NVL 2",
        "Quadro T400",
        "NVIDIA Z1000",
        "",
    ],
)
def test_a_name_that_only_contains_a_known_one_is_no_match(driver_name):
    with pytest.raises(AdvisorError, match=rf"--gpu: .*'{re.escape(driver_name)}'.*--gpu"):
        SHIPPED.gpus.of_device(driver_name)


def test_profiling_such_a_gpu_asks_for_its_name(tmp_path, monkeypatch):
    other = Device("NVIDIA A100-SXM-64GB", 1, None, None, ())
    monkeypatch.setattr("advisor.profiler.profile.device", lambda: other)
    monkeypatch.setattr("advisor.profiler.profile.require_vllm", lambda: None)
    with pytest.raises(AdvisorError, match=r"'NVIDIA A100-SXM-64GB'.*name the one it equals with --gpu"):
        profile(Workspace(tmp_path), model="qwen3-8b")
    assert not list(tmp_path.rglob("*"))


@pytest.mark.parametrize(
    ("given", "handles"), [("1", (1,)), ("1,0", (1, 0)), ("", (0, 1)), ("7", (0, 1)), ("GPU-ab", (0, 1))]
)
def test_only_the_gpus_that_an_engine_sees(monkeypatch, given, handles):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", given)
    found = device(Library())
    assert (found.handles, found.count) == (handles, len(handles))
