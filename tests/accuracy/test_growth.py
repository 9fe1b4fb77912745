"""Curves through points: by hand where everything is certain, against simulation, and against normal theory."""

import numpy as np
import pytest

from advisor.accuracy.growth import AHEAD, Growth, covariance, independent, log_likelihoods, paths
from tests.accuracy.learned import growth

SURE = 1e-8


def drawn(x, means, noise, of, draws=400, seed=0):
    noise = np.asarray(noise, dtype=float)
    noise = noise if noise.ndim == 2 else np.diag(np.broadcast_to(noise, len(x)))
    return paths(np.array(x, dtype=float), np.array(means), noise, of, np.random.default_rng(seed), draws)


def at(found, doublings):
    return np.array([np.interp(doublings, found.doublings, each) for each in found.accuracy])


def test_gains_are_damped_by_hand():
    """Damping 1/4: the next doubling gains a quarter of what the last one gained, and so on: a third in the end."""
    found = drawn([1, 2], [0.4, 0.55], SURE, growth(0.25))
    assert at(found, 1.0)[0] == pytest.approx(0.55, abs=1e-4)
    assert at(found, 2.0)[0] == pytest.approx(0.55 + 0.15 / 4, abs=1e-4)
    assert found.accuracy[0, -1] == pytest.approx(0.55 + 0.15 / 3, abs=1e-4)
    assert np.ptp(found.accuracy[1:, -1]) < 0.01
    assert found.doublings[-1] == pytest.approx(1 + AHEAD)


def test_undamped_gains_go_on_up_to_one():
    found = drawn([1, 2, 4], [0.4, 0.45, 0.5], SURE, growth(1.0))
    assert at(found, [4.0, 6.0])[0] == pytest.approx([0.6, 0.7], abs=1e-3)
    assert found.accuracy[0, -1] == pytest.approx(1.0, abs=0.002)
    assert found.accuracy.max() <= 1.0


def test_a_falling_curve_falls_on():
    found = drawn([1, 2], [0.5, 0.3], SURE, growth(0.25))
    assert found.accuracy[0, -1] == pytest.approx(0.3 - 0.2 / 3, abs=1e-4)


def test_the_unit_of_compute_does_not_matter():
    one = drawn([1, 4, 16], [0.3, 0.5, 0.6], 0.01**2, growth(0.6, 0.01))
    other = drawn([70, 280, 1120], [0.3, 0.5, 0.6], 0.01**2, growth(0.6, 0.01))
    assert other.accuracy == pytest.approx(one.accuracy)


def test_points_between_steps_are_read_between_them():
    """Undamped gains are a straight line, wherever the points lie on it."""
    found = drawn([1, 3, 7], 0.2 + 0.1 * np.log2([1, 3, 7]), SURE, growth(1.0))
    assert at(found, np.log2([2, 5, 20]))[0] == pytest.approx(0.2 + 0.1 * np.log2([2, 5, 20]), abs=1e-3)


def test_noise_is_averaged_out():
    """Points that jump about a level by their noise: the curve is near the level, and tells so within its interval."""
    rng = np.random.default_rng(3)
    held = []
    for seed in range(30):
        means = 0.6 + rng.normal(0, 0.03, 6)
        found = at(drawn(2.0 ** np.arange(6), means, 0.03**2, growth(0.5, 0.005), seed=seed), 7.0)
        low, high = np.quantile(found[1:], (0.05, 0.95))
        held.append(low <= 0.6 <= high)
        assert abs(found[0] - 0.6) < 0.08
    assert 0.8 <= np.mean(held) <= 1.0


def test_its_intervals_hold_curves_of_its_own_kind():
    """Curves made by damped gains with surprises, seen with noise: nine of ten intervals hold what comes at four times
    the compute."""
    rng = np.random.default_rng(5)
    damping, surprise, noise = 0.7, 0.02, 0.015
    held, errors = [], []
    for seed in range(60):
        gain, accuracy = rng.normal(0, 0.05), [0.5]
        for _ in range(28):
            accuracy.append(accuracy[-1] + 0.25 * gain)
            gain = gain * damping**0.25 + rng.normal(0, surprise * 0.5)
        seen = np.array(accuracy)[[0, 4, 8, 12, 16, 20]] + rng.normal(0, noise, 6)
        found = at(drawn(2.0 ** np.arange(6), seen, noise**2, growth(damping, surprise), seed=seed), 7.0)
        low, high = np.quantile(found[1:], (0.05, 0.95))
        held.append(low <= accuracy[28] <= high)
        errors.append(found[0] - accuracy[28])
    assert 0.8 <= np.mean(held) <= 0.98
    assert abs(np.mean(errors)) < 0.01


def test_measured_points_choose_how_gains_go_on():
    """A straight line in doublings is undamped, a curve whose gains halve is damped by a half."""
    grid = Growth(np.array([0.5, 1.0]), np.array([0.002, 0.002]), np.array([0.5, 0.5]))
    x, noise = 2.0 ** np.arange(6), np.eye(6) * 0.002**2
    line = log_likelihoods(x, 0.2 + 0.08 * np.arange(6), noise, grid)
    halving = log_likelihoods(x, 0.8 - 0.4 * 0.5 ** np.arange(6), noise, grid)
    assert line[1] > line[0] + 5
    assert halving[0] > halving[1] + 5
    assert drawn(x, 0.2 + 0.08 * np.arange(6), 0.002**2, grid).accuracy[0, -1] > 0.95


def test_a_prior_counts_where_the_points_do_not_tell():
    few = [[1, 2], [0.4, 0.5], 0.01**2]
    grids = [Growth(np.array([0.3, 0.9]), np.array([0.001, 0.001]), np.array(w)) for w in ([0.99, 0.01], [0.01, 0.99])]
    damped, steady = (drawn(*few, grid).accuracy[0, -1] for grid in grids)
    assert damped < 0.62 < steady


def test_errors_of_points_that_share_questions_go_together():
    rng = np.random.default_rng(0)
    correct = np.clip(rng.normal(0.5, 0.3, (300, 1)) + rng.normal(0, 0.01, (300, 3)), 0, 1)
    shared = covariance(correct)
    assert shared == pytest.approx(np.full((3, 3), correct[:, 0].var() / 300), rel=0.1)
    assert covariance(np.ones((50, 2))) == pytest.approx(np.full((2, 2), 0.5 / 2500))


def test_covariance_is_that_of_the_mean():
    rng = np.random.default_rng(1)
    correct = rng.random((40, 2)) < [0.3, 0.8]
    boot = np.array([correct[rng.integers(0, 40, 40)].mean(axis=0) for _ in range(4000)])
    assert covariance(correct.astype(float)) - 0.5 / 1600 == pytest.approx(np.cov(boot.T) * 40 / 39, abs=8e-4)


def test_published_means_are_independent_and_never_sure():
    found = independent(np.array([0.5, 1.0]), 100)
    assert found[0, 1] == 0
    assert found[0, 0] == pytest.approx(0.25 / 100, rel=0.01)
    assert 0 < found[1, 1] < 0.25 / 100
