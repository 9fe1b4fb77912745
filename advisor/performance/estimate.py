"""One deployment of one model at one load: does it fit, how fast is it, what does a token cost."""

from __future__ import annotations

from dataclasses import dataclass

from advisor.gpus import GpuSpec, Price
from advisor.models.spec import ModelSpec
from advisor.performance.demand import demand
from advisor.performance.memory import Memory, memory
from advisor.performance.power import watts
from advisor.performance.profiles import Fitted
from advisor.performance.roofline import Hardware, serving


@dataclass(frozen=True, slots=True)
class Estimate:
    """Answer of `advisor estimate`; None where there is no price."""

    memory: Memory
    ttft_s: float
    tpot_s: float
    request_s: float
    output_tokens_per_s: float
    usd_per_million_output_tokens: float | None
    energy_j_per_request: float
    prefill_flops: int
    decode_flops_per_token: int
    bound: str


def hardware(gpu: GpuSpec, gpu_count: int, precision: str) -> Hardware:
    """The peaks of `gpu_count` such GPUs for weights of this precision."""
    peaks = gpu.peak_flops_per_s
    return Hardware(gpu_count, peaks[gpu.compute_precision(precision)], peaks["bf16"], gpu.memory_bytes_per_s, gpu.link_bytes_per_s)


def estimate(
    spec: ModelSpec,
    gpu: GpuSpec,
    fitted: Fitted,
    price: Price | None,
    *,
    gpu_count: int,
    precision: str,
    prompt_tokens: int,
    generated_tokens: int,
    concurrency: int,
) -> Estimate:
    """Memory, times and cost of `concurrency` requests in flight on `gpu_count` GPUs under tensor parallelism."""
    d = demand(spec, precision, prompt_tokens, generated_tokens)
    mem = memory(d, gpu.memory_bytes, gpu_count, concurrency)
    result = serving(d, hardware(gpu, gpu_count, precision), fitted.efficiency, concurrency, max(mem.max_sequences, 1.0))
    tokens_per_s = float(result.output_tokens_per_s)
    usd_per_s = price.usd_per_hour * gpu_count / 3600 if price else None
    parts = {"compute": float(result.compute_s), "weights": float(result.weights_s), "KV cache": float(result.kv_s)}
    return Estimate(
        memory=mem,
        ttft_s=float(result.ttft_s),
        tpot_s=float(result.tpot_s),
        request_s=float(result.request_s),
        output_tokens_per_s=tokens_per_s,
        usd_per_million_output_tokens=usd_per_s / tokens_per_s * 1e6 if usd_per_s else None,
        energy_j_per_request=float(watts(result, gpu.tdp_w, gpu_count)) * generated_tokens / tokens_per_s,
        prefill_flops=spec.prefill_flops(prompt_tokens),
        decode_flops_per_token=spec.decode_flops(prompt_tokens + max(generated_tokens // 2, 1)),
        bound=max(parts, key=lambda part: parts[part]),
    )
