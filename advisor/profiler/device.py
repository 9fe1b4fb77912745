"""The machine's GPUs as NVIDIA's management library sees them: names, clocks, memory, energy. What it does not tell is None, never zero."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from types import TracebackType
from typing import Any, Self

from advisor.errors import AdvisorError
from advisor.gpus import gpus

NAMES = (
    ("gb300", "gb300"),
    ("gb200", "gb200"),
    ("b300", "b300-sxm"),
    ("b200", "b200-sxm"),
    ("gh200 144", "gh200-144gb"),
    ("gh200", "gh200-96gb"),
    ("h200 nvl", "h200-nvl"),
    ("h200", "h200-sxm"),
    ("h100 pcie", "h100-pcie"),
    ("h100 nvl", "h100-nvl"),
    ("h100", "h100-sxm"),
    ("h20", "h20-sxm"),
    ("a100-sxm4-80", "a100-sxm-80gb"),
    ("a100-sxm4-40", "a100-sxm-40gb"),
    ("a100 80gb pcie", "a100-pcie-80gb"),
    ("a100-pcie-40", "a100-pcie-40gb"),
    ("a10g", "a10g"),
    ("a10", "a10"),
    ("a30", "a30"),
    ("a40", "a40"),
    ("a6000", "rtx-a6000"),
    ("v100-sxm2-16", "v100-sxm-16gb"),
    ("v100-sxm2-32", "v100-sxm-32gb"),
    ("rtx pro 6000 blackwell server", "rtx-pro-6000-server"),
    ("rtx pro 6000", "rtx-pro-6000"),
    ("rtx 6000 ada", "rtx-6000-ada"),
    ("l40s", "l40s"),
    ("l40", "l40"),
    ("l4", "l4"),
    ("t4", "t4"),
    ("5090", "rtx-5090"),
    ("4090", "rtx-4090"),
    ("3090", "rtx-3090"),
)
"""Part of the vendor's name, our name; the first that fits and is known here."""


def gpu_name(vendors: str) -> str:
    """Our name of a GPU. Raises AdvisorError where it is not known.

    >>> gpu_name("NVIDIA H100 80GB HBM3")
    'h100-sxm'
    """
    folded = vendors.casefold()
    for part, name in NAMES:
        if part in folded and name in gpus():
            return name
    raise AdvisorError(f"{vendors!r} is a GPU unknown here", where="--gpu", hint="name the nearest of `advisor gpus`")


@dataclass(frozen=True, slots=True)
class Device:
    """What the machine offers; `handles` are the library's."""

    vendors_name: str
    count: int
    driver: str | None
    clock_hz: float | None
    handles: tuple[Any, ...]


def _library() -> Any | None:
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
    """The machine's NVIDIA GPUs, all of the kind of the first; None where there is none."""
    nvml = library or _library()
    if nvml is None or not (count := int(nvml.nvmlDeviceGetCount())):
        return None
    handles = tuple(nvml.nvmlDeviceGetHandleByIndex(i) for i in range(count))
    name = nvml.nvmlDeviceGetName(handles[0])
    clock = _told(nvml, lambda: float(nvml.nvmlDeviceGetMaxClockInfo(handles[0], nvml.NVML_CLOCK_SM)) * 1e6)
    driver = _told(nvml, lambda: str(nvml.nvmlSystemGetDriverVersion()))
    return Device(name.decode() if isinstance(name, bytes) else str(name), count, driver, clock, handles)


def _told(nvml: Any, ask: Any) -> Any | None:
    """The answer, or None where this GPU or driver does not tell."""
    try:
        return ask()
    except nvml.NVMLError:
        return None


class Meter:
    """Energy and memory of the first `count` GPUs while a load runs; use as a context manager. Without a device it measures nothing."""

    def __init__(self, found: Device | None, count: int, library: Any | None = None) -> None:
        self._nvml = library or (_library() if found else None)
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
        return self._sum(lambda handle: self._nvml.nvmlDeviceGetTotalEnergyConsumption(handle) / 1000)  # type: ignore[union-attr]

    def _sum(self, ask: Any) -> float | None:
        if not self._handles:
            return None
        told: list[float | None] = [_told(self._nvml, lambda h=h: float(ask(h))) for h in self._handles]
        known = [value for value in told if value is not None]
        return sum(known) if len(known) == len(told) else None

    def columns(self, duration_s: float) -> dict[str, float | int | None]:
        """Columns of `runs`; null where the device does not tell."""
        used = self._sum(lambda handle: self._nvml.nvmlDeviceGetMemoryInfo(handle).used)  # type: ignore[union-attr]
        return {
            "energy_j": self._energy_j,
            "power_w": self._energy_j / duration_s if self._energy_j is not None else None,
            "peak_memory_bytes": int(used) if used is not None else None,
        }
