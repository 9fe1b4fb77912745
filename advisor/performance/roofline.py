"""How long a step takes, and from it TTFT, TPOT and throughput in steady state.

A decode step of B sequences reads the weights once, with a mixture of experts only those its tokens
touch, and the cache of all B; it multiplies B tokens. The time is the larger of reading and
multiplying, each over its efficiency, plus collectives and a fixed latency per kernel and step
(roofline: Williams et al. 2009). Prompts are taken in beside it, in chunks (Agrawal et al. 2023): each
multiplies its tokens, reads the experts that the step would not have touched, and takes no less than
launching its kernels does.

All functions take numbers or numpy arrays, so that one call costs thousands of deployments.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np

from advisor.performance.demand import Array, Demand, Quantity
from advisor.performance.hardware import Hardware
from advisor.performance.memory import kv_copies
from advisor.tables import column

SHARPNESS = 4.0
"""max(a, b) is smoothed to (a^p + b^p)^(1/p): near the ridge neither side hides wholly behind the other."""

NODE_SHARE = 0.65
"""Share of an adapter's bandwidth in collectives between nodes, whose GPUs all have the same: assumed, as NVLink's."""

FEWEST_ROWS = 8.0
"""Rows of the smallest tile of a product on tensor cores."""


@dataclass(frozen=True, slots=True)
class Efficiency:
    """What is reached of the peaks (0–1), and what is added, in seconds or tokens."""

    dense: Quantity = column("share of peak FLOP/s in products that every token passes", default=0.80)
    grouped: Quantity = column("share of peak FLOP/s in products with routed experts", default=0.40)
    narrow: Quantity = column(
        "share of these two that products in fewer bits than 16 reach where the GPU has them", default=1.0
    )
    attention: Quantity = column("share of peak 16-bit FLOP/s in attention", default=0.58)
    tile: Quantity = column("tokens of an expert that are lost to padding", default=24.0)
    weights: Quantity = column("share of peak bandwidth when reading weights", default=0.75)
    four_bit: Quantity = column(
        "share of that bandwidth that reading four-bit weights reaches, experts apart", default=0.80
    )
    experts: Quantity = column("share of peak bandwidth when reading experts", default=0.70)
    row_bytes: Quantity = column(
        "bytes at full bandwidth that each row of a GPU's slice of an expert costs beside its own", default=95.0
    )
    kv: Quantity = column("share of peak bandwidth when reading the KV cache", default=0.87)
    link: Quantity = column("share of the link's bandwidth in collectives", default=0.65)
    skew: Quantity = column("variance of the experts' popularity over its squared mean; 0: uniform", default=0.5)
    imbalance: Quantity = column(
        "extra tokens of the GPU whose experts get the most, where these lie whole and tokens are few, as a share",
        default=0.7,
    )
    kernel_s: Quantity = column("latency of one kernel of a decode step", default=1.5e-6)
    routed: Quantity = column(
        "kernels launched for experts in four bits, over those for others",
        default=1.0,
    )
    launch_s: Quantity = column("host's time to launch one kernel of a step with prompts", default=5e-6)
    collective_s: Quantity = column("latency of one collective", default=8e-6)
    step_s: Quantity = column("fixed time of one step", default=1.0e-3)
    sequence_s: Quantity = column("host's time for each sequence of a step", default=1e-5)
    prompt_s: Quantity = column("fixed time that each prompt takes of the engine", default=1.0e-3)
    first_s: Quantity = column("fixed delay of the first token, in which the engine is free", default=0.02)
    ttft_steps: Quantity = column("running steps that a new request waits for", default=1.0)
    burst: Quantity = column(
        "others' prompts that come together before the first token, over those that come after it", default=0.2
    )


SHARES = ("dense", "grouped", "attention", "weights", "experts", "kv", "link")
"""Efficiencies that stay within (0, 1) when they are fitted; the others are above zero."""

OF_BITS = ("narrow", "four_bit", "routed")
"""Factors on other efficiencies that weights in fewer bits alone have."""


def at_peak(skew: Quantity) -> Efficiency:
    """Every peak reached and nothing added: what no deployment beats. Which experts tokens touch stays as it is."""
    return Efficiency(
        **{
            f.name: skew if f.name == "skew" else 1.0 if f.name in (*SHARES, *OF_BITS) else 0.0
            for f in fields(Efficiency)
        }
    )


def shifted(efficiency: Efficiency, shifts: Sequence[Quantity] | Array) -> Efficiency:
    """Every efficiency moved by its shift, in the order of the fields: e^shift times as large, shares at most 1.

    The bound is smooth: of a share e without it, e/(1 + e^p)^(1/p) is left. So no shift moves the logarithm of an
    efficiency by more than itself, and bounds on shifts bound the order of two efficiencies.
    """
    moved = {}
    for shift, field in zip(shifts, fields(Efficiency), strict=True):
        start = np.asarray(getattr(efficiency, field.name), dtype=float)
        if field.name in SHARES:
            odds = start**-SHARPNESS - 1
            moved[field.name] = (1 + odds * np.exp(-SHARPNESS * np.asarray(shift))) ** (-1 / SHARPNESS)
        else:
            moved[field.name] = start * np.exp(shift)
    return Efficiency(**moved)


@dataclass(frozen=True, slots=True)
class Serving:
    """Steady state at one concurrency: seconds, and tokens per second of the whole deployment.

    The four that follow are parts of a TPOT: compute_s, weights_s and kv_s of the decode step, prefill_s of the prompts
    that it carries on average. The last two are FLOPs over the peak of all GPUs: of a generated token, and of its share
    of its prompt.
    """

    ttft_s: Array
    tpot_s: Array
    request_s: Array
    output_tokens_per_s: Array
    compute_s: Array
    weights_s: Array
    kv_s: Array
    prefill_s: Array
    token_at_peak_s: Array
    prompt_at_peak_s: Array


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
    share = np.where(np.asarray(hw.over_nodes) > 0, NODE_SHARE, np.asarray(eff.link))
    rounds = np.where(np.asarray(hw.attention_shards, dtype=float) > 1, 2.0, 1.0)
    return np.where(n > 1, rounds * d.n_layers * (sent / (hw.link_bytes_per_s * share) + eff.collective_s), 0.0)


def products_s(d: Demand, hw: Hardware, eff: Efficiency, tokens: Quantity) -> Array:
    """Multiplying `tokens` tokens with all weights but the LM head.

    Kernels work on whole tiles, so that an expert takes more tokens than it has: with few of them at least FEWEST_ROWS,
    with many `tile` more.
    """
    t = np.asarray(tokens, dtype=float)
    share = np.asarray(d.expert_share, dtype=float)
    each = t * share  # tokens of an expert
    rows = FEWEST_ROWS + np.asarray(eff.tile) * each / (each + FEWEST_ROWS)
    padding = rows * distinct_expert_share(share, t, eff.skew) / np.maximum(share, 1e-12)
    routed = d.expert_flops * (t + padding) * _busiest(d, hw, eff, t) / np.asarray(eff.grouped)
    peak = np.asarray(hw.compute_flops_per_s, dtype=float)
    reached = peak * np.where(peak > np.asarray(hw.compute_16bit_flops_per_s), np.minimum(eff.narrow, 1.0), 1.0)
    return np.asarray((t * d.dense_flops / np.asarray(eff.dense) + routed) / (np.asarray(hw.gpu_count) * reached))


def _busiest(d: Demand, hw: Hardware, eff: Efficiency, tokens: Quantity) -> Array:
    """Tokens of the busiest GPU over the mean one's where experts lie whole on GPUs: all wait for it.

    The more tokens an expert has the more even they are: what is random in their number grows with its root.
    """
    alone = np.asarray(hw.expert_parallel) * (np.asarray(hw.gpu_count) > 1)
    each = np.asarray(tokens, dtype=float) * d.expert_share
    return np.asarray(1.0 + alone * np.asarray(eff.imbalance) / np.sqrt(1 + each / FEWEST_ROWS))


def _experts_read(d: Demand, hw: Hardware, eff: Efficiency, tokens: Quantity) -> Array:
    """Bytes at full bandwidth that take as long as reading the experts which `tokens` tokens touch, of all GPUs.

    Where experts are cut every GPU has a slice of each row, where they lie whole the busiest one has more tokens. What
    a row costs beside its own bytes is the same in every precision, so that fewer bits are never read more slowly.
    """
    slices = np.where(np.asarray(hw.expert_parallel) > 0, 1.0, np.asarray(hw.gpu_count, dtype=float))
    read = d.expert_weight_bytes / np.asarray(eff.experts) + d.expert_rows * slices * np.asarray(eff.row_bytes)
    return np.asarray(read * distinct_expert_share(d.expert_share, tokens * _busiest(d, hw, eff, tokens), eff.skew))


def _larger(*each: Array) -> Array:
    """The largest of them, smoothed."""
    top = np.maximum(np.max(np.broadcast_arrays(*each), axis=0), 1e-300)
    return np.asarray(top * sum((one / top) ** SHARPNESS for one in each) ** (1 / SHARPNESS))


def prefill_s(d: Demand, hw: Hardware, eff: Efficiency, batch: Quantity = 1.0) -> Array:
    """What one prompt adds to the steps that take it in, without its cached tokens, beside `batch` sequences.

    Where more than one of these ends with each step, so many prompts share one.
    """
    n, b = np.asarray(hw.gpu_count, dtype=float), np.asarray(batch, dtype=float)
    new = np.maximum(d.prompt_tokens - np.asarray(d.cached_tokens, dtype=float), 0.0)
    chunk = np.maximum(np.minimum(new * prompts_at_once(d, b), d.chunk_tokens), 1e-9)
    touched, in_all = (_experts_read(d, hw, eff, tokens) for tokens in (b, chunk + b))
    reading = (in_all - touched) / (n * np.asarray(hw.memory_bytes_per_s))
    step = _larger(products_s(d, hw, eff, chunk), reading, d.launches * np.asarray(eff.launch_s))
    core = d.prefill_core_flops / (n * np.asarray(hw.compute_16bit_flops_per_s) * np.asarray(eff.attention))
    return np.asarray(new / chunk * (step + collectives_s(d, hw, eff, chunk)) + core + eff.prompt_s)


def prompts_at_once(d: Demand, batch: Quantity) -> Array:
    """Prompts that come with one step: as many as sequences end with it, where these are more than one."""
    return np.asarray(np.maximum(np.asarray(batch, dtype=float) / np.maximum(d.generated_tokens, 1.0), 1.0))


def together_s(d: Demand, hw: Hardware, eff: Efficiency) -> Array:
    """What each of k prompts of a load adds that are taken in together, at index k − 1, up to as many as a step holds:
    no more than alone."""
    new = max(float(d.prompt_tokens) - float(d.cached_tokens), 1.0)
    together = np.arange(1, int(max(float(d.chunk_tokens) // new, 1)) + 1, dtype=float)
    each_s = prefill_s(replace(d, generated_tokens=1.0), hw, eff, together)
    return np.asarray(np.minimum(each_s, each_s[0]))


def decode_parts_s(d: Demand, hw: Hardware, eff: Efficiency, batch: Quantity) -> tuple[Array, Array, Array]:
    """(compute, weight reading, cache reading) of one decode step of `batch` sequences.

    Where tokens are drafted it multiplies several of each sequence, which touch more experts, and reads the cache once.
    """
    n, shards = np.asarray(hw.gpu_count, dtype=float), np.asarray(hw.attention_shards, dtype=float)
    b = np.asarray(batch, dtype=float)
    tokens = b * d.verified_tokens
    wide = d.head_flops / np.asarray(eff.dense) + d.decode_core_flops / np.asarray(eff.attention)
    touched, drafting = (_experts_read(d, hw, eff, of) for of in (tokens, b))
    experts = touched + d.draft_layers / d.n_layers * drafting
    bandwidth = n * np.asarray(hw.memory_bytes_per_s)
    always = d.always_weight_bytes + d.four_bit_weight_bytes * (1 / np.minimum(eff.four_bit, 1.0) - 1)
    return (
        products_s(d, hw, eff, tokens) + tokens * wide / (n * np.asarray(hw.compute_16bit_flops_per_s)),
        (always * n / shards / np.asarray(eff.weights) + experts) / bandwidth,
        b * d.kv_read_bytes * kv_copies(d.kv_shards, shards) / (bandwidth * np.asarray(eff.kv)),
    )


def decode_step_s(d: Demand, hw: Hardware, eff: Efficiency, batch: Quantity) -> Array:
    """Seconds of one decode step of `batch` sequences at mid-answer."""
    compute, weights, kv = decode_parts_s(d, hw, eff, batch)
    replicas = np.asarray(hw.gpu_count, dtype=float) / np.asarray(hw.attention_shards, dtype=float)
    host = np.asarray(batch) / replicas * np.asarray(eff.sequence_s)
    launched = d.launches + d.four_bit_launches * (np.asarray(eff.routed) - 1)
    fixed = launched * np.asarray(eff.kernel_s) + np.asarray(eff.step_s) + host
    sent = collectives_s(d, hw, eff, np.asarray(batch) * d.verified_tokens)
    drafting = d.draft_layers / d.n_layers * collectives_s(d, hw, eff, batch)
    return np.asarray(_larger(compute, weights + kv) + sent + drafting + fixed)


def serving(
    d: Demand, hw: Hardware, eff: Efficiency, concurrency: Quantity, max_sequences: Quantity = np.inf
) -> Serving:
    """Steady state of continuous batching with `concurrency` requests in flight, shared out over the pipeline stages.

    While a request is answered, each of the others ends once and is followed by a new prompt: their prefills are waited
    for. Some come one by one, between the tokens of the answer (TPOT), and burst times as many together, so that the
    next to be answered waits for them before its first token (TTFT). Requests beyond what the cache holds wait for a
    whole turn.
    """
    held = in_place(concurrency, max_sequences)
    batch = np.maximum(held / np.asarray(hw.stages, dtype=float), 1.0)
    generated = np.maximum(d.generated_tokens, 1.0)
    prefill, step = prefill_s(d, hw, eff, batch), decode_step_s(d, hw, eff, batch)
    at_once = prompts_at_once(d, batch)
    others, burst = (batch - at_once) * prefill, np.asarray(eff.burst)
    carried = others / np.maximum(generated - 1, 1.0) / (1 + burst)
    ttft = at_once * prefill + eff.first_s + others * burst / (1 + burst)
    ttft = ttft + (np.asarray(eff.ttft_steps) + _chunks(d) - 1) * step
    token, prompt = at_peak_s(d, hw)
    parts = (
        *(part / d.tokens_per_step for part in decode_parts_s(d, hw, eff, batch)),
        carried,
        token,
        prompt / generated,
    )
    return waited(Serving(ttft, step / d.tokens_per_step + carried, ttft, ttft, *parts), generated, concurrency, held)


def _chunks(d: Demand) -> Array:
    """Steps that take one prompt in: each reads the weights, whatever else it does."""
    new = np.maximum(d.prompt_tokens - np.asarray(d.cached_tokens, dtype=float), 0.0)
    return np.asarray(np.maximum(np.ceil(new / d.chunk_tokens), 1.0))


def at_peak_s(d: Demand, hw: Hardware) -> tuple[Array, Array]:
    """FLOPs of a generated token, drafts included, and of a prompt without its cached tokens, over the peak of all
    GPUs: at a token's rate, model FLOPs utilisation (Chowdhery et al. 2022, appendix B)."""
    n = np.asarray(hw.gpu_count, dtype=float)
    peak, wide = n * np.asarray(hw.compute_flops_per_s), n * np.asarray(hw.compute_16bit_flops_per_s)
    each = np.asarray(d.dense_flops) + d.expert_flops
    token = each / peak + (np.asarray(d.head_flops) + d.decode_core_flops) / wide
    new = np.maximum(d.prompt_tokens - np.asarray(d.cached_tokens, dtype=float), 0.0)
    return token * d.verified_tokens / d.tokens_per_step, new * each / peak + d.prefill_core_flops / wide


def in_place(concurrency: Quantity, max_sequences: Quantity) -> Array:
    """Requests that are answered at once, of those in flight."""
    return np.asarray(np.maximum(np.minimum(np.asarray(concurrency, dtype=float), max_sequences), 1.0))


def waited(own: Serving, generated_tokens: Quantity, concurrency: Quantity, held: Quantity) -> Serving:
    """The steady state where `held` of the requests in flight are answered at once with the TTFT and TPOT of `own`, and
    the others wait for turns of as many."""
    c = np.asarray(concurrency, dtype=float)
    turn = own.ttft_s + own.tpot_s * (np.maximum(generated_tokens, 1.0) - 1)
    waiting = np.maximum(c / held - 1, 0) * turn
    tokens_per_s = c * np.maximum(generated_tokens, 1.0) / (waiting + turn)
    return replace(own, ttft_s=own.ttft_s + waiting, request_s=waiting + turn, output_tokens_per_s=tokens_per_s)
