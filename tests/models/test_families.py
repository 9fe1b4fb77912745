import json

import pytest

from advisor.errors import AdvisorError
from advisor.models.families import read_config, spec_from_config
from tests.known import SHIPPED, catalog, load_model, spec_of

QWEN3 = {
    "model_type": "qwen3",
    "hidden_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 128,
    "vocab_size": 100,
}


def test_every_shipped_model_is_readable():
    assert len(catalog()) >= 40
    assert {spec_of(name).is_moe for name in catalog()} == {True, False}
    assert all(entry.released[:2] == "20" and entry.source_url for entry in catalog().values())


def test_a_missing_field_is_named():
    with pytest.raises(AdvisorError, match="lacks the field 'max_position_embeddings'"):
        spec_from_config(QWEN3, name="x", where="config.json")


def test_an_unknown_architecture_is_no_guess():
    with pytest.raises(AdvisorError, match="unknown architecture model_type='rwkv7'; known: llama"):
        spec_from_config({"model_type": "rwkv7"}, name="x", where="config.json")


@pytest.mark.parametrize(
    "content", ["", "[]", "{", '{"hidden_size": 1}', '{"model_type": "qwen3", "hidden_size": "64"}']
)
def test_bad_files_end_in_one_line(tmp_path, content):
    file = tmp_path / "config.json"
    file.write_text(content)
    with pytest.raises(AdvisorError, match=r"config\.json"):
        read_config(file)


def test_a_path_is_a_model_too(tmp_path):
    (tmp_path / "config.json").write_text(
        json.dumps(QWEN3 | {"max_position_embeddings": 512, "tie_word_embeddings": True})
    )
    assert load_model(str(tmp_path)).total_parameters == load_model(str(tmp_path / "config.json")).total_parameters > 0


def test_names_are_forgiving_and_never_ambiguous():
    assert SHIPPED.models.resolve("qwen3-8b") == "Qwen/Qwen3-8B"
    assert SHIPPED.models.resolve("OPENAI/GPT-OSS-20B") == "openai/gpt-oss-20b"
    with pytest.raises(AdvisorError, match=r"did you mean .*gpt-oss-20b"):
        SHIPPED.models.resolve("gpt-oss-21b")


def test_every_shipped_model_says_where_its_facts_were_seen():
    for entry in catalog().values():
        assert entry.source, entry.model
        assert len(entry.as_of) == len("2026-11-26"), entry.model
        assert len(entry.released) == len("2026-11"), entry.model
        assert entry.source_url.startswith("https://"), entry.model
