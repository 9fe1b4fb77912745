"""Fits against brute force, against curves whose truth is known, and intervals against normal theory."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import lsq_linear

from advisor.accuracy.curve_fits import (
    FAMILIES,
    LATE_DECLINE,
    SHRINKAGE,
    best_shapes,
    fit_curve,
    fit_family,
    fit_published,
)
from advisor.accuracy.shapes import FINISH_TIME, FREE_FORM, Shape, remaining

X = np.array([1.0, 2, 4, 8, 16, 32, 64])
AHEAD = np.array([128.0, 256])

# on the grid of scale and rate, so that only the closed form and the choice of a family are tried
TRUTHS = [
    Shape("power", 0.8, 0.5, 1.0, np.geomspace(0.1, 4, 30)[15]),
    Shape("exponential", 0.7, 0.3, 1.0, np.geomspace(0.1, 40, 40)[20] / 63),
    Shape("logistic", 0.9, 0.8, np.geomspace(0.25, 128, 40)[20], np.geomspace(0.5, 5, 20)[8]),
]


SETTLED = [
    Shape("power", 0.8, 0.5, 1.0, np.geomspace(0.1, 4, 30)[24]),
    Shape("exponential", 0.7, 0.3, 1.0, np.geomspace(0.1, 40, 40)[34] / 63),
    Shape("logistic", 0.9, 0.8, np.geomspace(0.25, 128, 40)[18], np.geomspace(0.5, 5, 20)[14]),
]
"""Flat at the last points: the guess that the asymptote is near the last accuracy does not pull."""


@pytest.mark.parametrize("truth", SETTLED, ids=FAMILIES)
def test_the_family_that_made_a_curve_is_chosen_and_carries_on(truth):
    (shape,) = best_shapes(X, truth.at(X)[None])
    assert shape.family == truth.family
    assert shape.at(AHEAD) == pytest.approx(truth.at(AHEAD), abs=2e-3)
    assert shape.asymptote == pytest.approx(truth.asymptote, abs=5e-3)


def test_parameters_are_found_where_they_lie_on_the_grid():
    for truth in TRUTHS:
        found = fit_family(truth.family, X, truth.at(X)[None]).shape(0)
        for name in ("asymptote", "drop", "scale", "rate"):
            assert getattr(found, name) == pytest.approx(getattr(truth, name), rel=0.02), (truth.family, name)


def least_squares(family, x, y, scale, rate):
    """Asymptote within [0, 1] and drop that come closest, and the squares left: a row a point, and a faint one that
    holds the asymptote near the last point."""
    faint = SHRINKAGE**0.5
    rows = np.vstack([np.column_stack([np.ones(len(x)), -remaining(family, x, scale, rate)]), [faint, 0.0]])
    aims = np.append(y, faint * y[-1])
    best = lsq_linear(rows, aims, bounds=([0, -np.inf], [1, np.inf]), tol=1e-12)
    return best.x, 2 * best.cost, lambda asymptote, drop: np.sum((rows @ [asymptote, drop] - aims) ** 2)


@given(st.lists(st.floats(0, 1), min_size=5, max_size=7), st.sampled_from(FAMILIES))
@settings(deadline=None)
def test_asymptote_and_drop_equal_bounded_least_squares(y, family):
    x = X[: len(y)]
    found = fit_family(family, x, np.array([y])).shape(0)
    _, least, squares = least_squares(family, x, y, found.scale, found.rate)
    assert squares(found.asymptote, found.drop) == pytest.approx(least, abs=1e-6)


@pytest.mark.parametrize("family", FAMILIES)
def test_no_scale_and_rate_drawn_at_random_come_closer(family):
    """Over the range of rates and scales, on noisy curves of few points, where the faint row decides."""
    rng = np.random.default_rng(4)
    for n_points in (4, 5, 7) * 3:
        x = X[:n_points]
        y = np.clip(0.7 - 0.4 * x**-0.6 + rng.normal(0, 0.03, n_points), 0, 1)
        found = fit_family(family, x, y[None]).shape(0)
        reached = least_squares(family, x, y, found.scale, found.rate)[1]
        most = 40 / (x[-1] - 1) if family == "exponential" else 4
        for _ in range(60):
            scale = np.exp(rng.uniform(np.log(0.25), np.log(2 * x[-1]))) if family == "logistic" else 1.0
            rate = np.exp(rng.uniform(np.log(most / 40), np.log(most)))
            if family != "logistic" or rate >= 0.5:
                assert reached <= least_squares(family, x, y, scale, rate)[1] + 1e-4


def test_many_curves_at_once_are_each_fitted_alone():
    rng = np.random.default_rng(3)
    means = np.clip(
        rng.uniform(0.3, 0.9, (12, 1)) - rng.uniform(-0.1, 0.3, (12, 1)) * X**-0.5 + rng.normal(0, 0.02, (12, 7)), 0, 1
    )
    together = best_shapes(X, means)
    for shape, mean in zip(together, means, strict=True):
        (alone,) = best_shapes(X, mean[None])
        assert shape.family == alone.family
        assert shape.at(AHEAD) == pytest.approx(alone.at(AHEAD))
    assert len({shape.family for shape in together}) > 1


@pytest.mark.parametrize(("n_points", "parametric"), [(2, False), (3, False), (4, True), (5, True)])
def test_three_points_at_least_have_to_predict_a_fourth(n_points, parametric):
    """One third of the points, at least one, is held back; fewer than three left cannot choose a family."""
    x = X[:n_points]
    y = 0.8 - 0.5 * x**-2.9
    (shape,) = best_shapes(x, y[None])
    assert (shape.family != FREE_FORM) == parametric


def test_the_interval_of_a_linear_prediction_is_that_of_normal_theory():
    """Through two points two doublings apart, y at four times the last is y1 + 0.75·(y1 − y0)/2: linear in each
    question's values."""
    rng = np.random.default_rng(0)
    correct = rng.uniform([0.2, 0.3], [0.5, 0.6], (400, 2))
    curve = fit_curve(np.array([1.0, 4]), correct, draws=2000)
    ahead = 1.375 * correct[:, 1] - 0.375 * correct[:, 0]
    error = 1.6449 * ahead.std() / 400**0.5
    assert curve.at_4x.value == pytest.approx(ahead.mean())
    assert curve.at_4x.high - curve.at_4x.value == pytest.approx(error, rel=0.12)
    assert curve.at_4x.value - curve.at_4x.low == pytest.approx(error, rel=0.12)
    assert curve.asymptote.value == pytest.approx((1.5 * correct[:, 1] - 0.5 * correct[:, 0]).mean())
    assert (curve.x_min, curve.x_max) == (1, 4)


def test_the_interval_of_published_means_is_that_of_their_questions():
    curve = fit_published(np.array([1.0, 4]), np.array([0.4, 0.5]), 1000, draws=2000)
    error = 1.6449 * (1.375**2 * 0.25 / 1000 + 0.375**2 * 0.24 / 1000) ** 0.5
    assert curve.at_4x.value == pytest.approx(0.5375)
    assert curve.at_4x.high - curve.at_4x.value == pytest.approx(error, rel=0.12)
    assert curve.at_4x.value - curve.at_4x.low == pytest.approx(error, rel=0.12)


def test_an_interval_holds_its_value_and_stays_within_the_possible():
    rng = np.random.default_rng(1)
    for seed in range(20):
        correct = np.clip(rng.uniform(0.6, 1.2, (5, 1)) - 0.4 * X**-0.5 + rng.normal(0, 0.1, (5, 7)), 0, 1)
        curve = fit_curve(X, correct, seed=seed, draws=20)
        for interval in (curve.asymptote, curve.at_4x):
            assert 0 <= interval.low <= interval.value <= interval.high <= 1
        if curve.saturation:
            assert 1 <= curve.saturation.low <= curve.saturation.value <= curve.saturation.high


def test_saturation_that_some_resamples_never_reach_has_no_upper_end():
    """Half of the questions rise forever: some draws of ten hold few of them, others many."""
    flat, rising = np.full(7, 0.5), np.linspace(0.1, 0.9, 7)
    unsure = fit_curve(X, np.array([flat] * 19 + [0.45 + 0.045 * np.arange(7)] * 3), draws=200)
    assert unsure.saturation is None or unsure.saturation.high == np.inf
    assert fit_curve(X, np.array([rising] * 10), draws=50).saturation is None
    settled = fit_curve(X, np.array([flat] * 10), draws=50).saturation
    assert (settled.value, settled.low, settled.high) == (1, 1, 1)


def test_the_curve_is_that_of_the_questions_and_not_of_a_resample():
    rng = np.random.default_rng(6)
    two = rng.random((20, 2))
    assert fit_curve(X[:2], two, draws=20).shape.at(X[:2]) == pytest.approx(two.mean(axis=0))
    correct = np.clip(SETTLED[0].at(X) + rng.normal(0, 0.1, (20, 7)), 0, 1)
    curve, (alone,) = fit_curve(X, correct, draws=20), best_shapes(X, correct.mean(axis=0)[None])
    assert curve.shape.at(AHEAD) == pytest.approx(alone.at(AHEAD))
    assert curve.at_4x.value == pytest.approx(alone.at(AHEAD)[1])


def test_the_same_seed_gives_the_same_curve():
    correct = np.random.default_rng(5).random((20, 7))
    assert fit_curve(X, correct, seed=1, draws=20) == fit_curve(X, correct, seed=1, draws=20)
    assert fit_curve(X, correct, seed=1, draws=20).at_4x != fit_curve(X, correct, seed=2, draws=20).at_4x


CAPS = np.array([500.0, 1000, 2000, 4000])


def ended(caps, median, rate):
    return 1 / (1 + (median / caps) ** rate)


def test_answers_that_end_late_by_hand():
    """Every question alike: 80 % right whenever they end, half of them by 1500 tokens, odds growing with the square of
    the cap.

    Those still open at the last cap will be right as often as the ended ones, drawn a little (5 % against the share
    that has ended) towards 0.85 times the ones that ended last: the asymptote lies just below 0.8.
    """
    caps = np.array([500.0, 700, 1000, 2000, 3000, 4000])
    share = np.tile(ended(caps, 1500, 2.0), (30, 1))
    curve = fit_curve(caps, 0.8 * share, share, draws=50)
    done = share[0, -1]
    rest = 0.8 * (done + 0.05 * LATE_DECLINE) / (done + 0.05)
    assert curve.shape.family == FINISH_TIME
    assert curve.shape.scale == pytest.approx(1500)
    assert curve.shape.rate == pytest.approx(2)
    assert curve.asymptote.value == pytest.approx(0.8 * done + rest * (1 - done))
    far = ended(16_000, 1500, 2.0)
    assert curve.at_4x.value == pytest.approx(0.8 * done + rest * (far - done))
    assert curve.shape.at(caps) == pytest.approx(0.8 * share[0])


def test_each_question_carries_on_with_its_own_accuracy():
    """Ended answers of the easy questions are all right, of the hard ones all wrong; the hard ones are those still
    open.

    Easy: 99 % ended. Hard: 30 %. So next to nothing is to be gained, though two thirds of the ended answers were right.
    """
    easy, hard = ended(CAPS, 400, 2.0), ended(CAPS, 6000, 2.0)
    finished = np.array([easy] * 20 + [hard] * 20)
    correct = np.array([easy] * 20 + [0 * hard] * 20)
    curve = fit_curve(CAPS, correct, finished, draws=30)
    now = correct[:, -1].mean()
    assert now < curve.asymptote.value < now + 0.03


def test_the_share_of_late_answers_that_are_right_is_uncertain():
    """Its standard deviation is 0.15 of what ended last: twice as many open answers, about twice as wide."""
    widths = []
    for median in (2000.0, 8000.0):
        share = np.tile(ended(CAPS, median, 2.0), (50, 1))
        curve = fit_curve(CAPS, 0.8 * share, share, draws=400)
        done = share[0, -1]
        spread = 0.8 * 0.15 * 0.05 / (done + 0.05) * (1 - done)
        widths.append(curve.asymptote.high - curve.asymptote.low)
        assert widths[-1] == pytest.approx(2 * 1.6449 * spread, rel=0.2)
    assert widths[1] > 2 * widths[0]


@pytest.mark.parametrize(
    "share",
    [
        np.array([0.0, 0.0, 0.0, 0.5]),  # one cap alone tells of the time to end
        np.array([0.3, 1.0, 1.0, 1.0]),
    ],
)
def test_too_few_caps_that_tell_of_the_time_to_end_leave_the_means(share):
    curve = fit_curve(CAPS, np.tile(0.6 * share, (10, 1)), np.tile(share, (10, 1)), draws=10)
    assert curve.shape.family != FINISH_TIME


def test_two_caps_do_not_tell_of_the_time_to_end():
    share = ended(CAPS[:2], 900, 2.0)
    assert fit_curve(CAPS[:2], np.tile(0.6 * share, (9, 1)), np.tile(share, (9, 1)), draws=9).shape.family == FREE_FORM
    share = ended(CAPS[:3], 900, 2.0)
    assert (
        fit_curve(CAPS[:3], np.tile(0.6 * share, (9, 1)), np.tile(share, (9, 1)), draws=9).shape.family == FINISH_TIME
    )


def test_answers_hardly_end_later_than_never():
    """Shares that do not grow with the cap still end some day: the odds grow at least with its square root."""
    share = np.array([0.5, 0.5, 0.5, 0.5])
    curve = fit_curve(CAPS, np.tile(0.4 * share, (10, 1)), np.tile(share, (10, 1)), draws=10)
    assert curve.shape.rate == 0.5
    assert 0.2 < curve.at_4x.value < curve.asymptote.value < 0.45


@pytest.mark.parametrize("unit", [1e-3, 7.0, 2e12])
def test_the_unit_of_compute_does_not_matter(unit):
    """Samples, thousands of tokens or FLOPs: the same accuracies, and saturation in the unit given."""
    for truth in SETTLED:
        correct = np.clip(truth.at(X) + np.random.default_rng(2).normal(0, 0.05, (15, 7)), 0, 1)
        one, other = fit_curve(X, correct, draws=20), fit_curve(unit * X, correct, draws=20)
        assert other.shape.family == one.shape.family
        assert other.shape.at(unit * AHEAD) == pytest.approx(one.shape.at(AHEAD))
        assert other.at_4x.low == pytest.approx(one.at_4x.low)
        for name in ("value", "low", "high") if one.saturation else ():
            assert getattr(other.saturation, name) == pytest.approx(unit * getattr(one.saturation, name))


@pytest.mark.parametrize("family", FAMILIES)
def test_fits_in_another_unit_have_their_scale_in_it(family):
    mean = np.array([0.2, 0.35, 0.5, 0.6, 0.66, 0.69, 0.7])
    one, other = fit_family(family, X, mean[None]).shape(0), fit_family(family, 50 * X, mean[None]).shape(0)
    assert other.scale == pytest.approx(50 * one.scale)
    assert (other.rate, other.asymptote, other.drop) == pytest.approx((one.rate, one.asymptote, one.drop))


def test_no_accuracy_above_one_is_promised():
    """From 0.5 to 0.9 in one doubling: the next gains sum up to 0.4 more, of which 0.1 is left."""
    curve = fit_curve(np.array([1.0, 2]), np.tile([0.5, 0.9], (8, 1)), draws=10)
    assert (curve.asymptote.value, curve.asymptote.low, curve.asymptote.high) == (1, 1, 1)
    assert curve.at_4x.value == 1


def test_no_accuracy_below_nothing_is_promised():
    curve = fit_curve(np.array([1.0, 2]), np.tile([0.5, 0.1], (8, 1)), draws=10)
    assert (curve.asymptote.value, curve.asymptote.low, curve.asymptote.high, curve.at_4x.value) == (0, 0, 0, 0)


def test_published_means_may_be_rounded_above_one():
    assert fit_published(np.array([1.0, 4]), np.array([0.9, 1.0005]), 50, draws=10).at_4x.value == 1
