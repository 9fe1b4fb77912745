"""Accuracies shrunk towards each other: worlds whose truth is known."""

import numpy as np
import pytest

from advisor.accuracy.estimators import wilson
from advisor.accuracy.resampling import DRAWS
from advisor.accuracy.shrinkage import shrunk


def claimed(truth, error, seed):
    """(claim − truth, interval holds) of the model that is believed best."""
    rng = np.random.default_rng(seed)
    errors = np.full(len(truth), error)
    drawn = shrunk(truth + errors * rng.standard_normal(len(truth)), errors, seed=seed)
    best = drawn.mean(axis=1).argmax()
    low, high = np.quantile(drawn[best], (0.05, 0.95))
    return drawn[best].mean() - truth[best], low <= truth[best] <= high


def test_one_model_keeps_what_was_measured():
    drawn = shrunk(np.array([0.625]), np.array([0.03]))
    assert drawn.shape == (1, DRAWS)
    assert drawn.mean() == pytest.approx(0.625, abs=1e-9)
    assert drawn.std() == pytest.approx(0.03, rel=0.1)


def test_models_far_apart_keep_what_was_measured():
    values = np.array([0.2, 0.5, 0.8])
    drawn = shrunk(values, np.full(3, 0.02))
    assert drawn.mean(axis=1) == pytest.approx(values, abs=0.003)


def test_of_twelve_equal_models_the_best_claims_little_too_much():
    found = [claimed(np.full(12, 0.6), 0.03, seed) for seed in range(40)]
    bias = np.mean([error for error, _ in found])
    assert abs(bias) < 0.015  # the largest of twelve measured ones is 4.9 points too high
    assert np.mean([holds for _, holds in found]) > 0.85


def test_near_everything_right_the_luckiest_is_not_taken_for_the_best():
    """What is measured near 100 % has a small error, which its true accuracy below would not have had."""
    found = []
    for seed in range(40):
        right = np.random.default_rng(seed).binomial(60, 0.93, 12) / 60
        drawn = shrunk(right, np.array([measured_error(share, 60) for share in right]), seed=seed)
        found.append(drawn.mean(axis=1).max() - 0.93)
    assert abs(np.mean(found)) < 0.022  # the largest of twelve measured ones is 5.1 points too high


def measured_error(share, n):
    low, high = wilson(share, n)
    return (
        (share * (1 - share) / n) ** 0.5 if min(share, 1 - share) * n >= 1 else max(share - low, high - share) / 1.645
    )


def test_all_right_and_all_wrong_are_shrunk_to_the_others():
    values, errors = np.array([1.0, 0.9, 0.9, 0.9, 0.9]), np.array([0.03, 0.02, 0.02, 0.02, 0.02])
    drawn = shrunk(values, errors)
    assert 0.9 < drawn[0].mean() < 0.97
    mirrored = shrunk(1 - values, errors)
    assert mirrored[0].mean() == pytest.approx(1 - drawn[0].mean(), abs=0.01)


def test_a_cluster_on_top_of_others_is_shrunk_too():
    truth = np.concatenate([np.full(8, 0.75), np.linspace(0.2, 0.6, 12)])
    assert abs(np.mean([claimed(truth, 0.03, seed)[0] for seed in range(30)])) < 0.015


def test_a_leader_far_ahead_is_not():
    truth = np.concatenate([[0.8], np.full(11, 0.6)])
    assert np.mean([claimed(truth, 0.02, seed)[0] for seed in range(30)]) == pytest.approx(0, abs=0.01)


def test_less_certain_ones_move_further():
    values, errors = np.array([0.6] * 8 + [0.66, 0.66]), np.array([0.01] * 8 + [0.01, 0.05])
    certain, uncertain = shrunk(values, errors).mean(axis=1)[-2:]
    assert uncertain < certain - 0.02
