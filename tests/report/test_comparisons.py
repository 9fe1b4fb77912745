import json

import pytest

from advisor.performance.estimate import estimate
from advisor.report.estimates import Asked, deployment


def test_a_mixture_of_experts_wins_small_batches_and_loses_its_lead(advisor):
    code, out, err = advisor(
        "compare", "qwen3-30b-a3b", "qwen3-8b", "--gpu", "h200-sxm", "--input-tokens", 1024, "--json"
    )
    assert code == 0, err
    told = json.loads(out)
    assert [m["is_moe"] for m in told["models"]] == [True, False]
    by_load = {p["concurrency"]: p["each"] for p in told["points"]}
    lead = {c: dense["tpot_s"] / moe["tpot_s"] for c, (moe, dense) in by_load.items() if moe and dense}
    assert lead[1] > 1
    assert lead[1] > min(lead.values())
    at = [x["concurrency"] for x in told["crossings"] if x["figure"] == "tpot_s"]
    assert (min(lead.values()) < 1) == bool(at)
    for crossing in at:
        below = max(c for c in lead if c <= crossing)
        above = min(c for c in lead if c >= crossing)
        assert (lead[below] - 1) * (lead[above] - 1) <= 0


def test_every_cell_is_the_estimate(advisor):
    told = json.loads(advisor("compare", "qwen3-32b", "qwen3-8b", "--input-tokens", 8192, "--json")[1])
    point = next(p for p in told["points"] if p["concurrency"] == 16)
    d = deployment(Asked("qwen3-32b", "h100-sxm", told["models"][0]["gpu_count"], "", "", 1, 1024, 1, "vllm"))
    e = estimate(
        d.spec,
        d.gpu,
        d.fitted,
        d.price,
        parallelism=d.layout,
        precision=d.precision,
        prompt_tokens=8192,
        generated_tokens=1024,
        concurrency=16,
    )
    assert point["each"][0]["output_tokens_per_s"] == pytest.approx(e.output_tokens_per_s)


def test_it_reads_for_a_person(advisor):
    code, out, _ = advisor("compare", "qwen3-30b-a3b", "qwen3-8b", "--gpu", "h200-sxm")
    assert code == 0
    assert "USD/M" in out
    assert "mixture of experts" in out
    assert "dense" in out


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["qwen3-8b", "qwen3-8b"], 2, "itself"),
        (["qwen3-8b", "deepseek-r1", "--gpu", "t4"], 1, "does not fit"),
        (["qwen3-8b", "nobody"], 2, "unknown model"),
        (["qwen3-8b", "qwen3-32b", "--input-tokens", "0"], 2, "--input-tokens"),
        (["qwen3-8b", "qwen3-32b", "--gpu-count", "-1"], 2, "--gpu-count"),
    ],
)
def test_bad_input(advisor, arguments, code, message):
    found, _, err = advisor("compare", *arguments)
    assert found == code
    assert message in err


def test_under_load_as_typed(advisor):
    asked = ("estimate", "qwen3-8b", "--gpu", "h100-sxm", "--input-tokens", 512, "--output-tokens", 128, "--json")
    told = json.loads(advisor(*asked, "--rate", 4, "--max-tpot", "30ms", "--qps", 100)[1])
    assert told["load"]["requests_per_s"] == pytest.approx(4, rel=0.15)
    assert told["load"]["ttft_s"]["p99"] >= told["load"]["ttft_s"]["p50"]
    within = told["within_limits"]
    assert within["replicas"] == -(-100 // within["max_requests_per_s"])
    assert "load" not in json.loads(advisor(*asked)[1])
    assert json.loads(advisor(*asked, "--max-tpot", "1ms")[1])["within_limits"]["max_concurrency"] == 0
    code, out, _ = advisor(*asked[:-1], "--rate", 4, "--max-ttft", "1s", "--qps", 10)
    assert code == 0
    assert "replicas for" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--rate", "0"], "--rate"),
        (["--qps", "nan"], "--qps"),
        (["--max-ttft", "fast"], "--max-ttft"),
        (["--max-tpot", "5usd"], "--max-tpot"),
    ],
)
def test_bad_load(advisor, arguments, message):
    code, _, err = advisor("estimate", "qwen3-8b", "--gpu", "h100-sxm", *arguments)
    assert code == 2
    assert message in err


def test_on_a_task_across_budgets(advisor):
    asked = ("compare", "gpt-oss-120b", "s1-32B", "--task", "gpqa-diamond")
    code, out, err = advisor(*asked, "--json")
    assert code == 0, err
    told = json.loads(out)
    for name, which in zip(told["models"], (0, 1), strict=True):
        alone = json.loads(advisor("frontier", "--task", "gpqa-diamond", "--model", name, "--json")[1])["frontier"]
        best = [row["each"][which] for row in told["budgets"]]
        assert {c["usd"] for c in best if c} == {c["usd"] for c in alone}
        assert {c["model"] for c in best if c} == {name}
    assert told["overtakes"][0]["budget"] == told["budgets"][0]["budget"]
    code, out, _ = advisor(*asked, "--cost", "flops")
    assert code == 0
    assert "gets more right" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["qwen3-8b", "--task", "gpqa-diamond", "--cost", "eur"], "unknown cost"),
        (["gpt-oss-120b", "--task", "gpqa-diamond"], "with itself"),
        (["s1-32b", "--task", "gpqa-diamond", "--input-tokens", 10], "leave them out"),
        (["s1-32b", "--cost", "usd"], "give --task"),
    ],
)
def test_bad_input_with_a_task(advisor, arguments, message):
    code, _, err = advisor("compare", "gpt-oss-120b", *arguments)
    assert code == 2
    assert message in err
