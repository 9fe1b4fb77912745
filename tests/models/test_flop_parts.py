"""FLOPs by component: by hand, against what was published, and together the whole."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor.models.attention import Attention
from advisor.models.flop_parts import PARTS, FlopParts, linear_parts
from advisor.models.layers import FeedForward, Layer
from advisor.models.spec import ModelSpec
from tests.known import catalog, load_model, spec_of


def test_parts_of_a_dense_answer_by_hand():
    """Qwen3-8B: 36 layers of 4,096, 32 heads and 8 KV heads of 128, 12,288 wide, 151,936 words."""
    parts = load_model("Qwen3-8B").trace_parts(200, 1000)
    assert parts.projections == 1200 * 36 * 2 * (2 * 4096 * 4096 + 2 * 4096 * 1024)
    assert parts.feed_forward == 1200 * 36 * 2 * 3 * 4096 * 12288
    assert parts.attention_core == 36 * 4 * 32 * 128 * 1200 * 1201 // 2
    assert parts.lm_head == 1000 * 2 * 151_936 * 4096
    assert (parts.routed_experts, parts.router, parts.recurrent) == (0, 0, 0)


def test_parts_of_a_mixture_by_hand():
    """Qwen3-30B-A3B: 48 layers of 2,048, 8 of 128 experts of 768 a token."""
    parts = load_model("Qwen3-30B-A3B").trace_parts(0, 10)
    assert parts.routed_experts == 10 * 48 * 8 * 2 * 3 * 2048 * 768
    assert parts.router == 10 * 48 * 2 * 2048 * 128
    assert parts.feed_forward == 0


def test_a_shared_expert_is_no_routed_one():
    spec = spec_of("deepseek-ai/DeepSeek-V3")  # 3 dense layers of 18,432, then 58 with 8 routed and 1 shared of 2,048
    parts = linear_parts(spec.layers)
    assert parts.feed_forward == 2 * 3 * 7168 * (3 * 18432 + 58 * 2048)
    assert parts.routed_experts == 58 * 8 * 2 * 3 * 7168 * 2048
    assert parts.router == 58 * 2 * 7168 * 256


def test_state_space_layers_are_apart():
    spec = spec_of("nvidia/NVIDIA-Nemotron-3-Nano-30B-A3B-BF16")  # 23 of Mamba 2, 6 of attention
    mamba, attention = (
        [a for a in spec.layers if hasattr(a.mixer, "state_elements") is state] for state in (True, False)
    )
    assert linear_parts(mamba).recurrent == linear_parts(spec.layers).recurrent > 0
    assert linear_parts(mamba).projections == linear_parts(attention).recurrent == 0
    assert spec.trace_parts(100, 300).recurrent == 400 * linear_parts(mamba).recurrent


@pytest.mark.parametrize(
    ("generated", "dense", "mixture", "advantage"),
    [(1000, 1.834e13, 7.713e12, 2.4), (8000, 1.437e14, 7.600e13, 1.9), (32000, 7.929e14, 6.027e14, 1.3)],
)
def test_the_advantage_of_a_mixture_falls_with_the_answer(generated, dense, mixture, advantage):
    """Prompts of 200 tokens; the figures of the mixture are without its router."""
    one, other = (load_model(name).trace_parts(200, generated) for name in ("Qwen3-8B", "Qwen3-30B-A3B"))
    assert one.total == pytest.approx(dense, rel=1e-3)
    assert other.total - other.router == pytest.approx(mixture, rel=1e-3)
    assert one.total / other.total == pytest.approx(advantage, abs=0.06)


def test_attention_takes_the_larger_share_of_a_mixture_at_32k():
    shares = [
        (p := load_model(m).trace_parts(200, 32000)).attention_core / p.total for m in ("Qwen3-8B", "Qwen3-30B-A3B")
    ]
    assert shares == pytest.approx([0.39, 0.68], abs=0.01)


@pytest.mark.parametrize(("generated", "decode"), [(1000, 4.662e12), (8000, 5.197e13), (32000, 4.092e14)])
def test_a_draft_of_the_first_paper_counts_attention_as_here(generated, decode):
    """Its L·(8·P·d² + 2·P²·d) and L·(8·G·d² + 4·d·(G·P + G·(G − 1)/2)), for L 32, d 4,096, P 200: projections and core
    of attention with as many KV heads as heads, but that a token does not see itself."""
    attention = Attention(hidden=4096, heads=32, kv_heads=32, head_dim=128)
    spec = ModelSpec("draft", "", 4096, 0, True, (Layer(attention, None, 0, 32),), 0, 10**6)
    whole, prompt = spec.trace_parts(200, generated), spec.trace_parts(200, 0)
    assert prompt.total == pytest.approx(8.695e11, rel=1e-3)
    assert whole.total - prompt.total == pytest.approx(decode, rel=2e-3)


@pytest.mark.parametrize("name", catalog())
def test_parts_add_up_to_the_steps_of_every_model(name):
    spec = spec_of(name)
    steps = sum(spec.decode_flops(context) for context in range(51, 71))
    before = 50 * spec.linear_flops_per_token() + spec.attention_flops(1, 50)
    assert spec.trace_parts(50, 20).total == before + steps
    assert min(getattr(spec.trace_parts(50, 20), part) for part in PARTS) >= 0


@pytest.mark.parametrize("name", catalog())
def test_products_are_two_flops_a_weight(name):
    """What a token passes beside state updates and head: active parameters without head, norms and biases."""
    spec = spec_of(name)
    updates = sum(a.count * a.mixer.extra_flops_per_token for a in spec.layers if a.mixer)
    products = (linear_parts(spec.layers).total - updates) / 2 + spec.head_matmul_parameters
    assert products == pytest.approx(spec.active_parameters, rel=0.01)
    assert products <= spec.active_parameters


COUNTS = st.tuples(*[st.integers(0, 10**15)] * len(PARTS))


@given(COUNTS, COUNTS, st.integers(0, 1000))
def test_sums_and_multiples_go_by_part(one, other, times):
    added, repeated = FlopParts(*one) + FlopParts(*other), FlopParts(*one) * times
    assert tuple(getattr(added, part) for part in PARTS) == tuple(a + b for a, b in zip(one, other, strict=True))
    assert tuple(getattr(repeated, part) for part in PARTS) == tuple(a * times for a in one)
    assert (added.total, repeated.total) == (sum(one) + sum(other), times * sum(one))


def test_a_feed_forward_alone():
    alone = Layer(None, FeedForward(8, 16, gated=False), 0, 3)
    assert linear_parts([alone]) == FlopParts(feed_forward=3 * 2 * 2 * 8 * 16)
