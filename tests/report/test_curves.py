import json

import pytest

KEYS = {"model", "task", "strategy", "n_questions", "points", "family", "asymptote", "saturation"}


def test_keys_of_a_curve(advisor):
    code, out, _ = advisor("curve", "gpt-oss-120b", "--task", "gpqa-diamond", "--json")
    answer = json.loads(out)
    assert code == 0
    assert set(answer) >= KEYS
    assert set(answer["points"][0]) >= {"n_samples", "tokens", "flops", "accuracy", "low", "high"}
    assert set(answer["asymptote"]) == {"value", "low", "high"}
    assert set(answer["saturation"]["flops"]) == {"value", "low", "high"}
    tokens = [p["tokens"] for p in answer["points"]]
    assert tokens == sorted(tokens)
    for p in answer["points"]:
        assert p["low"] <= p["accuracy"] <= p["high"]
        assert p["per_correct"]["tokens"] == pytest.approx(p["tokens"] / p["accuracy"])


def test_a_curve_is_drawn_with_its_origin(advisor):
    code, out, _ = advisor("curve", "kimi-k2.5")
    assert code == 0
    for word in ("●", "┄", "Asymptote:", "Saturation:", "limit of voting", "epoch-FmqGUq87N4JcuSbo6Uu3U5"):
        assert word in out


def test_saturation_in_samples_for_votes(advisor):
    answer = json.loads(advisor("curve", "kimi-k2.5", "--strategy", "majority", "--json")[1])
    assert 1 <= answer["saturation"]["n_samples"] <= 8


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["gpt-oss-121b"], 2, "did you mean"),
        (["gpt-oss-120b", "--task", "gsm9k"], 2, "did you mean gsm8k"),
        (["gpt-oss-120b", "--strategy", "rebase"], 2, "unknown strategy"),
        (["phi-4"], 1, "a curve needs two"),
    ],
)
def test_what_cannot_be_drawn(advisor, arguments, code, message):
    got, out, err = advisor("curve", *arguments)
    assert (got, out) == (code, "")
    assert message in err
    assert err.count("\n") == 1
