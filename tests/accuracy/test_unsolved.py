"""Questions without a right answer: unbiased one answer ahead, and as a beta distribution has it further on."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor.accuracy.unsolved import AHEAD, answers_to_halve, first_right, still_unsolved


@given(st.lists(st.booleans(), min_size=1, max_size=7))
def test_the_last_of_the_answers_is_the_first_right_one_as_often_as_over_all_their_orders(answers):
    n = len(answers)
    orders = [answers[:i] + answers[i + 1 :] + [answers[i]] for i in range(n)]
    share = np.mean([order[-1] and not any(order[:-1]) for order in orders])
    assert first_right(np.array([sum(answers)]), np.array([n]))[0] == pytest.approx(share)


def test_evenly_spread_chances_leave_unsolved_what_the_beta_distribution_says():
    # a uniform chance makes every number of right answers of four equally likely, and 5 / (5 + m) of the questions
    # without one stay so through m more
    right, n = np.repeat(np.arange(5), 4000), np.full(20_000, 4)
    stay = still_unsolved(right, n, np.ones((1, 20_000)))[0]
    assert stay[:6] == pytest.approx(5 / (5 + AHEAD[:6]), abs=0.02)
    assert answers_to_halve(stay[None])[0] == pytest.approx(5, rel=0.06)


def test_questions_that_are_always_or_never_solved_stay_so():
    right, n = np.repeat([0, 8], 50), np.full(100, 8)
    stay = still_unsolved(right, n, np.ones((1, 100)))
    assert stay[0, 3] > 0.97
    assert answers_to_halve(stay)[0] > 1000


def test_more_answers_never_leave_more_unsolved_and_questions_without_weight_do_not_count():
    right, n = np.array([0, 0, 1, 3, 2, 0]), np.array([3, 5, 3, 3, 3, 3])
    weights = np.array([[1.0] * 6, [1, 0, 1, 1, 1, 1]])
    stay = still_unsolved(right, n, weights)
    assert (np.diff(stay) < 0).all()
    without = still_unsolved(np.delete(right, 1), np.delete(n, 1), np.ones((1, 5)))
    assert stay[1] == pytest.approx(without[0])


def test_halving_is_read_between_the_numbers_looked_ahead_and_is_infinite_beyond():
    assert answers_to_halve((4 / (4 + AHEAD))[None])[0] == pytest.approx(4)
    assert answers_to_halve(np.full((1, len(AHEAD)), 0.6))[0] == np.inf
    assert answers_to_halve(np.full((1, len(AHEAD)), 0.2))[0] < 1


@pytest.mark.parametrize("spread", [0.3, 1.0, 5.0])
def test_two_answers_foretell_what_six_more_leave_unsolved(spread):
    rng = np.random.default_rng(1)
    a, b = 0.6 * spread, 0.4 * spread
    right = rng.binomial(2, rng.beta(a, b, 40_000))
    stay = still_unsolved(right, np.full(40_000, 2), np.ones((1, 40_000)))[0]
    foretold = np.interp(3, np.log2(1 + AHEAD), stay)  # after seven more
    assert foretold == pytest.approx(np.prod([(b + j) / (a + b + j) for j in range(2, 9)]), abs=0.03)
