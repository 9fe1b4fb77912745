"""Curves through noisy accuracies that carry on as curves of other data sets did.

What a doubling of the compute gains is a damped process: each gain is `damping` times the one before it plus a
surprise with standard deviation `surprise`. Both are drawn from what was learned over data sets, weighted by how likely
they make the measured points, so the error of the shape is in the intervals. Given the two everything is normal: the
gains, the accuracies and the noise of the points, whose covariance comes from the questions that they share.

Beyond the measured range surprises are damped as the gains are; so a curve settles where its damping is below 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from advisor.accuracy.estimators import Array

STEP = 0.25
"""Doublings between two nodes of a path."""
AHEAD = 10
"""Doublings that paths go on beyond the measured range."""
START_SD = 0.5
FIRST_GAIN_SD = 0.15
"""Of the accuracy, and of what a doubling gains, at the smallest compute: next to nothing is known before."""


@dataclass(frozen=True, slots=True)
class Growth:
    """How gains go on: `damping`, `surprise` and the share of the data sets that went on so, each of shape (G,)."""

    damping: Array
    surprise: Array
    weight: Array


@dataclass(frozen=True, slots=True)
class Paths:
    """Curves drawn at random from what is known: accuracy (D, N) at `doublings` (N,), counted from the first point."""

    doublings: Array
    accuracy: Array


def covariance(correct: Array) -> Array:
    """Of the mean accuracies (P,) of `correct` (Q, P) over questions; never quite zero, since more questions differ."""
    n = len(correct)
    spread = np.atleast_2d(np.cov(correct, rowvar=False)) / n if n > 1 else np.full((correct.shape[1],) * 2, 0.25)
    return np.asarray(spread + 0.5 / n**2)


def independent(accuracy: Array, n_questions: int) -> Array:
    """Covariance of published means (P,), each over `n_questions` of its own."""
    near = (np.clip(accuracy, 0, 1) * n_questions + 1.35) / (n_questions + 2.7)
    return np.diag(near * (1 - near) / n_questions)


def paths(x: Array, means: Array, noise: Array, growth: Growth, rng: np.random.Generator, draws: int) -> Paths:
    """Curves through means (P,) at rising compute x with the covariance `noise`; the first is the mean one."""
    found = _at_each(x, means, noise, growth)
    share = _normalised(np.array([each.log_likelihood for each in found]) + np.log(growth.weight))
    counts = rng.multinomial(draws, share)
    drawn = [
        each.mean + rng.standard_normal((n, len(each.mean))) @ _root(each.covariance).T
        for each, n in zip(found, counts, strict=True)
        if n
    ]
    centre = share @ np.array([_mean_within(each.mean, np.diag(each.covariance)) for each in found])
    return Paths(found[0].doublings, np.clip(np.vstack([centre, *drawn]), 0.0, 1.0))


def log_likelihoods(x: Array, means: Array, noise: Array, growth: Growth) -> Array:
    """Of the measured means, up to a constant, at each place of the grid (G,)."""
    return np.array([each.log_likelihood for each in _at_each(x, means, noise, growth)])


def _at_each(x: Array, means: Array, noise: Array, growth: Growth) -> list[_Gaussian]:
    u = np.log2(x / x[0])
    return [_gaussian(u, means, noise, *each) for each in zip(growth.damping, growth.surprise, strict=True)]


@dataclass(frozen=True, slots=True)
class _Gaussian:
    doublings: Array
    mean: Array
    covariance: Array
    log_likelihood: float


def _gaussian(u: Array, means: Array, noise: Array, damping: float, surprise: float) -> _Gaussian:
    """Accuracies at all nodes, given the points: the usual conditioning of a normal."""
    within = max(1, int(np.ceil(u[-1] / STEP)))
    step = u[-1] / within
    nodes = step * np.arange(within + int(np.ceil(AHEAD / step)) + 1)
    prior = _prior(nodes, step, within, damping, surprise)
    read = np.array([np.interp(u, nodes, row) for row in np.eye(len(nodes))]).T
    seen = prior @ read.T
    of_points = read @ seen + noise
    root = np.linalg.cholesky(of_points + 1e-9 * np.eye(len(u)))
    residual = np.linalg.solve(root, means - 0.5)
    gain = np.linalg.solve(root, seen.T)
    return _Gaussian(
        nodes,
        0.5 + gain.T @ residual,
        prior - gain.T @ gain,
        float(-0.5 * residual @ residual - np.log(np.diag(root)).sum()),
    )


def _prior(nodes: Array, step: float, within: int, damping: float, surprise: float) -> Array:
    """Covariance of the accuracies at the nodes: the start, the first gain and each surprise add independent parts."""
    n = len(nodes)
    kept = damping**step
    powers = kept ** np.arange(n)
    later = np.maximum(np.arange(n)[:, None] - np.arange(n)[None, :], 0)
    gains = np.tril(powers[later])
    beyond = np.maximum(np.arange(n) - within, 0)
    spread = np.append(FIRST_GAIN_SD, surprise * step**0.5 * powers[beyond[1:]])
    # an accuracy is the sum of the gains of the steps before it
    reached = np.vstack([np.zeros(n), step * np.cumsum(gains, axis=0)[:-1]]) * spread
    return np.asarray(START_SD**2 + reached @ reached.T)


def _mean_within(mean: Array, variance: Array) -> Array:
    """Expected value of normal accuracies that are held within [0, 1]."""
    spread = np.sqrt(np.maximum(variance, 1e-12))
    low, high = -mean / spread, (1 - mean) / spread
    density = (np.exp(-(low**2) / 2) - np.exp(-(high**2) / 2)) / (2 * np.pi) ** 0.5
    return np.asarray(mean * (ndtr(high) - ndtr(low)) + spread * density + ndtr(-high))


def _root(matrix: Array) -> Array:
    values, vectors = np.linalg.eigh(matrix)
    return np.asarray(vectors * np.sqrt(np.maximum(values, 0.0)))


def _normalised(log_weights: Array) -> Array:
    weights = np.exp(log_weights - log_weights.max())
    return np.asarray(weights / weights.sum())
