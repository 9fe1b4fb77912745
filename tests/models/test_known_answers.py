"""Exact parameters of one model a family, and caches, states and FLOPs worked out from the papers' formulas and the
configs."""

import json

import pytest

from advisor.errors import AdvisorError
from advisor.models.attention import Attention
from advisor.models.families import read_config, spec_from_config
from advisor.models.latent_attention import LatentAttention
from advisor.models.layers import FeedForward, MixtureOfExperts
from advisor.models.recurrent import (
    GatedDeltaNet,
    KimiDelta,
    LightningAttention,
    Mamba,
    Mamba2,
    ShortConvolution,
)
from tests.known import catalog, config_file, load_model, spec_of

# what the models hold as Hugging Face counts the weights of their checkpoints, text alone
PARAMETERS = {
    "EleutherAI/pythia-1.4b": 1_414_647_808,
    "MiniMaxAI/MiniMax-M2.5": 228_689_748_992,
    "Qwen/Qwen1.5-MoE-A2.7B": 14_315_784_192,
    "Qwen/Qwen2.5-0.5B": 494_032_768,
    "Qwen/Qwen2.5-7B": 7_615_616_512,
    "Qwen/Qwen3-8B": 8_190_735_360,
    "Qwen/Qwen3-235B-A22B": 235_093_634_560,
    "Qwen/Qwen3-Next-80B-A3B-Thinking": 79_674_391_296,
    "Qwen/Qwen3.5-27B": 26_895_998_464,
    "Qwen/Qwen3.5-35B-A3B": 34_660_610_688,
    "allenai/OLMo-2-1124-7B": 7_298_617_344,
    "deepseek-ai/DeepSeek-R1": 671_026_404_352,
    "deepseek-ai/DeepSeek-V2-Lite": 15_706_484_224,
    "deepseek-ai/DeepSeek-V3.2": 671_877_929_216,
    "google/gemma-2-9b": 9_241_705_984,
    "google/gemma-3-27b-it": 27_009_346_304,
    "google/gemma-4-26B-A4B": 25_233_141_760 + 30,  # with the scale of each of its 30 layers
    "meta-llama/Llama-3.1-8B-Instruct": 8_030_261_248,
    "meta-llama/Llama-4-Maverick-17B-128E-Instruct": 400_711_848_960,
    "meta-llama/Llama-4-Scout-17B-16E-Instruct": 107_769_861_120,
    "microsoft/phi-4": 14_659_507_200,
    "mistralai/Mistral-7B-v0.1": 7_241_732_096,
    "mistralai/Mixtral-8x7B-v0.1": 46_702_792_704,
    "nvidia/NVIDIA-Nemotron-3-Nano-30B-A3B-BF16": 31_577_937_344,
    "nvidia/Nemotron-H-56B-Base-8K": 56_324_350_464,
    "openai/gpt-oss-20b": 20_914_757_184,
    "ai21labs/AI21-Jamba-Reasoning-3B": 3_197_109_632,
    "allenai/Olmo-3-32B-Think": 32_233_522_176,
    "allenai/Olmo-Hybrid-7B": 7_430_870_688,
    "allenai/OLMoE-1B-7B-0125-Instruct": 6_919_161_856,
    "arcee-ai/AFM-4.5B": 4_619_189_760,
    "arcee-ai/Trinity-Mini": 26_123_974_400,
    "baidu/ERNIE-4.5-0.3B-PT": 360_748_032,
    "baidu/ERNIE-4.5-21B-A3B-Thinking": 21_825_437_888,
    "ByteDance-Seed/Seed-OSS-36B-Instruct": 36_151_104_512,
    "HuggingFaceTB/SmolLM3-3B": 3_075_098_624,
    "ibm-granite/granite-3.3-2b-instruct": 2_533_539_840,
    "ibm-granite/granite-4.0-h-micro": 3_191_396_096,
    "internlm/internlm3-8b-instruct": 8_804_241_408,
    "LGAI-EXAONE/EXAONE-4.0-1.2B": 1_279_391_488,
    "LiquidAI/LFM2-1.2B": 1_170_340_608,
    "LiquidAI/LFM2-8B-A1B": 8_339_929_856,
    "MiniMaxAI/MiniMax-M1-40k": 456_089_655_296,
    "poolside/Laguna-S-2.1": 117_561_977_600,
    "swiss-ai/Apertus-70B-Instruct-2509": 70_599_864_480,
    "tencent/Hunyuan-0.5B-Instruct": 539_010_048,
    "tencent/Hunyuan-A13B-Instruct": 80_393_183_232,
    "tiiuae/Falcon-H1-3B-Instruct": 3_149_392_384,
    "upstage/Solar-Open-100B": 102_651_793_408,
    "zai-org/GLM-4-32B-0414": 32_566_081_536,
    # with the router's corrections, which Hugging Face counts: 61, 19, 31 and 26 layers of them
    "rednote-hilab/dots.llm1.inst": 142_774_381_696 - 61 * 128,
    "inclusionAI/Ling-mini-2.0": 16_255_643_392 - 19 * 256,
    "moonshotai/Kimi-Linear-48B-A3B-Instruct": 49_122_681_728 - 26 * 256,
    # as transformers 5.19 builds the text part of their configs
    "deepseek-ai/DeepSeek-V4-Flash": 284_332_230_231,
    "deepseek-ai/DeepSeek-V4-Pro": 1_572_997_179_491,
    "google/gemma-4-E2B-it": 4_628_569_344 + 35,
    "google/gemma-4-E4B-it": 7_463_013_376 + 42,
    "mistralai/Mistral-Small-4-119B-2603": 118_972_826_624,
    "tencent/Hy3": 295_033_528_320,
    "zai-org/GLM-5.3-Flash": 312_692_428_286 + 154_880 * 4096,  # and the LM head
    "zai-org/GLM-4.5-Air": 106_852_245_504,
    "zai-org/GLM-4.7-Flash": 29_943_390_976,
    "zai-org/GLM-5": 743_911_199_232,
}


@pytest.mark.parametrize("name", PARAMETERS)
def test_total_parameters(name):
    assert spec_of(name).total_parameters == PARAMETERS[name]


def test_a_model_that_transformers_does_not_know_by_hand():
    """MiMo-7B: 36 layers as Qwen2's, with biases of queries, keys and values; its multi-token prediction is left
    out."""
    layer = 2 * 4096 * 4096 + 2 * 4096 * 1024 + (4096 + 2 * 1024) + 3 * 4096 * 11_008 + 2 * 4096
    assert spec_of("XiaomiMiMo/MiMo-7B-RL").total_parameters == 2 * 151_680 * 4096 + 36 * layer + 4096


def test_active_parameters_by_hand():
    """All but the look-up table and the experts that a token does not meet."""
    mixtral, qwen, scout = (
        spec_of(m)
        for m in ("mistralai/Mixtral-8x7B-v0.1", "Qwen/Qwen1.5-MoE-A2.7B", "meta-llama/Llama-4-Scout-17B-16E-Instruct")
    )
    assert mixtral.active_parameters == 46_702_792_704 - 32 * 6 * 3 * 4096 * 14_336 - 32_000 * 4096
    assert qwen.active_parameters == 14_315_784_192 - 24 * 56 * 3 * 2048 * 1408 - 151_936 * 2048
    assert scout.active_parameters == 107_769_861_120 - 48 * 15 * 3 * 5120 * 8192 - 202_048 * 5120
    tied = spec_of("google/gemma-2-9b")
    assert tied.active_parameters == tied.total_parameters  # the table is the LM head too


def test_layers_are_counted_and_kinds_known():
    dense, mixture, hybrid = (
        spec_of(m) for m in ("Qwen/Qwen3-8B", "deepseek-ai/DeepSeek-R1", "nvidia/Nemotron-H-56B-Base-8K")
    )
    assert [(s.n_layers, s.is_moe) for s in (dense, mixture, hybrid)] == [(36, False), (61, True), (118, False)]
    assert (spec_of("Qwen/Qwen3-8B").hidden, spec_of("Qwen/Qwen3-8B").max_context) == (4096, 40_960)


# --- caches ---


@pytest.mark.parametrize(
    ("name", "context", "elements"),
    [
        ("google/gemma-2-9b", 10_000, 4096 * (21 * 4096 + 21 * 10_000)),  # every other layer sees 4 096 tokens
        ("google/gemma-2-9b", 4096, 4096 * 42 * 4096),
        (
            "google/gemma-4-26B-A4B",
            10_000,
            4096 * 25 * 1024 + 2048 * 5 * 10_000,
        ),  # every sixth layer has two heads of 512
        ("meta-llama/Llama-4-Scout-17B-16E-Instruct", 20_000, 2048 * (36 * 8192 + 12 * 20_000)),
        ("mistralai/Mistral-7B-v0.1", 5000, 2048 * 32 * 4096),
        ("mistralai/Mixtral-8x7B-v0.1", 5000, 2048 * 32 * 5000),  # its window is off
        ("microsoft/phi-4", 5000, 2560 * 40 * 5000),
        ("deepseek-ai/DeepSeek-V3.2", 5000, 61 * (512 + 64 + 128) * 5000),
        ("openai/gpt-oss-20b", 5000, 1024 * (12 * 128 + 12 * 5000)),
        ("openai/gpt-oss-20b", 100, 1024 * 24 * 100),
        # 20 of 35 layers read what the last but one and the last of the others keep; 3 of the 15 see everything
        ("google/gemma-4-E2B-it", 10_000, 2 * 256 * 12 * 512 + 2 * 512 * 3 * 10_000),
        # keys of 192 and values of 128: 9 layers with 4 heads see everything, 39 with 8 heads 128 tokens
        ("XiaomiMiMo/MiMo-V2-Flash", 10_000, 320 * (9 * 4 * 10_000 + 39 * 8 * 128)),
        # a window of 128 in every layer; 21 layers with a vector and an index key every 4 tokens, 20 with one every 128
        ("deepseek-ai/DeepSeek-V4-Flash", 10_000, 43 * 128 * 512 + 21 * 2500 * (512 + 128) + 20 * 78 * 512),
        ("deepseek-ai/DeepSeek-V4-Flash", 100, 43 * 100 * 512 + 21 * 25 * (512 + 128)),
        # one of three layers keeps an index key: the others attend to what it chose
        ("zai-org/GLM-5.2", 5000, (78 * 576 + 21 * 128) * 5000),
        ("MiniMaxAI/MiniMax-M3", 5000, (60 * 2 * 4 * 128 + 57 * 128) * 5000),
        ("ibm-granite/granite-4.0-h-small", 1000, 4 * 2 * 8 * 128 * 1000 + 36 * (128 * 64 * 128 + (8192 + 256) * 3)),
        ("LiquidAI/LFM2-2.6B", 1000, 8 * 2 * 8 * 64 * 1000 + 22 * 2048 * 2),
        ("meituan-longcat/LongCat-Flash-Chat", 1000, 2 * 28 * 576 * 1000),
    ],
)
def test_cache_of_a_sequence(name, context, elements):
    assert spec_of(name).kv_elements(context) == elements


def test_a_sparse_attention_keeps_all_and_reads_what_its_indexer_chose():
    spec = spec_of("deepseek-ai/DeepSeek-V3.2")
    assert spec.kv_read_elements(5000) == 61 * ((512 + 64) * 2048 + 128 * 5000)
    assert spec.kv_read_elements(1000) == 61 * (512 + 64 + 128) * 1000


def test_a_window_bounds_what_is_read():
    spec = spec_of("openai/gpt-oss-20b")
    assert spec.kv_read_elements(5000) == 1024 * (12 * 128 + 12 * 5000)
    assert spec.kv_read_elements(100) == 1024 * 24 * 100
    assert spec_of("Qwen/Qwen3-8B").kv_read_elements(5000) == 36 * 2048 * 5000


def test_states_are_kept_once_and_read_and_written():
    """Qwen3-Next: 36 of 48 layers keep 32 matrices of 128 × 128 and three columns of 8 192 for the convolution."""
    spec, state = spec_of("Qwen/Qwen3-Next-80B-A3B-Thinking"), 36 * (32 * 128 * 128 + 8192 * 3)
    assert spec.kv_elements(1000) == 12 * 2 * 2 * 256 * 1000 + state
    assert spec.kv_read_elements(1000) == 12 * 2 * 2 * 256 * 1000 + 2 * state
    # Nemotron: 23 Mamba layers with 64 heads of 64 channels and 128 states; 4 096 + 2·8·128 channels pass the
    # convolution
    nemotron, state = spec_of("nvidia/NVIDIA-Nemotron-3-Nano-30B-A3B-BF16"), 23 * (4096 * 128 + 6144 * 3)
    assert nemotron.kv_elements(1000) == 6 * 2 * 2 * 128 * 1000 + state


def test_kimi_delta_keeps_a_state_a_head_and_mla_the_rest():
    """20 of 27 layers keep 32 matrices of 128 × 128 and three columns of 3 · 4 096 for the convolutions."""
    spec, state = spec_of("moonshotai/Kimi-Linear-48B-A3B-Instruct"), 20 * (32 * 128 * 128 + 3 * 4096 * 3)
    assert spec.kv_elements(1000) == 7 * 576 * 1000 + state
    assert spec.kv_read_elements(1000) == 7 * 576 * 1000 + 2 * state
    # GLM-5.3-Flash: no rotation, and one key of the indexer for 16 tokens, of which 2 048 are read
    flash, state = spec_of("zai-org/GLM-5.3-Flash"), 34 * (64 * 128 * 128 + 3 * 8192 * 3)
    assert flash.kv_elements(1000) == 11 * (512 + 8) * 1000 + state
    assert flash.kv_read_elements(5000) == 11 * (512 * 2048 + 8 * 5000) + 2 * state


def test_what_a_step_reads_of_a_cache_that_others_made_or_an_indexer_chose():
    """Layers that share a cache read it as their own; blocks that were not chosen are not read, all index keys are."""
    window, full = 2 * 256 * 512, 2 * 512 * 10_000
    assert spec_of("google/gemma-4-E2B-it").kv_read_elements(10_000) == 28 * window + 7 * full
    assert (
        spec_of("MiniMaxAI/MiniMax-M3").kv_read_elements(10_000) == 1024 * (3 * 10_000 + 57 * 2048) + 57 * 128 * 10_000
    )
    assert spec_of("deepseek-ai/DeepSeek-V4-Flash").kv_read_elements(10_000) == (
        43 * 128 * 512 + 21 * (512 * 512 + 2500 * 128) + 20 * 78 * 512
    )


# --- FLOPs ---


def test_compressed_attention_sees_a_window_and_one_vector_for_many_tokens():
    """DeepSeek-V4-Flash: scores and sums over 512 in 64 heads; 64 index heads of 128 score every fourth vector."""
    seen = 43 * 128 + 21 * 512 + 20 * 78
    spec = spec_of("deepseek-ai/DeepSeek-V4-Flash")
    assert spec.engine_decode_core_flops(10_000) == 4 * 64 * 512 * seen + 21 * 2 * 64 * 128 * 2500
    steps = sum(spec.attention_flops(c, c) for c in range(1, 701))
    assert spec.attention_flops(1, 700) == steps


def test_flops_of_kimi_delta_by_hand():
    """Four projections of 4 096, two gates of rank 128, a step size a head; the state as under the gated delta rule."""
    delta = KimiDelta(2304, 32, 128, 4)
    assert delta.matmul_parameters == 2304 * 4 * 4096 + 2 * 128 * (2304 + 4096) + 2304 * 32
    assert delta.parameters == delta.matmul_parameters + 3 * 4096 * 4 + 4096 + 32 + 128
    assert delta.extra_flops_per_token == 2 * 4 * 3 * 4096 + 8 * 32 * 128 * 128
    wide = KimiDelta(2304, 32, 128, 4, full_rank_gate=True)
    assert wide.matmul_parameters - delta.matmul_parameters == 2304 * 4096 - 128 * (2304 + 4096)


def test_flops_of_blocks_that_an_indexer_chose():
    """MiniMax-M3: 57 layers see 2 048 tokens at most, for which four index heads of 128 score all."""
    spec = spec_of("MiniMaxAI/MiniMax-M3")
    seen = 3 * 5000 + 57 * 2048
    assert spec.attention_flops(5000, 5000) == 4 * 64 * 128 * seen + 57 * 2 * 4 * 128 * 5000


def test_experts_of_a_narrow_width_stand_between_two_projections():
    """Nemotron 3 Super: a token meets 22 experts over 1 024 channels, the way there and back, and a shared one."""
    block = next(
        la.feed_forward for la in spec_of("nvidia/NVIDIA-Nemotron-3-Super-120B-A12B-BF16").layers if la.feed_forward
    )
    assert block.matmul_parameters == 4096 * 512 + 2 * 4096 * 5376 + 2 * 4096 * 1024 + 22 * 2 * 1024 * 2688


def test_tables_for_each_layer_are_held_and_multiply_nothing():
    """Gemma 4 E2B: 262 144 tokens × 35 layers × 256, and the norm of their sum; its head is the embedding."""
    spec = spec_of("google/gemma-4-E2B-it")
    assert spec.lookup_parameters == spec.table_parameters == 262_144 * 35 * 256 + 256
    assert spec.total_parameters - spec.active_parameters == spec.table_parameters
    assert spec_of("Qwen/Qwen3-8B").lookup_parameters == 151_936 * 4096


def test_flops_of_a_gated_delta_net_by_hand():
    """A token multiplies every matrix once; the state of each value head is decayed, read, updated and read again."""
    delta = 2048 * (2 * 2048 + 2 * 4096 + 2 * 32) + 4096 * 2048
    full = 2048 * (2 * 4096 + 2 * 512 + 4096)
    experts = 2048 * 512 + 2048 + (1 + 10) * 3 * 2048 * 512
    state = 2 * 4 * 8192 + 8 * 32 * 128 * 128
    spec = spec_of("Qwen/Qwen3-Next-80B-A3B-Thinking")
    assert spec.linear_flops_per_token() == 2 * (36 * delta + 12 * full + 48 * experts) + 36 * state
    assert spec.attention_flops(1, 100) == 12 * 4 * 16 * 256 * 5050


def test_flops_of_mamba_by_hand():
    """6 FLOPs for each of 4 096 × 128 states: decay, input, output. 23 layers of Mamba, 23 of experts, 6 of
    attention."""
    mamba = 2688 * (4096 + 6144 + 64) + 4096 * 2688
    attention = 2688 * (2 * 4096 + 2 * 256)
    experts = 2688 * 128 + 2 * 2688 * 3712 + 6 * 2 * 2688 * 1856
    spec = spec_of("nvidia/NVIDIA-Nemotron-3-Nano-30B-A3B-BF16")
    assert spec.linear_flops_per_token() == 2 * (23 * mamba + 6 * attention + 23 * experts) + 23 * (
        2 * 4 * 6144 + 6 * 4096 * 128
    )
    assert (spec.n_layers, spec.decode_launches) == (52, 23 * 7 + 6 * 5 + 23 * (9 + 3))


def test_latent_attention_in_both_forms_by_hand():
    """DeepSeek-R1: expanded 128 heads score over 192 and sum over 128; absorbed they score over 576 and sum over
    512."""
    spec = spec_of("deepseek-ai/DeepSeek-R1")
    assert spec.attention_flops(1, 100) == 61 * 2 * 128 * (192 + 128) * 5050
    assert spec.engine_decode_core_flops(3000) == 61 * 2 * 128 * (576 + 512) * 3000


def test_an_indexer_scores_every_token_for_an_attention_to_few():
    """DeepSeek-V3.2: 64 index heads of 128 over all that came before, the attention itself over 2 048 at most."""
    spec, index = spec_of("deepseek-ai/DeepSeek-V3.2"), 2 * 64 * 128
    assert spec.engine_decode_core_flops(5000) == 61 * (2 * 128 * (576 + 512) * 2048 + index * 5000)
    seen = 2048 * 2049 // 2 + 2048 * (5000 - 2048)
    assert spec.attention_flops(1, 5000) == 61 * (2 * 128 * (192 + 128) * seen + index * 5000 * 5001 // 2)


def test_flops_until_the_first_token():
    """The prompt passes the layers, the last of its tokens the LM head; what is cached is seen and not computed."""
    spec = spec_of("meta-llama/Llama-3.1-8B-Instruct")
    body, head = 2 * 6_979_321_856, 2 * 128_256 * 4096
    assert spec.prefill_flops(100) == 100 * body + 32 * 4 * 4096 * 5050 + head
    assert spec.prefill_flops(100, 60) == 40 * body + 32 * 4 * 4096 * (5050 - 1830) + head


def test_a_token_of_a_mixture_meets_the_router_its_experts_and_the_shared_one():
    expert, shared = FeedForward(8, 16), FeedForward(8, 24)
    moe = MixtureOfExperts(8, 10, 3, expert, shared, shared_gate=True, router_bias=True, always=(FeedForward(8, 5),))
    always = 8 * 10 + 8 + 3 * 8 * 24 + 3 * 8 * 5
    assert moe.always_matmul_parameters == always
    assert moe.matmul_parameters == always + 3 * 3 * 8 * 16
    assert moe.parameters == always + 10 + 10 * 3 * 8 * 16
    assert moe.inactive_parameters == 7 * 3 * 8 * 16
    assert moe.launches == 9 + 3 + 3
    bare = MixtureOfExperts(8, 10, 3, expert)
    assert (bare.always_matmul_parameters, bare.parameters) == (80, 80 + 10 * 3 * 8 * 16)


def test_biases_are_held_and_not_multiplied():
    assert FeedForward(8, 16, gated=True, bias=True).parameters == 3 * 8 * 16 + 2 * 16 + 8
    assert FeedForward(8, 16, gated=False, bias=True).parameters == 2 * 8 * 16 + 16 + 8
    assert FeedForward(8, 16, gated=False, bias=True).matmul_parameters == 2 * 8 * 16
    assert Attention(8, 2, 1, 4, other_parameters=7).parameters == 8 * (8 + 2 * 4 + 8) + 7
    assert Attention(8, 2, 1, 4, output_gate=True).matmul_parameters == 8 * (2 * 8 + 2 * 4 + 8)
    assert Attention(8, 2, 1, 4, keys_as_values=True).matmul_parameters == 8 * (8 + 4 + 8)
    plain, biased = (Mamba2(8, 2, 4, 1, 16, 4, conv_bias=b, proj_bias=b) for b in (False, True))
    assert biased.parameters - plain.parameters == (8 + 2 * 16) + (8 + (8 + 32) + 2) + 8
    assert biased.matmul_parameters == plain.matmul_parameters == 8 * (8 + 40 + 2) + 8 * 8


def test_recurrent_mixers_have_no_cache_and_attend_to_nothing():
    for mixer in (
        Mamba2(8, 2, 4, 1, 16, 4),
        GatedDeltaNet(8, 2, 4, 4, 4, 4),
        KimiDelta(8, 2, 4, 4),
        LightningAttention(8, 2, 4),
        Mamba(8, 16, 4, 4, 2),
        ShortConvolution(8, 3),
    ):
        assert (mixer.core_flops(1, 9), mixer.decode_core_flops(9), mixer.kv_elements_per_token) == (0, 0, 0)
        assert (mixer.window, mixer.kv_replicable_heads) == (None, 1)
        assert mixer.kept_elements(7) == mixer.kept_elements(9) == mixer.read_elements(9) // 2 == mixer.state_elements
    for mixer in (Attention(8, 2, 1, 4), LatentAttention(8, 2, None, 4, 4, 2, 4)):
        assert (mixer.extra_flops_per_token, mixer.kv_replicable_heads) == (0, 1)
    assert Attention(8, 4, 2, 4).kv_replicable_heads == 2


def test_launches_of_whole_models():
    """Attention 5, a dense block 4, experts 9; gated delta 8, a shared expert 3; latent attention with an indexer
    15."""
    assert spec_of("Qwen/Qwen3-8B").decode_launches == 36 * (5 + 4)
    assert spec_of("openai/gpt-oss-20b").decode_launches == 24 * (5 + 9)
    assert spec_of("Qwen/Qwen3-Next-80B-A3B-Thinking").decode_launches == 36 * 8 + 12 * 5 + 48 * 12
    assert spec_of("deepseek-ai/DeepSeek-V3.2").decode_launches == 3 * (15 + 4) + 58 * (15 + 12)


# --- config files ---

SMALL = {
    "hidden_size": 64, "num_hidden_layers": 6, "num_attention_heads": 4, "intermediate_size": 128, "vocab_size": 100,
    "max_position_embeddings": 512, "tie_word_embeddings": True, "num_key_value_heads": 2, "head_dim": 16,
}  # fmt: skip


def spec(family, **keys):
    given = {k: v for k, v in (SMALL | keys).items() if v is not ...}
    return spec_from_config({"model_type": family, **given}, name="x", where="config.json")


def windows(family, **keys):
    """The window of each layer."""
    return [layer.mixer.window for layer in spec(family, **keys).layers for _ in range(layer.count)]


def test_which_layers_see_a_window_where_the_config_does_not_say():
    """By the defaults of transformers for each family."""
    assert windows("gemma2", sliding_window=8) == [8, None, 8, None, 8, None]
    assert windows("gemma3_text", sliding_window=8) == [8, 8, 8, 8, 8, None]
    assert windows("gemma3_text", sliding_window=8, sliding_window_pattern=3) == [8, 8, None, 8, 8, None]
    assert windows("gemma4_text", sliding_window=8, global_head_dim=32) == [8, 8, 8, 8, 8, None]
    assert windows("olmo3", sliding_window=8) == [8, 8, 8, None, 8, 8]
    assert windows("olmo2", sliding_window=8) == [None] * 6
    assert windows("gpt_oss", sliding_window=8, num_local_experts=4, num_experts_per_tok=1) == [
        8,
        None,
        8,
        None,
        8,
        None,
    ]
    chunks = dict(
        attention_chunk_size=8,
        interleave_moe_layer_step=2,
        num_local_experts=4,
        num_experts_per_tok=1,
        intermediate_size_mlp=32,
    )
    assert windows("llama4_text", **chunks) == [8, 8, 8, None, 8, 8]
    types = ["full_attention", "sliding_attention"] * 3
    assert windows("gemma2", sliding_window=8, layer_types=types) == [None, 8] * 3


@pytest.mark.parametrize(("window", "seen"), [(8, 8), (511, 511), (512, None), (None, None), (0, None)])
def test_a_window_as_wide_as_the_context_is_none(window, seen):
    assert windows("mistral", sliding_window=window) == [seen] * 6
    assert windows("llama", sliding_window=window) == [None] * 6


def kinds(family, **keys):
    """D for a dense layer, E for one with experts."""
    return "".join(
        ("E" if isinstance(la.feed_forward, MixtureOfExperts) else "D") * la.count for la in spec(family, **keys).layers
    )


def test_which_layers_have_experts():
    qwen = {"num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 32}
    assert kinds("qwen3_moe", **qwen) == "EEEEEE"
    assert kinds("qwen3_moe", **qwen, decoder_sparse_step=3) == "DDEDDE"
    assert kinds("qwen3_moe", **qwen, decoder_sparse_step=3, mlp_only_layers=[5]) == "DDEDDD"
    glm = {"n_routed_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 32}
    assert kinds("glm4_moe", **glm, first_k_dense_replace=2) == "DDEEEE"
    assert kinds("glm4_moe", **glm) == "EEEEEE"
    llama = dict(attention_chunk_size=8, num_local_experts=4, num_experts_per_tok=1, intermediate_size_mlp=32)
    assert kinds("llama4_text", **llama, interleave_moe_layer_step=2) == "DEDEDE"
    assert kinds("llama4_text", **llama, interleave_moe_layer_step=2, moe_layers=[0, 1]) == "EEDDDD"


def test_hybrids_attend_fully_every_fourth_layer():
    keys = dict(
        zip(
            ("linear_num_key_heads", "linear_key_head_dim", "linear_num_value_heads", "linear_value_head_dim"),
            (2, 8, 4, 8),
            strict=True,
        )
    )
    for extra, expected in (
        ({}, "dddfdd"),
        ({"full_attention_interval": 2}, "dfdfdf"),
        ({"layer_types": ["full_attention"] * 6}, "ffffff"),
    ):
        layers = spec("qwen3_5_text", **keys, linear_conv_kernel_dim=4, **extra).layers
        assert "".join(("f" if isinstance(la.mixer, Attention) else "d") * la.count for la in layers) == expected


def test_defaults_that_transformers_documents():
    alone = spec("qwen3", num_key_value_heads=..., head_dim=...)
    assert alone.layers[0].mixer.kv_heads == 4
    assert alone.layers[0].mixer.head_dim == 16
    assert alone.total_parameters == spec("qwen3", num_key_value_heads=4).total_parameters
    untied = spec("qwen3", tie_word_embeddings=...)
    assert untied.total_parameters == spec("qwen3").total_parameters + 100 * 64
    assert spec("gemma2", tie_word_embeddings=..., sliding_window=8).tied_embeddings
    assert spec("qwen3", tie_word_embeddings=None).tied_embeddings is False
    assert spec("gpt_neox").total_parameters - spec("gpt_neox", attention_bias=False).total_parameters == 6 * (
        8 * 16 + 64
    )
    assert spec("llama", mlp_bias=True).total_parameters - spec("llama").total_parameters == 6 * (2 * 128 + 64)
    assert spec("llama", attention_bias=True).total_parameters - spec("llama").total_parameters == 6 * (8 * 16 + 64)
    glm = {"n_routed_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 32}
    assert (
        spec("glm4_moe", **glm, use_qk_norm=True).total_parameters - spec("glm4_moe", **glm).total_parameters
        == 6 * 2 * 16
    )
    assert (
        spec("glm4_moe", **glm, n_shared_experts=2).total_parameters - spec("glm4_moe", **glm).total_parameters
        == 6 * 3 * 64 * 64
    )


def test_the_text_part_of_a_multimodal_config_counts():
    inner = {**SMALL, "hidden_size": 32, "model_type": "qwen3"}
    whole = spec_from_config({"model_type": "qwen3", "hidden_size": 999, "text_config": inner}, name="x", where="c")
    assert whole.hidden == 32
    assert (whole.name, whole.family, whole.vocabulary) == ("x", "qwen3", 100)


@pytest.mark.parametrize(
    ("family", "keys", "message"),
    [
        ("qwen3", {"hidden_size": -64}, "hidden_size is -64, not a count"),
        ("qwen3", {"hidden_size": True}, "hidden_size is True, not a count"),
        ("qwen3", {"hidden_size": 64.0}, "hidden_size is 64.0, not a count"),
        ("qwen3", {"vocab_size": ...}, "lacks the field 'vocab_size', which qwen3 models need"),
        ("qwen3", {"head_dim": ..., "hidden_size": 66}, "lacks the field 'head_dim' and hidden_size is no multiple"),
        ("gemma2", {"sliding_window": 8, "layer_types": ["full_attention"]}, "layer_types names 1 layers and .* is 6"),
        ("minimax_text_01", {"num_local_experts": 2, "num_experts_per_tok": 1, "attn_type_list": [1]}, "of 6 layers"),
        ("kimi_linear", {}, "lacks the part 'linear_attn_config', which kimi_linear models need"),
        ("nemotron_h", {}, "lacks a 'hybrid_override_pattern' of 6 layers"),
        ("nemotron_h", {"hybrid_override_pattern": "----"}, "lacks a 'hybrid_override_pattern' of 6 layers"),
        ("nemotron_h", {"hybrid_override_pattern": "--?---"}, "unknown layer '\\?'"),
        ("", {}, "lacks the field 'model_type'"),
    ],
)  # fmt: skip
def test_a_config_that_cannot_be_is_refused_by_name(family, keys, message):
    with pytest.raises(AdvisorError, match=message):
        spec(family, **keys)


def test_a_multiple_is_enough_where_the_head_dimension_is_given():
    assert spec("qwen3", hidden_size=66).layers[0].mixer.head_dim == 16
    assert spec("qwen3", head_dim=..., attention_head_dim=8).layers[0].mixer.head_dim == 8


def test_a_file_is_named_by_its_config_its_folder_or_its_caller(tmp_path):
    folder = tmp_path / "my-model"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"model_type": "qwen3", **SMALL}))
    assert read_config(folder).name == "my-model"
    assert read_config(folder / "config.json", name="other").name == "other"
    (folder / "config.json").write_text(json.dumps({"model_type": "qwen3", "_name_or_path": "org/it", **SMALL}))
    assert read_config(folder).name == load_model(str(folder)).name == "org/it"
    with pytest.raises(AdvisorError, match=r"nowhere.*no such config\.json"):
        read_config(tmp_path / "nowhere.json")


def test_families_that_are_read_alike():
    """Names that transformers uses for one architecture, for its text part, and for its successors of the same
    shape."""
    moe = {"n_routed_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 32}
    latent = {"kv_lora_rank": 16, "qk_nope_head_dim": 8, "qk_rope_head_dim": 4, "v_head_dim": 8, **moe}
    delta = {
        "linear_num_key_heads": 2,
        "linear_key_head_dim": 8,
        "linear_num_value_heads": 4,
        "linear_value_head_dim": 8,
        "linear_conv_kernel_dim": 4,
    }
    chunks = {"attention_chunk_size": 8, "num_local_experts": 4, "num_experts_per_tok": 1}
    chunks |= {"intermediate_size_mlp": 32, "interleave_moe_layer_step": 2}
    for families, keys in (
        (("llama", "ministral", "phi3", "mistral"), {}),
        (("qwen2", "mimo"), {}),
        (("gemma3", "gemma3_text"), {"sliding_window": 8}),
        (("gemma4", "gemma4_text"), {"sliding_window": 8, "global_head_dim": 32}),
        (("deepseek_v2", "deepseek_v3", "deepseek_v32", "kimi_k2", "kimi_k25", "glm_moe_dsa", "glm4_moe_lite"), latent),
        (("qwen3_next", "qwen3_5", "qwen3_5_text", "qwen3_5_moe", "qwen3_5_moe_text"), delta),
        (("llama4", "llama4_text"), chunks),
    ):
        assert len({spec(family, **keys).total_parameters for family in families}) == 1


def test_catalogued_models_by_any_name():
    entry = catalog()["Qwen/Qwen3-30B-A3B"]
    assert (entry.shape, entry.weights, entry.released[:4]) == ("Qwen--Qwen3-30B-A3B", "Qwen/Qwen3-30B-A3B", "2025")
    assert (entry.published_parameters_b, entry.published_active_parameters_b) == (30.5, 3.3)
    for name in (
        "Qwen/Qwen3-30B-A3B",
        "qwen3-30b-a3b",
        "QWEN/QWEN3-30B-A3B",
        str(config_file(entry.model)),
        str(config_file(entry.model).parent),
    ):
        assert load_model(name).total_parameters == spec_of("Qwen/Qwen3-30B-A3B").total_parameters
    assert load_model("qwen3-30b-a3b").name == "Qwen/Qwen3-30B-A3B"
    for wrong in ("qwen3-30b", "other/Qwen3-30B-A3B"):
        with pytest.raises(AdvisorError, match="MODEL: unknown model"):
            load_model(wrong)


def test_a_page_may_say_another_context_than_the_shared_config():
    base, later = spec_of("Qwen/Qwen3-30B-A3B"), spec_of("Qwen/Qwen3-30B-A3B-Thinking-2507")
    assert (base.max_context, later.max_context) == (40960, 262144)
    assert later.total_parameters == base.total_parameters
