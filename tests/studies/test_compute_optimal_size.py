"""The best size by budget: known curves, takeovers and the line through them."""

import numpy as np
import pytest

from advisor.studies.compute_optimal_size import best, compared, growth, line, optima, size_law, taken_over, takeovers
from tests.studies.known_series import sizes


def flat_then(asymptote, rate):
    return lambda k: asymptote * (1 - np.exp(-rate * np.asarray(k)))


THREE = sizes(flat_then(0.3, 0.5), flat_then(0.5, 0.5), flat_then(0.9, 0.5))


def test_each_size_draws_what_the_budget_pays_for():
    found = compared(THREE)
    assert found.budgets[0] == 1e6
    assert found.budgets[-1] == pytest.approx(1e9)  # the cheapest reaches no further
    at = int(np.argmin(abs(found.budgets - 1e8)))
    assert found.answers[:, at].tolist() == [100, 10, 1]
    assert found.curves[1, at] == pytest.approx(0.5 * (1 - np.exp(-5)))
    assert np.isnan(found.curves[2, at - 1])


def test_small_ones_are_best_until_larger_ones_take_over():
    found = optima(compared(THREE))
    winners = [row.model for row in found]
    assert winners == sorted(winners)
    assert winners[0] == "m0"
    assert winners[-1] == "m2"
    assert all(row.best_in == 1.0 for row in found)
    assert found[0].runner_up is None


def test_a_takeover_is_where_the_larger_stays_ahead():
    first, second, across = takeovers(compared(THREE))
    k = np.arange(1, 1000)
    behind = k[flat_then(0.3, 0.5)(10 * k) >= flat_then(0.5, 0.5)(k)]
    assert first.budget_flops.value == pytest.approx(1e7 * (behind.max() + 1), rel=0.34)  # an eighth of a decade
    assert (first.smaller, first.larger, first.reached, first.smaller_first) == ("m0", "m1", 1.0, 1.0)
    assert second.budget_flops.value > first.budget_flops.value
    assert (across.smaller, across.larger) == ("m0", "m2")


def test_taken_over_counts_from_the_last_time_behind():
    budgets = np.array([1.0, 2, 3, 4])
    smaller = np.array([0.1, 0.2, 0.3, 0.3])
    assert taken_over(budgets, smaller, np.array([np.nan, 0.3, 0.2, 0.4])) == 4
    assert taken_over(budgets, smaller, np.array([0.2, 0.3, 0.4, 0.5])) == 1
    assert taken_over(budgets, smaller, np.array([0.2, 0.3, 0.4, 0.3])) == np.inf


def test_of_equal_sizes_the_cheapest_is_best():
    assert best(np.array([[0.2, np.nan], [0.2, 0.1]])).tolist() == [0, 1]


def test_the_line_goes_through_the_middle_of_the_budgets_where_each_size_wins():
    log_c = np.arange(9.0)
    winners = np.array([0, 0, 0, 1, 1, 1, 2, 2, 2])
    slope, intercept = line(log_c, winners, np.array([2.0, 4.0, 6.0]))
    assert (slope, intercept) == pytest.approx((1.5, -2.0))
    assert line(log_c, np.minimum(winners, 1), np.array([2.0, 4.0, 6.0])) is None


def test_growth_is_none_where_the_best_size_stays_the_same():
    assert growth(np.arange(4.0), np.full(4, 7.0)) == 0.0
    assert growth(np.arange(4.0), 2 * np.arange(4.0)) == pytest.approx(2.0)


def test_the_law_of_a_family_that_grows():
    law = size_law(compared(THREE))
    assert law.best_sizes == ("m0", "m1", "m2")
    assert law.smaller_first == 1.0
    assert law.growth.low > 0
    assert law.slope.value > 0
    assert law.slope.low <= law.slope.value <= law.slope.high


def test_where_the_largest_is_best_from_its_first_answer():
    law = size_law(compared(sizes(flat_then(0.1, 0.01), flat_then(0.2, 0.01), lambda k: 0.9 + 0 * np.asarray(k))))
    assert law.smaller_first == 0.0
    assert law.growth.value == 0.0


def test_where_no_budget_pays_for_all_nothing_is_said_of_growth():
    law = size_law(compared(sizes(flat_then(0.3, 0.5), flat_then(0.5, 0.5), flat_then(0.9, 0.5), reach=20)))
    assert law.smaller_first is None
    assert law.growth is None
