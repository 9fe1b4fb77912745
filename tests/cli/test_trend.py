"""`advisor trend` at the command line."""

import json


def test_json_is_the_frozen_value(advisor):
    code, out, _ = advisor("trend", "--task", "mmlu-redux", "--target", "0.7", "--license", "apache-2.0", "--json")
    found = json.loads(out)
    assert code == 0
    assert found["target"] == 0.7
    assert {"fits", "no_fit", "history", "steps", "fallen", "answers", "claims", "basis"} <= set(found)


def test_text_has_the_trend_the_steps_and_the_picture(advisor):
    code, out, _ = advisor("trend", "--task", "mmlu-redux")
    assert code == 0
    for words in ("Trend of mmlu-redux, 21 models", "upper edge", "Least FLOPs per question for", "─ frontier today"):
        assert words in out


def test_that_the_fall_of_compute_cannot_be_told_is_said_in_text_and_json(advisor):
    """On GPQA-Diamond most lengths are imputed, and another table of more models says another figure."""
    code, out, err = advisor("trend", "--task", "gpqa-diamond")
    assert code == 0
    assert "cannot tell" in out
    assert "cannot tell how much compute falls" in err
    assert "at equal compute accuracy rises by" in err
    assert "which models were measured here" in err
    _, out, _ = advisor("trend", "--task", "gpqa-diamond", "--json")
    found = json.loads(out)
    assert any("cannot tell how much compute falls" in note for note in found["notes"])
    assert {each["gain"]["value"] for each in found["fits"]} == {None}
    assert all(each["per_year"]["low"] > 0 for each in found["fits"])


def test_what_cannot_be_answered_is_one_line(advisor):
    code, out, err = advisor("trend", "--task", "math-l5")
    assert (code, out) == (1, "")
    assert "27 models with an accuracy on math-l5" in err
    code, _, err = advisor("trend", "--task", "mmlu-redux", "--target", "2")
    assert code == 2
    assert "--target: 2 is no accuracy to follow" in err
    code, _, err = advisor("trend", "--task", "nowhere")
    assert code == 2
    assert "unknown task 'nowhere'" in err
    assert len(err.splitlines()) == 1


def test_a_target_is_a_share_or_a_percentage(advisor):
    found = [json.loads(advisor("trend", "--task", "crux", "--target", given, "--json")[1]) for given in ("0.6", "60%")]
    assert [each["target"] for each in found] == [0.6, 0.6]
    code, out, err = advisor("trend", "--target", "60x")
    assert (code, out) == (2, "")
    assert err == "advisor: --target: '60x' is no share; accepted: 0.7 or 70%\n"


def test_a_model_alone_is_not_the_fault_of_the_task(advisor):
    code, _, err = advisor("trend", "--task", "mmlu-redux", "--model", "deepseek-ai/DeepSeek-Coder-V2-Instruct")
    assert code == 1
    assert err.startswith("advisor: --model: ")
    assert "of those named 1 has them" in err
