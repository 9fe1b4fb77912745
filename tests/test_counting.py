"""Architectures of no reader here, counted with `transformers`."""

import json
import sys

import pytest

from advisor.counting import counted
from advisor.errors import AdvisorError, MissingAbility
from advisor.importers.own_model import import_model
from advisor.models.families import read_config, read_keys, spec_from_config
from advisor.models.layers import MixtureOfExperts
from advisor.recommendation.estimate import estimate
from advisor.store.workspace import Workspace

SMALL = {
    "hidden_size": 64, "num_hidden_layers": 4, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 16,
    "intermediate_size": 128, "vocab_size": 100, "max_position_embeddings": 512,
}  # fmt: skip
BITNET = {"model_type": "bitnet", **SMALL}
JETMOE = {"model_type": "jetmoe", **SMALL, "num_local_experts": 4, "num_experts_per_tok": 2, "kv_channels": 16}

# --- the family `counted`, which needs no transformers ---

DENSE = {
    "model_type": "counted", "counted_as": "strange", "counted_with": "transformers 9", **SMALL,
    "layer_parameters": [50_000, 50_000, 60_000, 60_000], "decoder_parameters": 230_000, "encoder_parameters": 7_000,
    "tie_word_embeddings": True,
}  # fmt: skip


def read(**keys):
    return spec_from_config({**DENSE, **keys}, name="x", where="c")


def test_weights_are_those_that_were_counted():
    found = read()
    assert found.total_parameters == 237_000
    assert found.active_parameters == 230_000
    assert found.kv_elements_per_token == 4 * 2 * 2 * 16
    assert found.notes == (
        "strange has no reader here: its weights were counted with transformers 9, attention's cost is that of full"
        " attention with 2 KV heads of 16",
    )
    assert read(tie_word_embeddings=False, decoder_parameters=236_400).total_parameters == 243_400


def test_most_weights_are_multiplied():
    """What is no matrix of the layer's width is below one column."""
    multiplied = read().linear_flops_per_token() / 2
    assert 220_000 - 4 * 3 * 64 < multiplied <= 220_000


def test_experts_take_their_share():
    routed = [0, 24_576, 24_576, 24_576]
    found = read(layer_expert_parameters=routed, num_experts=4, num_experts_per_tok=1)
    blocks = [layer.feed_forward for layer in found.layers for _ in range(layer.count)]
    assert [isinstance(block, MixtureOfExperts) for block in blocks] == [False, True, True, True]
    assert found.total_parameters == 237_000
    assert found.total_parameters - found.active_parameters == 7_000 + 3 * 3 * 24_576 // 4


def test_windows_that_the_config_lists_count():
    types = ["sliding_attention", "full_attention"] * 2
    assert read(layer_types=types, sliding_window=8).kv_elements(100) == 2 * 64 * (8 + 100)


# --- counting ---


@pytest.fixture
def transformers():
    pytest.importorskip("torch")
    return pytest.importorskip("transformers")


pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.mark.parametrize("keys", [BITNET, JETMOE], ids=lambda keys: keys["model_type"])
def test_every_weight_counts(transformers, keys):
    import torch

    config = transformers.AutoConfig.for_model(**keys)
    with torch.device("meta"):
        model = transformers.AutoModelForCausalLM.from_config(config)
    model.tie_weights()
    weights = sum({id(p): p.numel() for p in model.parameters()}.values())
    found = spec_from_config(counted(keys, keys["model_type"], "c"), name="x", where="c")
    assert found.total_parameters == weights
    assert (found.n_layers, found.max_context) == (4, 512)
    assert found.is_moe is (keys is JETMOE)
    assert found.notes[0].startswith(f"{keys['model_type']} has no reader here: its weights were counted with transf")


def test_its_precision_is_kept(transformers):
    quantised = {**BITNET, "quantization_config": {"quant_method": "fp8"}}
    keys = counted(quantised, "bitnet", "c")
    assert spec_from_config(keys, name="x", where="c").checkpoint_precision == "fp8"


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"model_type": "nobodys"}, "unknown architecture model_type='nobodys', to transformers .* too"),
        ({"model_type": "t5"}, "is no decoder of text"),
        ({"model_type": "bert"}, "is no decoder of text"),
        ({"model_type": "rwkv"}, "is no stack of layers with attention"),
        ({**BITNET, "hidden_size": 10**12}, "hidden_size is 1000000000000; it is a whole number of at most"),
        ({**BITNET, "num_hidden_layers": 10**6}, "num_hidden_layers is 1000000; it is a whole number of at most 1,000"),
        ({**BITNET, "intermediate_size": -5}, "intermediate_size is -5"),
        ({**BITNET, "text": {"vocab_size": -7}}, "vocab_size is -7"),
        ({**BITNET, "hidden_size": "wide"}, "cannot build it"),
    ],
)
def test_what_cannot_be_counted_is_said_in_one_line(transformers, keys, message):
    with pytest.raises(AdvisorError, match=message) as refused:
        counted(keys, keys["model_type"], "config.json")
    assert str(refused.value).startswith("config.json: ")
    assert refused.value.exit_code == 2


def test_without_transformers_the_command_that_brings_it_is_named(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "transformers", None)
    (tmp_path / "config.json").write_text(json.dumps(BITNET))
    with pytest.raises(MissingAbility, match=r"model_type='bitnet' has no reader here; `pip install .*\[models\]'`"):
        estimate(Workspace(), model=tmp_path, gpu="h100-sxm")
    with pytest.raises(AdvisorError, match="unknown architecture model_type='bitnet'; known: "):
        read_config(tmp_path)


def test_an_imported_one_is_read_without_transformers_from_then_on(transformers, monkeypatch, tmp_path):
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "config.json").write_text(json.dumps(JETMOE))
    workspace = Workspace(tmp_path / "workspace")
    first = import_model(workspace, tmp_path / "own")
    assert import_model(workspace, tmp_path / "own") == first
    monkeypatch.setitem(sys.modules, "transformers", None)
    fresh = Workspace(tmp_path / "workspace")
    assert fresh.models.spec("own").total_parameters == first.parameters
    found = estimate(fresh, model="own", gpu="l4", input_tokens=64, output_tokens=64)
    assert any("counted with transformers" in note for note in found.notes)


def test_a_known_family_is_never_counted(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "qwen3", **SMALL}))
    assert read_keys(tmp_path / "config.json", count=lambda *_: pytest.fail("counted"))["model_type"] == "qwen3"
