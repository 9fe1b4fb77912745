from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import gamma

from advisor.performance.demand import demand, stack
from advisor.performance.hardware import hardware
from advisor.performance.memory import OVERHEAD_BYTES, max_sequences, memory
from advisor.performance.parallelism import Parallelism
from advisor.performance.roofline import (
    Efficiency,
    decode_parts_s,
    decode_step_s,
    distinct_expert_share,
    prefill_s,
    serving,
)
from tests.known import load_gpu, load_model

PERFECT = Efficiency(
    dense=1, grouped=1, attention=1, tile=0, weights=1, experts=1, kv=1, link=1, skew=0.5, imbalance=0, kernel_s=0,
    launch_s=0, collective_s=0, step_s=0, prompt_s=0, first_s=0, ttft_steps=0, burst=0,
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
def test_experts_touched_where_some_are_liked_better(share, skew, tokens):
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
