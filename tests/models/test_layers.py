from hypothesis import given
from hypothesis import strategies as st

from advisor.models.attention import Attention, visible_sum
from advisor.models.latent_attention import LatentAttention, pooled_sum
from advisor.models.layers import FeedForward, MixtureOfExperts
from tests.known import spec_of


@given(st.integers(1, 60), st.integers(0, 60), st.none() | st.integers(1, 80))
def test_visible_sum_equals_the_sum_it_abbreviates(first, length, cap):
    last = first + length - 1
    assert visible_sum(first, last, cap) == sum(min(c, cap or c) for c in range(first, last + 1))


@given(st.integers(1, 60), st.integers(0, 60), st.integers(1, 9), st.none() | st.integers(0, 12))
def test_pooled_sum_equals_the_sum_it_abbreviates(first, length, pool, cap):
    last = first + length - 1
    counted = (c // pool for c in range(first, last + 1))
    assert pooled_sum(first, last, pool, cap) == sum(n if cap is None else min(n, cap) for n in counted)


def test_grouped_heads_shrink_the_cache_and_not_the_attention():
    wide = Attention(hidden=64, heads=8, kv_heads=8, head_dim=8)
    grouped = Attention(hidden=64, heads=8, kv_heads=2, head_dim=8)
    assert wide.kv_elements_per_token == 4 * grouped.kv_elements_per_token == 128
    assert wide.core_flops(10, 10) == grouped.core_flops(10, 10) == 4 * 8 * 8 * 10


def test_latent_attention_of_deepseek_v3_stores_576_elements_a_token():
    mla = LatentAttention(7168, 128, 1536, 512, 128, 64, 128)
    assert mla.kv_elements_per_token == 576
    assert mla.parameters == 187_107_328  # DeepSeek-V3 checkpoint, one layer's self_attn
    assert mla.decode_core_flops(1000) > mla.core_flops(1000, 1000)  # absorbed form trades FLOPs for bytes


def test_experts_that_a_token_does_not_take():
    moe = MixtureOfExperts(hidden=8, n_experts=4, experts_per_token=1, expert=FeedForward(8, 16))
    assert moe.inactive_parameters == 3 * 3 * 8 * 16


def test_kernels_of_a_step():
    dense, expert = FeedForward(8, 16), FeedForward(8, 4)
    alone = MixtureOfExperts(hidden=8, n_experts=4, experts_per_token=1, expert=expert)
    shared = MixtureOfExperts(hidden=8, n_experts=4, experts_per_token=1, expert=expert, shared=expert)
    assert (dense.launches, alone.launches, shared.launches) == (4, 9, 12)
    assert alone.routed_launches == shared.routed_launches == 8
    assert (dense.rows, FeedForward(8, 16, gated=False).rows) == (24, 16)
    plain = LatentAttention(7168, 128, 1536, 512, 128, 64, 128)
    sparse = LatentAttention(7168, 128, 1536, 512, 128, 64, 128, index_heads=64, index_head_dim=128, index_topk=2048)
    assert Attention(64, 8, 2, 8).launches < plain.launches < sparse.launches
    assert spec_of("deepseek-ai/DeepSeek-R1").decode_launches == 3 * (10 + 4) + 58 * (10 + 12)
