import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor.accuracy.curve_fits import best_shapes, fit_curve, fit_family, fit_published
from advisor.accuracy.estimators import area_within_budgets
from advisor.accuracy.shapes import FINISH_TIME, FREE_FORM, Shape, free_form, remaining, saturation_point

X = np.array([1.0, 2, 4, 8, 16, 32, 64])


@pytest.mark.parametrize(
    "truth",
    [
        Shape("power", 0.8, 0.5, 1.0, 0.7),
        Shape("exponential", 0.7, 0.3, 1.0, 0.2),
        Shape("logistic", 0.9, 0.8, 6.0, 1.5),
    ],
)
def test_each_family_finds_itself(truth):
    fits = fit_family(truth.family, X, truth.at(X)[None])
    assert fits.shape(0).at(X) == pytest.approx(truth.at(X), abs=0.015)
    assert fits.asymptote[0] == pytest.approx(truth.asymptote, abs=0.03)


def test_a_falling_curve_is_fitted_as_falling():
    truth = Shape("power", 0.3, -0.4, 1.0, 0.6)
    (shape,) = best_shapes(X, truth.at(X)[None])
    assert shape.at(np.array([64.0]))[0] < shape.at(np.array([1.0]))[0]
    assert shape.at(np.array([256.0]))[0] == pytest.approx(truth.at(np.array([256.0]))[0], abs=0.03)
    assert saturation_point(shape, 1, 64) == 1


def test_free_form_passes_through_its_points_and_calms_down():
    shape = free_form(X, np.array([0.2, 0.25, 0.4, 0.35, 0.5, 0.52, 0.55]))
    assert shape.at(X) == pytest.approx([0.2, 0.25, 0.4, 0.35, 0.5, 0.52, 0.55])
    ahead = shape.at(np.array([64.0, 128, 256, 512, 1e9]))
    assert (np.diff(ahead) >= 0).all()
    assert (np.diff(np.diff(ahead[:4])) < 0).all()
    assert ahead[-1] == pytest.approx(shape.asymptote, abs=1e-4)


def test_the_free_form_goes_on_by_the_slope_of_the_last_octave_and_a_half():
    """The next doubling gains half of what the last one gained, and so on: as much again as the slope, in the end."""
    doublings = free_form(np.array([1.0, 2, 4, 8]), np.array([0.1, 0.5, 0.6, 0.7]))
    assert doublings.asymptote == pytest.approx(0.7 + 0.1)
    assert doublings.at(np.array([16.0, 32])) == pytest.approx([0.75, 0.775])
    wide = free_form(np.array([1.0, 4, 16]), np.array([0.1, 0.5, 0.6]))
    assert wide.asymptote == pytest.approx(0.6 + 0.1 / 2)
    # octaves 0, 1/2, … 3: those from 1 1/2 on rise by 0, 0.2, 0 and 0.1; least squares over them by hand
    half = free_form(2.0 ** np.arange(0, 3.5, 0.5), np.array([0, 0.4, 0.1, 0.3, 0.3, 0.5, 0.5]))
    slope = (-0.75 * 0.3 - 0.25 * 0.3 + 0.25 * 0.5 + 0.75 * 0.5) / (2 * 0.75**2 + 2 * 0.25**2)
    assert half.asymptote == pytest.approx(0.5 + slope)


def test_remaining_by_hand():
    """At four times the scale: 4^−0.5 = 1/2; exp(−3/3) = 1/e; one in 1 + 4^0.5 = 3."""
    x, scale = np.array([4.0, 20.0]), np.array([1.0, 5.0])
    assert remaining("power", x, scale, 0.5) == pytest.approx([0.5, 0.5])
    assert remaining("exponential", x, scale, 1 / 3) == pytest.approx([np.exp(-1)] * 2)
    for family in ("logistic", FINISH_TIME):
        assert remaining(family, x, scale, 0.5) == pytest.approx([1 / 3, 1 / 3])


def test_between_its_points_a_curve_is_straight_in_doublings():
    shape = free_form(np.array([1.0, 4]), np.array([0.2, 0.6]))
    assert shape.at(np.array([0.5, 1, 2, 4])) == pytest.approx([0.2, 0.2, 0.4, 0.6])


def test_saturation_by_hand():
    """0.8 − 0.64/x: a doubling gains 0.32/x, less than 0.005 past x = 64 and less than 0.08 past x = 4."""
    shape = Shape("power", 0.8, 0.64, 1.0, 1.0)
    assert saturation_point(shape, 1, 256) == pytest.approx(64, rel=0.03)
    assert saturation_point(shape, 1, 256, epsilon=0.08) == pytest.approx(4, rel=0.03)
    assert saturation_point(shape, 1, 256, epsilon=0.08) >= 4
    assert saturation_point(shape, 1, 60) is None
    assert saturation_point(shape, 70, 256) == 70


def test_a_pause_is_not_saturation():
    """Flat from 2 to 8, rising again to 16: no doubling pays past 8 · (1 + a grid's step), not past 2."""
    shape = free_form(np.array([1.0, 2, 4, 8, 16, 32]), np.array([0.1, 0.3, 0.3, 0.3, 0.5, 0.5]))
    assert saturation_point(shape, 1, 32) == pytest.approx(16, rel=0.05)


def test_two_points_make_a_free_form():
    assert fit_curve(np.array([1.0, 4]), np.random.default_rng(0).random((30, 2))).shape.family == FREE_FORM


@given(st.floats(0.1, 0.9), st.floats(-0.5, 0.5), st.floats(0.2, 3))
def test_saturation_is_where_doublings_stop_paying(asymptote, drop, rate):
    shape = Shape("power", asymptote, drop, 1.0, rate)
    point = saturation_point(shape, 1, 64)
    if point is not None:
        beyond = np.geomspace(point, 64, 50)
        assert (shape.at(2 * beyond) - shape.at(beyond) < 0.005 + 1e-9).all()


def test_a_steep_curve_has_not_saturated():
    assert saturation_point(Shape("logistic", 0.9, 0.9, 100.0, 1.0), 1, 64) is None


def population(rng, n_questions, caps, n_samples=8):
    """Answers whose length is log-normal and whose correctness falls with length: truth at any cap is known."""
    difficulty = rng.normal(0, 1, (n_questions, 1))
    length = np.exp(rng.normal(8 + 0.5 * difficulty, 0.8, (n_questions, n_samples)))
    right = rng.random((n_questions, n_samples)) < 1 / (1 + np.exp(difficulty * 1.5 - 1))
    ended = length[..., None] <= caps
    return (right[..., None] & ended).mean(axis=1), ended.mean(axis=1)


def test_capped_answers_predict_four_times_the_cap():
    errors = []
    for seed in range(10):
        caps = 512.0 * 2 ** np.arange(8)
        correct, finished = population(np.random.default_rng(seed), 198, caps)
        curve = fit_curve(caps[:5], correct[:, :5], finished[:, :5], draws=100)
        assert curve.shape.family == FINISH_TIME
        truth = correct[:, 6].mean()
        errors.append(curve.at_4x.value - truth)
        assert curve.x_max * 4 == caps[6]
    assert np.abs(errors).mean() < 0.04
    assert np.abs(errors).mean() < np.abs(correct[:, 6].mean() - correct[:, 4].mean())


def test_answers_that_all_ended_leave_nothing_to_gain():
    caps = np.array([512.0, 1024, 2048, 1e6])
    correct, finished = population(np.random.default_rng(1), 60, caps)
    curve = fit_curve(caps, correct, finished, draws=50)
    assert curve.asymptote.value == pytest.approx(correct[:, -1].mean())
    assert curve.at_4x.value == pytest.approx(correct[:, -1].mean())


def test_published_means_get_an_interval_as_wide_as_their_questions():
    y = Shape("power", 0.8, 0.5, 1.0, 0.7).at(X)
    few, many = (fit_published(X, y, n) for n in (30, 3000))
    assert few.at_4x.high - few.at_4x.low > 3 * (many.at_4x.high - many.at_4x.low)


def test_area_counts_every_doubling_the_same():
    assert area_within_budgets(np.array([8.0, 16, 32]), np.array([0.0, 0.5, 0.8])) == pytest.approx((0.25 + 0.65) / 2)
    assert area_within_budgets(np.array([1.0, 2, 4]), np.array([0.0, 0.5, 1.0])) == pytest.approx(0.5)
    assert area_within_budgets(np.array([1.0, 2, 64]), np.array([0.0, 1.0, 1.0])) == pytest.approx(5.5 / 6)
