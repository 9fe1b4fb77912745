"""Profiles of a tiny dense and a tiny mixture-of-experts model on real vLLM, and predictions of loads that no fit has seen."""

import csv
import json
import statistics

import duckdb
import pytest

from tests.testbed.conftest import MODELS

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]
pytest.importorskip("vllm")

ENGINE = {
    "enforce_eager": True,
    "max_model_len": 256,
    "kv_cache_memory_bytes": 64 << 20,
    "block_size": 32,
    "max_num_seqs": 64,
}
OPTIONS = [word for name, value in ENGINE.items() for word in ("--engine-option", f"{name}={value}")]
COLUMNS = ("prompt_tokens", "generated_tokens", "concurrency", "ttft_s", "tpot_s", "request_s", "output_tokens_per_s")
SEEN = 5


@pytest.mark.parametrize("model", ["small", "moe"])
def test_a_profile_predicts_what_it_did_not_see(advisor, tmp_path, model):
    everything, part = tmp_path / "all", tmp_path / "part"
    code, out, err = advisor(
        "profile",
        MODELS / model,
        "--dummy-weights",
        "--time",
        "20s",
        "--within",
        0.05,
        *OPTIONS,
        "--workspace",
        everything,
        "--json",
    )
    assert code == 0, err
    told = json.loads(out)
    rows = told["loads"]
    assert len(rows) >= SEEN + 3
    assert {row["status"] for row in rows} == {"ok"}
    assert rows[0]["power_w"] is None  # no GPU here
    assert rows[0]["start_s"] > 0
    assert duckdb.execute(f"select count(*) from '{told['path']}'").fetchone() == (len(rows),)

    part.mkdir()
    (part / "profiles").mkdir()
    (part / "profiles" / "gpus.csv").write_text((everything / "profiles" / "gpus.csv").read_text())
    assert advisor("import", "model", MODELS / model, "--workspace", part)[0] == 0

    def predicted(row):
        lengths = (
            "--input-tokens",
            int(row["prompt_tokens"]),
            "--output-tokens",
            int(row["generated_tokens"]),
            "--concurrency",
            int(row["concurrency"]),
        )
        return json.loads(advisor("estimate", model, "--gpu", "cpu", *lengths, "--workspace", part, "--json")[1])[
            "tpot_s"
        ]

    def error():
        return statistics.median(abs(predicted(row) / row["tpot_s"] - 1) for row in rows[SEEN:])

    before = error()
    with (tmp_path / "seen.csv").open("w", newline="") as out_file:
        writer = csv.DictWriter(out_file, ["model", "gpu", *COLUMNS], extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows[:SEEN])
    code, _, err = advisor("import", "runs", tmp_path / "seen.csv", "--workspace", part)
    assert code == 0, err
    assert advisor("fit", "--workspace", part)[0] == 0
    after = error()
    print(f"{model}: median error {before:.0%} before, {after:.0%} from {SEEN} of {len(rows)} loads")
    assert after < before
    assert after < 0.5


def test_trained_experts_are_not_liked_evenly(advisor, tmp_path):
    asked = ("--routing", "arithmetic", "--time", "2s", "--within", 1, *OPTIONS, "--workspace", tmp_path, "--json")
    code, out, err = advisor("profile", MODELS / "moe", *asked)
    assert code == 0, err
    told = json.loads(out)
    routing = told["routing"]
    assert {row["expert_skew"] for row in told["loads"]} == {routing["skew"]}
    fewest = routing["experts_per_token"] / routing["n_experts"]
    assert all(fewest <= share <= 1 for _, share in routing["share_by_tokens"])
    print(
        f"skew {routing['skew']:.2f}, of {routing['n_experts']} experts by tokens in a step: {routing['share_by_tokens']}"
    )
    assert routing["skew"] > 0.1
    code, _, err = advisor("profile", MODELS / "small", *asked)
    assert code == 2
    assert "no experts" in err


def test_over_http(advisor, servers, tmp_path):
    asked = (
        "profile",
        MODELS / "small",
        "--url",
        servers[0].url,
        "--served-model",
        "small",
        "--gpu",
        "l4",
        "--time",
        "10s",
        "--workspace",
        tmp_path,
    )
    code, out, err = advisor(*asked, "--json")
    assert code == 0, err
    rows = [
        row for row in json.loads(out)["loads"] if row["status"] == "ok"
    ]  # a broken connection costs a load, not the profile
    assert rows
    assert all(row["ttft_s"] < row["request_s"] for row in rows)
    assert all(row["prompt_tokens"] + row["generated_tokens"] <= 256 for row in rows)
    code, _, err = advisor(*asked[:4], "--served-model", "nobody", "--gpu", "l4", "--workspace", tmp_path)
    assert code == 3
    assert advisor(*asked[:6], "--workspace", tmp_path)[0] == 2
