"""The noise of accuracies that share questions: one bootstrap for all models, with a weight a question and draw."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

import numpy as np

from advisor.accuracy.estimators import Array

DRAWS = 300


def seed_of(name: str) -> int:
    """A seed that follows from a name alone, the same in every process."""
    return int.from_bytes(sha256(name.encode()).digest()[:8])


def question_weights(task: str, question_ids: Sequence[str]) -> Array:
    """(Q, DRAWS) weights of the Bayesian bootstrap (Rubin 1981), exponential with mean 1.

    They follow from the task's name and the question's id alone, so that the draws of two models are paired on the
    questions that they share, whoever resampled them and when.
    """
    seeds = (seed_of(f"{task}\0{question}") for question in question_ids)
    return np.array([np.random.default_rng(seed).standard_exponential(DRAWS) for seed in seeds])


def noise(correct: Array, weights: Array) -> Array:
    """(P, DRAWS) errors that P accuracies may have, from (Q, P) expected accuracies and (Q, DRAWS) weights.

    None where all questions are alike, which rounding must not hide. Widened as `over_questions` does, for the spread
    of few questions is estimated too small; their mean is zero.
    """
    n, rest = len(correct), max(len(correct) - 1, 1)
    resampled = correct.T @ (weights / weights.sum(axis=0))
    errors = resampled - resampled.mean(axis=1, keepdims=True)
    errors[np.ptp(correct, axis=0) == 0] = 0.0
    return np.asarray(errors * ((n + 1) / rest) ** 0.5 * (1 + 0.926 / rest))
