"""Series of stored answers and of tables: FLOPs of policy and reward model, and which points belong together."""

import numpy as np
import pytest

from advisor.fits.strategy_points import StrategyPoints
from advisor.store.reported_strategies import StrategyRow
from advisor.studies.strategy_series import flops_of, series_of_answers, series_of_rows
from tests.known import SHIPPED

POLICY, REWARD = "EleutherAI/pythia-70m", "EleutherAI/pythia-410m"
MODELS = SHIPPED.models


def points(**more):
    given = {
        "model": POLICY,
        "task": "t",
        "strategy": "weighted-majority",
        "setup": "",
        "recorded": {},
        "runs": "r",
        "question_ids": ("a", "b"),
        "prompt_tokens": 30.0,
        "n_samples": (4, 8),
        "token_budget": (None, None),
        "correct": np.array([[0.0, 1.0], [1.0, 1.0]]),
        "generated": np.array([40.0, 80.0]),
        "depth": np.array([12.0, 14.0]),
        "reward_model": REWARD,
        "scored": np.array([160.0, 320.0]),
    }
    return StrategyPoints(**(given | more))


def test_the_policy_costs_two_n_a_token_and_the_reward_model_reads_what_it_scores():
    policy, verifier = flops_of(points(), MODELS)
    assert policy == pytest.approx(2 * MODELS.spec(POLICY).active_parameters * np.array([40, 80]))
    reward = MODELS.spec(REWARD)
    one_pass = 40 * reward.linear_flops_per_token() + reward.attention_flops(1, 40)  # prompt of 30, answer of 10
    assert verifier == pytest.approx([4 * one_pass, 8 * one_pass])


def test_without_a_reward_model_nothing_is_added():
    _, verifier = flops_of(points(reward_model=None, scored=None), MODELS)
    assert verifier.tolist() == [0, 0]


@pytest.mark.parametrize("unknown", [{"scored": None}, {"reward_model": "nobody/knows"}])
def test_an_unknown_reward_model_leaves_its_flops_unknown(unknown):
    (found,) = series_of_answers([points(**unknown)], MODELS)
    assert found.policy is not None
    assert found.verifier is None
    assert found.total is None


def test_a_model_without_a_config_has_no_flops():
    (found,) = series_of_answers([points(model="nobody/knows")], MODELS)
    assert (found.policy, found.active_parameters) == (None, None)


def test_of_several_setups_the_one_with_most_questions_and_of_strategies_those_compared():
    few = points(question_ids=("a",), correct=np.array([[0.0, 1.0]]), setup="other")
    capped = points(strategy="thinking-budget")
    (found,) = series_of_answers([few, points(), capped], MODELS)
    assert found.question_ids == ("a", "b")


def row(n, accuracies, **more):
    given = {"model": "m", "active_parameters": 5.0, "task": "t", "strategy": "majority", "source": "s"}
    return StrategyRow(**(given | {"n_samples": n, "policy_flops": 10.0 * n, "accuracies": accuracies} | more))


def test_rows_of_a_table_are_points_of_one_series_by_budget():
    (found,) = series_of_rows([row(4, "0 1000", tallies="1:3:0 4::0"), row(1, "250 1000")])
    assert found.n == (1, 4)
    assert found.correct.tolist() == [[0.25, 0.0], [1.0, 1.0]]
    assert found.tallies == ((1, (3,), 0), (4, (), 0))
    assert found.total.tolist() == [10, 40]


def test_rows_about_other_questions_are_another_series():
    found = series_of_rows(
        [row(1, "0 1000"), row(4, "0 0 0"), row(4, "0 0", task="u"), row(4, "0 0", reward_model="r")]
    )
    assert [each.n for each in found] == [(1,), (4,), (4,), (4,)]
    assert not set(found[0].question_ids) & set(found[1].question_ids)
