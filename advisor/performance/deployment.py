"""A model laid on GPUs in one precision, with no load yet."""

from __future__ import annotations

from dataclasses import dataclass

from advisor.errors import AdvisorError
from advisor.gpus import GpuSpec
from advisor.models.spec import ModelSpec
from advisor.performance.demand import Demand, demand
from advisor.performance.hardware import Hardware, hardware
from advisor.performance.parallelism import Parallelism

ENGINES = ("vllm", "sglang", "trtllm")


@dataclass(frozen=True, slots=True)
class Deployment:
    """One replica. Raises AdvisorError for a dense model whose experts were to be shared out: it has none."""

    spec: ModelSpec
    gpu: GpuSpec
    layout: Parallelism
    precision: str
    kv_precision: str = "bf16"
    engine: str = "vllm"

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
        return demand(self.spec, self.precision, prompt_tokens, generated_tokens, self.kv_precision)

    def __str__(self) -> str:
        cache = "" if self.kv_precision == "bf16" else f", KV cache in {self.kv_precision}"
        gpus = f"{self.layout.gpu_count} × {self.gpu.name} ({self.layout})"
        return f"{self.spec.name} ({self.precision}{cache}) on {gpus}"
