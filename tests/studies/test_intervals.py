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
    assert over_pairs(np.zeros((0, 0)), []) is None
    alike = over_pairs(np.full((7, 1 + DRAWS), 2.0), models(7))
    assert (alike.low, alike.value, alike.high) == (2.0, 2.0, 2.0)
    apart = over_pairs(np.repeat([[0.0], [1.0]] * 10, 1 + DRAWS, axis=1), models(20))
    assert apart.value == 0.5
    # twenty pairs, half of them 1: the standard error of their mean is 0.115, Student's quantile 1.729
    assert (apart.low, apart.high) == pytest.approx((0.5 - 1.729 * 0.115, 0.5 + 1.729 * 0.115), abs=0.04)


def models(n):
    """Pairs of n models and one benchmark."""
    return [(f"a/{at}", "mine") for at in range(n)]


@pytest.mark.parametrize("n", [3, 5, 10])
def test_few_pairs_have_intervals_that_hold_as_often_as_they_say(n):
    rng = np.random.default_rng(n)
    worlds = [np.repeat(rng.standard_normal((n, 1)), 1 + DRAWS, axis=1) for _ in range(400)]
    held = [(found := over_pairs(each, models(n))).low <= 0 <= found.high for each in worlds]
    assert 0.85 <= np.mean(held) <= 0.95


def test_pairs_of_one_benchmark_err_together():
    # four benchmarks of five models each: what differs by benchmark is known four times, not twenty
    rng = np.random.default_rng(0)
    names = [(f"a/{model}", f"t{task}") for task in range(4) for model in range(5)]
    effects = [np.repeat(rng.standard_normal(4), 5)[:, None] + np.zeros((1, 1 + DRAWS)) for _ in range(300)]
    held = [(found := over_pairs(each, names)).low <= 0 <= found.high for each in effects]
    assert 0.84 <= np.mean(held) <= 0.97
    together, apart = over_pairs(effects[0], names), over_pairs(effects[0], models(20))
    assert together.high - together.low > 1.5 * (apart.high - apart.low)


def test_two_benchmarks_stand_for_themselves():
    names = [(f"a/{model}", f"t{task}") for task in range(2) for model in range(4)]
    draws = np.repeat([[0.0]] * 4 + [[1.0]] * 4, 1 + DRAWS, axis=1)
    found = over_pairs(draws, names)
    assert found.value == 0.5
    assert (found.low, found.high) == pytest.approx((0.5, 0.5))
