"""Demands, memory, steps and power of real models on real GPUs, worked out from their configs and data sheets.

Llama-3.1-8B: 32 layers, hidden 4 096, 32 heads and 8 KV heads of 128, feed-forward 14 336, vocabulary 128 256.
Qwen3-30B-A3B: 48 layers, hidden 2 048, 32 heads and 4 KV heads of 128, 8 of 128 experts of 768, vocabulary 151 936.
H100 SXM: 989 TFLOP/s in 16 bit, 1 979 in fp8, 3.35 TB/s, 450 GB/s one way over NVLink, 700 W.
"""

from dataclasses import fields, replace

import numpy as np
import pytest

from advisor.performance.demand import demand, stack
from advisor.performance.hardware import hardware
from advisor.performance.memory import OVERHEAD_BYTES, kv_copies, max_sequences, memory, weights_per_gpu
from advisor.performance.parallelism import Parallelism
from advisor.performance.power import power_source, power_spread, watts
from advisor.performance.roofline import (
    SHARES,
    Efficiency,
    collectives_s,
    decode_parts_s,
    decode_step_s,
    prefill_s,
    serving,
    shifted,
)
from tests.known import load_gpu, load_model

LLAMA, QWEN_MOE = "Llama-3.1-8B-Instruct", "Qwen3-30B-A3B"
LLAMA_BODY = 32 * (2 * 4096 * 4096 + 2 * 4096 * 1024 + 3 * 4096 * 14336)
LLAMA_HEAD = 128_256 * 4096
QWEN_ATTENTION = 48 * (2 * 2048 * 4096 + 2 * 2048 * 512 + 2 * 128)  # with the norms of queries and keys
QWEN_ROUTERS, QWEN_EXPERTS = 48 * 2048 * 128, 48 * 128 * 3 * 2048 * 768
QWEN_HEAD = 151_936 * 2048

PERFECT = Efficiency(
    dense=1, grouped=1, attention=1, tile=0, weights=1, four_bit=1, experts=1, row_bytes=0, kv=1, link=1, skew=0,
    imbalance=0, kernel_s=0, routed=1, launch_s=0, collective_s=0, step_s=0, sequence_s=0, prompt_s=0, first_s=0,
    ttft_steps=0, burst=0,
)  # fmt: skip


def on(gpu="h100-sxm", precision="bf16", **layout):
    return hardware(load_gpu(gpu), Parallelism(**layout), precision)


def test_demand_of_a_dense_model():
    """1 000 tokens of prompt and 500 of answer: mid-answer is token 1 250, the end 1 500."""
    d = demand(load_model(LLAMA), "bf16", 1000, 500)
    assert d.always_weight_bytes == 2 * (LLAMA_BODY + LLAMA_HEAD)
    assert d.resident_weight_bytes == 2 * (LLAMA_BODY + 2 * LLAMA_HEAD)
    assert (d.expert_weight_bytes, d.expert_share) == (0, 0)
    assert (d.dense_flops, d.expert_flops) == (2 * LLAMA_BODY, 0)
    assert d.head_flops == 2 * LLAMA_HEAD
    assert d.prefill_core_flops == 32 * 4 * 4096 * (1000 * 1001 // 2)
    assert d.decode_core_flops == 32 * 4 * 4096 * 1250
    assert d.kv_read_bytes == 32 * 2 * 1024 * 1250 * 2
    assert d.kv_sequence_bytes == 32 * 2 * 1024 * 1500 * 2
    assert (d.kv_shards, d.n_layers, d.launches, d.hidden) == (8, 32, 32 * 9, 4096)
    assert (d.prompt_tokens, d.generated_tokens) == (1000, 500)


def test_the_middle_of_the_shortest_answer_is_its_one_token():
    assert demand(load_model(LLAMA), "bf16", 10, 1).decode_core_flops == 32 * 4 * 4096 * 11


@pytest.mark.parametrize(
    ("precision", "width"), [("bf16", 2), ("fp8", 1), ("int8", 1), ("int4", 0.5625), ("fp4", 0.5625)]
)
def test_precision_narrows_the_layers_and_not_the_head(precision, width):
    """Dense models are quantised whole; of a mixture of experts, four-bit checkpoints leave attention in 16 bit, which
    is read as if it were 8 in fp4."""
    dense, moe = (demand(load_model(m), precision, 10, 10) for m in (LLAMA, QWEN_MOE))
    assert dense.always_weight_bytes == width * LLAMA_BODY + 2 * LLAMA_HEAD
    assert moe.expert_weight_bytes == width * QWEN_EXPERTS
    attention = 2 if width < 1 else width
    read = 1 if precision == "fp4" else attention
    assert moe.always_weight_bytes == read * QWEN_ATTENTION + width * QWEN_ROUTERS + 2 * QWEN_HEAD
    held = attention * QWEN_ATTENTION + width * QWEN_ROUTERS + 4 * QWEN_HEAD
    assert moe.resident_weight_bytes == held + moe.expert_weight_bytes
    assert (moe.expert_rows, moe.four_bit_launches) == (48 * 128 * 3 * 2048, 48 * 8 if width < 1 else 0)
    assert (dense.expert_rows, dense.four_bit_launches) == (0, 0)
    assert dense.four_bit_weight_bytes == (width * LLAMA_BODY if width < 1 else 0)
    assert moe.four_bit_weight_bytes == (width * QWEN_ROUTERS if width < 1 else 0)
    assert moe.expert_flops == 2 * QWEN_EXPERTS * 8 / 128
    assert moe.expert_share == 8 / 128
    assert dense.kv_sequence_bytes == 32 * 2 * 1024 * 20 * 2  # the cache has a precision of its own


def test_scales_of_mxfp4_take_half_of_what_those_of_nvfp4_do():
    """gpt-oss-20b: 24 layers of 32 experts with three matrices of 2880 · 2880 and their biases."""
    fp4, fp8 = (demand(load_model("openai/gpt-oss-20b"), of, 10, 10).expert_weight_bytes for of in ("fp4", "fp8"))
    assert fp8 >= 24 * 32 * 3 * 2880 * 2880
    assert fp4 / fp8 == 4.25 / 8


def test_tied_embeddings_are_held_once():
    d = demand(load_model("Qwen/Qwen3-4B"), "bf16", 10, 10)
    assert d.resident_weight_bytes == d.always_weight_bytes


def test_layers_without_a_cache_share_out_no_heads():
    """Nemotron: two KV heads in its six attention layers; the others have a state, or experts and no mixer at all."""
    d = demand(load_model("nvidia/NVIDIA-Nemotron-3-Nano-30B-A3B-BF16"), "bf16", 10, 10)
    assert (d.kv_shards, d.n_layers) == (2, 52)
    assert demand(load_model("deepseek-ai/DeepSeek-R1"), "fp8", 10, 10).kv_shards == 1


def test_windows_bound_what_is_read():
    """gpt-oss-20b: 24 layers of 2 · 8 · 64 elements a token, every other one sees 128 tokens only."""
    d = demand(load_model("openai/gpt-oss-20b"), "bf16", 9000, 2000)
    assert d.kv_read_bytes == 2 * 1024 * (12 * 128 + 12 * 10_000)
    assert d.kv_sequence_bytes == 2 * 1024 * (12 * 128 + 12 * 11_000)


def test_a_layout_as_the_formulas_see_it():
    h = on(tp=4, pp=2)
    assert (h.gpu_count, h.attention_shards, h.stages) == (4, 4, 2)
    h = on(tp=2, dp=4)
    assert (h.gpu_count, h.attention_shards, h.stages, h.expert_parallel) == (8, 2, 1, 1)
    h = on(tp=8, ep=True)
    assert (h.gpu_count, h.attention_shards, h.stages, h.expert_parallel) == (8, 8, 1, 1)
    assert on(tp=8).expert_parallel == 0
    h = on(precision="fp8")
    assert (h.compute_flops_per_s, h.compute_16bit_flops_per_s, h.memory_bytes_per_s, h.link_bytes_per_s) == (
        1979e12, 989e12, 3.35e12, 450e9,
    )  # fmt: skip
    assert on("a100-sxm-80gb", "fp8").compute_flops_per_s == on("a100-sxm-80gb").compute_16bit_flops_per_s


# --- memory ---


@pytest.mark.parametrize(("gpus", "heads_each", "copies"), [(1, 4, 1), (2, 2, 1), (4, 1, 1), (8, 1, 2)])
def test_each_gpu_holds_whole_kv_heads(gpus, heads_each, copies):
    """Four KV heads: up to four GPUs share them out, eight hold one each, so every head twice."""
    d = demand(load_model(QWEN_MOE), "bf16", 1500, 500)
    one_head = 48 * 2 * 128 * 2000 * 2
    assert float(kv_copies(d.kv_shards, gpus)) == copies
    assert memory(d, 80e9, on(tp=gpus), 10).kv_cache_bytes == 10 * heads_each * one_head
    free = 0.9 * 80e9 - OVERHEAD_BYTES - 2 * (QWEN_ATTENTION + QWEN_ROUTERS + 2 * QWEN_HEAD + QWEN_EXPERTS) / gpus
    assert float(max_sequences(d, 80e9, on(tp=gpus))) == pytest.approx(free / (heads_each * one_head))
    reading = decode_parts_s(d, on(tp=gpus), PERFECT, 10)[2]
    assert float(reading) == pytest.approx(10 * heads_each * one_head * 1750 / 2000 / 3.35e12)


def test_weights_and_cache_are_shared_out_over_stages():
    d = demand(load_model(LLAMA), "bf16", 1000, 1000)
    m = memory(d, 80e9, on(tp=2, pp=2), 10)
    assert m.weights_bytes == 2 * (LLAMA_BODY + 2 * LLAMA_HEAD) / 4
    assert m.kv_cache_bytes == 10 * 32 * 2 * 1024 * 2000 * 2 / 4
    assert m.capacity_bytes == 0.9 * 80e9
    assert m.max_sequences == pytest.approx(
        (0.9 * 80e9 - OVERHEAD_BYTES - m.weights_bytes) * 4 / (32 * 2 * 1024 * 2000 * 2)
    )


def test_an_engine_takes_as_much_for_itself_as_vllm_reports():
    assert 1.5e9 < memory(demand(load_model(LLAMA), "bf16", 10, 10), 80e9, on(), 1).overhead_bytes < 3e9


def test_what_fits_exactly_fits():
    m = memory(demand(load_model(LLAMA), "bf16", 1000, 1000), 80e9, on(), 1)
    assert replace(m, capacity_bytes=m.total_bytes).fits
    assert not replace(m, capacity_bytes=m.total_bytes - 1).fits


def test_data_parallel_attention_shares_out_the_experts_alone():
    d = demand(load_model(QWEN_MOE), "bf16", 10, 10)
    rest = 2 * (QWEN_ATTENTION + QWEN_ROUTERS + 2 * QWEN_HEAD)
    assert float(weights_per_gpu(d, on(tp=2, dp=4))) == rest / 2 + 2 * QWEN_EXPERTS / 8
    assert float(weights_per_gpu(d, on(dp=8))) == rest + 2 * QWEN_EXPERTS / 8


# --- steps ---


def test_parts_of_a_decode_step():
    """32 sequences at token 1 250 on two H100, each at what is reached of its peaks."""
    d = demand(load_model(LLAMA), "bf16", 1000, 500)
    reached = replace(PERFECT, dense=0.5, attention=0.25, weights=0.8, kv=0.4)
    compute, weights, kv = decode_parts_s(d, on(tp=2), reached, 32)
    assert float(compute) == pytest.approx(
        32 * (2 * (LLAMA_BODY + LLAMA_HEAD) / 0.5 + 32 * 4 * 4096 * 1250 / 0.25) / (2 * 989e12)
    )
    assert float(weights) == pytest.approx(2 * (LLAMA_BODY + LLAMA_HEAD) / (2 * 0.8 * 3.35e12))
    assert float(kv) == pytest.approx(32 * 32 * 2 * 1024 * 1250 * 2 / (2 * 0.4 * 3.35e12))


def test_narrow_products_are_faster_and_attention_and_head_stay_in_16_bit():
    d = demand(load_model(LLAMA), "fp8", 1000, 500)
    compute = decode_parts_s(d, on(precision="fp8"), PERFECT, 32)[0]
    wide = 2 * LLAMA_HEAD + 32 * 4 * 4096 * 1250
    assert float(compute) == pytest.approx(32 * (2 * LLAMA_BODY / 1979e12 + wide / 989e12))
    prompt = prefill_s(d, on(precision="fp8"), PERFECT)
    assert float(prompt) == pytest.approx(1000 * 2 * LLAMA_BODY / 1979e12 + 32 * 4 * 4096 * 500_500 / 989e12)


def test_a_step_reads_the_experts_its_tokens_touch():
    """One token touches 8 of 128; two under uniform routing 1 − (15/16)² of them. Attention is read by each of the
    data-parallel groups."""
    d = demand(load_model(QWEN_MOE), "bf16", 1000, 500)
    always = 2 * (QWEN_ATTENTION + QWEN_ROUTERS + QWEN_HEAD)
    for batch, share in ((1, 1 / 16), (2, 1 - (15 / 16) ** 2)):
        weights = decode_parts_s(d, on(), replace(PERFECT, weights=0.8, experts=0.5), batch)[1]
        assert float(weights) == pytest.approx((always / 0.8 + share * 2 * QWEN_EXPERTS / 0.5) / 3.35e12, rel=1e-6)
    by_groups = decode_parts_s(d, on(tp=2, dp=4), PERFECT, 1)[1]
    assert float(by_groups) == pytest.approx((4 * always + 2 * QWEN_EXPERTS / 16) / (8 * 3.35e12), rel=1e-6)


def test_a_prompt_is_multiplied_by_all_gpus():
    d = demand(load_model(LLAMA), "bf16", 1000, 500)
    alone = (1000 * 2 * LLAMA_BODY + 32 * 4 * 4096 * 500_500) / 989e12
    assert float(prefill_s(d, on(), PERFECT)) == pytest.approx(alone)
    slower = replace(PERFECT, dense=0.4, attention=0.4)
    assert float(prefill_s(d, on(), slower)) == pytest.approx(alone / 0.4)
    sent = 2 * 3 / 4 * 1000 * 4096 * 2  # a ring of four passes every byte on twice, but for its own quarter
    shared = alone / 4 + 2 * 32 * sent / 450e9
    assert float(prefill_s(d, on(tp=4), PERFECT)) == pytest.approx(shared)


def test_collectives_by_hand():
    """Llama has 32 layers with two all-reduces each; where the attention is not shared one remains; a lone GPU has
    none."""
    d = demand(load_model(LLAMA), "bf16", 10, 10)
    eff = replace(PERFECT, link=0.5, collective_s=1e-5)
    ring = 2 * 7 / 8 * 16 * 4096 * 2 / (0.5 * 450e9) + 1e-5
    assert float(collectives_s(d, on(tp=8), eff, 16)) == pytest.approx(2 * 32 * ring)
    assert float(collectives_s(d, on(dp=8), eff, 16)) == pytest.approx(32 * ring)
    assert float(collectives_s(d, on(), eff, 16)) == float(collectives_s(d, on(pp=2), eff, 16)) == 0
    assert float(collectives_s(d, on(tp=2), eff, 16)) == pytest.approx(2 * 32 * (16 * 4096 * 2 / (0.5 * 450e9) + 1e-5))


def test_at_the_ridge_neither_side_hides_behind_the_other():
    """Where multiplying takes as long as reading, a step takes 2^(1/4) = 1.19 times as long; far from there the longer
    of both."""
    d, h = demand(load_model(LLAMA), "bf16", 1000, 500), on()
    compute, weights, kv = (float(part) for part in decode_parts_s(d, h, PERFECT, 64))
    reading = weights + kv
    even = float(decode_step_s(d, h, replace(PERFECT, dense=compute / reading, attention=compute / reading), 64))
    assert even == pytest.approx(1.18921 * reading, rel=1e-4)
    tenth = compute / reading / 10
    slow = float(decode_step_s(d, h, replace(PERFECT, dense=tenth, attention=tenth), 64))
    assert slow == pytest.approx(10 * reading, rel=1e-4)


def test_a_step_has_a_fixed_part_and_its_collectives():
    d, h = demand(load_model(LLAMA), "bf16", 1000, 500), on(tp=2)
    bare = float(decode_step_s(d, h, PERFECT, 8))
    assert float(decode_step_s(d, h, replace(PERFECT, step_s=2e-3), 8)) == pytest.approx(bare + 2e-3)
    assert float(decode_step_s(d, h, replace(PERFECT, collective_s=1e-5), 8)) == pytest.approx(bare + 64e-5)


# --- steady state ---


def continuous_batching(step_s, prefill_s, in_flight, places, generated, answers=600):
    """An engine with `places`, event by event: a waiting prompt is prefilled, which draws its first token, else all
    decode one.

    (TTFT, TPOT, seconds a request, tokens a second), means over the later half of `answers`.
    """
    now, waiting, running, done = 0.0, [0.0] * in_flight, [], []
    # places fill up one after another, so that requests do not march in step
    head_start = iter([max(1, round(generated * (i + 1) / places)) for i in range(places)])
    while len(done) < answers:
        if waiting and len(running) < places:
            came = waiting.pop(0)
            now += prefill_s
            running.append([came, now, next(head_start, generated) - 1])
        else:
            now += step_s
            for request in running:
                request[2] -= 1
        for request in [r for r in running if r[2] <= 0]:
            running.remove(request)
            done.append((request[1] - request[0], (now - request[1]) / max(generated - 1, 1), now - request[0], now))
            waiting.append(now)
    late = np.array(done[answers // 2 :])
    return *late[:, :3].mean(axis=0), (len(late) - 1) * generated / (late[-1, 3] - late[0, 3])


@pytest.mark.parametrize(
    ("in_flight", "places", "prompt", "generated"), [(32, 32, 2000, 200), (64, 16, 1000, 100), (40, 40, 4000, 60)]
)
def test_the_steady_state_is_that_of_an_engine_event_by_event(in_flight, places, prompt, generated):
    """With or without requests that wait for a place."""
    d, h = demand(load_model(LLAMA), "bf16", prompt, generated), on()
    s = serving(d, h, PERFECT, in_flight, places)
    step, prefill = float(decode_step_s(d, h, PERFECT, min(in_flight, places))), float(prefill_s(d, h, PERFECT))
    assert places / generated * prefill > 0.2 * step  # prompts matter here
    ttft, tpot, request, throughput = continuous_batching(step, prefill, in_flight, places, generated)
    assert float(s.tpot_s) == pytest.approx(tpot, rel=0.04)
    assert float(s.request_s) == pytest.approx(request, rel=0.04)
    assert float(s.output_tokens_per_s) == pytest.approx(throughput, rel=0.04)
    if in_flight > places:
        assert float(s.ttft_s) == pytest.approx(ttft, rel=0.06)


def test_a_lone_request_by_hand():
    """Two tokens: the first ends the prefill, the second takes one TPOT; with one token only, nothing follows the
    first."""
    h = on()
    for generated in (1, 2, 5):
        d = demand(load_model(LLAMA), "bf16", 1000, generated)
        s = serving(d, h, PERFECT, 1)
        prefill, step = float(prefill_s(d, h, PERFECT)), float(decode_step_s(d, h, PERFECT, 1))
        assert float(s.ttft_s) == pytest.approx(prefill)
        assert step <= float(s.tpot_s) <= step + prefill / generated + 1e-12
        assert float(s.request_s) == pytest.approx(prefill + (generated - 1) * float(s.tpot_s))
        assert float(s.output_tokens_per_s) == pytest.approx(generated / float(s.request_s))


def test_a_new_request_waits_for_running_steps_and_for_a_burst_of_prompts():
    d, h = demand(load_model(LLAMA), "bf16", 1000, 500), on()
    bare, steps, burst = (
        serving(d, h, eff, 16) for eff in (PERFECT, replace(PERFECT, ttft_steps=3), replace(PERFECT, burst=1))
    )
    prefill, step = float(prefill_s(d, h, PERFECT)), float(decode_step_s(d, h, PERFECT, 16))
    assert float(steps.ttft_s - bare.ttft_s) == pytest.approx(3 * step)
    assert float(burst.ttft_s) == pytest.approx(prefill * (1 + 15 / 2))  # as many together as alone
    assert float(burst.tpot_s) == pytest.approx(step + 15 / 2 * prefill / 499)
    whole = [float(s.ttft_s + 499 * s.tpot_s) for s in (bare, burst)]
    assert whole[0] == pytest.approx(whole[1])  # the same prompts are waited for, sooner or later
    assert float(serving(d, h, replace(PERFECT, first_s=0.1), 16).ttft_s - bare.ttft_s) == pytest.approx(0.1)
    assert float(steps.request_s - bare.request_s) == pytest.approx(3 * step)
    assert float(serving(d, h, replace(PERFECT, burst=1), 1).ttft_s) == pytest.approx(float(bare.ttft_s))


def test_less_than_one_place_still_serves_one():
    d, h = demand(load_model(LLAMA), "bf16", 1000, 500), on()
    one = serving(d, h, PERFECT, 1)
    assert float(serving(d, h, PERFECT, 1, 0.3).output_tokens_per_s) == pytest.approx(float(one.output_tokens_per_s))
    assert float(serving(d, on(pp=2), PERFECT, 1).tpot_s) == pytest.approx(float(one.tpot_s))


def test_the_parts_of_a_step_come_with_the_answer():
    d, h = demand(load_model(LLAMA), "bf16", 1000, 500), on()
    s = serving(d, h, PERFECT, 64, 16)
    assert (s.compute_s, s.weights_s, s.kv_s) == decode_parts_s(d, h, PERFECT, 16)


def test_many_demands_side_by_side():
    both = stack([demand(load_model(m), "bf16", 100, 50) for m in (LLAMA, QWEN_MOE)])
    assert both.hidden.tolist() == [4096, 2048]
    assert both.kv_shards.tolist() == [8, 4]


def test_efficiencies_move_by_their_odds_or_their_factor():
    """Everything moves by the factor, shares less the nearer they come to 1: three times 0.25 is 0.70."""
    n = len(fields(Efficiency))
    moved = shifted(replace(PERFECT, dense=0.5, kv=0.25, step_s=2e-3), [np.log(3)] * n)
    odds = (0.5**-4 - 1) / 81
    assert float(moved.dense) == pytest.approx((1 + odds) ** -0.25)
    assert 0.7 < float(moved.kv) < 3 * 0.25
    assert float(moved.step_s) == pytest.approx(6e-3)
    still = shifted(Efficiency(), np.zeros(n))
    assert [float(getattr(still, f.name)) for f in fields(Efficiency)] == pytest.approx(
        [getattr(Efficiency(), f.name) for f in fields(Efficiency)]
    )
    far = shifted(Efficiency(), np.full(n, 10.0))
    for share in SHARES:
        assert 0.99 < float(getattr(far, share)) <= 1


# --- power ---


@pytest.mark.parametrize(
    ("token", "prompt", "weights", "kv", "per_gpu"),
    [
        (0, 0, 0, 0, 98),
        (0, 0, 3, 1, 98 + 420),
        (0, 0, 1, 0, 98 + 420 / 4),
        (0.01, 0, 0, 0, 98 + 1057 / 5),
        (0, 0.01, 0, 0, 98 + 1057 / 5),
        (0.005, 0.005, 1, 1, 98 + 420 / 2 + 1057 / 5),
        (0.04, 0, 4, 0, 700),
    ],
)
def test_power_by_the_shares_of_a_step(token, prompt, weights, kv, per_gpu):
    """An H100 draws 15 % of its 700 W idle, 60 % more while it reads and 151 % more at the peak of its products, at
    most all; here 20 tokens are generated a second."""
    s = serving(demand(load_model(LLAMA), "bf16", 10, 10), on(), PERFECT, 1)
    parts = {"token_at_peak_s": token, "prompt_at_peak_s": prompt, "weights_s": weights, "kv_s": kv, "tpot_s": 4}
    parts |= {"output_tokens_per_s": 20}
    s = replace(s, **{name: np.asarray(value, dtype=float) for name, value in parts.items()})
    assert float(watts(s, 700.0, 1)) == pytest.approx(per_gpu)
    assert float(watts(s, 350.0, 8)) == pytest.approx(4 * per_gpu)


def test_a_prompt_in_chunks_takes_a_step_for_each():
    """1,000 tokens in steps of 100: nine steps more than at once, and each reads the weights."""
    d = demand(load_model(LLAMA), "bf16", 1000, 100)
    step_s = float(decode_step_s(d, on(), PERFECT, 1))
    whole, chunked = (serving(replace(d, chunk_tokens=n), on(), PERFECT, 1) for n in (8192, 100))
    apart = float(prefill_s(replace(d, chunk_tokens=100), on(), PERFECT) - prefill_s(d, on(), PERFECT))
    assert float(chunked.ttft_s - whole.ttft_s) == pytest.approx(9 * step_s + apart)


def test_prompts_that_a_step_carries():
    """Of eight in flight that are answered with 100 tokens each meets seven prompts of others on its way, in the 99
    steps after its first token."""
    d = demand(load_model(LLAMA), "bf16", 1000, 100)
    s = serving(d, on(), PERFECT, 8)
    assert float(s.prefill_s) == pytest.approx(7 / 99 * float(prefill_s(d, on(), PERFECT)))


def test_joules_of_a_token_by_hand():
    """A lone 8B model reads all the time and multiplies at 0.3 % of its peak: 75.5 % of 700 W at 4.48 ms a token are
    2.37 J."""
    s = serving(demand(load_model(LLAMA), "bf16", 1, 1000), on(), PERFECT, 1)
    assert float(watts(s, 700.0, 1) / s.output_tokens_per_s) == pytest.approx(2.37, rel=0.03)


def test_flops_over_the_peak_are_those_of_the_model():
    """Whatever the efficiencies: 2 FLOPs a weight of every token, and attention's own."""
    spec, prompt, generated = load_model(LLAMA), 1000, 100
    s = serving(demand(spec, "bf16", prompt, generated), on(), Efficiency(), 64)
    peak = float(on().compute_flops_per_s)
    assert float(s.token_at_peak_s) * peak == pytest.approx(spec.decode_flops(prompt + generated // 2), rel=0.01)
    assert float(s.prompt_at_peak_s) * peak * generated == pytest.approx(spec.prefill_flops(prompt), rel=0.01)


def test_how_surely_power_is_known_and_from_where():
    assert power_source("h100-sxm") == power_source("gh200-96gb") == "power fitted on an H100, an H200 and a GH200"
    assert "this GPU's limit" in power_source("l4")
    assert power_spread("l4") >= power_spread("h100-sxm") > 1
