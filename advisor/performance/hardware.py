"""The GPUs of a deployment as the formulas see them: peaks, and how the model is split over them."""

from __future__ import annotations

from dataclasses import dataclass

from advisor.gpus import GpuSpec
from advisor.performance.demand import Quantity
from advisor.performance.parallelism import Parallelism


@dataclass(frozen=True, slots=True)
class Hardware:
    """Peaks of a deployment's GPUs and how the model is split over them; `compute` in the products' precision.

    `gpu_count` GPUs hold one pipeline stage; a sequence's attention is shared by `attention_shards` of them (all under
    tensor parallelism, one under data-parallel attention); `stages` work on as many parts of the batch at once.
    `expert_parallel` is 1 where experts lie whole on one GPU each, 0 where each is cut into slices for all.
    """

    gpu_count: Quantity
    attention_shards: Quantity
    stages: Quantity
    compute_flops_per_s: Quantity
    compute_16bit_flops_per_s: Quantity
    memory_bytes_per_s: Quantity
    link_bytes_per_s: Quantity
    expert_parallel: Quantity = 0.0


def hardware(gpu: GpuSpec, parallelism: Parallelism, precision: str) -> Hardware:
    """One replica on such GPUs, for weights of this precision."""
    peaks = gpu.peak_flops_per_s
    return Hardware(
        parallelism.tp * parallelism.dp,
        parallelism.tp,
        parallelism.pp,
        peaks[gpu.compute_precision(precision)],
        peaks["bf16"],
        gpu.memory_bytes_per_s,
        gpu.link_bytes_per_s,
        float(parallelism.expert_parallel),
    )
