"""The work of one request for the hardware: bytes to read, FLOPs to do, by model, precision and lengths."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from advisor.gpus import BYTES_PER_WEIGHT
from advisor.models.flop_parts import linear_parts
from advisor.models.layers import MixtureOfExperts
from advisor.models.spec import ModelSpec

Array = NDArray[np.float64]
Quantity = Array | float

BYTES_16BIT = 2.0
CHUNK_TOKENS = 8192
"""Prompt tokens of one step at most: vLLM's max_num_batched_tokens for serving on large GPUs."""
KV_BYTES = {"bf16": BYTES_16BIT, "fp8": 1.0}
"""Bytes of a cache element, by the cache's precision."""


@dataclass(frozen=True, slots=True)
class Demand:
    """Scalars of one (model, precision, prompt, generated); every `_bytes` and `_flops` is for all GPUs together.

    Fields are numbers; `stack` lays many demands side by side as arrays.

    always_weight_bytes    read in every step: attention, dense and shared feed-forward, router, LM head
    expert_weight_bytes    all routed experts; a step reads the share its tokens touch
    expert_share           experts per token / experts, 0 for dense models
    resident_weight_bytes  all weights in memory
    dense_flops            products with weights that every token passes, in their precision, per token
    expert_flops           those with the experts that it is sent to
    head_flops             the LM head in 16 bit, per sampled token
    prefill_core_flops     attention products of the prompt's tokens that are not in the prefix cache
    decode_core_flops      attention products of one generated token at mid-answer
    kv_read_bytes          cache read by one sequence in one step at mid-answer
    kv_sequence_bytes      cache of one sequence when it ends
    kv_shards              KV heads that tensor parallelism can share out
    launches               kernels of one decode step, each with a latency of its own
    four_bit_launches      of these, those that send tokens to experts in four bits and multiply there
    expert_rows            rows of the matrices of all routed experts, which tensor parallelism cuts
    cached_tokens          of the prompt, found in the prefix cache: no prefill, but memory and reading as all others
    four_bit_weight_bytes  of always_weight_bytes, those in four bits
    chunk_tokens           of prompts that one step takes in at most
    verified_tokens        of one sequence that a step passes: those that were drafted, and one more
    tokens_per_step        that a step adds to one answer on average
    draft_layers           passes through layers like the model's that drafting takes, a step
    """

    always_weight_bytes: Quantity
    expert_weight_bytes: Quantity
    expert_share: Quantity
    resident_weight_bytes: Quantity
    dense_flops: Quantity
    expert_flops: Quantity
    head_flops: Quantity
    prefill_core_flops: Quantity
    decode_core_flops: Quantity
    kv_read_bytes: Quantity
    kv_sequence_bytes: Quantity
    kv_shards: Quantity
    n_layers: Quantity
    launches: Quantity
    hidden: Quantity
    prompt_tokens: Quantity
    generated_tokens: Quantity
    cached_tokens: Quantity = 0.0
    four_bit_weight_bytes: Quantity = 0.0
    chunk_tokens: Quantity = CHUNK_TOKENS
    verified_tokens: Quantity = 1.0
    tokens_per_step: Quantity = 1.0
    draft_layers: Quantity = 0.0
    four_bit_launches: Quantity = 0.0
    expert_rows: Quantity = 0.0


def demand(
    spec: ModelSpec,
    precision: str,
    prompt_tokens: int,
    generated_tokens: int,
    kv_precision: str = "bf16",
    *,
    cached_tokens: int = 0,
) -> Demand:
    """The Demand of requests of these lengths (tokens, at least one generated; fewer cached than in the prompt)."""
    usual = BYTES_PER_WEIGHT[precision]
    width = spec.four_bit_bytes if usual < 1 else usual
    # four-bit MoE checkpoints (gpt-oss, NVFP4 DeepSeek, INT4 Kimi) quantise the experts and leave attention in 16 bit
    attention_width = BYTES_16BIT if spec.is_moe and width < 1 else width
    mixers = sum(layer.count * layer.mixer.parameters for layer in spec.layers if layer.mixer)
    routed = linear_parts(spec.layers).routed_experts
    dense, experts, shares, rows, routed_launches = 0.0, 0.0, [], 0, 0
    for layer in spec.layers:
        block = layer.feed_forward
        if isinstance(block, MixtureOfExperts):
            experts += layer.count * block.n_experts * block.expert.parameters
            dense += layer.count * block.always_matmul_parameters
            shares.append(block.experts_per_token / block.n_experts)
            rows += layer.count * block.n_experts * block.expert.rows
            routed_launches += layer.count * block.routed_launches
        elif block:
            dense += layer.count * block.parameters
    always = mixers * attention_width + dense * width
    # makers leave attention of such checkpoints in 16 bit or store it in 8; what a step reads is counted as 8 bit, so
    # that fp4 is never slower than fp8 for how a checkpoint was made
    read = mixers * min(attention_width, max(width, 1.0)) + dense * width if precision == "fp4" else always
    in_four_bits = dense * width + (mixers * width if attention_width == width else 0.0)
    head = spec.head_matmul_parameters * BYTES_16BIT
    lookup = (spec.lookup_parameters + spec.encoder_parameters) * BYTES_16BIT
    middle = prompt_tokens + max(generated_tokens // 2, 1)
    total = prompt_tokens + generated_tokens
    kv_width = KV_BYTES[kv_precision]
    kv_shards = max(
        (layer.mixer.kv_replicable_heads for layer in spec.layers if layer.mixer and layer.mixer.kv_elements_per_token),
        default=1,
    )
    return Demand(
        always_weight_bytes=read + head,
        expert_weight_bytes=experts * width,
        expert_share=shares[0] if shares else 0.0,
        resident_weight_bytes=always + head + lookup + experts * width,
        dense_flops=spec.linear_flops_per_token() - routed,
        expert_flops=routed,
        head_flops=2.0 * spec.head_matmul_parameters,
        prefill_core_flops=spec.attention_flops(cached_tokens + 1, prompt_tokens),
        decode_core_flops=spec.engine_decode_core_flops(middle),
        kv_read_bytes=spec.kv_read_elements(middle) * kv_width,
        kv_sequence_bytes=spec.kv_elements(total) * kv_width,
        kv_shards=kv_shards,
        n_layers=spec.n_layers,
        launches=spec.decode_launches,
        hidden=spec.hidden,
        prompt_tokens=prompt_tokens,
        generated_tokens=generated_tokens,
        cached_tokens=cached_tokens,
        four_bit_weight_bytes=in_four_bits if width < 1 else 0.0,
        four_bit_launches=routed_launches if width < 1 else 0,
        expert_rows=rows,
    )


def stack(demands: Sequence[Demand]) -> Demand:
    """Many demands as one whose fields are arrays of shape (len(demands),)."""
    return Demand(*(np.array([getattr(d, field.name) for d in demands], dtype=float) for field in fields(Demand)))
