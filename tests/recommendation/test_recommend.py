import json

import pytest

from advisor.work import answer_flops
from tests.known import spec_of


def picked(advisor, *arguments):
    code, out, err = advisor("recommend", "--json", *arguments)
    assert code == 0, err
    return json.loads(out)


@pytest.mark.parametrize(
    ("budget", "key", "bound"),
    [
        ("0.01usd", "usd", 0.01),
        ("1e15flops", "flops", 1e15),
        ("60s", "latency_s", 60),
        ("5000J", "energy_j", 5000),
        ("9000tokens", "tokens", 9000),
        ("2usd/1000q", "usd", 0.002),
    ],
)
def test_every_budget_is_kept(advisor, budget, key, bound):
    answer = picked(advisor, "--budget", budget)
    for candidate in [answer["recommended"], *answer["alternatives"]]:
        assert candidate[key] <= bound
        assert candidate["accuracy"]["low"] <= candidate["accuracy"]["value"] <= candidate["accuracy"]["high"]
        assert candidate["command"].startswith(f"vllm serve {candidate['model']} ")


def test_several_budgets_at_once(advisor):
    pick = picked(advisor, "--budget", "0.01usd", "--budget", "100s", "--max-tpot", "20ms")["recommended"]
    assert pick["usd"] <= 0.01
    assert pick["latency_s"] <= 100
    assert pick["tpot_s"] <= 0.02


def test_min_accuracy_takes_the_cheapest(advisor):
    answer = picked(advisor, "--min-accuracy", "0.8")
    pick = answer["recommended"]
    assert pick["accuracy"]["value"] >= 0.8
    upper = pick["usd"] * pick["spread"]
    assert all(
        row["usd"] * row["spread"] >= upper * 0.999
        for row in [*answer["alternatives"], *answer["frontier"]]
        if row["accuracy"]["value"] >= 0.8
    )


def test_where_nothing_is_left_the_json_has_the_same_keys(advisor):
    code, out, _ = advisor("recommend", "--json", "--budget", "1e-9usd")
    answer = json.loads(out)
    assert (code, answer["recommended"], answer["turns"], answer["at_rates"]) == (1, None, [], [])
    assert set(answer) == set(picked(advisor))
    assert answer["request"]["budgets"][0]["amount"] == 1e-9


def test_more_money_never_buys_less(advisor):
    values = [
        picked(advisor, "--budget", f"{usd}usd")["recommended"]["accuracy"]["high"]
        for usd in (0.0005, 0.005, 0.05, 0.5)
    ]
    assert values == sorted(values)


def test_costs_agree_with_each_other(advisor):
    pick = picked(advisor, "--budget", "0.05usd", "--price", "h200-sxm=2.00usd/h", "--gpu", "h200-sxm")["recommended"]
    by_hand = pick["gpu_count"] * 2.00 / 3600 / pick["questions_per_s"]
    assert pick["usd"] == pytest.approx(by_hand)
    assert pick["gpu"] == "h200-sxm"
    per_answer = round((pick["tokens"] - 250) / pick["n_samples"])
    assert pick["flops"] == pytest.approx(
        answer_flops(spec_of(pick["model"]), 250, per_answer, pick["n_samples"]), rel=0.02
    )


def test_a_monthly_budget_pays_for_whole_replicas(advisor):
    pick = picked(advisor, "--budget", "20000usd/month", "--qps", "2")["recommended"]
    assert pick["replicas"] * pick["questions_per_s"] >= 2
    assert pick["usd_per_month"] <= 20000 * 1.0001


def test_no_answer_names_the_nearest_feasible_budget(advisor):
    code, out, err = advisor("recommend", "--budget", "0.0000001usd")
    assert (code, out) == (1, "")
    nearest = err.split("--budget ")[1].strip()
    assert picked(advisor, "--budget", nearest)["recommended"]


def test_no_answer_is_an_object_with_json(advisor):
    code, out, _ = advisor("recommend", "--budget", "1e-9usd", "--json")
    assert code == 1
    assert json.loads(out)["recommended"] is None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--task", "gpqa"], "did you mean gpqa-diamond"),
        (["--budget", "5"], "is not a number with a unit"),
        (["--budget", "100usd/month"], "--qps"),
        (["--min-accuracy", "80"], "--min-accuracy"),
        (["--qps", "nan"], "--qps"),
        (["--gpu", "h100"], "h100-pcie or h100-sxm"),
        (["--model", "qwen9"], "unknown model"),
        (["--max-ttft", "1usd"], "--max-ttft"),
        (["--price-kind", "spott"], "--price-kind: unknown kind of price 'spott'; did you mean spot?"),
        (["--have", "h100-sxm"], "--have: 'h100-sxm' is not a number of GPUs; accepted: 2xh100-sxm"),
        (["--have", "0xh100-sxm"], "--have: '0xh100-sxm' has no number of GPUs from 1"),
        (["--have", "1.5xh100-sxm"], "--have: '1.5xh100-sxm' has no number of GPUs from 1"),
        (["--have", "2xh100"], "--have: unknown GPU 'h100'"),
        (["--have", "2xl4", "--gpu", "l4"], "--gpu: cannot be combined with --have"),
        (["--have", "2xl4", "--price-kind", "spot"], "--price-kind: cannot be combined with --have"),
        (["--gpu", "h100-sxm:"], "--gpu: 'h100-sxm:' has no number of GPUs from 1; accepted: h100-sxm or h100-sxm:2"),
        (["--gpu", "h100-sxm:two"], "has no number of GPUs from 1"),
        (["--gpu", "l4", "--gpu", "L4:2"], "--gpu: l4 is named twice"),
        (["--usd-per-kwh", "0.3"], "--usd-per-kwh: prices the energy of owned GPUs only"),
        (["--usd-per-kwh", "-1", "--have", "1xl4"], "--usd-per-kwh: -1 is no price of energy"),
        (["--license", "apache"], "--license: unknown licence 'apache'; did you mean apache-2.0?"),
        (["--exclude-model", "qwen9"], "--exclude-model: unknown model 'qwen9'"),
        (["--exclude-gpu", "h100"], "--exclude-gpu: unknown GPU 'h100'"),
        (["--input-tokens", "0"], "--input-tokens: 0 is no number of tokens"),
        (["--input-tokens", "1_000"], "--input-tokens: '1_000' is no number"),
        (["--output-tokens", "-3"], "--output-tokens: -3 is no number of tokens"),
        (["--cached-prompt-tokens", "5"], "--cached-prompt-tokens: is a part of --input-tokens"),
        (["--task", "gpqa-diamond:-1"], "--task: 'gpqa-diamond:-1' has no weight above 0"),
        (["--task", "gsm8k", "--task", "crux:2"], "--task: some tasks have a weight and others none"),
        (["--usd-per-kwh", "nan", "--have", "1xl4"], "--usd-per-kwh: nan is no price of energy"),
    ],
)
def test_bad_input(advisor, arguments, message):
    code, out, err = advisor("recommend", *arguments)
    assert (code, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1


def test_frontier_rises(advisor):
    for cost in ("usd", "flops", "s", "J", "tokens"):
        code, out, _ = advisor("frontier", "--cost", cost, "--json")
        assert code == 0
        accuracies = [row["accuracy"]["value"] for row in json.loads(out)["frontier"]]
        assert accuracies == sorted(set(accuracies))
    assert "●" in advisor("frontier")[1]


def test_reads_for_a_person(advisor):
    code, out, _ = advisor("recommend", "--budget", "0.01usd")
    assert code == 0
    assert "\nRun        vllm serve" in out
    assert "epoch-" in out
