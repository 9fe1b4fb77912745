"""Coverage: the share of questions that at least one of k answers gets right (pass@k), from counts of right answers.

Up to the number of answers drawn it is exact (`covered`). Beyond, the chance that one answer is right is taken as
Beta(α, β) over questions: one with r right answers of n stays uncovered by k more with the chance
B(α + r, β + n − r + k) / B(α + r, β + n − r). Over new questions the uncovered part falls as k^−α: the power law of
arXiv 2407.21787, whose exponent is that of the tail of hard questions (arXiv 2502.17578). Shares of questions that are
never or always right are left out: from few answers they cannot be told from rare ones, and with them predictions
were worse (benchmarks/coverage.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import minimize
from scipy.special import betaln, digamma, gammaln

from advisor.accuracy.estimators import Array

BOUNDS = (-7.0, 14.0)
"""Of the logarithms of alpha and beta."""
STARTS = (0.3, 1.0)
"""Values of alpha that the fit begins with."""


@dataclass(frozen=True, slots=True)
class Tail:
    """The chance of a right answer over questions: Beta(alpha, beta)."""

    alpha: float
    beta: float

    def coverage(self, k: ArrayLike) -> Array:
        """Expected coverage of a new question by k answers."""
        return _reached(self.alpha, self.beta, np.asarray(k, dtype=float))


def covered(right: Array, drawn: Array, k: Array) -> Array:
    """(Q, K) chance that at least one of k (K,) answers is right, drawn without replacement from the (Q,) `drawn` ones.

    1 − C(n−r, k)/C(n, k), unbiased; NaN where k exceeds the answers drawn.
    """
    n, r, k = (np.asarray(each, dtype=float) for each in (drawn[:, None], right[:, None], k[None, :]))
    wrong = n - r
    possible = k <= wrong
    few = np.where(possible, k, 0.0)
    left = gammaln(wrong + 1) - gammaln(wrong - few + 1) - gammaln(n + 1) + gammaln(np.maximum(n - few, 0.0) + 1)
    return np.asarray(np.where(k > n, np.nan, np.where(possible, 0.0 - np.expm1(np.minimum(left, 0.0)), 1.0)))


def fitted_tail(right: Array, drawn: Array, weights: ArrayLike = 1.0) -> Tail:
    """The tail of greatest likelihood for (Q,) counts of right answers: beta-binomial, `weights` (Q,) of questions."""
    each = np.broadcast_to(weights, right.shape)

    def cost(logs: Array) -> tuple[float, Array]:
        """Less the log likelihood, and its slopes along the logarithms."""
        alpha, beta = np.exp(logs)
        wrong, of_all = drawn - right, digamma(alpha + beta) - digamma(alpha + beta + drawn)
        value = (each * (betaln(alpha + right, beta + wrong) - betaln(alpha, beta))).sum()
        by_alpha = (each * (digamma(alpha + right) - digamma(alpha) + of_all)).sum()
        by_beta = (each * (digamma(beta + wrong) - digamma(beta) + of_all)).sum()
        return -float(value), -np.array([alpha * by_alpha, beta * by_beta])

    mean = float(np.clip(np.average(right / drawn, weights=each), 1e-6, 1 - 1e-6))
    fits = (
        minimize(cost, np.clip(np.log([alpha, alpha * (1 - mean) / mean]), *BOUNDS), jac=True, bounds=[BOUNDS] * 2)
        for alpha in STARTS
    )
    alpha, beta = np.exp(min(fits, key=lambda fit: float(fit.fun)).x)
    return Tail(float(alpha), float(beta))


def expected_coverage(tail: Tail, right: Array, drawn: Array, k: Array) -> Array:
    """(Q, K) coverage of each question by k answers: exact up to those drawn, beyond expected by the tail.

    Those drawn are the first of the k, so that a question that was ever right is covered from there on.
    """
    exact = covered(right, drawn, k)
    r, n = right[:, None], drawn[:, None]
    more = np.maximum(k[None, :] - n, 0.0)
    beyond = np.where(r > 0, 1.0, _reached(tail.alpha + r, tail.beta + n - r, more))
    return np.asarray(np.where(np.isnan(exact), beyond, exact))


def _reached(alpha: ArrayLike, beta: ArrayLike, k: Array) -> Array:
    """Chance that k answers hold a right one, whose chance is Beta(alpha, beta)."""
    return np.asarray(-np.expm1(betaln(alpha, np.asarray(beta) + k) - betaln(alpha, beta)))


@dataclass(frozen=True, slots=True)
class PowerLaw:
    """−log coverage = factor · k^−exponent; `r_squared` of the straight line in log–log."""

    factor: float
    exponent: float
    r_squared: float

    def coverage(self, k: ArrayLike) -> Array:
        """Coverage by k answers."""
        return np.asarray(np.exp(-self.factor * np.asarray(k, dtype=float) ** -self.exponent))


def power_law(k: Array, coverage: Array) -> PowerLaw | None:
    """The straight line through log(−log coverage) over log k, by least squares; None of fewer than three points.

    Points where nothing or everything is covered say nothing and are left out.
    """
    within = (coverage > 0) & (coverage < 1)
    if within.sum() < 3:
        return None
    x, y = np.log(k[within]), np.log(-np.log(coverage[within]))
    slope, start = np.polyfit(x, y, 1)
    left = ((y - start - slope * x) ** 2).sum()
    return PowerLaw(float(np.exp(start)), float(-slope), float(1 - left / max(((y - y.mean()) ** 2).sum(), 1e-300)))
