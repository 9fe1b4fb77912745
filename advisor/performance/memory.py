"""What has to lie in a GPU's memory, and how many sequences fit beside the weights."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from advisor.performance.demand import Array, Demand, Quantity
from advisor.performance.hardware import Hardware

UTILISATION = 0.90
"""Share of the memory that vLLM hands out (its --gpu-memory-utilization default was 0.9 for years)."""

OVERHEAD_BYTES = 2.2e9
"""CUDA context, graphs and activations of an 8 192-token batch, per GPU; vLLM reports 1.5–3 GB for 7B–70B models."""


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes per GPU, and the sequences that fit at once in the whole deployment."""

    weights_bytes: float
    kv_cache_bytes: float
    overhead_bytes: float
    capacity_bytes: float
    max_sequences: float

    @property
    def total_bytes(self) -> float:
        return self.weights_bytes + self.kv_cache_bytes + self.overhead_bytes

    @property
    def fits(self) -> bool:
        return self.total_bytes <= self.capacity_bytes


def kv_copies(kv_shards: Quantity, attention_shards: Quantity) -> Array:
    """How often the cache is held: tensor parallelism beyond the KV heads copies it."""
    return np.asarray(np.maximum(1.0, np.asarray(attention_shards, dtype=float) / np.asarray(kv_shards, dtype=float)))


def weights_per_gpu(d: Demand, hw: Hardware) -> Array:
    """Bytes of weights on each GPU: experts shared by all, the rest by those that share the attention."""
    experts = d.expert_weight_bytes / np.asarray(hw.gpu_count, dtype=float)
    rest = (d.resident_weight_bytes - d.expert_weight_bytes) / np.asarray(hw.attention_shards, dtype=float)
    return np.asarray((experts + rest) / np.asarray(hw.stages, dtype=float))


def max_sequences(d: Demand, memory_bytes: Quantity, hw: Hardware) -> Array:
    """Sequences of full length that fit beside the weights; negative where the weights do not fit."""
    n = np.asarray(hw.gpu_count, dtype=float) * np.asarray(hw.stages, dtype=float)
    free = UTILISATION * np.asarray(memory_bytes, dtype=float) - OVERHEAD_BYTES - weights_per_gpu(d, hw)
    return np.asarray(free * n / (d.kv_sequence_bytes * kv_copies(d.kv_shards, hw.attention_shards)))


def memory(d: Demand, memory_bytes: float, hw: Hardware, concurrency: int) -> Memory:
    """Memory of one deployment with `concurrency` sequences at full length."""
    copies = float(kv_copies(d.kv_shards, hw.attention_shards))
    return Memory(
        weights_bytes=float(weights_per_gpu(d, hw)),
        kv_cache_bytes=concurrency * float(d.kv_sequence_bytes) * copies / float(hw.gpu_count * hw.stages),
        overhead_bytes=OVERHEAD_BYTES,
        capacity_bytes=UTILISATION * memory_bytes,
        max_sequences=float(max_sequences(d, memory_bytes, hw)),
    )
