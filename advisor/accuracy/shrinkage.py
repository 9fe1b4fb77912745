"""Many noisy accuracies believed together: what was measured highest was measured too high, more likely than not.

The true accuracies come from a distribution that is itself unknown: a Dirichlet process (Ferguson 1973) of normal
clusters on a grid, with a uniform base. Equal models shrink into one cluster, distinct ones stay where they are, and
one model alone keeps what was measured. Drawn by Gibbs sampling of its Pólya urn (Escobar and West 1995).
"""

from __future__ import annotations

import numpy as np

from advisor.accuracy.estimators import Array
from advisor.accuracy.resampling import DRAWS

CONCENTRATION = 2.0
"""Weight of the base against one measured model: between 1 and 3, which were tried on simulated worlds."""
PLACES = 101
SWEEPS, BURNT_IN = 30, 15
Z90 = 1.645


def shrunk(values: Array, errors: Array, *, seed: int = 0) -> Array:
    """(M, DRAWS) draws of M true accuracies, independent given their distribution.

    values  (M,) measured
    errors  (M,) their standard errors, which are their own and not shared
    """
    rng = np.random.default_rng(seed)
    if len(values) == 1:  # nothing to believe it beside
        half = rng.standard_normal((1, DRAWS // 2))
        return np.asarray(values[:, None] + errors[:, None] * np.hstack([half, -half]))
    grid = np.linspace(0, 1, PLACES)
    width = grid[1] / 2
    likelihood = _likelihood(values, errors, grid, width)
    # within a cluster, the true value given the measured one
    variance = errors**2 + width**2
    follows = (width**2 / variance)[:, None]
    centres = grid + follows * (values[:, None] - grid)
    chains = np.arange(DRAWS)
    places = np.array([_chosen(np.tile(row, (DRAWS, 1)), rng) for row in likelihood])
    counts = np.zeros((DRAWS, PLACES))
    for of_model in places:
        counts[chains, of_model] += 1
    means = np.zeros(len(values))
    for sweep in range(SWEEPS):
        for m in range(len(values)):
            counts[chains, places[m]] -= 1
            weights = (counts + CONCENTRATION / PLACES) * likelihood[m]
            places[m] = _chosen(weights, rng)
            counts[chains, places[m]] += 1
            if sweep >= BURNT_IN:
                means[m] += np.mean(weights @ centres[m] / weights.sum(axis=1)) / (SWEEPS - BURNT_IN)
    spread = (errors * width / variance**0.5)[:, None] * rng.standard_normal((len(values), DRAWS))
    drawn = np.take_along_axis(centres, places, axis=1) + spread
    return np.asarray(drawn + (means - drawn.mean(axis=1))[:, None])


def _likelihood(values: Array, errors: Array, grid: Array, width: float) -> Array:
    """(M, PLACES) of every true accuracy, 1 for the likeliest: binomial, of as many questions as the error stands for.

    An error is that of the measured accuracy; had a model a lower one, its answers would have varied more. A normal
    likelihood does not know that, and takes the luckiest of many models near 100 % for better than the others.
    """
    n = _questions(values, errors)[:, None]
    inside = np.clip(grid, width / 2, 1 - width / 2)
    log = n * (values[:, None] * np.log(inside) + (1 - values[:, None]) * np.log1p(-inside))
    return np.asarray(np.exp(log - log.max(axis=1, keepdims=True)))


def _questions(values: Array, errors: Array) -> Array:
    """(M,) how many questions, each right or wrong, have these errors: of a binomial share, or with less than about one
    of the other kind the longer side of Wilson's interval, z / (n + z²)."""
    binomial = values * (1 - values)
    return np.maximum(np.where(binomial < errors, Z90 / errors - Z90**2, binomial / errors**2), 1.0)


def _chosen(weights: Array, rng: np.random.Generator) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """An index a row, as likely as its weight."""
    sums = weights.cumsum(axis=1)
    return np.asarray((sums < (rng.random(len(weights)) * sums[:, -1])[:, None]).sum(axis=1))
