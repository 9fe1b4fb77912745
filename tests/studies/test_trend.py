"""The verb `trend`, on what ships and on workspaces of one's own."""

import dataclasses
import json

import numpy as np
import pytest

import advisor
from advisor.accuracy.estimators import Interval
from advisor.accuracy.release_trend import UNKNOWN, Estimate, Over, Releases, ReleaseTrend, trend_and_slopes
from advisor.fits.costs import point_flops
from advisor.provenance import Provenance
from advisor.studies.compute_fall import fall_notes, known_falls, why_unknown
from advisor.studies.frontier_history import Fall
from advisor.studies.study import Verdict
from advisor.studies.trend import guessing, trend
from advisor.studies.trend_claims import (
    GAIN,
    IMPROVES,
    Fitted,
    factor_text,
    is_closed,
    open_text,
    pooled_claims,
    pooled_slope,
    progress,
    rising,
)
from advisor.studies.trends import trends
from tests.known import SHIPPED
from tests.studies.made import DENSE, MOE, Own, one

TARGET = 0.6


@pytest.fixture(scope="module")
def shipped():
    return trend(SHIPPED, task="mmlu-redux", target=TARGET)


def test_every_dated_single_answer_of_the_task_is_in_it(shipped):
    points = [p for p in SHIPPED.fits.points if p.task == "mmlu-redux"]
    assert {a.model for a in shipped.answers} == {p.model for p in points}
    by_model = {a.model: a for a in shipped.answers}
    for p in points:
        assert by_model[p.model].flops == point_flops(SHIPPED.models, p)
        assert by_model[p.model].released == SHIPPED.models[p.model].released
        assert by_model[p.model].observed == p.accuracy


def test_the_fits_and_the_history_are_of_the_same_models(shipped):
    assert [fit.over for fit in shipped.fits] == list(Over)
    assert shipped.fit(Over.ALL).n_answers == len(shipped.answers)
    assert shipped.fit(Over.FRONTIER).n_answers == len(shipped.history)
    now = {e.model for e in shipped.history if not e.until}
    for row in shipped.history:
        assert (row.model in now) == (not row.until)
    assert [s.accuracy >= TARGET for s in shipped.steps] == [True] * len(shipped.steps)


def test_it_is_the_same_every_time(shipped):
    assert trend(SHIPPED, task="mmlu-redux", target=TARGET) == shipped


def test_json_has_the_frozen_value_without_a_number_that_is_none(shipped):
    found = json.loads(shipped.to_json())
    assert found["task"] == "mmlu-redux"
    assert found["fits"][0]["gain"]["value"] == shipped.fits[0].gain.value
    assert {c["verdict"] for c in found["claims"]} <= {v.value for v in Verdict}
    assert shipped.to_frame().model.tolist() == [e.model for e in shipped.history]
    assert list(shipped.fits.to_frame())[:3] == ["over", "n_answers", "n_releases"]


def test_filters_are_those_of_the_frontier():
    pair = ("deepseek-ai/DeepSeek-V2.5", "meta-llama/Llama-3.1-70B-Instruct")
    assert {a.model for a in trend(SHIPPED, task="mmlu-redux", model=pair).answers} == set(pair)
    without = trend(SHIPPED, task="mmlu-redux", exclude_model=pair)
    assert not {a.model for a in without.answers} & set(pair)
    licensed = trend(SHIPPED, task="mmlu-redux", license="apache-2.0")
    assert {SHIPPED.models[a.model].license for a in licensed.answers} == {"apache-2.0"}
    with pytest.raises(advisor.NoAnswer):
        trend(SHIPPED, task="mmlu-redux", evidence="measured")


@pytest.mark.parametrize("target", [0.0, 1.0, -0.5, 0.25])
def test_a_target_that_cannot_be_followed_is_refused(target):
    with pytest.raises(advisor.AdvisorError, match=r"is no accuracy to follow; above 0\.25"):
        trend(SHIPPED, task="gpqa-diamond", target=target)


def test_what_guessing_reaches():
    assert guessing("gpqa-diamond") == 0.25
    assert guessing("mmlu-redux") == 0.25
    assert guessing("mmlu-pro") == 0.1
    assert guessing("gsm8k") == guessing("mine") == 0.0


def test_a_team_with_two_models_has_a_history_and_no_fit():
    ws = Own(one("meta-llama/Llama-3.1-8B-Instruct", 0.5), one("Qwen/Qwen3-8B", 0.7, tokens=400.0))
    found = trend(ws, task="mine")
    assert found.fits == ()
    assert found.no_fit[0] == "all models: 2 answers of 2 releases; it takes 8 answers of 6"
    assert [e.model for e in found.history] == ["meta-llama/Llama-3.1-8B-Instruct", "Qwen/Qwen3-8B"]
    assert found.history[-1].beat == ("meta-llama/Llama-3.1-8B-Instruct",)
    assert {c.verdict for c in found.claims} == {Verdict.OPEN}
    assert found.target == TARGET


def test_one_model_is_too_few():
    with pytest.raises(advisor.NoAnswer, match="takes two models with a release date") as none:
        trend(Own(one(DENSE[0], 0.5)), task="mine")
    assert none.value.exit_code == 1
    with pytest.raises(advisor.NoAnswer, match="no strategy point is known"):
        trend(Own(), task="mine")
    with pytest.raises(advisor.NoAnswer, match="no single answer without a cap"):
        trend(Own(one(DENSE[0], 0.5, n_samples=4)), task="mine")


def test_a_cap_and_votes_are_no_single_answer():
    capped = one(DENSE[0], 0.9, strategy="thinking-budget", token_budget=500, cut=0.1)
    votes = one(DENSE[1], 0.95, n_samples=4)
    ws = Own(one(DENSE[0], 0.5), capped, one(DENSE[1], 0.6), votes)
    assert {a.model: a.accuracy.value for a in trend(ws, task="mine").answers} == {DENSE[0]: 0.5, DENSE[1]: 0.6}


def test_models_without_a_date_and_without_tokens_are_named(monkeypatch):
    entry = SHIPPED.models[DENSE[2]]
    ws = Own(one(DENSE[0], 0.5), one(DENSE[1], 0.6), one(DENSE[2], 0.7), one(MOE[0], 0.8, tokens=None))
    monkeypatch.setitem(
        ws.models._entries, DENSE[2], (dataclasses.replace(entry, released=""), ws.models._entries[DENSE[2]][1])
    )
    found = trend(ws, task="mine")
    assert found.undated == (DENSE[2],)
    assert [m.model for m in found.left_out] == [MOE[0]]
    assert {a.model for a in found.answers} == set(DENSE[:2])


def test_imputed_lengths_are_marked_and_make_the_frontier_unsure():
    sure = trend(Own(one(DENSE[0], 0.6), one(DENSE[3], 0.5)), task="mine")
    ws = Own(one(DENSE[0], 0.6), one(DENSE[3], 0.5, tokens_provenance=Provenance.IMPUTED, tokens_spread=9.0))
    found = trend(ws, task="mine")
    assert [a.imputed for a in found.answers] == [a.model == DENSE[3] for a in found.answers]
    assert {e.chance_now for e in sure.history} <= {0.0, 1.0}
    assert any(0 < e.chance_now < 1 for e in found.history)


UP, SAME, DOWN, OPEN = (
    Estimate(3.0, 2.0, 5.0),
    Estimate(1.2, 0.8, 2.0),
    Estimate(0.5, 0.3, 0.8),
    Estimate(9.0, 2.0, None),
)


def fit(over, per_year, per_decade=(0.5, 1.5)):
    by_compute, by_year = (Interval(sum(ends) / 2, *ends) for ends in (per_decade, per_year))
    return ReleaseTrend(over, 20, 10, by_compute, by_year, UP, UP, UNKNOWN, 0.3, 0.0)


RISES, FLAT, FALLS = (0.5, 1.5), (-0.5, 0.6), (-1.5, -0.5)


@pytest.mark.parametrize(
    ("every", "edge", "verdict"),
    [
        (RISES, RISES, Verdict.CONFIRMED),
        (RISES, FLAT, Verdict.REFINED),
        (FLAT, RISES, Verdict.OPEN),
        (FALLS, RISES, Verdict.CONTRADICTED),
    ],
)
def test_the_verdict_follows_from_the_intervals(every, edge, verdict):
    assert progress([fit(Over.ALL, every), fit(Over.UPPER, edge)]) is verdict


def test_an_observed_fall_counts_where_its_interval_has_two_ends():
    factors = [UP, OPEN, UNKNOWN, Estimate(3.0, 3.0, 5.0), Estimate(3.0, 3.0, None)]
    assert [is_closed(each) for each in factors] == [True, False, False, False, False]


@pytest.mark.parametrize(
    ("per_decade", "imputed", "why"),
    [
        ((0.5, 1.5), 10, ""),
        ((0.5, 1.5), 11, "11 of 20 lengths are imputed"),
        ((0.2, 1.8), 0, "accuracy hardly grows with compute (+1.00 logits by ten times the compute"),
        ((0.2, 1.8), 20, "20 of 20 lengths are imputed and accuracy hardly grows"),
    ],
)
def test_how_much_compute_falls_is_told_where_compute_counts_and_is_known(per_decade, imputed, why):
    fits = [fit(Over.ALL, RISES, per_decade)]
    assert why_unknown(fits[0], 20, imputed).startswith(why)
    (found,) = known_falls(fits, 20, imputed)
    assert (found.gain, found.halving) == ((UP, UP) if not why else (UNKNOWN, UNKNOWN))
    notes = fall_notes("mine", fits, 20, imputed, (0.5, 0.0))
    assert len(notes) == bool(why)
    if why:
        assert "rises by 25.0 points a year (90 %: 12.5 to 37.5) at 50 %" in notes[0]
    assert fall_notes("mine", [], 20, imputed, (0.5, 0.0)) == []


def test_the_shipped_trend_that_rests_on_imputed_lengths_says_so():
    found = trend(SHIPPED, task="gpqa-diamond")
    assert any("cannot tell how much compute falls" in note for note in found.notes) is (
        found.fit(Over.ALL).gain == UNKNOWN
    )
    assert any("127 models" in note for note in found.notes)
    assert found.points_per_year.low > 0


def test_a_slope_has_the_sign_that_its_interval_has():
    signs = [rising(Interval(0.0, *ends)) for ends in ((0.1, 0.5), (-0.1, 0.5), (-0.5, -0.1))]
    assert signs == [Verdict.CONFIRMED, Verdict.OPEN, Verdict.CONTRADICTED]
    assert progress([]) is Verdict.OPEN


def test_open_ends_in_words():
    assert open_text(UP, " ×") == "3.00 × (90 %: 2.00 to 5.00)"
    assert open_text(OPEN, " ×") == "at least 2.00 ×"
    assert open_text(Estimate(None, None, 7.0)) == "at most 7.00"
    assert open_text(UNKNOWN) == "cannot tell"
    assert factor_text(OPEN) == "9.00 × (90 %: 2.00 to open)"
    assert factor_text(UNKNOWN) == "cannot tell"


@pytest.mark.slow
def test_all_tasks_side_by_side_say_what_each_says_alone(shipped):
    found = trends(SHIPPED)
    assert {t.task for t in found.tasks} | {w.partition(":")[0] for w in found.without} == {
        p.task for p in SHIPPED.fits.points
    }
    row = next(t for t in found.tasks if t.task == "mmlu-redux")
    assert row.gain == shipped.fit(Over.ALL).gain
    assert row.moe == sum(a.is_moe for a in shipped.answers)
    assert found.pictured.task == "gpqa-diamond"
    assert [c.claim for c in found.claims] == [IMPROVES, GAIN]
    assert [c.verdict for c in found.claims] == [Verdict.CONFIRMED] * 2
    assert found.claims[0].ours.startswith("by the line, at equal compute a year adds")
    assert row.per_year == trend(SHIPPED, task="mmlu-redux").points_per_year
    assert row.fall.factor.value >= 1
    assert "gpqa-diamond" in [note.partition(":")[0] for note in found.notes]


def test_nothing_known_is_a_study_that_says_so():
    for ws in (Own(), Own(one(DENSE[0], 0.5))):
        found = trends(ws)
        assert found.tasks == ()
        assert found.pictured is None
        assert [c.verdict for c in found.claims] == [Verdict.OPEN] * 2
        assert found.notes == ()


def of_worlds(seed, per_year, *, tasks=6, n=18, overs=(Over.ALL, Over.UPPER)):
    """What the same models, each better or worse on all tasks, would show: compute helps, a year by `per_year`."""
    rng = np.random.default_rng(seed)
    years, powers, own = np.round(12 * rng.uniform(0, 2, n)) / 12, rng.uniform(13, 15.3, n), rng.normal(0, 0.5, n)
    always = np.ones(n, dtype=bool)
    rows = []
    for task in range(tasks):
        logits = 0.9 * (powers - 14) + per_year * (years - 1) + own + rng.normal(0, 0.25, n)
        share = 1 / (1 + np.exp(-logits))
        accuracies = rng.binomial(200, share) / 200
        draws = rng.binomial(200, accuracies[:, None], (n, 100)) / 200
        names, beside = [str(i) for i in range(n)], np.ones(draws.shape, dtype=bool)
        r = Releases(years, 10**powers, accuracies, draws, np.full(n, 200.0), names, always, beside)
        fitted = {over: trend_and_slopes(r, over, 0.6, seed=7) for over in overs}
        every, fall = fitted[Over.ALL][0], Fall(0.6, "2024-01", "2025-01", Estimate(3.0, 2.0, 4.0))
        slopes = {over: fitted.get(over, fitted[Over.ALL])[1] for over in (Over.ALL, Over.UPPER)}
        rows.append(Fitted(f"task {task}", n, fall, every.gain, every.per_decade, slopes))
    return pooled_claims(rows, tasks)


def test_tasks_without_any_trend_seldom_show_one():
    decisive = [of_worlds(seed, 0.0, overs=(Over.ALL,))[0].verdict is not Verdict.OPEN for seed in range(40)]
    assert sum(decisive) <= 4  # 10 %


@pytest.mark.parametrize(
    ("per_year", "verdicts"),
    [(1.5, {Verdict.CONFIRMED, Verdict.REFINED}), (-1.5, {Verdict.CONTRADICTED})],
)
def test_a_trend_on_all_tasks_is_found(per_year, verdicts):
    for seed in range(3):
        improves, gain = of_worlds(seed, per_year)
        assert improves.verdict in verdicts
        assert gain.verdict is Verdict.CONFIRMED


def test_a_mean_over_tasks_is_surer_than_one_and_unsure_where_they_differ():
    rng = np.random.default_rng(0)
    alike, apart = ([np.append(at, at + rng.normal(0, 0.3, 500)) for at in each] for each in ((1, 1, 1), (-1, 1, 3)))
    one, some, differing = (pooled_slope(each) for each in (alike[:1], alike, apart))
    assert one.value == pytest.approx(1.0)
    assert [some.value, differing.value] == pytest.approx([1.0, 1.0], abs=0.05)
    assert some.high - some.low < one.high - one.low < differing.high - differing.low
    assert some.low > 0 > differing.low


def test_a_year_in_points_is_the_slope_at_the_target_beyond_guessing(shipped):
    slope = shipped.fit(Over.ALL).per_year
    beyond = (shipped.target - shipped.floor) / (1 - shipped.floor)
    steepness = (1 - shipped.floor) * beyond * (1 - beyond)
    found = shipped.points_per_year
    assert (found.low, found.value, found.high) == pytest.approx(
        (slope.low * steepness, slope.value * steepness, slope.high * steepness)
    )
    two = trend(Own(one(DENSE[0], 0.5), one(DENSE[1], 0.7)), task="mine")
    assert two.points_per_year is None
    assert not any("cannot tell how much compute falls" in note for note in two.notes)
    assert len(shipped.to_frame()) == len(shipped.history)
