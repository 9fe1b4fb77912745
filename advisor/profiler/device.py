"""The machine's GPUs as NVIDIA's management library sees them: names, clocks, memory, energy.

What it does not report is None, never zero.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from types import TracebackType
from typing import Any, Self

VISIBLE = "CUDA_VISIBLE_DEVICES"


@dataclass(frozen=True, slots=True)
class Device:
    """The GPUs that this process may use; `name` is the driver's, `handles` are the library's."""

    name: str
    count: int
    driver: str | None
    clock_hz: float | None
    handles: tuple[Any, ...]


def management_library() -> Any | None:
    """NVIDIA's management library, started; None where it or a GPU is missing."""
    if find_spec("pynvml") is None:
        return None
    import pynvml

    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        return None
    return pynvml


def device(library: Any | None = None) -> Device | None:
    """The NVIDIA GPUs that this process may use, all of the kind of the first; None where there is none."""
    nvml = library or management_library()
    if nvml is None or not (places := _visible(int(nvml.nvmlDeviceGetCount()))):
        return None
    handles, count = tuple(nvml.nvmlDeviceGetHandleByIndex(i) for i in places), len(places)
    clock = reported(nvml, lambda: float(nvml.nvmlDeviceGetMaxClockInfo(handles[0], nvml.NVML_CLOCK_SM)) * 1e6)
    driver = reported(nvml, lambda: str(nvml.nvmlSystemGetDriverVersion()))
    return Device(driver_name(nvml, handles[0]), count, driver, clock, handles)


def _visible(count: int) -> list[int]:
    """Those that CUDA_VISIBLE_DEVICES names by number: the library sees all of them, an engine does not."""
    given = os.environ.get(VISIBLE, "").split(",")
    named = [int(place) for place in given if place.isascii() and place.isdigit() and int(place) < count]
    return named if len(named) == len(given) else list(range(count))


def driver_name(nvml: Any, handle: Any) -> str:
    """What the driver calls a GPU."""
    name = nvml.nvmlDeviceGetName(handle)
    return name.decode() if isinstance(name, bytes) else str(name)


def reported(nvml: Any, read: Callable[[], Any]) -> Any | None:
    """What `read` gives, or None where this GPU or driver does not report it."""
    try:
        return read()
    except nvml.NVMLError:
        return None


class Meter:
    """Energy and memory of the first `count` GPUs while a load runs; use as a context manager.

    Without a device it measures nothing.
    """

    def __init__(self, found: Device | None, count: int, library: Any | None = None) -> None:
        self._nvml = library or (management_library() if found else None)
        self._handles = found.handles[:count] if found else ()
        self._energy_j: float | None = None

    def __enter__(self) -> Self:
        self._before = self._joules()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        after = self._joules()
        self._energy_j = after - self._before if after is not None and self._before is not None else None

    def _joules(self) -> float | None:
        return self._sum(lambda nvml, handle: nvml.nvmlDeviceGetTotalEnergyConsumption(handle) / 1000)

    def _sum(self, read: Callable[[Any, Any], float]) -> float | None:
        """Over all GPUs; None where one of them does not report it."""
        if not self._handles:
            return None
        each = [reported(self._nvml, partial(read, self._nvml, handle)) for handle in self._handles]
        known = [float(value) for value in each if value is not None]
        return sum(known) if len(known) == len(each) else None

    def columns(self, duration_s: float) -> dict[str, float | int | None]:
        """Columns of Run; None where the device does not report them."""
        used = self._sum(lambda nvml, handle: nvml.nvmlDeviceGetMemoryInfo(handle).used)
        return {
            "energy_j": self._energy_j,
            "power_w": self._energy_j / duration_s if self._energy_j is not None else None,
            "peak_memory_bytes": int(used) if used is not None else None,
        }
