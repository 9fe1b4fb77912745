"""Which keys of a config describe the decoder, and how families say the same in other words."""

import pytest

from advisor.errors import AdvisorError
from advisor.models.attention import Attention
from advisor.models.families import spec_from_config
from advisor.models.text_part import text_part

SMALL = {
    "hidden_size": 64, "num_hidden_layers": 6, "num_attention_heads": 4, "intermediate_size": 128, "vocab_size": 100,
    "max_position_embeddings": 512, "num_key_value_heads": 2, "head_dim": 16,
}  # fmt: skip


def spec(family, **keys):
    given = {k: v for k, v in (SMALL | keys).items() if v is not ...}
    return spec_from_config({"model_type": family, **given}, name="x", where="config.json")


def windows(found):
    return [layer.mixer.window for layer in found.layers for _ in range(layer.count)]


@pytest.mark.parametrize("part", ["text_config", "llm_config", "language_config"])
def test_a_wrapper_of_no_known_family_is_read_by_its_text_part(part):
    wrapped = {"model_type": "some_vl", "hidden_size": 999, part: {"model_type": "qwen3", **SMALL}}
    found = spec_from_config(wrapped, name="x", where="c")
    assert (found.family, found.hidden) == ("qwen3", 64)
    assert found.total_parameters == spec("qwen3").total_parameters


def test_a_thinker_holds_a_text_part_in_turn():
    omni = {"model_type": "qwen2_5_omni", "thinker_config": {"text_config": {"model_type": "qwen2", **SMALL}}}
    assert spec_from_config(omni, name="x", where="c").total_parameters == spec("qwen2").total_parameters


def test_the_head_is_the_whole_models():
    """Tied where the whole says so, whatever its text part does."""
    text = {"model_type": "qwen3", **SMALL, "tie_word_embeddings": True}
    for whole, tied in ((True, True), (False, False), (None, True)):
        keys = {"model_type": "some_vl", "text_config": text, "tie_word_embeddings": whole}
        assert spec_from_config(keys, name="x", where="c").tied_embeddings is tied


def test_a_part_may_leave_out_its_classes_defaults_and_a_whole_may_not():
    assert text_part({"text_config": {"model_type": "mistral"}})["intermediate_size"] == 14_336
    assert text_part({"text_config": {"model_type": "gemma3_text", "hidden_size": 64}})["num_attention_heads"] == 8
    with pytest.raises(AdvisorError, match=r"lacks the field '\w+', which mistral models need"):
        spec_from_config({"model_type": "mistral"}, name="x", where="c")


def test_the_class_stands_in_for_a_missing_model_type():
    keys = {**SMALL, "architectures": ["Qwen3ForCausalLM"]}
    assert spec_from_config(keys, name="x", where="c").family == "qwen3"
    assert spec_from_config({**SMALL, "architectures": ["GPT2LMHeadModel"]}, name="x", where="c").family == "gpt2"
    with pytest.raises(AdvisorError, match="unknown architecture model_type='Strange'"):
        spec_from_config({**SMALL, "architectures": ["StrangeForCausalLM"]}, name="x", where="c")
    for nothing in ([], None, "Qwen3ForCausalLM"):
        with pytest.raises(AdvisorError, match="lacks the field 'model_type'"):
            spec_from_config({**SMALL, "architectures": nothing}, name="x", where="c")


@pytest.mark.parametrize(
    ("usual", "other"),
    [
        ("hidden_size", "n_embd"),
        ("num_hidden_layers", "n_layer"),
        ("num_attention_heads", "n_head"),
        ("intermediate_size", "ffn_hidden_size"),
        ("max_position_embeddings", "n_positions"),
        ("vocab_size", "padded_vocab_size"),
        ("head_dim", "kv_channels"),
    ],
)
def test_old_names_of_keys(usual, other):
    assert spec("qwen3", **{usual: ..., other: SMALL[usual]}) == spec("qwen3")
    assert spec("qwen3", **{other: 7}) == spec("qwen3")  # the usual one comes first


def test_a_list_with_the_same_number_for_each_layer_is_that_number():
    assert spec("qwen3", intermediate_size=[128] * 6) == spec("qwen3")
    with pytest.raises(AdvisorError, match=r"intermediate_size is \[128, 128, 64"):
        spec("qwen3", intermediate_size=[128, 128, 64, 64, 64, 64])


def test_windows_from_a_layer_on_where_qwen_uses_them():
    assert (
        windows(spec("qwen2", sliding_window=8, use_sliding_window=True, max_window_layers=4)) == [None] * 4 + [8] * 2
    )
    assert windows(spec("qwen2", sliding_window=8, use_sliding_window=False, max_window_layers=4)) == [None] * 6
    assert windows(spec("qwen3", sliding_window=8)) == [None] * 6
    assert windows(spec("starcoder2", sliding_window=8)) == [8] * 6
    assert windows(spec("llama", sliding_window=8, layer_types=["sliding_attention"] * 6)) == [8] * 6


# --- caches ---


def test_layers_that_share_a_cache_keep_none():
    """Hunyuan: every other layer reads the one before, and projects no keys and values."""
    keys = {"use_cla": True, "cla_share_factor": 2}
    whole, shared = spec("hunyuan_v1_dense"), spec("hunyuan_v1_dense", **keys)
    assert shared.kv_elements_per_token * 2 == whole.kv_elements_per_token == 6 * 2 * 2 * 16
    assert whole.total_parameters - shared.total_parameters == 3 * 64 * 2 * 2 * 16
    assert shared.kv_read_elements(100) == whole.kv_read_elements(100)
    assert spec("hunyuan_v1_dense", use_cla=False, cla_share_factor=2) == whole


def test_gemma_3n_shares_the_caches_of_its_last_layers():
    keys = {
        "hidden_size_per_layer_input": 4, "vocab_size_per_layer_input": 90, "laurel_rank": 8, "altup_num_inputs": 4,
        "sliding_window": 8, "intermediate_size": [128] * 3 + [64] * 3,
    }  # fmt: skip
    alone, shared = spec("gemma3n_text", **keys), spec("gemma3n_text", **keys, num_kv_shared_layers=2)
    assert windows(alone) == [8, 8, 8, 8, None, 8]
    assert shared.kv_elements_per_token == 4 * 2 * 2 * 16
    assert alone.kv_elements_per_token == 6 * 2 * 2 * 16
    assert shared.kv_elements(100) == 4 * 8 * 2 * 2 * 16
    assert alone.total_parameters - shared.total_parameters == 2 * (64 * 2 * 2 * 16 + 16)
    assert alone.table_parameters == 4 * (6 * 90 + 1) + 2 * 3 * 64 * 64


def test_one_key_value_head_under_its_old_name():
    assert spec("gpt_bigcode", num_key_value_heads=..., multi_query=True).kv_elements_per_token == 6 * 2 * 16
    assert spec("gpt_bigcode", num_key_value_heads=..., multi_query=False).kv_elements_per_token == 6 * 4 * 2 * 16
    falcon = dict(num_key_value_heads=..., num_kv_heads=2)
    assert spec("falcon", **falcon).kv_elements_per_token == 6 * 2 * 16
    assert spec("falcon", **falcon, multi_query=False).kv_elements_per_token == 6 * 2 * 2 * 16
    assert spec("falcon", **falcon, new_decoder_architecture=True).kv_elements_per_token == 6 * 2 * 2 * 16


def test_a_state_keeps_any_context():
    mamba = spec("mamba", state_size=4, conv_kernel=4, max_position_embeddings=..., intermediate_size=...)
    assert (mamba.max_context, mamba.kv_elements_per_token) == (1_048_576, 0)
    assert mamba.kv_elements(10) == mamba.kv_elements(10_000) == 6 * 128 * (4 + 3)


def test_step_has_more_heads_in_its_windows():
    keys = dict(
        moe_intermediate_size=32, moe_num_experts=4, moe_top_k=1, share_expert_dim=32, sliding_window=8,
        num_key_value_heads=..., num_attention_groups=2, use_head_wise_attn_gate=True,
        attention_other_setting={"num_attention_heads": 8, "num_attention_groups": 1},
    )  # fmt: skip
    found = spec("step3p5", **keys)
    assert windows(found) == [None, 8, 8, 8, None, 8]
    assert [la.mixer.heads for la in found.layers for _ in range(la.count)] == [4, 8, 8, 8, 4, 8]
    assert found.kv_elements_per_token == 2 * 16 * (2 * 2 + 4 * 1)
    dense = spec("step3p5", **keys, moe_layers_enum="5")
    experts = 64 * 4 + 4 * 3 * 64 * 32 + 3 * 64 * 32
    assert found.total_parameters - dense.total_parameters == 2 * (experts - 3 * 64 * 128)


def test_queries_through_a_narrow_projection():
    wide, narrow = Attention(64, 4, 1, 16), Attention(64, 4, 1, 16, q_rank=8)
    assert wide.parameters - narrow.parameters == 64 * 64 - 8 * (64 + 64)


# --- layers out of a search ---


def searched(*blocks):
    return spec("nemotron-nas", num_key_value_heads=..., num_hidden_layers=len(blocks), block_configs=list(blocks))


def block(attention, ffn):
    return {"attention": attention, "ffn": ffn}


def test_each_layer_of_a_searched_model_is_its_own():
    """Half the heads share a key and value head; two thirds of 2.625 hidden widths are 112, rounded up to 256."""
    found = searched(
        block({"n_heads_in_group": 2}, {"ffn_mult": 2.625}),
        block({"no_op": True, "n_heads_in_group": None}, {"ffn_mult": 2.625}),
        block({"n_heads_in_group": 4}, {"no_op": True}),
    )
    attention, ffn = 64 * 16 * (4 + 2 * 2 + 4), 3 * 64 * 256
    last = 64 * 16 * (4 + 2 + 4)
    assert found.total_parameters == 2 * 100 * 64 + 64 + (attention + ffn + 128) + (ffn + 64) + (last + 64)
    assert found.kv_elements_per_token == 2 * 16 * (2 + 1)


def test_half_a_layer_may_be_one_matrix():
    plain = searched(block({"no_op": True}, {"intermediate_size": 128}))
    linear = searched(block({"replace_with_linear": True}, {"intermediate_size": 128}))
    assert linear.total_parameters - plain.total_parameters == pytest.approx(64 * 64 + 64, abs=3 * 64)
    assert linear.kv_elements_per_token == 0


@pytest.mark.parametrize("times", [None, True, "2", -1, 1e9])
def test_a_width_that_cannot_be(times):
    with pytest.raises(AdvisorError, match=r"ffn_mult is .* not a factor"):
        searched(block({"no_op": True}, {"ffn_mult": times}))


def test_blocks_are_parts():
    with pytest.raises(AdvisorError, match="block_configs is no list of parts"):
        searched(1)
