"""Families of GPUs that share their efficiencies, and which GPU is at least as good as which."""

from __future__ import annotations

from dataclasses import replace

from advisor.gpus import GpuSpec

BLACKWELL, HOPPER, OTHER, CDNA = "Blackwell", "Hopper", "NVIDIA", "CDNA"
FAMILIES = (BLACKWELL, HOPPER, OTHER, CDNA)
"""Data-centre GPUs of NVIDIA's two newest generations, all its others, and AMD's.

Ampere, Ada and workstation GPUs of any generation are one family: an A100 is better than a newer RTX 4090 in every
figure, and an L40S than an older A10.
"""


def family_of(gpu: GpuSpec) -> str:
    """The family, by the vendor's name of the generation."""
    if gpu.vendor == "AMD":
        return CDNA
    workstation = gpu.compute_capability.startswith("12")
    newest = (name for name in (BLACKWELL, HOPPER) if gpu.architecture.startswith(name))
    return OTHER if workstation else next(newest, OTHER)


def at_least(one: GpuSpec, other: GpuSpec, precision: str) -> bool:
    """Whether a GPU is no worse than another one of its vendor in any figure that counts for weights of this
    precision."""
    ours, theirs = (_figures(gpu, precision) for gpu in (one, other))
    return one.vendor == other.vendor and all(a >= b for a, b in zip(ours, theirs, strict=True))


def _figures(gpu: GpuSpec, precision: str) -> tuple[float, ...]:
    peaks = gpu.peak_flops_per_s
    products = (peaks[gpu.compute_precision(precision)], peaks["bf16"])
    return (*products, gpu.memory_bytes_per_s, gpu.memory_bytes, gpu.link_bytes_per_s)


def with_units(gpu: GpuSpec, precision: str) -> GpuSpec:
    """The GPU, as if it multiplied in this precision twice as fast as in the next wider one."""
    if precision not in ("fp8", "fp4") or precision in gpu.peak_flops_per_s:
        return gpu
    fp8 = gpu.fp8_flops_per_s or 2 * gpu.bf16_flops_per_s
    if precision == "fp8":
        return replace(gpu, fp8_flops_per_s=fp8)
    return replace(gpu, fp4_flops_per_s=2 * fp8)
