"""The GPUs of a deployment as the formulas see them: peaks, and how the model is split over them."""

from __future__ import annotations

from dataclasses import dataclass

from advisor.gpus import GpuSpec
from advisor.performance.demand import Quantity
from advisor.performance.parallelism import Parallelism

NODE_LINK_BYTES_PER_S = 50e9
"""Of a GPU, one direction, between nodes: an adapter of 400 Gb/s for each, as in NVIDIA's HGX and DGX designs."""
NODE_GPUS = 8
RACKS = {"gb200": 72, "gb300": 72}
"""GPUs that NVLink joins: those of a node, and where a rack is one."""


@dataclass(frozen=True, slots=True)
class Hardware:
    """Peaks of a deployment's GPUs and how the model is split over them; `compute` in the products' precision.

    `gpu_count` GPUs hold one pipeline stage; a sequence's attention is shared by `attention_shards` of them (all under
    tensor parallelism, one under data-parallel attention); `stages` work on as many parts of the batch at once.
    `expert_parallel` is 1 where experts lie whole on one GPU each, 0 where each is cut into slices for all;
    `over_nodes` where GPUs that work on one step lie in several nodes, whose link is then that between nodes.
    """

    gpu_count: Quantity
    attention_shards: Quantity
    stages: Quantity
    compute_flops_per_s: Quantity
    compute_16bit_flops_per_s: Quantity
    memory_bytes_per_s: Quantity
    link_bytes_per_s: Quantity
    expert_parallel: Quantity = 0.0
    over_nodes: Quantity = 0.0


def hardware(gpu: GpuSpec, parallelism: Parallelism, precision: str) -> Hardware:
    """One replica on such GPUs, for weights of this precision."""
    peaks = gpu.peak_flops_per_s
    over_nodes = parallelism.tp * parallelism.dp > linked(gpu)
    return Hardware(
        parallelism.tp * parallelism.dp,
        parallelism.tp,
        parallelism.pp,
        peaks[gpu.compute_precision(precision)],
        peaks["bf16"],
        gpu.memory_bytes_per_s,
        min(gpu.link_bytes_per_s, NODE_LINK_BYTES_PER_S) if over_nodes else gpu.link_bytes_per_s,
        float(parallelism.expert_parallel),
        float(over_nodes),
    )


def linked(gpu: GpuSpec) -> int:
    """GPUs that the fast link is taken to join at most."""
    return RACKS.get(gpu.name, max(gpu.node_gpus, NODE_GPUS))
