"""Intervals of what is no mean."""

import numpy as np
import pytest

from advisor.accuracy.resampling import DRAWS
from advisor.studies.intervals import interval, over_pairs, weightings


def test_the_first_weighting_is_even_and_the_others_follow_from_the_ids():
    weights = weightings("mine", ("a", "b", "c"))
    assert weights.shape == (1 + DRAWS, 3)
    assert (weights[0] == 1).all()
    assert weights[:, 1] == pytest.approx(weightings("mine", ("b",))[:, 0])


def test_an_interval_holds_nine_tenths_of_the_draws_and_is_wider_for_few_questions():
    draws = np.append(0.5, np.linspace(0, 1, 1001))
    many, few = interval(draws, 10**6), interval(draws, 5)
    assert (many.value, many.low, many.high) == pytest.approx((0.5, 0.05, 0.95), abs=2e-3)
    assert few.low < many.low < many.high < few.high


def test_what_is_no_number_has_no_interval_and_infinite_ends_stay():
    assert interval(np.array([np.nan, 1.0, 2.0]), 9) is None
    assert interval(np.array([1.0, np.nan]), 9) is None
    beyond = interval(np.array([np.inf, 3.0, *[np.inf] * 50]), 9)
    assert (beyond.value, beyond.high) == (np.inf, np.inf)


def test_pairs_are_resampled_with_their_draws():
    assert over_pairs(np.zeros((0, 0))) is None
    alike = over_pairs(np.full((7, 1 + DRAWS), 2.0))
    assert (alike.low, alike.value, alike.high) == (2.0, 2.0, 2.0)
    apart = over_pairs(np.repeat([[0.0], [1.0]] * 10, 1 + DRAWS, axis=1))
    assert apart.value == 0.5
    # twenty pairs, half of them 1: the standard error of their mean is 0.112
    assert (apart.low, apart.high) == pytest.approx((0.5 - 1.645 * 0.112, 0.5 + 1.645 * 0.112), abs=0.04)
