"""Sizes that publishers and the hub count, of families without a shipped model or with one added late.

The hub's counts are those of its safetensors metadata, as quoted by llmfit 1.1.17 (AlexsJones/llmfit: hf_models.json);
configs are those of the models' pages. Multi-token prediction is left out: a count may be half a per cent less.
"""

import pytest

from advisor.models.families import spec_from_config
from tests.known import SHIPPED

GQA_8 = {"num_key_value_heads": 8}
CONFIGS = {
    "google/gemma-2b": (
        {"model_type": "gemma", "hidden_size": 2048, "num_hidden_layers": 18, "num_attention_heads": 8,
         "num_key_value_heads": 1, "head_dim": 256, "intermediate_size": 16_384, "vocab_size": 256_000,
         "max_position_embeddings": 8192},
        2_506_172_416,
    ),
    "google/gemma-7b-it": (
        {"model_type": "gemma", "hidden_size": 3072, "num_hidden_layers": 28, "num_attention_heads": 16,
         "num_key_value_heads": 16, "head_dim": 256, "intermediate_size": 24_576, "vocab_size": 256_000,
         "max_position_embeddings": 8192},
        8_537_680_896,
    ),
    "CohereLabs/c4ai-command-r-v01": (
        {"model_type": "cohere", "hidden_size": 8192, "num_hidden_layers": 40, "num_attention_heads": 64,
         "num_key_value_heads": 64, "intermediate_size": 22_528, "vocab_size": 256_000,
         "max_position_embeddings": 8192, "use_qk_norm": False},
        34_980_831_232,
    ),
    "bigcode/starcoder2-15b": (
        {"model_type": "starcoder2", "hidden_size": 6144, "num_hidden_layers": 40, "num_attention_heads": 48,
         "num_key_value_heads": 4, "intermediate_size": 24_576, "vocab_size": 49_152, "use_bias": True,
         "max_position_embeddings": 16_384, "sliding_window": 4096, "tie_word_embeddings": False},
        15_957_889_024,
    ),
    "microsoft/Phi-3.5-MoE-instruct": (
        {"model_type": "phimoe", "hidden_size": 4096, "num_hidden_layers": 32, "num_attention_heads": 32, **GQA_8,
         "intermediate_size": 6400, "num_local_experts": 16, "num_experts_per_tok": 2, "vocab_size": 32_064,
         "attention_bias": True, "lm_head_bias": True, "max_position_embeddings": 131_072},
        41_873_153_344,
    ),
    # the counts of the models' own pages
    "databricks/dbrx-instruct": (
        {"model_type": "dbrx", "d_model": 6144, "n_layers": 40, "n_heads": 48, "max_seq_len": 32_768,
         "vocab_size": 100_352, "attn_config": {"kv_n_heads": 8},
         "ffn_config": {"ffn_hidden_size": 10_752, "moe_num_experts": 16, "moe_top_k": 4}},
        131_596_523_520,
    ),
    "microsoft/phi-2": (
        {"model_type": "phi", "hidden_size": 2560, "num_hidden_layers": 32, "num_attention_heads": 32,
         "intermediate_size": 10_240, "vocab_size": 51_200, "max_position_embeddings": 2048},
        2_779_683_840,
    ),
    "internlm/internlm2_5-7b-chat": (
        {"model_type": "internlm2", "hidden_size": 4096, "num_hidden_layers": 32, "num_attention_heads": 32, **GQA_8,
         "intermediate_size": 14_336, "vocab_size": 92_544, "bias": False, "max_position_embeddings": 32_768},
        7_737_708_544,
    ),
    "LGAI-EXAONE/EXAONE-3.5-7.8B-Instruct": (
        {"model_type": "exaone", "hidden_size": 4096, "num_layers": 32, "num_attention_heads": 32, **GQA_8,
         "intermediate_size": 14_336, "vocab_size": 102_400, "max_position_embeddings": 32_768},
        7_818_448_896,
    ),
    "zai-org/glm-4-9b-chat": (
        {"model_type": "chatglm", "hidden_size": 4096, "num_layers": 40, "num_attention_heads": 32,
         "ffn_hidden_size": 13_696, "kv_channels": 128, "multi_query_attention": True, "multi_query_group_num": 2,
         "padded_vocab_size": 151_552, "add_qkv_bias": True, "seq_length": 131_072},
        9_399_951_360,
    ),
    "facebook/opt-125m": (
        {"model_type": "opt", "hidden_size": 768, "num_hidden_layers": 12, "num_attention_heads": 12, "ffn_dim": 3072,
         "vocab_size": 50_272, "max_position_embeddings": 2048},
        125_239_296,
    ),
    "openai-community/gpt2": (
        {"model_type": "gpt2", "n_embd": 768, "n_layer": 12, "n_head": 12, "n_positions": 1024, "vocab_size": 50_257},
        124_439_808,
    ),
    "EleutherAI/gpt-j-6b": (
        {"model_type": "gptj", "n_embd": 4096, "n_layer": 28, "n_head": 16, "n_positions": 2048, "vocab_size": 50_400,
         "tie_word_embeddings": False},
        6_050_882_784,
    ),
    "bigscience/bloom-7b1": (
        {"model_type": "bloom", "hidden_size": 4096, "n_layer": 30, "num_attention_heads": 32, "vocab_size": 250_880},
        7_069_016_064,
    ),
    "tiiuae/falcon-7b": (
        {"model_type": "falcon", "hidden_size": 4544, "num_hidden_layers": 32, "num_attention_heads": 71,
         "multi_query": True, "parallel_attn": True, "bias": False, "vocab_size": 65_024},
        6_921_720_704,
    ),
    "tiiuae/falcon-mamba-7b": (
        {"model_type": "falcon_mamba", "hidden_size": 4096, "num_hidden_layers": 64, "state_size": 16, "expand": 16,
         "intermediate_size": 8192, "conv_kernel": 4, "time_step_rank": 256, "vocab_size": 65_024,
         "tie_word_embeddings": False},
        7_272_665_088,
    ),
}  # fmt: skip


def spec_of(name):
    return spec_from_config(CONFIGS[name][0], name=name, where=name)


@pytest.mark.parametrize("name", CONFIGS)
def test_all_weights_of_a_published_model(name):
    assert spec_of(name).total_parameters == pytest.approx(CONFIGS[name][1], rel=1e-5)


QWEN3_VISION = {"depth": 27, "hidden_size": 1152, "intermediate_size": 4304, "patch_size": 16, "spatial_merge_size": 2,
                "temporal_patch_size": 2, "num_position_embeddings": 2304, "deepstack_visual_indexes": [8, 16, 24],
                "model_type": "qwen3_vl"}  # fmt: skip
WITH_IMAGES = {
    "Qwen/Qwen2.5-VL-7B-Instruct": (
        {"model_type": "qwen2_5_vl", "hidden_size": 3584, "num_hidden_layers": 28, "num_attention_heads": 28,
         "num_key_value_heads": 4, "intermediate_size": 18_944, "vocab_size": 152_064,
         "max_position_embeddings": 128_000, "tie_word_embeddings": False, "use_sliding_window": False,
         "vision_config": {"depth": 32, "hidden_size": 1280, "intermediate_size": 3420, "patch_size": 14,
                           "spatial_merge_size": 2, "temporal_patch_size": 2, "out_hidden_size": 3584}},
        8_292_166_656,
    ),
    "Qwen/Qwen3-VL-8B-Instruct": (
        {"model_type": "qwen3_vl", "tie_word_embeddings": False,
         "text_config": {"model_type": "qwen3_vl_text", "hidden_size": 4096, "num_hidden_layers": 36,
                         "num_attention_heads": 32, **GQA_8, "head_dim": 128, "intermediate_size": 12_288,
                         "vocab_size": 151_936, "max_position_embeddings": 262_144},
         "vision_config": {**QWEN3_VISION, "out_hidden_size": 4096}},
        8_767_123_696,
    ),
    "Qwen/Qwen3-VL-30B-A3B-Instruct": (
        {"model_type": "qwen3_vl_moe", "tie_word_embeddings": False,
         "text_config": {"model_type": "qwen3_vl_moe_text", "hidden_size": 2048, "num_hidden_layers": 48,
                         "num_attention_heads": 32, "num_key_value_heads": 4, "head_dim": 128,
                         "intermediate_size": 6144, "moe_intermediate_size": 768, "num_experts": 128,
                         "num_experts_per_tok": 8, "vocab_size": 151_936, "max_position_embeddings": 262_144},
         "vision_config": {**QWEN3_VISION, "out_hidden_size": 2048}},
        31_070_754_032,
    ),
    "llava-hf/llava-1.5-7b-hf": (  # its text part names no more than this
        {"model_type": "llava", "text_config": {"model_type": "llama", "vocab_size": 32_064,
                                                "max_position_embeddings": 4096},
         "vision_config": {"model_type": "clip_vision_model", "hidden_size": 1024, "intermediate_size": 4096,
                           "num_hidden_layers": 24, "image_size": 336, "patch_size": 14}},
        7_063_427_072,
    ),
    "google/gemma-3-27b-it": (
        {"model_type": "gemma3", "text_config": {"model_type": "gemma3_text", "hidden_size": 5376, "head_dim": 128,
                                                 "intermediate_size": 21_504, "num_attention_heads": 32,
                                                 "num_hidden_layers": 62, "num_key_value_heads": 16,
                                                 "sliding_window": 1024},
         "vision_config": {"model_type": "siglip_vision_model", "hidden_size": 1152, "intermediate_size": 4304,
                           "num_hidden_layers": 27, "image_size": 896, "patch_size": 14}},
        27_432_406_640,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", WITH_IMAGES)
def test_encoders_of_images_count_in_the_whole_and_are_passed_by_no_token(name):
    keys, published = WITH_IMAGES[name]
    spec = spec_from_config(keys, name=name, where=name)
    alone = spec_from_config({k: v for k, v in keys.items() if k != "vision_config"}, name=name, where=name)
    assert spec.total_parameters == pytest.approx(published, rel=0.005)
    assert spec.total_parameters - spec.encoder_parameters == alone.total_parameters
    assert spec.active_parameters == alone.active_parameters
    assert spec.decode_flops(1000) == alone.decode_flops(1000)
    assert (len(spec.notes), len(alone.notes)) == (1, 0)
    assert "encoder of images" in spec.notes[0]


@pytest.mark.parametrize(
    ("name", "keys", "total_b", "active_b"),
    [
        # arXiv 2411.02265: 389 B, 52 B active; keys and values in every other layer alone
        (
            "tencent/Hunyuan-Large",
            {
                "model_type": "hunyuan", "hidden_size": 6400, "num_hidden_layers": 64, "num_attention_heads": 80,
                **GQA_8, "intermediate_size": 18_304, "num_experts": 16, "moe_topk": [1] * 64,
                "num_shared_expert": [1] * 64,
                "vocab_size": 129_024, "max_position_embeddings": 131_072, "use_cla": True, "cla_share_factor": 2,
                "tie_word_embeddings": True,
            },
            389,
            52,
        ),
        # arXiv 2507.19427: 316 B of language, 38 B active
        (
            "stepfun-ai/step3",
            {
                "model_type": "step3_text", "hidden_size": 7168, "num_hidden_layers": 61, "num_attention_heads": 64,
                "num_attention_groups": 1, "head_dim": 256, "share_q_dim": 2048, "intermediate_size": 18_432,
                "moe_intermediate_size": 5120, "moe_num_experts": 48, "moe_top_k": 3, "share_expert_dim": 5120,
                "moe_layers_enum": ",".join(map(str, range(4, 60))), "vocab_size": 128_815,
                "max_position_embedding": 65_536,
            },
            316,
            38,
        ),
    ],
)  # fmt: skip
def test_totals_that_papers_round(name, keys, total_b, active_b):
    spec = spec_from_config(keys, name=name, where=name)
    assert spec.total_parameters / 1e9 == pytest.approx(total_b, rel=0.005)
    assert spec.active_parameters / 1e9 == pytest.approx(active_b, rel=0.025)


PUBLISHED = [
    (model, entry.published_parameters_b, entry.published_active_parameters_b)
    for model, entry in SHIPPED.models.items()
    if model.split("/")[-1]
    in {
        "gemma-3n-E4B-it", "gemma-3n-E2B-it", "c4ai-command-a-03-2025", "Mistral-Large-3-675B-Instruct-2512",
        "Step-3.5-Flash", "MiMo-V2.5", "Trinity-Large-Thinking",
    }
]  # fmt: skip


@pytest.mark.parametrize(("model", "total_b", "active_b"), PUBLISHED)
def test_models_of_late_2026(model, total_b, active_b):
    """Active parameters as publishers round them, with embeddings and encoders where they count these."""
    spec = SHIPPED.models.spec(model)
    assert spec.total_parameters / 1e9 == pytest.approx(total_b, rel=0.005)
    assert not active_b or spec.active_parameters / 1e9 == pytest.approx(active_b, rel=0.05)


def test_seven_models_were_added_late():
    assert len(PUBLISHED) == 7
