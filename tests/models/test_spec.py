"""Known answers: an independently published FLOP table, and published parameter counts."""

import pytest

from tests.known import catalog, load_model, spec_of


def test_decode_flops_equal_a_published_table():
    """bojieli/ai-infra-book: one decode token after 8 192 cached."""
    assert load_model("Qwen3-8B").decode_flops(8193) == 19_968_622_592
    assert load_model("Qwen3-30B-A3B").decode_flops(8193) == 12_526_551_040


@pytest.mark.parametrize(("generated", "flops"), [(1000, 1.834e13), (8000, 1.437e14), (32000, 7.929e14)])
def test_trace_flops_of_qwen3_8b(generated, flops):
    assert load_model("Qwen3-8B").trace_flops(200, generated) == pytest.approx(flops, rel=1e-3)


def test_trace_is_the_sum_of_its_steps():
    spec = load_model("openai/gpt-oss-20b")  # half its layers see 128 tokens only
    prompt, generated = 100, 60
    steps = sum(spec.decode_flops(prompt + i) for i in range(1, generated + 1))
    before = prompt * spec.linear_flops_per_token() + spec.attention_flops(1, prompt)
    assert spec.trace_flops(prompt, generated) == before + steps


def test_a_cached_prefix_is_not_computed_again():
    spec = load_model("Qwen3-8B")
    whole, rest = spec.prefill_flops(1000), spec.prefill_flops(1000, 600)
    head = 2 * spec.head_matmul_parameters
    assert whole - head == (rest - head) + (spec.prefill_flops(600) - head)


@pytest.mark.parametrize("name", catalog())
def test_totals_agree_with_the_published_figure(name):
    """Within 0.5 % or the published figure's own rounding (405.9 B, 8 B); Scout's 109 B counts its vision tower."""
    published = catalog()[name].published_parameters
    if published is None or "Scout" in name:
        pytest.skip("no comparable published figure")
    spec = spec_of(name)
    assert spec.total_parameters == pytest.approx(published, rel=0.013, abs=5e6)


def test_active_parameters_agree_with_model_cards_that_say_what_they_count():
    for name, published in {
        "openai/gpt-oss-20b": 3.61e9,
        "openai/gpt-oss-120b": 5.13e9,
        "deepseek-ai/DeepSeek-V3": 37e9,
        "mistralai/Mixtral-8x7B-v0.1": 12.9e9,
    }.items():
        assert spec_of(name).active_parameters == pytest.approx(published, rel=0.02)


@pytest.mark.parametrize("name", catalog())
def test_active_parameters_agree_with_the_published_figure(name):
    """Within 2 % or a unit of the figure's last digit, as the publisher counts: all that a token passes, with the
    look-up, or without LM head."""
    published = catalog()[name].published_active_parameters
    if published is None:
        pytest.skip("no published figure")
    spec = spec_of(name)
    lookup = 0 if spec.tied_embeddings else spec.embedding_parameters
    conventions = (
        spec.active_parameters,
        spec.active_parameters + lookup,
        spec.active_parameters - spec.head_matmul_parameters,
    )
    last_digit = 0.6 * 10.0 ** -len(f"{published / 1e9:.6f}".rstrip("0").split(".")[1]) * 1e9
    assert min(abs(counted - published) for counted in conventions) <= max(0.02 * published, last_digit)


def test_kv_cache_elements_per_token():
    for name, elements in {
        "Qwen/Qwen3-8B": 2 * 36 * 8 * 128,
        "deepseek-ai/DeepSeek-V3": 61 * 576,
        "meta-llama/Llama-3.1-70B-Instruct": 2 * 80 * 8 * 128,
    }.items():
        assert spec_of(name).kv_elements_per_token == elements


def test_windows_bound_what_is_kept():
    gemma = spec_of("google/gemma-3-27b-it")  # 52 of 62 layers see 1 024 tokens
    per_layer = 2 * 16 * 128
    assert gemma.kv_elements(10_000) == per_layer * (52 * 1024 + 10 * 10_000)


def test_states_do_not_grow():
    hybrid = spec_of("nvidia/NVIDIA-Nemotron-3-Nano-30B-A3B-BF16")
    assert hybrid.kv_elements(2000) - hybrid.kv_elements(1000) == 1000 * 6 * 2 * 2 * 128  # six attention layers
