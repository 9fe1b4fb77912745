"""Ids of models as people type them: renamed, quantised, mirrored, cut."""

import pytest

from advisor.errors import AdvisorError
from advisor.recommendation.estimate import estimate
from tests.known import SHIPPED, catalog


@pytest.mark.parametrize(
    ("typed", "model"),
    [
        ("meta-llama/Llama-3.1-70B", "meta-llama/Meta-Llama-3.1-70B"),
        ("meta-llama/Meta-Llama-3.1-70B-Instruct", "meta-llama/Llama-3.1-70B-Instruct"),
        ("llama-3.1-8b", "meta-llama/Meta-Llama-3.1-8B"),
        ("Qwen/Qwen3-30B-A3B-Instruct-2507", "Qwen/Qwen3-30B-A3B-Instruct-2507"),
        ("THUDM/GLM-4-32B-0414", "zai-org/GLM-4-32B-0414"),
    ],
)
def test_other_ids_of_the_same_weights(typed, model):
    assert SHIPPED.models.resolve(typed) == model


def test_no_alias_is_the_id_of_another_model():
    aliases = [alias for entry in catalog().values() for alias in entry.aliases.split()]
    assert len(aliases) == len(set(aliases)) > 5
    assert not set(aliases) & set(catalog())


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("RedHatAI/Qwen3-32B-FP8-dynamic", "Qwen/Qwen3-32B with --precision fp8"),
        ("unsloth/Qwen3-32B-bnb-4bit", "Qwen/Qwen3-32B with --precision int4"),
        ("unsloth/Qwen3-32B-unsloth-bnb-4bit", "Qwen/Qwen3-32B with --precision int4"),
        ("Qwen/Qwen3-14B-GPTQ-Int4", "Qwen/Qwen3-14B with --precision int4"),
        ("Qwen/Qwen3-14B-GPTQ-Int8", "Qwen/Qwen3-14B with --precision int8"),
        ("RedHatAI/Qwen3-8B-quantized.w4a16", "Qwen/Qwen3-8B with --precision int4"),
        ("nvidia/Qwen3-8B-NVFP4", "Qwen/Qwen3-8B with --precision fp4"),
        ("RedHatAI/Meta-Llama-3.1-70B-Instruct-FP8-block", "meta-llama/Llama-3.1-70B-Instruct with --precision fp8"),
        ("unsloth/Qwen3-32B", "Qwen/Qwen3-32B"),
        ("unsloth/Qwen3-32B-GGUF", "Qwen/Qwen3-32B"),
    ],
)
def test_a_derived_repository_names_what_it_is_made_of(typed, meant):
    with pytest.raises(AdvisorError) as refused:
        SHIPPED.models.resolve(typed)
    assert refused.value.hint == f"did you mean {meant}?"


def test_what_is_made_of_nothing_known_is_compared_as_a_whole():
    with pytest.raises(AdvisorError, match=r"unknown model 'nobody/strange-9B-AWQ'"):
        SHIPPED.models.resolve("nobody/strange-9B-AWQ")


def test_published_weights_in_another_precision_are_costed_in_it():
    named = estimate(SHIPPED, model="Qwen/Qwen3-32B-AWQ", gpu="h100-sxm")
    given = estimate(SHIPPED, model="Qwen/Qwen3-32B", gpu="h100-sxm", precision="int4")
    assert (named.model, named.precision) == ("Qwen/Qwen3-32B", "int4")
    assert named.memory == given.memory
    assert any("Qwen/Qwen3-32B-AWQ is served" in note for note in named.notes)
    assert estimate(SHIPPED, model="qwen3-32b-fp8", gpu="h100-sxm").precision == "fp8"
    assert estimate(SHIPPED, model="Qwen/Qwen3-32B-FP8", gpu="h100-sxm", precision="bf16").precision == "bf16"


def test_where_a_model_is_wanted_the_precision_goes_apart():
    with pytest.raises(AdvisorError, match=r"Qwen/Qwen3-32B-FP8 is Qwen/Qwen3-32B in fp8; give Qwen/Qwen3-32B with"):
        SHIPPED.models.resolve("Qwen/Qwen3-32B-FP8")


def test_every_published_checkpoint_is_costed_in_its_precision():
    rows = SHIPPED.checkpoints.checkpoints
    own = {row for row in rows if row.checkpoint in catalog() or row.model not in catalog()}
    for row in set(rows) - own:
        assert SHIPPED.models.load(row.checkpoint).checkpoint_precision == row.precision
    assert len(rows) > len(own)
