"""Intervals over models: of whom they are a statistic, and what stays together."""

import numpy as np
import pytest

from advisor.studies.model_resampling import median, over_models


def mean(values):
    return float(values.mean())


def test_two_architectures_say_nothing_of_models():
    assert over_models([1.0, 2.0, 3.0], ["a", "a", "b"], mean, seed="x") is None
    assert over_models([], [], median, seed="x") is None


def test_the_value_is_that_of_all():
    found = over_models([1.0, 2.0, 6.0], ["a", "b", "c"], mean, seed="x")
    assert found.value == 3.0
    assert 1.0 <= found.low < 3.0 < found.high <= 6.0


def test_equal_values_leave_nothing_open():
    found = over_models([2.0] * 5, list("abcde"), median, seed="x")
    assert (found.value, found.low, found.high) == (2.0, 2.0, 2.0)


def test_many_tasks_of_a_model_do_not_make_it_surer():
    """Four models, once with one task each and once with fifty."""
    values = np.array([1.0, 2.0, 3.0, 4.0])
    one = over_models(values, list("abcd"), mean, seed="x")
    fifty = over_models(np.repeat(values, 50), np.repeat(list("abcd"), 50), mean, seed="x")
    apart = over_models(np.repeat(values, 50), [str(i) for i in range(200)], mean, seed="x")
    assert fifty.high - fifty.low == pytest.approx(one.high - one.low, rel=1e-6)
    assert apart.high - apart.low < (one.high - one.low) / 3


def test_the_same_seed_gives_the_same_interval():
    values, names = [0.1, 0.5, 0.9, 0.3], list("abcd")
    assert over_models(values, names, mean, seed="x") == over_models(values, names, mean, seed="x")
    assert over_models(values, names, mean, seed="x") != over_models(values, names, mean, seed="y")
