"""Questions that no answer has solved so far: what one more answer would solve, and how many halve them.

Few answers of a question say little about its chance of a right one, so two estimates stand side by side: one that
assumes nothing and reaches one answer ahead (Good and Turing's), and one that takes the chances of all questions as
beta distributed and reaches as far as that holds.
"""

from __future__ import annotations

import numpy as np
from scipy.special import betaln

from advisor.accuracy.estimators import Array

MEANS = np.linspace(-5.5, 5.5, 61)
"""Log odds of the mean chance of a right answer, places of the grid."""
CONCENTRATIONS = 2.0 ** np.linspace(-5, 6, 61)
"""Answers that the knowledge of the mean is worth: below 1 nearly every question is always or never solved."""
AHEAD = np.array([2.0**i for i in range(13)])
"""More answers of each question that are looked ahead."""


def first_right(right: Array, n: Array) -> Array:
    """(Q,) unbiased estimates of the chance that the last of n answers is the first right one.

    With one right answer of n, in any order, it is the last one in one of n; otherwise it is none.

    >>> first_right(np.array([0, 1, 2]), np.array([4, 4, 4])).tolist()
    [0.0, 0.25, 0.0]
    """
    return np.asarray((right == 1) / n)


def still_unsolved(right: Array, n: Array, weights: Array) -> Array:
    """Share (B, len(AHEAD)) of the questions without a right answer that have none after AHEAD more answers either.

    `right` of `n` answers (Q,) of each question are right; `weights` (B, Q) of the questions. Over a grid of beta
    distributions, each as likely beforehand, a question without a right one of n stays so through m more with the
    chance B(a, b + n + m) / B(a, b + n).
    """
    kinds, which = np.unique(np.stack([right, n], axis=1), axis=0, return_inverse=True)
    times = weights @ np.eye(len(kinds))[which.ravel()]
    mean, concentration = (each.ravel() for each in np.meshgrid(1 / (1 + np.exp(-MEANS)), CONCENTRATIONS))
    a, b = mean * concentration, (1 - mean) * concentration
    likely = times @ (betaln(a + kinds[:, :1], b + (kinds[:, 1:] - kinds[:, :1])) - betaln(a, b))
    after = np.exp(likely - likely.max(axis=1, keepdims=True))
    after /= after.sum(axis=1, keepdims=True)
    unsolved = np.flatnonzero(kinds[:, 0] == 0)
    stay = np.zeros((len(weights), len(AHEAD)))
    for kind in unsolved:
        base = b + kinds[kind, 1]
        stay += times[:, kind, None] * (after @ np.exp(betaln(a, base + AHEAD[:, None]) - betaln(a, base)).T)
    return np.asarray(stay / np.maximum(times[:, unsolved].sum(axis=1, keepdims=True), 1e-12))


def answers_to_halve(stay: Array) -> Array:
    """(B,) more answers after which half of the unsolved questions are solved, read between AHEAD; inf beyond."""
    u = np.log2(1 + np.append(0.0, AHEAD))
    found = np.empty(len(stay))
    for draw, each in enumerate(stay):
        shares = np.append(1.0, each)
        found[draw] = 2.0 ** np.interp(-0.5, -shares, u) - 1 if shares[-1] <= 0.5 else np.inf
    return found
