"""Missing cells of ability and difficulty, in tables whose truth is known."""

import numpy as np
import pytest

from advisor.studies.abilities import completed, left_out_errors


def truth(seed, models=30, tasks=12, noise=0.0):
    rng = np.random.default_rng(seed)
    discrimination = rng.uniform(0.7, 1.4, tasks)
    values = rng.normal(0, 1, tasks) + np.outer(rng.normal(0, 1.2, models), discrimination)
    return values + noise * rng.normal(size=values.shape)


def with_holes(values, seed, share=0.4):
    return np.where(np.random.default_rng(seed).random(values.shape) < share, np.nan, values)


def test_missing_cells_of_a_table_of_ability_and_difficulty_are_found():
    values = truth(0)
    known = with_holes(values, 1)
    missing = np.isnan(known)
    off = (completed(known) - values)[missing]
    assert np.sqrt(np.mean(off**2)) < 0.15
    assert np.std(values[missing]) > 1.2


def test_a_better_model_is_better_on_what_it_was_not_measured_on():
    values = np.array([[0.0, 1.0, np.nan], [1.0, 2.0, np.nan], [-1.0, 0.0, -2.0], [0.5, 1.5, -0.5]])
    found = completed(values)[:, 2]
    assert found[1] > found[0] > found[2]


@pytest.mark.parametrize("noise", [0.1, 0.5])
def test_the_errors_claimed_are_those_made(noise):
    values = truth(3, noise=noise)
    known = with_holes(values, 4)
    claimed = left_out_errors(known, seed=5)
    off = (completed(known) - values)[np.isnan(known)]
    assert claimed.cells == pytest.approx(np.sqrt(np.mean(off**2)), rel=0.35)
    assert claimed.cells < claimed.by_mean
    assert claimed.models <= claimed.cells
    assert claimed.order > 0.8


def test_where_nothing_follows_from_ability_it_says_so():
    values = np.random.default_rng(0).normal(size=(25, 8))
    found = left_out_errors(values, seed=1)
    assert found.cells > 0.8
    assert abs(found.order) < 0.4


def test_what_was_left_out_is_not_seen():
    """A cell that is far off changes its own error and no prediction of it."""
    values = truth(6)
    spoiled = values.copy()
    spoiled[3, 5] += 50
    assert left_out_errors(spoiled, seed=2).cells > 2.5
    hidden = np.where(spoiled == spoiled[3, 5], np.nan, spoiled)
    assert completed(hidden)[3, 5] == pytest.approx(values[3, 5], abs=0.3)


def test_a_table_of_one_task_has_no_order():
    found = left_out_errors(np.array([[0.1], [0.2]]), seed=0)
    assert found.order is None
    assert np.isfinite(found.cells)
