"""What schedulers call a GPU, and how many of them one machine holds: rows of machines.csv."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from advisor.gpus import GpuSpec
from advisor.tables import column, read_rows

RESOURCES = {"NVIDIA": "nvidia.com/gpu", "AMD": "amd.com/gpu"}
"""What the vendors' device plugins call one GPU in Kubernetes."""
PRODUCT_LABEL = "nvidia.com/gpu.product"
"""Label of nodes by NVIDIA's GPU feature discovery: the name that the driver reports, `-` for each space."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineRow:
    """One GPU."""

    gpu: str = column("name, as in gpus.csv")
    skypilot: str = column("its name in SkyPilot; empty: none is known", default="")
    gpus_per_machine: int | None = column("under one operating system, where fewer than one link joins", default=None)
    source: str = column("where both were seen")
    as_of: str = column("when, ISO date")


@cache
def _rows() -> dict[str, MachineRow]:
    return {row.gpu: row for row in read_rows(Path(__file__).with_name("machines.csv"), MachineRow, hint="")}


def skypilot_name(gpu: str) -> str:
    """What SkyPilot calls a GPU; empty where that is not known.

    >>> skypilot_name("a100-sxm-80gb"), skypilot_name("mi250x")
    ('A100-80GB', '')
    """
    row = _rows().get(gpu)
    return row.skypilot if row else ""


def gpus_per_machine(gpu: GpuSpec) -> int:
    """GPUs under one operating system at most."""
    row = _rows().get(gpu.name)
    return (row.gpus_per_machine if row else None) or gpu.node_gpus


def product_labels(gpu: GpuSpec) -> tuple[str, ...]:
    """Values of PRODUCT_LABEL that nodes with the GPU may have; none where the driver's name is not known."""
    if gpu.vendor != "NVIDIA":
        return ()
    return tuple(name.strip().replace(" ", "-") for name in gpu.aliases.split(";") if name.strip())
