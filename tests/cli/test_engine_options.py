"""Options of an engine on the command line: each reaches the estimate, and what it rests on is said."""

import json

import pytest

ESTIMATE = ("estimate", "deepseek-ai/DeepSeek-R1", "--gpu", "h200-sxm", "--parallelism", "tp8")


def answer(advisor, *options):
    code, out, _ = advisor(*ESTIMATE, *options, "--json")
    assert code == 0
    return json.loads(out)


def test_every_option_is_in_the_json(advisor):
    given = {"max_num_seqs": 16, "max_num_batched_tokens": 2048, "speculative_tokens": 3, "acceptance": 0.7}
    words = [word for name, value in given.items() for word in (f"--{name.replace('_', '-')}", value)]
    found = answer(advisor, *words, "--disk-gb-per-s", 10)
    assert found["options"] == given | {"draft_model": None}
    assert found["disaggregated"] is None
    assert found["start_s"] < answer(advisor)["start_s"]


def test_engines_apart_are_in_the_title_and_their_parts_in_the_table(advisor):
    options = ("--prefill-parallelism", "tp8", "--prefill-replicas", 2, "--replicas", 3, "--concurrency", 64)
    code, out, err = advisor(*ESTIMATE, *options)
    assert code == 0
    shown = " ".join(out.split())
    assert "on 40 × h200-sxm (prefill 2 × tp8, decoding 3 × tp8)" in shown
    for row in ("of TTFT: queue / prefill / transfer", "prefill engines work", "decoding in each replica", "start"):
        assert row in shown
    assert "nine in ten within 46 %" in " ".join(err.split())


def test_ttft_of_engines_apart_is_known_within_the_factor_of_published_runs(advisor):
    """13.1, where that of one engine for both is the factor of times, cubed."""
    apart = answer(advisor, "--prefill-parallelism", "same")
    shared = answer(advisor)
    options = ("estimate", "qwen3-8b", "--gpu", "h100-sxm", "--json")
    assert json.loads(advisor(*options)[1])["spread"] < 1.55
    floor = json.loads(advisor(*options, "--prefill-parallelism", "same")[1])
    ends = floor["interval"]["tpot_s"]
    assert (floor["spread"], ends["high"] / floor["tpot_s"]) == pytest.approx((1.55, 1.55))
    for found, factor in ((apart, 13.1), (shared, shared["spread"] ** 3)):
        ends = found["interval"]["ttft_s"]
        assert (found["ttft_s"] / ends["low"], ends["high"] / found["ttft_s"]) == pytest.approx((factor, factor))


def test_a_misspelt_layout_names_its_own_option(advisor):
    code, _, err = advisor(*ESTIMATE, "--prefill-parallelism", "tp-8")
    assert code == 2
    assert "--prefill-parallelism: 'tp-8' is no parallelism" in err


def test_a_refused_option_is_one_line(advisor):
    code, out, err = advisor(*ESTIMATE, "--acceptance", 0.7)
    assert (code, out) == (2, "")
    assert "--acceptance" in err
    assert "--speculative-tokens" in err
    assert "Traceback" not in err
