from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import gamma

from advisor.performance.demand import CHUNK_TOKENS, demand, stack
from advisor.performance.hardware import hardware
from advisor.performance.memory import OVERHEAD_BYTES, max_sequences, memory
from advisor.performance.parallelism import Parallelism
from advisor.performance.roofline import (
    OF_BITS,
    SHARES,
    Efficiency,
    at_peak,
    collectives_s,
    decode_parts_s,
    decode_step_s,
    distinct_expert_share,
    prefill_s,
    products_s,
    prompts_at_once,
    serving,
)
from tests.known import load_gpu, load_model

PERFECT = Efficiency(
    dense=1, grouped=1, attention=1, tile=0, weights=1, four_bit=1, experts=1, row_bytes=0, kv=1, link=1, skew=0.5,
    imbalance=0, kernel_s=0, routed=1, launch_s=0, collective_s=0, step_s=0, sequence_s=0, prompt_s=0, first_s=0,
    ttft_steps=0, burst=0,
)  # fmt: skip


def tp(gpus):
    return hardware(load_gpu("h100-sxm"), Parallelism(tp=gpus), "bf16")


def test_a_lone_sequence_reads_the_weights_once_a_token():
    d = demand(load_model("Llama-3.1-8B-Instruct"), "bf16", 1, 2)
    h100 = hardware(load_gpu("h100-sxm"), Parallelism(), "bf16")
    by_hand = 2 * 7_504_924_672 / 3.35e12  # all weights but the embedding, 16 bit, at 3.35 TB/s
    assert float(decode_step_s(d, h100, PERFECT, 1)) == pytest.approx(by_hand, rel=0.001)


def test_a_huge_batch_is_bound_by_multiplying():
    d = demand(load_model("Llama-3.1-8B-Instruct"), "bf16", 1, 2)
    h100 = hardware(load_gpu("h100-sxm"), Parallelism(), "bf16")
    by_hand = 2 * 7.505e9 * 16384 / 989e12
    assert float(decode_step_s(d, h100, PERFECT, 16384)) == pytest.approx(by_hand, rel=0.02)


def test_only_what_is_new_of_a_prompt_is_multiplied():
    """Of 8,192 tokens 6,144 are cached: a quarter of the weights' products, 7/16 of the triangle of pairs."""
    llama = load_model("Llama-3.1-8B-Instruct")
    whole, new = (demand(llama, "bf16", 8192, 100, cached_tokens=n) for n in (0, 6144))
    h100 = hardware(load_gpu("h100-sxm"), Parallelism(), "bf16")
    linear = 2048 * llama.linear_flops_per_token() / 989.4e12
    core = 7 / 16 * llama.attention_flops(1, 8192) / 989.4e12
    assert float(prefill_s(new, h100, PERFECT)) == pytest.approx(linear + core, rel=0.001)
    assert float(prefill_s(whole, h100, PERFECT)) > 3 * float(prefill_s(new, h100, PERFECT))
    assert float(decode_step_s(new, h100, PERFECT, 8)) == float(decode_step_s(whole, h100, PERFECT, 8))
    two = tp(2)
    sent = [float(prefill_s(d, two, PERFECT)) - float(prefill_s(d, h100, PERFECT)) / 2 for d in (whole, new)]
    assert sent[1] == pytest.approx(sent[0] / 4)  # activations of the new tokens alone go over the link


def test_experts_touched():
    assert float(distinct_expert_share(8 / 128, 1)) == pytest.approx(8 / 128)
    assert float(distinct_expert_share(8 / 128, 64)) == pytest.approx(1 - (1 - 1 / 16) ** 64)
    assert float(distinct_expert_share(0.0, 64)) == 0


@settings(deadline=None, max_examples=40)  # an integral an example
@given(st.floats(0.001, 0.3), st.floats(0.01, 3), st.integers(1, 512))
def test_experts_touched_where_some_are_more_popular(share, skew, tokens):
    popularity = gamma(1 / skew, scale=skew)  # mean 1, variance skew
    missed_by_hand = popularity.expect(lambda p: (1 - share) ** (1 + p * (tokens - 1)))
    assert float(distinct_expert_share(share, tokens, skew)) == pytest.approx(1 - missed_by_hand, abs=1e-4)
    assert float(distinct_expert_share(share, 1, skew)) == pytest.approx(share)
    assert float(distinct_expert_share(share, tokens, skew)) <= float(distinct_expert_share(share, tokens)) + 1e-9


def test_a_cache_in_fp8_is_read_in_half_the_time_and_holds_twice_as_many():
    spec, hw = load_model("Llama-3.1-8B-Instruct"), hardware(load_gpu("h100-sxm"), Parallelism(), "bf16")
    wide, narrow = (demand(spec, "bf16", 4000, 2, precision) for precision in ("bf16", "fp8"))
    assert float(max_sequences(narrow, 80e9, hw)) == pytest.approx(2 * float(max_sequences(wide, 80e9, hw)))
    assert float(decode_parts_s(narrow, hw, PERFECT, 8)[2]) == pytest.approx(
        float(decode_parts_s(wide, hw, PERFECT, 8)[2]) / 2
    )


def test_a_step_pays_for_every_kernel():
    d, hw = demand(load_model("Llama-3.1-8B-Instruct"), "bf16", 1, 2), tp(1)
    slower = float(decode_step_s(d, hw, replace(PERFECT, kernel_s=1e-6), 1) - decode_step_s(d, hw, PERFECT, 1))
    assert slower == pytest.approx(32 * 9e-6)  # 32 layers: five kernels of attention, four of the feed-forward


@pytest.mark.parametrize(("layout", "each"), [({"tp": 4}, 64), ({"tp": 2, "dp": 4}, 16)])
def test_a_step_pays_for_every_sequence_of_a_replica(layout, each):
    """Under data-parallel attention each of four ranks has a quarter of them."""
    d, hw = demand(load_model("Qwen/Qwen3-30B-A3B"), "bf16", 1, 2), on_gpus(**layout)
    slower = float(decode_step_s(d, hw, replace(PERFECT, sequence_s=1e-5), 64) - decode_step_s(d, hw, PERFECT, 64))
    assert slower == pytest.approx(each * 1e-5)


def test_four_bits_are_read_at_a_share_of_the_bandwidth_of_others():
    """A dense model's layers are in four bits, its LM head is not."""
    spec, hw, half = load_model("Llama-3.1-8B-Instruct"), on_gpus("b200-sxm", "fp4"), replace(PERFECT, four_bit=0.5)
    d = demand(spec, "fp4", 1, 2)
    (_, whole, _), (_, slower, _) = (decode_parts_s(d, hw, eff, 1) for eff in (PERFECT, half))
    assert float(slower - whole) * hw.memory_bytes_per_s == pytest.approx(d.four_bit_weight_bytes)
    head = 2 * spec.head_matmul_parameters
    assert float(whole) * hw.memory_bytes_per_s == pytest.approx(d.four_bit_weight_bytes + head)
    above = decode_parts_s(d, hw, replace(PERFECT, four_bit=1.3), 1)[1]
    assert float(above) == float(whole)  # no more than the bandwidth
    wide = demand(spec, "fp8", 1, 2)
    assert float(decode_step_s(wide, hw, half, 1)) == float(decode_step_s(wide, hw, PERFECT, 1))


def test_moe_wins_at_small_batch_and_loses_its_lead_as_experts_fill():
    gpu = load_gpu("h200-sxm")
    moe, dense = (demand(load_model(m), "bf16", 512, 512) for m in ("Qwen3-30B-A3B", "Qwen3-32B"))
    ratios = [
        float(
            decode_step_s(dense, hardware(gpu, Parallelism(), "bf16"), PERFECT, b)
            / decode_step_s(moe, hardware(gpu, Parallelism(), "bf16"), PERFECT, b)
        )
        for b in (1, 32)
    ]
    assert ratios[0] > 8
    assert ratios[1] < ratios[0] / 3


def test_arrays_equal_one_at_a_time():
    demands = [
        demand(load_model(m), "fp8", 1000, 500) for m in ("Qwen3-8B", "openai/gpt-oss-20b", "deepseek-ai/DeepSeek-V3")
    ]
    hw = hardware(load_gpu("h200-sxm"), Parallelism(tp=8), "fp8")
    together = serving(stack(demands), hw, Efficiency(), np.array([1.0, 8.0, 64.0]))
    alone = [serving(d, hw, Efficiency(), c) for d, c in zip(demands, (1, 8, 64), strict=True)]
    assert np.allclose(together.tpot_s, [float(s.tpot_s) for s in alone])
    assert np.allclose(together.output_tokens_per_s, [float(s.output_tokens_per_s) for s in alone])


def test_more_requests_than_the_cache_holds_wait():
    d = demand(load_model("Qwen3-8B"), "bf16", 1000, 500)
    hw = hardware(load_gpu("h100-sxm"), Parallelism(), "bf16")
    free, full = serving(d, hw, Efficiency(), 64), serving(d, hw, Efficiency(), 64, 16)
    assert full.ttft_s > free.ttft_s
    assert full.output_tokens_per_s < free.output_tokens_per_s


def test_memory_adds_up():
    d = demand(load_model("Llama-3.1-70B-Instruct"), "bf16", 1000, 1000)
    m = memory(d, 80e9, tp(4), 10)
    assert m.weights_bytes == pytest.approx(2 * 70.55e9 / 4, rel=1e-3)
    assert m.kv_cache_bytes == pytest.approx(10 * 2000 * 2 * 80 * 8 * 128 * 2 / 4)
    assert m.total_bytes == m.weights_bytes + m.kv_cache_bytes + OVERHEAD_BYTES
    assert m.fits
    assert not memory(d, 80e9, tp(1), 1).fits
    assert memory(d, 80e9, tp(4), int(m.max_sequences)).fits
    assert not memory(d, 80e9, tp(4), int(m.max_sequences) + 1).fits


def test_tensor_parallelism_beyond_the_kv_heads_copies_the_cache():
    d = demand(load_model("Qwen3-30B-A3B"), "bf16", 1000, 1000)  # four KV heads
    assert memory(d, 80e9, tp(8), 10).kv_cache_bytes == memory(d, 80e9, tp(4), 10).kv_cache_bytes


def test_data_parallel_attention_holds_one_copy_of_a_latent_cache():
    d = demand(
        load_model("DeepSeek-V3"), "fp8", 1000, 1000
    )  # one latent head: tensor parallelism copies it eight times
    h200 = load_gpu("h200-sxm")
    by_tp, by_dp = (hardware(h200, layout, "fp8") for layout in (Parallelism(tp=8), Parallelism(dp=8)))
    assert memory(d, 141e9, by_tp, 64).kv_cache_bytes == pytest.approx(8 * memory(d, 141e9, by_dp, 64).kv_cache_bytes)
    assert memory(d, 141e9, by_dp, 64).weights_bytes > memory(d, 141e9, by_tp, 64).weights_bytes
    assert memory(d, 141e9, by_dp, 64).max_sequences > memory(d, 141e9, by_tp, 64).max_sequences
    assert decode_step_s(d, by_dp, PERFECT, 512) < decode_step_s(d, by_tp, PERFECT, 512)


def test_pipeline_stages_share_memory_and_not_latency():
    d = demand(load_model("Llama-3.1-70B-Instruct"), "bf16", 1000, 1000)
    one, two = (
        hardware(load_gpu("h100-sxm"), layout, "bf16") for layout in (Parallelism(tp=4), Parallelism(tp=4, pp=2))
    )
    assert memory(d, 80e9, two, 10).weights_bytes == memory(d, 80e9, one, 10).weights_bytes / 2
    alone, staged = serving(d, one, PERFECT, 1), serving(d, two, PERFECT, 1)
    assert float(staged.tpot_s) == pytest.approx(float(alone.tpot_s))
    assert float(serving(d, two, PERFECT, 256).tpot_s) == pytest.approx(float(serving(d, one, PERFECT, 128).tpot_s))


MOE = "Qwen3-30B-A3B"


def on_gpus(gpu="h100-sxm", precision="bf16", **layout):
    return hardware(load_gpu(gpu), Parallelism(**layout), precision)


def test_products_take_whole_tiles():
    """A token has 8 of 128 experts: 8 experts with one row each of 8 and (1/16)/(1/16 + 8) of 16 more."""
    d, h = demand(load_model(MOE), "bf16", 1, 2), on_gpus()
    whole = float(products_s(d, h, replace(PERFECT, tile=16, skew=1e-9), 1))
    rows = 8 + 16 * (1 / 16) / (1 / 16 + 8)
    assert whole == pytest.approx((d.dense_flops + d.expert_flops * (1 + rows)) / 989e12)
    many = float(products_s(d, h, replace(PERFECT, tile=0), 1e6))
    assert many == pytest.approx(1e6 * (d.dense_flops + d.expert_flops) / 989e12, rel=1e-3)


def test_experts_that_lie_whole_wait_for_the_busiest_gpu():
    d = demand(load_model(MOE), "bf16", 1000, 100)
    busy = replace(PERFECT, imbalance=0.5, grouped=0.5)
    uneven = 1 + 0.5 / (1 + 64 / 16 / 8) ** 0.5  # of 64 tokens an expert has four, half a tile
    for layout, more in (({"tp": 8}, 1.0), ({"tp": 8, "ep": True}, uneven), ({"dp": 8}, uneven)):
        h = on_gpus(**layout)
        dense, routed = (float(products_s(replace(d, **{name: 0.0}), h, busy, 64)) for name in
                         ("expert_flops", "dense_flops"))  # fmt: skip
        assert dense == pytest.approx(64 * d.dense_flops / (8 * 989e12))
        slices = float(products_s(replace(d, dense_flops=0.0), on_gpus(tp=8), busy, 64))
        assert routed == pytest.approx(more * slices)


def test_the_busiest_gpu_reads_more_experts_but_never_more_than_it_has():
    """With half as many of few tokens more, it touches the experts that so many tokens touch; with thousands, all of
    its own. Whether a step or a prompt reads them."""
    d = demand(load_model(MOE), "bf16", 1000, 100)
    busy = replace(PERFECT, imbalance=0.5)
    whole, cut = on_gpus(tp=8, ep=True), on_gpus(tp=8)
    for batch in (4, 64):
        more = 1 + 0.5 / (1 + batch / 16 / 8) ** 0.5  # one token in sixteen is an expert's, tiles have eight rows
        assert float(decode_parts_s(d, whole, busy, batch)[1]) == pytest.approx(
            float(decode_parts_s(d, cut, busy, more * batch)[1])
        )
    assert float(decode_parts_s(d, whole, busy, 1e7)[1]) == pytest.approx(
        float(decode_parts_s(d, cut, busy, 1e7)[1]), rel=1e-3
    )
    one = demand(load_model(MOE), "bf16", 1, 100)
    reads = replace(busy, grouped=1e6, dense=1e6)
    more, even = (float(prefill_s(one, h, reads) - collectives_s(one, h, reads, 1.0)) for h in (whole, cut))
    assert even < more < 1.5 * even


def test_every_gpu_reads_its_slice_of_each_row_for_some_bytes_longer():
    """48 layers of 128 experts with three matrices of 2,048 rows; the last of two tokens touch 1 − (15/16)² of them."""
    d, longer = demand(load_model(MOE), "fp8", 1000, 100), replace(PERFECT, row_bytes=100, skew=1e-9)
    rows = 48 * 128 * 3 * 2048
    for layout, slices in (({}, 1), ({"tp": 4}, 4), ({"tp": 4, "ep": True}, 1)):
        h = on_gpus(precision="fp8", **layout)
        more = decode_parts_s(d, h, longer, 2)[1] - decode_parts_s(d, h, replace(longer, row_bytes=0), 2)[1]
        bandwidth = float(h.gpu_count) * 3.35e12
        assert float(more) == pytest.approx((1 - (15 / 16) ** 2) * slices * 100 * rows / bandwidth, rel=1e-6)


def test_kernels_that_send_tokens_to_experts_may_be_fewer_or_more():
    """Eight of each of 48 layers in four bits; in others, and of a dense model, none."""
    for model, precision, own in ((MOE, "int4", 48 * 8), (MOE, "fp8", 0), ("Llama-3.1-8B-Instruct", "int4", 0)):
        d, slow = demand(load_model(model), precision, 1000, 100), replace(PERFECT, kernel_s=1e-5)
        as_counted = float(decode_step_s(d, on_gpus(), slow, 4))
        for routed in (0.25, 1.5):
            moved = float(decode_step_s(d, on_gpus(), replace(slow, routed=routed), 4)) - as_counted
            assert moved == pytest.approx((routed - 1) * own * 1e-5)


def test_fewer_bits_reach_less_of_the_peak_where_the_gpu_has_them():
    d = demand(load_model(MOE), "fp8", 1000, 100)
    half = replace(PERFECT, narrow=0.5)
    for gpu, slower in (("h100-sxm", 2.0), ("a100-sxm-80gb", 1.0)):  # an A100 multiplies fp8 weights in 16 bit
        h = on_gpus(gpu, "fp8")
        assert float(products_s(d, h, half, 64)) == pytest.approx(slower * float(products_s(d, h, PERFECT, 64)))


def test_a_prompt_takes_no_less_than_the_launches_of_its_steps():
    """Nine kernels of each of 32 layers: a short prompt waits for the host, a long one for every chunk."""
    short, long = (demand(load_model("Llama-3.1-8B-Instruct"), "bf16", n, 500) for n in (16, 3 * CHUNK_TOKENS))
    slow = replace(PERFECT, launch_s=1e-2)
    for d, chunks in ((short, 1), (long, 3)):
        core = d.prefill_core_flops / 989e12
        assert float(prefill_s(d, on_gpus(), slow)) - core == pytest.approx(chunks * 32 * 9 * 1e-2, rel=0.01)
    more = float(prefill_s(short, on_gpus(), replace(PERFECT, prompt_s=0.5)) - prefill_s(short, on_gpus(), PERFECT))
    assert more == pytest.approx(0.5)


def test_prompts_of_one_step_share_its_launches():
    """Of 64 answers of 16 tokens four end with each step: four prompts share one."""
    d, slow = demand(load_model("Llama-3.1-8B-Instruct"), "bf16", 16, 16), replace(PERFECT, launch_s=1e-2)
    assert float(prompts_at_once(d, 64)) == 4
    assert float(prompts_at_once(d, 4)) == 1
    assert float(prefill_s(d, on_gpus(), slow, 64)) == pytest.approx(float(prefill_s(d, on_gpus(), slow)) / 4, rel=1e-3)


@pytest.mark.parametrize(("prompt", "batch", "latencies"), [(16, 1, 1), (16, 64, 1 / 4), (3 * CHUNK_TOKENS, 1, 3)])
def test_a_step_with_prompts_waits_once_for_each_of_its_collectives(prompt, batch, latencies):
    """Two in each of 32 layers; four prompts share a step of 64 answers of 16 tokens."""
    d, slow = demand(load_model("Llama-3.1-8B-Instruct"), "bf16", prompt, 16), replace(PERFECT, collective_s=1e-2)
    more = prefill_s(d, on_gpus(tp=2), slow, batch) - prefill_s(d, on_gpus(tp=2), PERFECT, batch)
    assert float(more) == pytest.approx(latencies * 2 * 32 * (1e-2 - PERFECT.collective_s))


def test_a_prompt_reads_the_experts_that_the_step_would_not_have_touched():
    d = demand(load_model(MOE), "bf16", 64, 5000)
    reading = replace(PERFECT, grouped=1, skew=1e-9)
    alone, beside = (float(prefill_s(d, on_gpus(), reading, batch)) for batch in (1, 256))
    all_experts = d.expert_weight_bytes / 3.35e12
    assert 0.85 * all_experts < alone < 1.1 * all_experts
    assert beside < alone / 5


def test_a_gpu_at_its_peaks_adds_nothing():
    eff = at_peak(0.7)
    for f in fields(Efficiency):
        expected = 0.7 if f.name == "skew" else 1.0 if f.name in (*SHARES, *OF_BITS) else 0.0
        assert getattr(eff, f.name) == expected


@settings(deadline=None, max_examples=60)
@given(
    st.sampled_from(["Llama-3.1-8B-Instruct", MOE, "deepseek-ai/DeepSeek-R1"]),
    st.sampled_from([1, 64, 1024, 20_000]),
    st.sampled_from([1, 16, 256, 4096]),
    st.floats(1, 500),
    st.floats(1, 200),
)
def test_more_in_flight_take_longer_and_answer_no_fewer(model, prompt, generated, in_flight, room):
    """Request time and throughput rise with load, less room never helps, and Little's law holds."""
    d, h = demand(load_model(model), "bf16", prompt, generated), on_gpus(tp=8)
    one, two, tight = (serving(d, h, Efficiency(), c, r) for c, r in ((in_flight, np.inf), (in_flight * 1.5, np.inf),
                                                                      (in_flight, room)))  # fmt: skip
    assert float(one.request_s) <= float(two.request_s) * (1 + 1e-9)
    assert float(tight.request_s) >= float(one.request_s) * (1 - 1e-9)
    assert float(in_flight / one.request_s) == pytest.approx(float(one.output_tokens_per_s) / generated)
    longer = serving(demand(load_model(model), "bf16", 2 * prompt, generated), h, Efficiency(), in_flight)
    assert float(longer.request_s) >= float(one.request_s)
