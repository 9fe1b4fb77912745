"""Families of GPUs that share their efficiencies: what is learned on one of a family holds for all of it."""

from __future__ import annotations

from advisor.gpus import GpuSpec

BLACKWELL, HOPPER, ADA, AMPERE, CDNA = "Blackwell", "Hopper", "Ada", "Ampere", "CDNA"
NVIDIA = (AMPERE, ADA, HOPPER, BLACKWELL)
"""From old to new. Older GPUs than Ampere count as Ampere."""


def family_of(gpu: GpuSpec) -> str:
    """The family, by the vendor's name of the generation; an unknown one of NVIDIA's counts as the oldest."""
    if gpu.vendor == "AMD":
        return CDNA
    return next((name for name in NVIDIA if gpu.architecture.startswith(name)), AMPERE)
