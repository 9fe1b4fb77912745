"""Resampled questions: the same for all models, and as wide as the interval over questions."""

import numpy as np
import pytest

from advisor.accuracy.estimators import over_questions
from advisor.accuracy.resampling import DRAWS, noise, question_weights

IDS = tuple(f"q{i}" for i in range(120))


def test_weights_follow_from_the_question_alone():
    weights = question_weights("mine", IDS)
    assert weights.shape == (120, DRAWS)
    assert np.array_equal(question_weights("mine", IDS[::-1]), weights[::-1])
    assert not np.allclose(question_weights("other", IDS), weights)
    assert weights.mean() == pytest.approx(1, abs=0.02)


def test_the_noise_is_as_wide_as_the_interval():
    correct = np.random.default_rng(0).random((120, 2)) ** 2
    errors = noise(correct, question_weights("mine", IDS))
    assert errors.mean(axis=1) == pytest.approx([0, 0], abs=1e-12)
    for p in range(2):
        interval = over_questions(correct[:, p])
        assert np.quantile(errors[p], 0.95) == pytest.approx(interval.high - interval.value, rel=0.2)


def test_models_that_share_questions_err_together():
    easy = np.random.default_rng(1).random(120)
    correct = np.column_stack([easy, np.clip(easy + 0.02, 0, 1)])
    weights = question_weights("mine", IDS)
    together = noise(correct, weights)
    apart = noise(correct[:, :1], weights)[0] - noise(correct[:, 1:], question_weights("mine", IDS[::-1]))[0]
    assert (together[0] - together[1]).std() < apart.std() / 5
