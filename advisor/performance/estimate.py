"""One deployment of one model at one load: does it fit, how fast is it, what does a token cost."""

from __future__ import annotations

from dataclasses import dataclass

from advisor.errors import AdvisorError
from advisor.gpus import GpuSpec, Price
from advisor.models.spec import ModelSpec
from advisor.performance.corrections import corrected_serving, spread_at, terms
from advisor.performance.demand import demand
from advisor.performance.hardware import hardware
from advisor.performance.memory import Memory, memory
from advisor.performance.parallelism import Parallelism
from advisor.performance.power import watts
from advisor.performance.profiles import Fitted
from advisor.performance.roofline import serving


@dataclass(frozen=True, slots=True)
class Estimate:
    """Answer of `advisor estimate`; None where there is no price. `spread` is the factor of the 90 % interval of times."""

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
    spread: float


def estimate(
    spec: ModelSpec,
    gpu: GpuSpec,
    fitted: Fitted,
    price: Price | None,
    *,
    parallelism: Parallelism,
    precision: str,
    kv_precision: str = "bf16",
    prompt_tokens: int,
    generated_tokens: int,
    concurrency: int,
) -> Estimate:
    """Memory, times and cost of `concurrency` requests in flight on one replica. Raises AdvisorError for a dense model with dp."""
    if parallelism.dp > 1 and not spec.is_moe:
        raise AdvisorError(
            f"{spec.name} has no experts to share out",
            where="--parallelism",
            hint="dp is for mixtures of experts; run replicas of a dense model",
        )
    d = demand(spec, precision, prompt_tokens, generated_tokens, kv_precision)
    hw = hardware(gpu, parallelism, precision)
    mem = memory(d, gpu.memory_bytes, hw, concurrency)
    room = max(mem.max_sequences, 1.0)
    known = fitted.correction
    result = (
        corrected_serving(d, hw, known, concurrency, room)
        if known
        else serving(d, hw, fitted.efficiency, concurrency, room)
    )
    tokens_per_s = float(result.output_tokens_per_s)
    usd_per_s = price.usd_per_hour * parallelism.gpu_count / 3600 if price else None
    parts = {"compute": float(result.compute_s), "weights": float(result.weights_s), "KV cache": float(result.kv_s)}
    return Estimate(
        memory=mem,
        ttft_s=float(result.ttft_s),
        tpot_s=float(result.tpot_s),
        request_s=float(result.request_s),
        output_tokens_per_s=tokens_per_s,
        usd_per_million_output_tokens=usd_per_s / tokens_per_s * 1e6 if usd_per_s else None,
        energy_j_per_request=float(watts(result, gpu.tdp_w, parallelism.gpu_count)) * generated_tokens / tokens_per_s,
        prefill_flops=spec.prefill_flops(prompt_tokens),
        decode_flops_per_token=spec.decode_flops(prompt_tokens + max(generated_tokens // 2, 1)),
        bound=max(parts, key=lambda part: parts[part]),
        spread=float(spread_at(known, terms(d, hw, concurrency), fitted.spread)) if known else fitted.spread,
    )
