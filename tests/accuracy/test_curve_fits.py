"""Curves of every kind: exact where measured, what is claimed of them, and what is not."""

import numpy as np
import pytest

from advisor.accuracy.curve_fits import TELLS, fit_caps, fit_points, fit_published, fit_votes
from advisor.accuracy.estimators import majority_at_all_k
from tests.accuracy.learned import endings, even_shares, growth
from tests.accuracy.test_endings import answers
from tests.accuracy.test_vote_shares import population, tally

X = 2.0 ** np.arange(7)


def test_an_accuracy_under_a_cap_is_exact_at_every_length():
    rng = np.random.default_rng(0)
    question, tokens = np.arange(200) % 40, rng.lognormal(7, 0.8, 200).round()
    right = rng.random(200) < 0.7
    curve = fit_caps(answers(question, tokens, right), endings(), draws=20)
    assert curve.x_max == tokens.max()
    assert curve.x_min == tokens[right].min()
    for cap in (*tokens[right][:20], tokens.max(), 4 * tokens.max()):
        truth = np.mean([(right & (tokens <= cap))[question == q].mean() for q in range(40)])
        assert curve.shape.at(np.array([cap]))[0] == pytest.approx(truth, abs=0.001)
    assert curve.asymptote.value == pytest.approx(right.mean())
    assert curve.at_4x.value == pytest.approx(right.mean())


def test_questions_weigh_the_same_however_many_answers_they_have():
    question = np.array([0, *[1] * 9])
    tokens, right = np.full(10, 500.0) + np.arange(10), np.array([1, *[0] * 9])
    assert fit_caps(answers(question, tokens, right), endings(), draws=20).asymptote.value == pytest.approx(0.5)


def test_the_interval_of_an_accuracy_under_a_cap_is_that_of_its_questions():
    right = np.arange(200) % 5 > 0
    curve = fit_caps(answers(np.arange(200), 500.0 + np.arange(200), right), endings(), draws=3000)
    half = 1.645 * (0.8 * 0.2 / 199) ** 0.5
    assert curve.asymptote.high - curve.asymptote.value == pytest.approx(half, rel=0.12)
    assert curve.asymptote.value - curve.asymptote.low == pytest.approx(half, rel=0.12)


def test_saturation_is_read_from_all_lengths():
    """1,000 answers, all right, of which ten come last: from 8,000 to 16,000. A doubling of 8,000 still gains them."""
    tokens = np.concatenate([np.full(990, 1000.0), np.linspace(8001, 16_000, 10)])
    curve = fit_caps(answers(np.arange(1000), tokens, np.ones(1000)), endings(), draws=300)
    assert 8000 < curve.saturation.value < 13_000
    assert curve.saturation.low < curve.saturation.value <= curve.saturation.high


def test_lengths_of_wrong_answers_show_where_nothing_is_gained():
    curve = fit_caps(answers([0, 1, 2, 3], [1000, 8000, 9000, 1500], [1, 0, 1, 0]), endings(), draws=20)
    assert curve.shape.at(np.array([1000.0, 7999, 8500, 9000])) == pytest.approx([0.25, 0.25, 0.379, 0.5], abs=0.002)


def test_many_open_answers_tell_no_asymptote():
    """A third was cut. What they come to is not known within five points: at least what is reached."""
    rng = np.random.default_rng(2)
    tokens = rng.lognormal(8, 1, 600)
    cut = tokens > 4000
    made = answers(np.arange(600) % 100, np.minimum(tokens, 4000), (rng.random(600) < 0.7) & ~cut, stopped=cut)
    curve = fit_caps(made, endings(spread=0.3, decline=0.5, decline_spread=0.4))
    now = (made.right / 6).sum() / 100
    assert curve.asymptote.value is None
    assert now - 0.1 < curve.asymptote.low <= now
    assert curve.asymptote.high == 1
    assert curve.saturation.value is None
    assert curve.saturation.low == curve.x_max
    assert curve.at_4x.value > now + 0.05


def test_votes_pass_through_what_was_measured_and_go_on_by_their_shares():
    rng = np.random.default_rng(1)
    shares = population(rng, 200)
    tallies = [tally(rng.multinomial(8, p)) for p in shares]
    exact = np.array([majority_at_all_k(*t) for t in tallies])
    ks = np.array([1.0, 4, 8])
    curve = fit_votes(ks, exact[:, [0, 3, 7]], tallies, even_shares())
    assert curve.shape.at(ks) == pytest.approx(exact.mean(axis=0)[[0, 3, 7]], abs=0.001)
    assert (curve.x_min, curve.x_max) == (1, 8)
    truth = np.mean(shares[:, 0] > shares[:, 1:].max(axis=1))
    assert curve.asymptote.low <= truth <= curve.asymptote.high
    wins = np.array([rng.multinomial(32, p, 400) for p in shares])
    top = wins.max(axis=2)
    at_32 = np.mean((wins[:, :, 0] == top) / (wins == top[..., None]).sum(axis=2))
    assert curve.at_4x.value == pytest.approx(at_32, abs=0.045)
    assert curve.at_4x.low <= at_32 <= curve.at_4x.high


def test_votes_of_certain_answers_change_nothing():
    tallies = [(8, (), 0)] * 360 + [(0, (8,), 0)] * 240
    correct = np.array([[1.0, 1, 1]] * 360 + [[0.0, 0, 0]] * 240)
    curve = fit_votes(np.array([1.0, 4, 8]), correct, tallies, even_shares())
    assert curve.asymptote.value == pytest.approx(0.6, abs=0.005)
    assert curve.saturation.value == 1
    half = 1.645 * (0.24 / 599) ** 0.5
    assert curve.asymptote.high - curve.asymptote.low == pytest.approx(2 * half, rel=0.3)


def runs(truth, n_questions, seed=0):
    """Every point a run of its own: questions of one difficulty each, answered once."""
    rng = np.random.default_rng(seed)
    return (rng.random((n_questions, len(truth))) < truth).astype(float)


def test_points_that_settle_tell_their_asymptote():
    truth = 0.8 - 0.4 * 0.25 ** np.arange(7)
    curve = fit_points(X, runs(truth, 4000), growth(0.25, 0.002))
    assert curve.asymptote.value == pytest.approx(0.8, abs=0.02)
    assert curve.asymptote.low <= 0.8 <= curve.asymptote.high
    assert curve.shape.at(X) == pytest.approx(truth, abs=0.02)
    assert (curve.x_min, curve.x_max) == (1, 64)


def test_points_that_still_rise_tell_none():
    curve = fit_points(X, runs(0.2 + 0.06 * np.arange(7), 300), growth(1.0, 0.002))
    assert curve.asymptote.value is None
    assert 0.5 < curve.asymptote.low < 0.65
    assert (curve.saturation.value, curve.saturation.low) == (None, 64)


def test_saturation_of_noisy_points_is_not_told():
    """Level within three points of noise: nobody can say whether a doubling gains half a point."""
    curve = fit_points(X, runs(np.full(7, 0.5), 200), growth(0.5, 0.01))
    assert curve.saturation.value is None
    assert curve.saturation.low < 64


def test_claims_are_as_near_as_they_say():
    for seed in range(5):
        curve = fit_points(X, runs(0.7 - 0.3 * 0.5 ** np.arange(7), 400, seed), growth(0.5, 0.005), seed=seed)
        if curve.asymptote.value is not None:
            now = curve.shape.at(np.array([64.0]))[0]
            assert abs(curve.asymptote.value - now) <= TELLS
        for interval in (curve.at_4x, curve.asymptote):
            assert 0 <= interval.low <= (interval.value or 1) <= interval.high <= 1


def test_published_means_get_an_interval_as_wide_as_their_questions():
    y = 0.8 - 0.4 * 0.5 ** np.arange(7)
    few, many = (fit_published(X, y, n, growth(0.5)) for n in (30, 3000))
    assert few.at_4x.high - few.at_4x.low > 3 * (many.at_4x.high - many.at_4x.low)
    assert many.at_4x.value == pytest.approx(y[-1] + (0.8 - y[-1]) * 0.75, abs=0.02)


def test_published_means_may_be_rounded_above_one():
    assert fit_published(np.array([1.0, 4]), np.array([0.9, 1.0005]), 50, growth(), draws=10).at_4x.value <= 1


def test_the_same_seed_gives_the_same_curve():
    correct = runs(np.full(7, 0.4), 20)
    assert fit_points(X, correct, growth(), seed=1, draws=20) == fit_points(X, correct, growth(), seed=1, draws=20)
    assert fit_points(X, correct, growth(), seed=1).at_4x != fit_points(X, correct, growth(), seed=2).at_4x
