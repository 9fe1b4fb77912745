"""Strategies at equal FLOPs: which points meet, by how much one is better, and what it costs."""

import numpy as np
import pytest

from advisor.studies.strategies_at_equal_flops import Kind, Place, contest, contests, mean_gain
from tests.studies.known_series import series


def right(*shares, questions=20):
    """(Q, P) with the first share of the questions right at each point."""
    return [[float(q < share * questions) for share in shares] for q in range(questions)]


MAJORITY = series("majority", (1, 4, 16), right(0.4, 0.5, 0.5))
WEIGHTED = series("weighted-majority", (4, 16), right(0.5, 0.6), verifier=np.array([8.0, 32]), reward_model="r")
REBASE = series(
    "rebase", (4, 16), right(0.7, 0.9), policy=np.array([5.0, 15]), verifier=np.array([30.0, 120]), reward_model="r"
)
MCTS = series("mcts", (4,), right(0.3), policy=np.array([14.0]), verifier=np.array([90.0]), reward_model="r")
BEST = series("best-of-n", (4, 16), right(0.6, 0.4), reward_model="r")
LARGE = series(
    "weighted-majority", (4, 16), right(0.6, 0.7), model="large", active_parameters=50.0, policy=np.array([20.0, 80])
)


def of(kind, *given):
    return [each for each in contests(given) if each.kind == kind]


def test_the_gain_is_paired_over_the_shared_questions():
    other = series("majority", (1,), right(0.5, questions=12), question_ids=tuple(f"q{q}" for q in range(8, 20)))
    found = contest("any", Place(REBASE, 1), Place(other, 0))
    mine = np.array(right(0.9))[8:, 0]
    theirs = np.array(right(0.5, questions=12))[:, 0]
    assert found.n_questions == 12
    assert found.gain.value == pytest.approx((mine - theirs).mean())
    assert found.policy_ratio == 15.0


def test_few_shared_questions_say_nothing():
    other = series("majority", (1,), right(0.5, questions=9))
    assert contest("any", Place(REBASE, 1), Place(other, 0)) is None


def test_weighted_meets_majority_of_as_many_answers():
    found = of(Kind.WEIGHTED, MAJORITY, WEIGHTED)
    assert [(c.first.n, c.second.n) for c in found] == [(4, 4), (16, 16)]
    assert [c.gain.value for c in found] == pytest.approx([0.0, 0.1])
    assert [c.policy_ratio for c in found] == [1.0, 1.0]
    assert [c.total_ratio for c in found] == [3.0, 3.0]


def test_rebase_meets_the_vote_that_costs_as_much():
    found = of(Kind.REBASE, WEIGHTED, REBASE)
    assert [(c.first.n, c.second.n) for c in found] == [(4, 4), (16, 16)]
    assert found[1].gain.value == pytest.approx(0.3)
    assert found[1].policy_ratio == pytest.approx(15 / 16)
    assert found[1].total_ratio == pytest.approx(135 / 48)


def test_with_rewards_it_meets_the_vote_that_costs_as_much_in_all():
    (found,) = of(Kind.REBASE_TOTAL, WEIGHTED, REBASE)
    assert (found.first.n, found.second.n) == (4, 16)
    assert found.total_ratio == pytest.approx(35 / 48)
    assert found.gain.value == pytest.approx(0.1)


def test_another_reward_model_is_no_comparison():
    other = series("weighted-majority", (4, 16), right(0.5, 0.6), reward_model="another")
    assert not of(Kind.REBASE, other, REBASE)


def test_what_costs_more_than_twice_as_much_is_not_equal():
    dear = series("rebase", (4,), right(0.9), policy=np.array([40.0]), reward_model="r")
    assert not of(Kind.REBASE, WEIGHTED, dear)


def test_unknown_flops_are_no_comparison_at_equal_flops():
    unknown = series("rebase", (4,), right(0.9), policy=None, verifier=None, reward_model="r")
    assert not of(Kind.REBASE, WEIGHTED, unknown)
    (found,) = of(Kind.REBASE_SAVES, WEIGHTED, unknown)
    assert (found.policy_ratio, found.total_ratio) == (None, None)


def test_the_cheapest_search_that_reaches_the_largest_vote():
    (found,) = of(Kind.REBASE_SAVES, WEIGHTED, REBASE)
    assert (found.first.n, found.second.n) == (4, 16)
    assert found.policy_ratio == pytest.approx(5 / 16)
    high = series("weighted-majority", (4, 64), right(0.5, 1.0), policy=np.array([4.0, 64]), reward_model="r")
    (missed,) = of(Kind.REBASE_SAVES, high, REBASE)
    assert missed.first.n == 16
    assert missed.gain.value == pytest.approx(-0.1)


def test_a_smaller_model_with_search_meets_a_larger_one_with_votes():
    found = of(Kind.SMALLER, REBASE, WEIGHTED, LARGE)
    assert [(c.first.model, c.first.n, c.second.model, c.second.n) for c in found] == [("small", 16, "large", 4)]
    assert found[0].gain.value == pytest.approx(0.3)
    (saved,) = of(Kind.SMALLER_SAVES, REBASE, LARGE)
    assert saved.policy_ratio == pytest.approx(5 / 80)


def test_a_model_of_about_the_same_size_is_not_larger():
    alike = series("weighted-majority", (4,), right(0.6), model="alike", active_parameters=14.0, policy=np.array([5.0]))
    assert not of(Kind.SMALLER, REBASE, alike)
    assert not of(Kind.SMALLER_SAVES, REBASE, alike)


def test_mcts_meets_votes_and_rebase():
    (votes,) = of(Kind.MCTS, MCTS, WEIGHTED, REBASE)
    (search,) = of(Kind.MCTS_REBASE, MCTS, WEIGHTED, REBASE)
    assert votes.gain.value == pytest.approx(-0.3)
    assert search.gain.value == pytest.approx(-0.6)


def test_best_of_n_is_set_beside_its_own_best():
    (found,) = of(Kind.BEST_FALLS, BEST)
    assert (found.first.n, found.second.n) == (16, 4)
    assert found.gain.value == pytest.approx(-0.2)


def test_tasks_and_sources_are_not_mixed():
    elsewhere = series("weighted-majority", (4, 16), right(0.5, 0.6), task="other", reward_model="r")
    assert not of(Kind.REBASE, elsewhere, REBASE)


def test_the_interval_of_a_gain_is_that_of_its_mean():
    gained = np.repeat([1.0, 0.0, -1.0], [30, 50, 20])
    found = mean_gain(gained)
    half = 1.645 * gained.std() / 10
    assert (found.low, found.high) == pytest.approx((0.1 - half, 0.1 + half), abs=0.01)
    assert mean_gain(np.ones(10)).low == 1.0
