"""How long a step takes, and from it TTFT, TPOT and throughput in steady state.

A decode step of B sequences reads the weights once, with a mixture of experts only those its tokens
touch, and the cache of all B; it multiplies B tokens. The time is the larger of reading and
multiplying, each over its efficiency, plus collectives and a fixed latency per kernel and step
(roofline: Williams et al. 2009).

All functions take numbers or numpy arrays, so that one call costs thousands of deployments.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from advisor.performance.demand import Array, Demand, Quantity
from advisor.performance.hardware import Hardware
from advisor.performance.memory import kv_copies
from advisor.tables import column

SHARPNESS = 4.0
"""max(a, b) is smoothed to (a^p + b^p)^(1/p): near the ridge neither side hides wholly behind the other."""


@dataclass(frozen=True, slots=True)
class Efficiency:
    """What is reached of the peaks (0–1), and what is added: seconds per kernel, per collective and per step."""

    compute: Quantity = column("share of peak FLOP/s in decoding", default=0.55)
    weights: Quantity = column("share of peak bandwidth when reading weights", default=0.75)
    experts: Quantity = column("share of peak bandwidth when reading experts", default=0.60)
    kv: Quantity = column("share of peak bandwidth when reading the KV cache", default=0.60)
    link: Quantity = column("share of the link's bandwidth in collectives", default=0.50)
    skew: Quantity = column("variance of the experts' popularity over its squared mean; 0: uniform", default=0.5)
    kernel_s: Quantity = column("latency of one kernel", default=1.5e-6)
    collective_s: Quantity = column("latency of one collective", default=10e-6)
    step_s: Quantity = column("fixed time of one step", default=1.5e-3)
    prefill_compute: Quantity = column("share of peak FLOP/s in prefill", default=0.55)
    ttft_steps: Quantity = column("running steps that a new request waits for", default=1.0)
    burst: Quantity = column(
        "share of the other requests' prefills that it waits for: a closed loop starts with all at once", default=0.05
    )


SHARES = ("compute", "weights", "experts", "link", "prefill_compute")
"""Efficiencies that stay within (0, 1) when they are fitted; the others are above zero."""


def shifted(efficiency: Efficiency, shifts: Sequence[Quantity] | Array) -> Efficiency:
    """Every efficiency moved by its shift, in the order of the fields: shares in logit space, the rest in log space."""
    moved = {}
    for shift, field in zip(shifts, fields(Efficiency), strict=True):
        start = np.asarray(getattr(efficiency, field.name))
        moved[field.name] = (
            1 / (1 + (1 - start) / start * np.exp(-np.asarray(shift)))
            if field.name in SHARES
            else start * np.exp(shift)
        )
    return Efficiency(**moved)


@dataclass(frozen=True, slots=True)
class Serving:
    """Steady state at one concurrency: seconds, and tokens per second of the whole deployment.

    The last four are parts of a TPOT: compute_s, weights_s and kv_s of the decode step, prefill_s of the prompts that
    it carries on average.
    """

    ttft_s: Array
    tpot_s: Array
    request_s: Array
    output_tokens_per_s: Array
    compute_s: Array
    weights_s: Array
    kv_s: Array
    prefill_s: Array


def distinct_expert_share(expert_share: Quantity, tokens: Quantity, skew: Quantity = 0.0) -> Array:
    """Expected share of the experts that `tokens` tokens touch.

    Uniform routing: 1−(1−k/E)^tokens. One token touches k experts whichever they are; that the others miss an expert
    has the probability (1−k/E)^(popularity·(tokens−1)). Where popularity is gamma distributed over the experts with
    mean 1 and variance `skew`, the mean of that is the distribution's Laplace transform,
    (1−skew·(tokens−1)·ln(1−k/E))^(−1/skew).
    """
    missed = np.log1p(-np.minimum(np.asarray(expert_share, dtype=float), 1 - 1e-12))
    spread = np.maximum(np.asarray(skew, dtype=float), 1e-9)
    others = np.maximum(np.asarray(tokens, dtype=float) - 1, 0.0)
    return np.asarray(-np.expm1(np.minimum(tokens, 1.0) * missed - np.log1p(-spread * others * missed) / spread))


def collectives_s(d: Demand, hw: Hardware, eff: Efficiency, tokens: Quantity) -> Array:
    """Two ring all-reduces a layer over 16-bit activations, one where attention is not shared (its all-gather and
    reduce-scatter around the experts send as much as one all-reduce); none on one GPU."""
    n = np.asarray(hw.gpu_count, dtype=float)
    sent = 2.0 * (n - 1) / n * np.asarray(tokens, dtype=float) * d.hidden * 2.0
    rounds = np.where(np.asarray(hw.attention_shards, dtype=float) > 1, 2.0, 1.0)
    return np.where(
        n > 1, rounds * d.n_layers * (sent / (hw.link_bytes_per_s * np.asarray(eff.link)) + eff.collective_s), 0.0
    )


def prefill_s(d: Demand, hw: Hardware, eff: Efficiency) -> Array:
    """Compute-bound time of what is new of one prompt, without waiting and without the step's fixed overhead."""
    n = np.asarray(hw.gpu_count, dtype=float)
    new_tokens = d.prompt_tokens - d.cached_tokens
    linear = new_tokens * d.linear_flops / np.asarray(hw.compute_flops_per_s)
    core = d.prefill_core_flops / np.asarray(hw.compute_16bit_flops_per_s)
    return np.asarray((linear + core) / (n * np.asarray(eff.prefill_compute)) + collectives_s(d, hw, eff, new_tokens))


def decode_parts_s(d: Demand, hw: Hardware, eff: Efficiency, batch: Quantity) -> tuple[Array, Array, Array]:
    """(compute, weight reading, cache reading) of one decode step of `batch` sequences."""
    n, shards = np.asarray(hw.gpu_count, dtype=float), np.asarray(hw.attention_shards, dtype=float)
    b = np.asarray(batch, dtype=float)
    linear = b * d.linear_flops / np.asarray(hw.compute_flops_per_s)
    wide = b * (d.head_flops + d.decode_core_flops) / np.asarray(hw.compute_16bit_flops_per_s)
    experts = d.expert_weight_bytes * distinct_expert_share(d.expert_share, b, eff.skew)
    bandwidth = n * np.asarray(hw.memory_bytes_per_s)
    return (
        (linear + wide) / (n * np.asarray(eff.compute)),
        (d.always_weight_bytes * n / shards / np.asarray(eff.weights) + experts / np.asarray(eff.experts)) / bandwidth,
        b * d.kv_read_bytes * kv_copies(d.kv_shards, shards) / (bandwidth * np.asarray(eff.kv)),
    )


def decode_step_s(d: Demand, hw: Hardware, eff: Efficiency, batch: Quantity) -> Array:
    """Seconds of one decode step of `batch` sequences at mid-answer."""
    compute, weights, kv = decode_parts_s(d, hw, eff, batch)
    memory = weights + kv
    longer = np.maximum(compute, memory)
    smooth = longer * ((compute / longer) ** SHARPNESS + (memory / longer) ** SHARPNESS) ** (1 / SHARPNESS)
    fixed = d.launches * np.asarray(eff.kernel_s) + np.asarray(eff.step_s)
    return np.asarray(smooth + collectives_s(d, hw, eff, batch) + fixed)


def serving(
    d: Demand, hw: Hardware, eff: Efficiency, concurrency: Quantity, max_sequences: Quantity = np.inf
) -> Serving:
    """Steady state of continuous batching with `concurrency` requests in flight, shared out over the pipeline stages.

    Every finished request makes room for one new prompt, so a decode step carries batch/generated
    prompts on average: TPOT is the step plus that share of a prefill. Requests beyond what the cache
    holds wait for a whole turn.
    """
    c = np.asarray(concurrency, dtype=float)
    held = np.maximum(np.minimum(c, max_sequences), 1.0)
    batch = np.maximum(held / np.asarray(hw.stages, dtype=float), 1.0)
    generated = np.maximum(d.generated_tokens, 1.0)
    prefill = prefill_s(d, hw, eff)
    carried = batch / generated * prefill
    tpot = decode_step_s(d, hw, eff, batch) + carried
    own_turn = prefill + np.asarray(eff.ttft_steps) * tpot + np.asarray(eff.burst) * (batch - 1) * prefill
    decode = tpot * (generated - 1)
    turn = own_turn + decode
    waiting = np.maximum(c / held - 1, 0) * turn
    compute, weights, kv = decode_parts_s(d, hw, eff, batch)
    tokens_per_s = c * generated / (waiting + turn)
    return Serving(own_turn + waiting, tpot, waiting + turn, tokens_per_s, compute, weights, kv, carried)
