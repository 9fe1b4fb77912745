"""Answers measured here beside those that ship under the same task's name."""

from dataclasses import replace

import advisor
from advisor.fits.levels import LEVELS_APART, level_notes, other_levels
from tests.recommendation.made import point, workspace

SHIPPED = next(
    p
    for p in advisor.Workspace().fits.points
    if p.task == "gpqa-diamond" and p.n_samples == 1 and p.strategy == "majority" and p.accuracy > 0.3
)


def mine(less, **changes):
    return replace(SHIPPED, accuracy=SHIPPED.accuracy - less, low=0.0, high=1.0, **changes)


def test_the_mean_over_shared_models_decides():
    other = replace(SHIPPED, model="another/model")
    known = [SHIPPED, other]
    assert not other_levels([mine(0.049)], known)
    (note,) = other_levels([mine(0.06), replace(other, accuracy=other.accuracy - 0.08)], known)
    assert "7.0 points less often" in note
    assert "2 models" in note
    (twice,) = other_levels([mine(0.06, setup="one"), mine(0.08, setup="other")], known)
    assert "of the same 1 model:" in twice
    assert not other_levels([mine(0.2), replace(other, accuracy=other.accuracy + 0.2)], known)  # no common side
    (more,) = other_levels([mine(-(LEVELS_APART + 1) / 100)], known)
    assert "6.0 points more often" in more


def test_votes_and_other_tasks_do_not_count():
    assert not other_levels([mine(0.2, n_samples=8)], [SHIPPED])
    assert not other_levels([mine(0.2, task="mine")], [SHIPPED])


def test_a_recommendation_says_it(tmp_path):
    ws = workspace(tmp_path, mine(0.2, runs="own", generated_tokens=2000.0))
    (note,) = level_notes(ws, {"gpqa-diamond"})
    assert "20.0 points less often" in note
    assert note in advisor.recommend(ws, task="gpqa-diamond", budget="1usd").notes
    assert not level_notes(ws, {"aime24"})


def test_there_is_nothing_to_compare_without_own_answers_to_a_shipped_task(tmp_path):
    assert not level_notes(advisor.Workspace(), {"gpqa-diamond"})
    assert not level_notes(workspace(tmp_path, point()), {"mine"})
