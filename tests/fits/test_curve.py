"""The verb `curve`, and the lines that are drawn."""

import json
from dataclasses import replace

import numpy as np
import pytest

from advisor.errors import AdvisorError, NoAnswer
from advisor.fits.costs import policy_flops
from advisor.fits.curve import curve, lines
from advisor.fits.fit import fit
from advisor.fits.line import curve_of, curve_point
from advisor.values import Rows
from tests.fits.stored import sample, workspace
from tests.known import SHIPPED, spec_of
from tests.recommendation.made import point

KEYS = {
    "model", "task", "strategy", "reward_model", "n_questions", "compute", "points", "family", "asymptote",
    "voting_limit", "saturation", "at_4x", "area", "right_tokens", "wrong_tokens", "provenance", "others",
}  # fmt: skip
POINT_KEYS = {
    "n_samples", "token_budget", "tokens", "flops", "policy_flops", "accuracy", "low", "high", "cut",
    "share_of_failures_cut", "per_correct", "provenance",
}  # fmt: skip


def test_keys_of_a_curve():
    found = curve(SHIPPED, model="gpt-oss-120b")
    answer = json.loads(found.to_json())
    assert set(answer) >= KEYS
    assert set(answer["points"][0]) >= POINT_KEYS
    assert set(answer["asymptote"]) == set(answer["saturation"]["flops"]) == {"value", "low", "high"}
    tokens = [p.tokens for p in found.points]
    assert tokens == sorted(tokens)
    for p in found.points:
        assert p.low <= p.accuracy <= p.high
        assert p.per_correct.tokens == pytest.approx(p.tokens / p.accuracy)
        assert p.per_correct.flops == pytest.approx(p.flops / p.accuracy)


def test_without_a_strategy_the_others_come_beside_it():
    every = curve(SHIPPED, model="kimi-k2.5")
    strategies = [every.strategy, *(other.strategy for other in every.others)]
    assert set(strategies) == {"majority", "thinking-budget"}
    assert len(every.points) >= max(len(other.points) for other in every.others)
    for strategy in strategies:
        one = curve(SHIPPED, model="Kimi-K2.5", task="GPQA-Diamond", strategy=strategy)
        assert (one.strategy, one.others) == (strategy, ())


def test_saturation_in_samples_for_votes_and_in_tokens_for_caps(tmp_path):
    """Votes of certain answers change nothing."""
    ws = workspace(tmp_path, [sample(q, i, q % 3 > 0, 300) for q in range(40) for i in range(8)])
    fit(ws)
    votes = curve(ws, model="qwen3-8b", task="mine", strategy="majority").saturation
    assert votes.n_samples == 1
    assert votes.token_cap is None
    caps = curve(SHIPPED, model="gpt-oss-120b", strategy="thinking-budget").saturation
    assert caps.n_samples is None
    assert caps.token_cap >= 512


def test_points_leave_as_a_frame():
    found = curve(SHIPPED, model="gpt-oss-120b")
    frame = found.to_frame()
    assert isinstance(found.points, Rows)
    assert frame["accuracy"].tolist() == [p.accuracy for p in found.points]
    assert frame["per_correct.tokens"].tolist() == [p.per_correct.tokens for p in found.points]


@pytest.mark.parametrize(
    ("options", "kind", "message"),
    [
        ({"model": "gpt-oss-121b"}, AdvisorError, "did you mean"),
        ({"model": "gpt-oss-120b", "task": "gsm9k"}, AdvisorError, "did you mean gsm8k"),
        ({"model": "gpt-oss-120b", "strategy": "rebase"}, AdvisorError, "unknown strategy"),
        ({"model": "phi-4"}, NoAnswer, "a curve needs two"),
        ({"model": "nobody/knows"}, AdvisorError, "unknown model"),
    ],
)
def test_what_cannot_be_drawn(options, kind, message):
    with pytest.raises(kind, match=message) as raised:
        curve(SHIPPED, **options)
    assert type(raised.value) is kind


def test_tokens_and_flops_along_votes():
    (line,) = lines(SHIPPED, "kimi-k2.5", "gpqa-diamond", "majority")
    first, *_, last = line.points
    assert line.tokens_at(last.n_samples) == pytest.approx(last.tokens)
    middle = line.tokens_at((first.n_samples + last.n_samples) / 2)
    assert middle == pytest.approx((first.tokens + last.tokens) / 2, rel=1e-5)  # votes cost the same each
    assert line.flops_at(last.n_samples) == pytest.approx(last.flops)
    assert [line.compute_of(p) for p in line.points] == [p.n_samples for p in line.points]


def test_caps_end_at_the_answer_without_one():
    (line,) = lines(SHIPPED, "gpt-oss-120b", "gpqa-diamond", "thinking-budget")
    assert line.tokens_at(line.points[0].token_budget) == pytest.approx(line.points[0].tokens)
    assert line.tokens_at(line.curve.x_max) == pytest.approx(line.own_end.generated_tokens)
    assert line.flops_at(line.points[0].token_budget) == pytest.approx(line.points[0].policy_flops)


def test_caps_without_the_answer_that_has_none_and_models_without_a_config():
    (line,) = lines(SHIPPED, "gpt-oss-120b", "gpqa-diamond", "thinking-budget")
    last = line.points[-1]
    assert replace(line, own_end=None).tokens_at(line.curve.x_max) == pytest.approx(last.tokens)
    assert replace(line, model="my/own").flops_at(last.token_budget) is None


def test_levels_of_thinking_are_read_at_their_tokens():
    (line,) = (each for each in lines(SHIPPED, "s1-32b", "gpqa-diamond") if each.unit == "tokens")
    assert line.tokens_at(1234.5) == 1234.5
    prompt = line.prompt_tokens
    assert line.flops_at(1234.5) == policy_flops(SHIPPED.models, line.model, prompt, 1234.5, 1)
    assert line.compute_of(line.points[0]) == line.points[0].tokens


def test_lengths_of_right_and_wrong_answers_are_those_of_the_single_answer():
    found = curve(SHIPPED, model="gpt-oss-120b", strategy="thinking-budget")
    (single,) = (
        p
        for p in SHIPPED.fits.points
        if (p.model, p.task, p.strategy, p.n_samples) == (found.model, found.task, "majority", 1)
    )
    assert (found.right_tokens, found.wrong_tokens) == (single.right_tokens, single.wrong_tokens)
    assert found.right_tokens < found.wrong_tokens


def test_the_area_is_the_mean_over_doublings_of_the_cap():
    found = curve(SHIPPED, model="gpt-oss-120b", strategy="thinking-budget")
    (line,) = lines(SHIPPED, "gpt-oss-120b", "gpqa-diamond", "thinking-budget")
    caps = 2 ** np.linspace(np.log2(line.curve.x_min), np.log2(line.curve.x_max), 1000)
    assert found.area == pytest.approx(float(line.curve.shape.at(caps).mean()), abs=1e-3)
    assert curve(SHIPPED, model="kimi-k2.5", strategy="majority").area is None


def test_the_curve_passes_near_its_points():
    for line in lines(SHIPPED, "gpt-oss-120b", "gpqa-diamond"):
        for p in line.points:
            at = float(line.curve.shape.at(np.array([line.compute_of(p)]))[0])
            assert at == pytest.approx(p.accuracy, abs=0.05)


def test_flops_count_the_reward_model(tmp_path):
    rows = [
        sample(q, i, i == q % 2, 300, score=float(i == 0), reward_model="Qwen/Qwen3-4B", search_scored_tokens=5 * 350)
        for q in range(8)
        for i in range(5)
    ]
    ws = workspace(tmp_path, rows)
    fit(ws)
    votes = {p.n_samples: p for p in curve(ws, model="qwen3-8b", task="mine", strategy="majority").points}
    best = {p.n_samples: p for p in curve(ws, model="qwen3-8b", task="mine", strategy="best-of-n").points}
    assert votes[5].flops == votes[5].policy_flops == best[5].policy_flops
    scoring = best[5].flops - best[5].policy_flops
    assert scoring == pytest.approx(2 * spec_of("Qwen/Qwen3-4B").active_parameters * 5 * 350, rel=0.2)


def test_without_the_reward_models_size_flops_are_not_known(tmp_path):
    rows = [sample(q, i, i == q % 2, 300, score=float(i == 0)) for q in range(8) for i in range(5)]
    ws = workspace(tmp_path, rows)
    fit(ws)
    best = curve(ws, model="qwen3-8b", task="mine", strategy="best-of-n").points[-1]
    assert best.flops is None
    assert best.policy_flops > 0
    assert best.per_correct.flops is None
    assert best.per_correct.tokens > 0


@pytest.mark.parametrize("changed", [{"model": "my/own"}, {"generated_tokens": None}])
def test_flops_need_a_config_and_tokens(changed):
    found = curve_point(point(**changed), SHIPPED.models)
    assert (found.flops, found.policy_flops, found.per_correct.flops) == (None, None, None)
    assert found.per_correct.tokens == (None if "generated_tokens" in changed else 2000)


@pytest.mark.parametrize(
    ("cut", "accuracy", "share"), [(0.2, 0.5, 0.4), (0.9, 0.5, 1.0), (0.0, 1.0, None), (None, 0.5, None)]
)
def test_the_share_of_failures_that_the_cap_stopped(cut, accuracy, share):
    found = curve_point(point(cut=cut, accuracy=accuracy), SHIPPED.models)
    assert found.share_of_failures_cut == (share if share is None else pytest.approx(share))


def test_nothing_right_costs_no_finite_tokens():
    assert curve_point(point(accuracy=0.0), SHIPPED.models).per_correct.tokens is None


def test_damaged_knots_are_named(tmp_path):
    ws = workspace(tmp_path, [sample(q, i, (q + i) % 3 > 0, 400 + 300 * i) for q in range(20) for i in range(8)])
    fit(ws)
    table = tmp_path / "profiles" / "curves.csv"
    table.write_text(table.read_text().replace("400:", "400;"))
    with pytest.raises(AdvisorError, match=r"curves.csv.*knots.*advisor fit"):
        curve(ws, model="qwen3-8b", task="mine")


@pytest.mark.parametrize("knots", ["", "1:0.5 1:0.6", "4:0.5 2:0.6", "0:0.5 2:0.6", "1:a"])
def test_knots_have_to_rise(knots):
    row = replace(SHIPPED.fits.curves[0], knots=knots)
    with pytest.raises(AdvisorError, match="no `compute:accuracy` pairs by rising compute"):
        curve_of(row)


def test_where_the_measured_range_cannot_tell_it_says_so(tmp_path):
    """Half of the answers were cut at 4,000 tokens, and answers ended ever faster: what the rest would be is open."""
    ended = [sample(q, i, q % 4 > 0, 500 + 100 * (4 * i + q % 20)) for q in range(60) for i in range(4)]
    rows = ended + [sample(q, i, False, 4000, finish_reason="length") for q in range(60) for i in range(4, 8)]
    ws = workspace(tmp_path, rows)
    fit(ws)
    found = curve(ws, model="qwen3-8b", task="mine", strategy="thinking-budget")
    answer = json.loads(found.to_json())
    assert answer["asymptote"]["value"] is None
    assert 0.2 < answer["asymptote"]["low"] <= found.points[-1].accuracy
    low = f"{100 * found.asymptote.low:.1f} %"
    assert answer["asymptote_in_words"] == f"at least {low}; the measured range cannot tell"
    assert answer["saturation"] is None
    assert answer["saturation_in_words"].startswith("not reached in the measured range")


def test_what_is_told_is_said_with_its_interval():
    found = curve(SHIPPED, model="gpt-oss-120b", strategy="thinking-budget")
    ends = [f"{100 * end:.1f} %" for end in (found.asymptote.value, found.asymptote.low, found.asymptote.high)]
    assert found.asymptote_in_words == f"{ends[0]} (90 %: {ends[1]} – {ends[2]})"
    assert found.saturation_in_words.startswith("from ")
    assert found.saturation_in_words.endswith(" a doubling gains less than 0.5 points")


def test_two_workspaces_answer_independently(tmp_path):
    answers = [[sample(q, i, i < n, 100) for q in range(8) for i in range(4)] for n in (1, 3)]
    opened = [workspace(tmp_path / str(n), rows) for n, rows in enumerate(answers)]
    for ws in opened:
        fit(ws)
    found = [curve(ws, model="qwen3-8b", task="mine", strategy="majority").points[0].accuracy for ws in opened]
    assert found == [0.25, 0.75]
    with pytest.raises(AdvisorError, match="unknown task"):
        curve(SHIPPED, model="qwen3-8b", task="mine")
    unfitted = workspace(tmp_path / "unfitted", answers[0])
    with pytest.raises(AdvisorError, match=r"task 'mine' has no strategy points yet.*run `advisor fit --workspace"):
        curve(unfitted, model="qwen3-8b", task="mine")
