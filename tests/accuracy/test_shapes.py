"""Curves through knots, where they saturate, and how few knots draw them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor.accuracy.estimators import area_within_budgets
from advisor.accuracy.shapes import Shape, saturation_points, thinned

X = 2.0 ** np.arange(0, 12.5, 0.25)


def shape(*knots):
    return Shape("a family", knots)


def test_between_its_knots_a_curve_is_straight_in_doublings_and_level_outside():
    curve = shape((1.0, 0.2), (4.0, 0.6), (16.0, 0.5))
    assert curve.at(np.array([0.5, 1, 2, 4, 8, 16, 99])) == pytest.approx([0.2, 0.2, 0.4, 0.6, 0.55, 0.5, 0.5])


def test_accuracies_stay_within_the_possible():
    assert shape((1.0, -0.1), (2.0, 1.2)).at(np.array([1.0, 2])) == pytest.approx([0, 1])


def saturation(accuracy, x_min, x_max, **options):
    return float(saturation_points(X, np.array([accuracy]), x_min, x_max, **options)[0])


def test_saturation_by_hand():
    """0.8 − 0.64/x: a doubling gains 0.32/x, less than 0.005 past x = 64 and less than 0.08 past x = 4."""
    rising = 0.8 - 0.64 / X
    assert saturation(rising, 1, 256) == pytest.approx(64, rel=0.02)
    assert saturation(rising, 1, 256, epsilon=0.08) == pytest.approx(4, rel=0.02)
    assert saturation(rising, 1, 60) == np.inf
    assert saturation(rising, 70, 256) == 70


def test_a_falling_curve_saturates_where_it_begins():
    assert saturation(0.3 + 0.4 / X, 1, 64) == 1


def test_a_pause_is_not_saturation():
    """Flat from 2 to 8, rising to 16 by 0.2: past 16·2^−0.025 a doubling gains less than 0.005, not past 2."""
    accuracy = np.interp(np.log2(X), [0, 1, 2, 3, 4, 5], [0.1, 0.3, 0.3, 0.3, 0.5, 0.5])
    assert saturation(accuracy, 1, 32) == pytest.approx(16 * 2**-0.025)


def test_each_curve_has_a_saturation_of_its_own():
    both = saturation_points(X, np.array([0.8 - 0.64 / X, 0.5 + 0 * X]), 1, 256)
    assert both == pytest.approx([64, 1], rel=0.02)


@given(st.floats(0.1, 0.9), st.floats(-0.5, 0.5), st.floats(0.2, 3))
def test_past_saturation_no_doubling_pays(asymptote, drop, rate):
    accuracy = asymptote - drop * X**-rate
    point = saturation(accuracy, 1, 64)
    if np.isfinite(point):
        beyond = np.geomspace(point, 64, 50)
        at = shape(*zip(X.tolist(), accuracy.tolist(), strict=True))
        unclipped = [np.interp(np.log2(x), np.log2(X), accuracy) for x in (beyond, 2 * beyond)]
        assert (unclipped[1] - unclipped[0] < 0.005 + 1e-9).all()
        assert at.family == "a family"


@given(st.lists(st.floats(0, 1), min_size=1, max_size=60), st.floats(0.001, 0.2))
def test_thinned_knots_draw_every_point(y, within):
    x, y = 1.5 ** np.arange(len(y)), np.array(y)
    kept = thinned(x, y, within)
    assert (kept[0], kept[-1]) == (0, len(y) - 1)
    drawn = np.interp(np.log(x), np.log(x[kept]), y[kept])
    assert np.abs(drawn - y).max() <= within + 1e-9


def test_a_straight_line_needs_two_knots():
    assert thinned(X, 0.1 + 0.05 * np.log2(X)) == [0, len(X) - 1]
    assert len(thinned(X, 0.8 - 0.6 / X)) > 5


def test_area_counts_every_doubling_the_same():
    assert area_within_budgets(np.array([8.0, 16, 32]), np.array([0.0, 0.5, 0.8])) == pytest.approx((0.25 + 0.65) / 2)
    assert area_within_budgets(np.array([1.0, 2, 4]), np.array([0.0, 0.5, 1.0])) == pytest.approx(0.5)
    assert area_within_budgets(np.array([1.0, 2, 64]), np.array([0.0, 1.0, 1.0])) == pytest.approx(5.5 / 6)
