"""Weights of default configs against what `transformers` builds of them without memory, one an architecture."""

import json

import pytest

from advisor.models.families import FAMILIES, spec_from_config

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

pytestmark = pytest.mark.filterwarnings("ignore")

EQUAL = [
    "gemma", "gemma2", "gemma3_text", "gemma3n_text", "vaultgemma", "cohere", "cohere2", "cohere2_moe", "granite",
    "granite_swa", "granitemoe", "granitemoeshared", "granitemoe_swa", "jamba", "bamba", "falcon_h1", "kimi_linear",
    "glm4", "exaone4", "ernie4_5", "ernie4_5_moe", "seed_oss", "olmo", "olmo2", "olmo3", "olmoe", "flex_olmo",
    "smollm3", "nemotron_h", "phi", "phi3", "phimoe", "starcoder2", "stablelm", "minicpm3", "youtu", "axk1",
    "qwen3_next", "lfm2", "mamba", "mamba2", "falcon_mamba", "falcon", "gpt2", "gpt_bigcode", "gptj", "opt", "bloom",
    "mpt", "helium", "hyperclovax", "jais2", "cwm", "mellum", "minimax", "minimax_m3_vl_text", "aria_text",
    "deepseek_v4", "glm4_moe_lite", "qwen2_moe", "qwen3_moe",
]  # fmt: skip
WITH_ENCODERS = [
    "qwen2_vl", "qwen2_5_vl", "qwen3_vl", "qwen3_vl_moe", "llava", "llava_onevision", "mistral3", "gemma3", "internvl",
    "cohere2_vision", "exaone4_5", "kimi_k25", "step3p7", "paligemma", "muse_glimmer",
]  # fmt: skip


def default(family):
    """The class's default config, as a config.json and as an object."""
    config = transformers.AutoConfig.for_model(family)
    return json.loads(json.dumps(config.to_dict(), default=str)), config


def weights(config, maker):
    """All of them, and those of text: the decoder and its head."""
    with torch.device("meta"):
        model = maker.from_config(config)
    model.tie_weights()
    parts = [part for part in (model.get_decoder(), model.get_output_embeddings()) if part is not None]
    text = {id(p): p.numel() for part in parts for p in part.parameters()}
    return sum({id(p): p.numel() for p in model.parameters()}.values()), sum(text.values())


@pytest.mark.parametrize("family", EQUAL)
def test_every_weight_of_a_decoder(family):
    keys, config = default(family)
    whole, _ = weights(config, transformers.AutoModelForCausalLM)
    assert spec_from_config(keys, name=family, where=family).total_parameters == whole


@pytest.mark.parametrize("family", WITH_ENCODERS)
def test_every_weight_of_the_text_part_and_nearly_all_of_an_encoder(family):
    keys, config = default(family)
    whole, text = weights(config, transformers.AutoModelForImageTextToText)
    spec = spec_from_config(keys, name=family, where=family)
    assert spec.total_parameters - spec.encoder_parameters == text
    assert spec.total_parameters == pytest.approx(whole, rel=0.008)


def test_what_is_compared_is_read_here():
    assert set(EQUAL) <= set(FAMILIES)
