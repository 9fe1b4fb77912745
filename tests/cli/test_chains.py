"""Whole ways through the program, as a user types them: what is brought in changes what is answered."""

import json
import shutil
from pathlib import Path

import pytest

from tests.calibration.serving import MODEL, REWARD_MODEL, serving
from tests.known import config_file

ROWS = [
    {
        "model": "Qwen/Qwen3-8B",
        "task": "toy",
        "question_id": f"q{q}",
        "sample_index": i,
        "answer": "a" if i % 2 else "b",
        "correct": i % 2 == 1,
        "generated_tokens": 100 + 10 * i,
    }
    for q in range(3)
    for i in range(4)
]


def write(path, rows):
    path.write_text("\n".join(json.dumps(row) for row in rows))
    return path


def answer(advisor, *command):
    code, out, err = advisor(*command, "--json")
    assert code == 0, err
    return json.loads(out)


def test_answers_of_a_server_become_curve_frontier_and_pick(advisor, tmp_path):
    ws = ("--workspace", tmp_path / "ws")
    with serving() as server:
        command = [
            "calibrate",
            MODEL,
            "--task",
            "arithmetic",
            "--questions",
            25,
            "--samples",
            8,
            "--url",
            server.url,
            *ws,
        ]
        drawn = answer(advisor, *command)
        assert (drawn["questions"], drawn["failed"], drawn["answers"]) == (25, 0, 200)
        code, _, err = advisor(*command)
        assert code == 0
        assert "recorded in full already" in err
    assert "run `advisor fit --workspace" in advisor("recommend", "--task", "arithmetic", *ws)[2]
    assert answer(advisor, "fit", *ws)["points"] >= 3
    curve = answer(advisor, "curve", MODEL, "--task", "arithmetic", "--strategy", "majority", *ws)
    assert [p["n_samples"] for p in curve["points"]] == [1, 4, 8]
    assert curve["points"][-1]["accuracy"] == pytest.approx(drawn["accuracy"], abs=0.05)  # a tie is a coin there
    pick = answer(advisor, "recommend", "--task", "arithmetic", "--gpu", "l4", *ws)["recommended"]
    assert pick["model"] == MODEL
    assert pick["provenance"]["accuracy"] == f"measured: {drawn['run_id']}"
    front = answer(advisor, "frontier", "--task", "arithmetic", "--gpu", "l4", *ws)["frontier"]
    assert {c["model"] for c in front} == {MODEL}
    assert advisor("recommend", "--task", "arithmetic")[0] == 2  # what ships knows nothing of it


def test_tree_search_with_a_reward_server_is_costed_with_both_models(advisor, tmp_path):
    ws = ("--workspace", tmp_path / "ws")
    with serving() as server:
        drawn = answer(
            advisor, "calibrate", MODEL, "--task", "arithmetic", "--questions", 12, "--strategy", "rebase",
            "--samples", 4, "--url", server.url, "--reward-model", REWARD_MODEL, "--reward-url", server.url, *ws,
        )  # fmt: skip
    assert drawn["scored_tokens"] > 0
    assert advisor("fit", *ws)[0] == 0
    pick = answer(advisor, "recommend", "--task", "arithmetic", "--gpu", "l4", *ws)["recommended"]
    assert (pick["strategy"], pick["reward_model"]) == ("rebase", REWARD_MODEL)
    assert pick["flops"] > pick["policy_flops"]
    assert pick["reward_command"].startswith(f"vllm serve {REWARD_MODEL} ")


def test_imported_answers_are_recommended(advisor, tmp_path):
    ws = ("--workspace", tmp_path / "ws")
    assert advisor("import", "samples", write(tmp_path / "s.jsonl", ROWS), *ws)[0] == 0
    assert advisor("fit", *ws)[0] == 0
    pick = answer(advisor, "recommend", "--task", "toy", *ws)["recommended"]
    assert pick["model"] == "Qwen/Qwen3-8B"
    assert pick["accuracy"]["value"] == 0.5


def test_importing_twice_changes_nothing(advisor, tmp_path):
    ws = ("--workspace", tmp_path / "ws")
    path = write(tmp_path / "s.jsonl", ROWS)
    first, second = (answer(advisor, "import", "samples", path, *ws) for _ in range(2))
    assert (len(first["new_runs"]), len(first["unchanged"])) == (1, 0)
    assert (len(second["new_runs"]), len(second["unchanged"])) == (0, 1)


def test_own_loads_change_the_estimate_and_say_so(advisor, tmp_path):
    """Half as fast as what ships says: after the fit the estimate is near what was measured, with its source."""
    ws = ("--workspace", tmp_path / "ws")
    load = ("estimate", "qwen3-8b", "--gpu", "h100-sxm", "--input-tokens", 1024, "--output-tokens", 256)
    shipped = {c: answer(advisor, *load, "--concurrency", c)["tpot_s"] for c in (1, 4, 16, 64)}
    header = "model,gpu,prompt_tokens,generated_tokens,concurrency,tpot_s"
    lines = [f"qwen3-8b,h100-sxm,1024,256,{c},{2 * tpot_s}" for c, tpot_s in shipped.items()]
    (tmp_path / "mine.csv").write_text("\n".join([header, *lines]))
    assert advisor("import", "runs", tmp_path / "mine.csv", *ws)[0] == 0
    assert "run `advisor fit --workspace" in advisor("recommend", *ws)[2]
    assert advisor("fit", *ws)[0] == 0
    after = answer(advisor, *load, "--concurrency", 16, *ws)
    assert after["tpot_s"] == pytest.approx(2 * shipped[16], rel=0.25)
    assert after["provenance"]["performance"] == "fitted"
    assert "4 runs of this model shape on this GPU" in after["provenance"]["source"]
    assert answer(advisor, *load, "--concurrency", 16)["tpot_s"] == shipped[16]


def test_a_time_of_zero_was_not_measured(advisor, tmp_path):
    """Benchmarks give it for answers of one token; as a time it would break every logarithm."""
    ws = ("--workspace", tmp_path / "ws")
    (tmp_path / "mine.csv").write_text(
        "model,gpu,prompt_tokens,generated_tokens,concurrency,tpot_s,request_s\n"
        "qwen3-8b,l4,1024,256,4,0,30\nqwen3-8b,l4,1024,256,8,0.1,0\n"
    )
    assert advisor("import", "runs", tmp_path / "mine.csv", *ws)[0] == 0
    assert answer(advisor, "fit", *ws)["corrections"] == 1
    assert answer(advisor, "estimate", "qwen3-8b", "--gpu", "l4", "--concurrency", 4, *ws)["tpot_s"] > 0


def test_an_own_model_is_costed_and_served_from_its_folder(advisor, tmp_path):
    ws = ("--workspace", tmp_path / "ws")
    folder = tmp_path / "my model"
    folder.mkdir()
    shutil.copy(config_file("Qwen/Qwen3-8B"), folder)
    assert answer(advisor, "import", "model", folder, *ws)["model"] == "my model"
    rows = [row | {"model": "my model"} for row in ROWS]
    assert advisor("import", "samples", write(tmp_path / "s.jsonl", rows), *ws)[0] == 0
    assert advisor("fit", *ws)[0] == 0
    pick = answer(advisor, "recommend", "--task", "toy", *ws)["recommended"]
    assert f"'{folder}'" in pick["command"]
    assert "my model" in {m["model"] for m in answer(advisor, "models", *ws)["models"]}
    assert "my model" not in {m["model"] for m in answer(advisor, "models")["models"]}


def test_a_damaged_sealed_file_is_named(advisor, tmp_path):
    ws = ("--workspace", tmp_path / "ws")
    answer(advisor, "import", "samples", write(tmp_path / "s.jsonl", ROWS), *ws)
    (sealed,) = (tmp_path / "ws" / "measurements" / "samples").glob("*.parquet")
    sealed.write_bytes(sealed.read_bytes()[:100])
    code, out, err = advisor("fit", *ws)
    assert (code, out) == (2, "")
    assert str(sealed) in err
    assert err.count("\n") == 1


def test_a_report_of_own_answers_names_their_run(advisor, tmp_path):
    ws = ("--workspace", tmp_path / "ws")
    run = answer(advisor, "import", "samples", write(tmp_path / "s.jsonl", ROWS), *ws)["new_runs"][0]
    assert advisor("fit", *ws)[0] == 0
    assert advisor("report", "-o", tmp_path / "r.md", "--task", "toy", *ws)[0] == 0
    assert f"measured: {run}" in (tmp_path / "r.md").read_text()


def test_a_log_of_inspect_becomes_a_curve_and_a_pick(advisor, tmp_path):
    ws = ("--workspace", tmp_path / "ws")
    log = Path(__file__).parents[1] / "importers" / "logs" / "inspect" / "sums.eval"
    code, out, err = advisor("import", "inspect", log, *ws)
    assert (code, out) == (0, "15 answers: 1 run added, 0 there already, 15 texts kept\n")
    assert f"advisor: {log}: sums: right and wrong by answer\n" in err
    answer(advisor, "fit", *ws)
    curve = answer(advisor, "curve", "qwen3-8b", "--task", "sums", *ws)
    assert [p["n_samples"] for p in curve["points"]][:1] == [1]
    assert curve["points"][0]["accuracy"] == pytest.approx(0.6)
    pick = answer(advisor, "recommend", "--task", "sums", "--gpu", "l4", *ws)["recommended"]
    assert pick["model"] == "Qwen/Qwen3-8B"
