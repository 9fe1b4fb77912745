"""A model laid on GPUs in one precision, with no load yet."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from advisor.errors import AdvisorError
from advisor.gpus import GpuSpec
from advisor.models.spec import ModelSpec
from advisor.performance.demand import CHUNK_TOKENS, Demand, demand
from advisor.performance.hardware import Hardware, hardware
from advisor.performance.parallelism import Parallelism
from advisor.performance.speculation import Speculation, speculating

ENGINES = ("vllm", "sglang", "trtllm")


@dataclass(frozen=True, slots=True)
class BatchLimits:
    """What one engine takes at once: sequences in each data-parallel group, and prompt tokens in one step."""

    sequences: float = math.inf
    prompt_tokens: int = CHUNK_TOKENS


@dataclass(frozen=True, slots=True)
class Deployment:
    """One replica, with `cached_tokens` of every prompt in its prefix cache.

    Raises AdvisorError for a dense model whose experts were to be shared out: it has none.
    """

    spec: ModelSpec
    gpu: GpuSpec
    layout: Parallelism
    precision: str
    kv_precision: str = "bf16"
    engine: str = "vllm"
    limits: BatchLimits = BatchLimits()
    speculation: Speculation | None = None
    cached_tokens: int = 0

    def __post_init__(self) -> None:
        if self.layout.expert_parallel and not self.spec.is_moe:
            what = f"{self.spec.name} is dense: it has no experts that GPUs could share"
            hint = "dp and ep are for mixtures of experts; run replicas of a dense model"
            raise AdvisorError(what, where="--parallelism", hint=hint)

    @property
    def hardware(self) -> Hardware:
        """Its GPUs as the formulas take them."""
        return hardware(self.gpu, self.layout, self.precision)

    def demand(self, prompt_tokens: int, generated_tokens: int) -> Demand:
        """Bytes and FLOPs of requests of these lengths, in tokens."""
        cached = self.cached_tokens
        d = demand(self.spec, self.precision, prompt_tokens, generated_tokens, self.kv_precision, cached_tokens=cached)
        d = replace(d, chunk_tokens=self.limits.prompt_tokens)
        return speculating(d, self.speculation) if self.speculation else d

    @property
    def most_sequences(self) -> float:
        """Sequences that the engine runs at once at most, whatever the cache holds."""
        return self.limits.sequences * self.layout.dp

    def __str__(self) -> str:
        cache = "" if self.kv_precision == "bf16" else f", KV cache in {self.kv_precision}"
        gpus = f"{self.layout.gpu_count} × {self.gpu.name} ({self.layout})"
        return f"{self.spec.name} ({self.precision}{cache}) on {gpus}"
