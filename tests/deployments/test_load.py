"""The test of a deployment asks what was costed, and judges by what was predicted."""

import json
import os
import re
import subprocess

import pytest
import yaml

from advisor.deployments.load import load_of
from tests.deployments.made import KINDS, found, written


def load(request=None, **changed):
    made = found(request, **changed)
    return load_of(made.recommended, made.request)


def test_a_replica_that_is_kept_busy_has_its_requests_in_flight():
    of = load(concurrency=16, questions_per_s=2.0)
    assert (of.input_tokens, of.output_tokens, of.concurrency, of.rate_per_s) == (200, 1000, 16, None)
    assert of.requests == 48
    assert (of.tpot_s.low, of.tpot_s.high) == (pytest.approx(0.016), pytest.approx(0.025))
    assert of.output_tokens_per_s.value == 2000.0
    assert of.output_tokens_per_s.low == pytest.approx(1600.0)
    assert of.test_s == pytest.approx(3 * (0.5 + 999 * 0.02))


def test_at_a_rate_each_replica_gets_its_share_of_all_answers():
    of = load({"qps": 3.0}, n_samples=4, replicas=2, tokens=4200.0, generated_tokens=4000.0)
    assert of.rate_per_s == pytest.approx(3.0 * 4 / 2)
    assert (of.output_tokens, of.input_tokens) == (1000, 200)
    assert of.requests == 2000
    assert of.output_tokens_per_s is None
    assert load({"qps": 0.001}).requests == 32


def test_scoring_answers_is_not_in_the_test():
    assert load(**KINDS["reward model"]).output_tokens_per_s is None


def result(**changed):
    good = {"completed": 48, "mean_ttft_ms": 500.0, "mean_tpot_ms": 20.0, "output_throughput": 1000.0}
    return good | changed


@pytest.mark.parametrize(
    ("kind", "measured", "code", "said"),
    [
        ("one GPU", {}, 0, "ok      TPOT, s             0.02"),
        ("one GPU", {"mean_tpot_ms": 24.9}, 0, "at most 0.025"),
        ("one GPU", {"mean_tpot_ms": 25.1}, 1, "SLOWER  TPOT, s             0.0251"),
        ("one GPU", {"mean_tpot_ms": 1.0, "output_throughput": 9000.0}, 0, "ok      TPOT"),
        ("one GPU", {"output_throughput": 799.0}, 1, "SLOWER  generated tokens/s  799         at least 800"),
        ("one GPU", {"output_throughput": 801.0, "mean_ttft_ms": 9e5}, 0, "not judged"),
        ("one GPU", {"completed": 47}, 1, "SLOWER  requests answered   47"),
        ("at a rate", {"completed": 2000, "mean_ttft_ms": 1001.0}, 1, "SLOWER  TTFT, s             1.001"),
        ("at a rate", {"completed": 2000, "mean_ttft_ms": 624.0, "output_throughput": 1.0}, 0, "ok      TTFT, s"),
    ],
)
def test_the_script_judges_what_was_measured(tmp_path, kind, measured, code, said):
    written(tmp_path / "f", **KINDS[kind])
    (tmp_path / "bin").mkdir()
    vllm = tmp_path / "bin" / "vllm"
    vllm.write_text(f"#!/bin/sh\necho \"$@\" > {tmp_path}/asked\ncat > {tmp_path}/out.json <<'J'\n")
    with vllm.open("a") as out:
        out.write(json.dumps(result(**measured)) + "\nJ\n")
    vllm.chmod(0o755)
    environment = {
        **os.environ,
        "PATH": f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "RESULT": str(tmp_path / "out.json"),
        "URL": "http://host:1",
    }
    done = subprocess.run(["bash", tmp_path / "f" / "smoke_test.sh"], capture_output=True, text=True, env=environment)
    assert (done.returncode, done.stderr) == (code, "")
    assert said in done.stdout
    asked = (tmp_path / "asked").read_text()
    assert "--base-url http://host:1" in asked
    load_asked = "--request-rate 4" if kind == "at a rate" else "--max-concurrency 16"
    assert load_asked in asked


def test_the_script_asks_for_cached_prompts(tmp_path):
    from advisor.recommendation.own_lengths import checked_lengths

    lengths = {"lengths": checked_lengths(200, 1000, 150)}
    text = written(tmp_path / "f", lengths)[0]["smoke_test.sh"]
    assert re.search(r"--random-input-len 50 \\\n\s+--random-prefix-len 150 \\\n\s+--random-output-len 1000", text)


def test_limits_and_predictions_are_alerts(tmp_path):
    limits = {"request": {"qps": 2.0, "max_ttft_s": 1.5, "max_tpot_s": 0.05, "percentile": 99}, "replicas": 2}
    rules = yaml.safe_load(written(tmp_path / "f", **limits)[0]["alerts.yaml"])["groups"][0]["rules"]
    by_name = {rule["alert"]: rule["expr"] for rule in rules}
    assert list(by_name) == [
        "TtftAboveLimit",
        "TpotAboveLimit",
        "TtftAbovePrediction",
        "TpotAbovePrediction",
        "AnswersAbovePrediction",
        "RequestsWaiting",
        "KvCacheFull",
        "ReplicasMissing",
    ]
    assert (
        "histogram_quantile(0.99, sum by (le) (rate(vllm:time_to_first_token_seconds_bucket"
        in by_name["TtftAboveLimit"]
    )
    assert by_name["TtftAboveLimit"].endswith(" > 1.5")
    assert by_name["TtftAbovePrediction"].endswith(" > 1")
    assert by_name["TpotAbovePrediction"].endswith(" > 0.025")
    assert by_name["AnswersAbovePrediction"].endswith(" > 1.25")
    assert "vllm:inter_token_latency_seconds_sum" in by_name["TpotAbovePrediction"]
    assert by_name["RequestsWaiting"].endswith(" > 2")
    assert by_name["ReplicasMissing"].endswith(" < 2")


def test_without_limits_there_are_no_alerts_for_them(tmp_path):
    rules = yaml.safe_load(written(tmp_path / "f", n_samples=4)[0]["alerts.yaml"])["groups"][0]["rules"]
    names = [rule["alert"] for rule in rules]
    assert names[:2] == ["TtftAbovePrediction", "TpotAbovePrediction"]
    assert "AnswersAbovePrediction" not in names  # a vote's answers are requests of their own
    assert "alerts.yaml" not in written(tmp_path / "t", {"engine": "trtllm"})[0]


def test_serve_starts_what_was_costed_and_ends_with_it(tmp_path):
    """Beside a reward model the script waits for that, then starts the policy; when one ends, so does everything."""
    written(tmp_path / "f", **KINDS["reward model"])
    (tmp_path / "bin").mkdir()
    for name, text in {
        "vllm": f'echo "$@" >> {tmp_path}/started\ncase "$*" in *pooling*) exec sleep 60;; *) exit 0;; esac',
        "python3": f"until grep -qs pooling {tmp_path}/started; do sleep 0.1; done\necho asked >> {tmp_path}/started",
    }.items():
        (tmp_path / "bin" / name).write_text(f"#!/bin/bash\n{text}\n")
        (tmp_path / "bin" / name).chmod(0o755)
    environment = {**os.environ, "PATH": f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}", "PORT": "8123"}
    done = subprocess.run(
        ["bash", tmp_path / "f" / "serve.sh"], env=environment, timeout=50
    )  # the reward model's is 60
    assert done.returncode == 1
    lines = (tmp_path / "started").read_text().splitlines()
    assert [line.split()[0] for line in lines] == ["serve", "asked", "serve"]
    assert lines[-1].endswith("--host 127.0.0.1 --port 8123")
