"""The user's own models: known by name in their workspace, costed, served from their folder."""

import json
import shutil

import pytest

from advisor.importers.own_model import checkpoint_precision
from tests.known import catalog

SMALL = {"hidden_size": 64, "num_hidden_layers": 2, "intermediate_size": 128}


@pytest.fixture
def mine(tmp_path):
    folder = tmp_path / "my-tune"
    shutil.copytree(catalog()["Qwen/Qwen3-8B"].config.parent, folder)
    return folder


def rows(score):
    shared = {"task": "mine", "answer": "a", "generated_tokens": 400, "prompt_tokens": 50, "run_id": "r"}
    return [
        shared
        | {"model": "my-tune", "question_id": f"q{q}", "sample_index": i, "correct": (q + i) % 3 > 0, **score(q, i)}
        for q in range(12)
        for i in range(4)
    ]


def test_an_own_model_is_known_costed_and_served_from_its_folder(advisor, mine, tmp_path):
    ws = ["--workspace", tmp_path / "ws"]
    assert advisor("import", "model", mine, *ws)[0] == 0
    assert advisor("import", "model", mine / "config.json", *ws)[0] == 0
    own = next(m for m in json.loads(advisor("models", "--json", *ws)[1])["models"] if m["model"] == "my-tune")
    assert own["total_parameters"] == pytest.approx(8.19e9, rel=0.01)
    (tmp_path / "s.jsonl").write_text("\n".join(json.dumps(row) for row in rows(lambda q, i: {})))
    assert advisor("import", "samples", tmp_path / "s.jsonl", *ws)[0] == 0
    assert advisor("fit", *ws)[0] == 0
    pick = json.loads(advisor("recommend", "--task", "mine", "--json", *ws)[1])["recommended"]
    assert pick["model"] == "my-tune"
    assert pick["command"].startswith(f"vllm serve {mine}")
    assert advisor("estimate", "my-tune", "--gpu", "l4", *ws)[0] in (0, 1)
    assert advisor("models", "--json")[1].find("my-tune") < 0


def test_a_name_stands_for_one_model(advisor, mine, tmp_path):
    ws = ["--workspace", tmp_path / "ws"]
    assert advisor("import", "model", mine, *ws)[0] == 0
    other = tmp_path / "elsewhere" / "my-tune"
    shutil.copytree(catalog()["Qwen/Qwen3-32B"].config.parent, other)
    code, _, err = advisor("import", "model", other, *ws)
    assert code == 2
    assert "is the name of another model here" in err
    assert advisor("import", "model", tmp_path / "nowhere", *ws)[0] == 2


def test_a_damaged_list_of_own_models_is_named(advisor, mine, tmp_path):
    ws = ["--workspace", tmp_path / "ws"]
    assert advisor("import", "model", mine, *ws)[0] == 0
    (tmp_path / "ws" / "profiles" / "models.csv").write_text("a,b\n1,2\n")
    code, _, err = advisor("recommend", *ws)
    assert code == 2
    assert "models.csv" in err


def test_a_reward_model_is_counted(advisor, mine, tmp_path):
    ws = ["--workspace", tmp_path / "ws"]
    prm = tmp_path / "prm"
    shutil.copytree(mine, prm)
    for model in (mine, prm):
        assert advisor("import", "model", model, *ws)[0] == 0
    scored = {
        "score": 0.5,
        "reward_model": "prm",
        "strategy": "rebase",
        "budget": 4,
        "search_generated_tokens": 1600,
        "search_scored_tokens": 6000,
    }
    path = tmp_path / "ws" / "measurements" / "samples" / "r.parquet"
    path.parent.mkdir(parents=True)
    import pyarrow
    from pyarrow import parquet

    parquet.write_table(pyarrow.Table.from_pylist(rows(lambda q, i: scored)), path)
    assert advisor("fit", *ws)[0] == 0
    pick = json.loads(advisor("recommend", "--task", "mine", "--gpu", "h100-sxm", "--json", *ws)[1])["recommended"]
    assert (pick["strategy"], pick["reward_model"]) == ("rebase", "prm")
    assert pick["flops"] / pick["policy_flops"] == pytest.approx(1 + 6000 / 1600, rel=0.1)  # both are the same 8B model
    assert str(prm) in pick["reward_command"]
    assert "--gpu-memory-utilization" in pick["command"]
    shutil.rmtree(tmp_path / "ws" / "profiles" / "models" / "prm")
    (tmp_path / "ws" / "profiles" / "models.csv").write_text(
        "".join(
            line
            for line in (tmp_path / "ws" / "profiles" / "models.csv").read_text().splitlines(True)
            if not line.startswith("prm,")
        )
    )
    assert advisor("recommend", "--task", "mine", *ws)[0] == 1  # a reward model of unknown cost is never recommended


@pytest.mark.parametrize(
    ("config", "precision"),
    [
        ({}, "bf16"),
        ({"quantization_config": {"quant_method": "fp8"}}, "fp8"),
        ({"quantization_config": {"quant_method": "mxfp4"}}, "fp4"),
        ({"quantization_config": {"quant_method": "gptq", "bits": 4}}, "int4"),
    ],
)
def test_precision_of_a_config(config, precision):
    assert checkpoint_precision(config) == precision
