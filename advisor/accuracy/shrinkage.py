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


def shrunk(values: Array, errors: Array, *, seed: int = 0) -> Array:
    """(M, DRAWS) draws of M true accuracies, independent given their distribution.

    values  (M,) measured
    errors  (M,) their standard errors, which are their own and not shared
    """
    rng = np.random.default_rng(seed)
    grid = np.linspace(0, 1, PLACES)
    width = grid[1] / 2
    variance = errors**2 + width**2
    likelihood = np.exp(-0.5 * (values[:, None] - grid) ** 2 / variance[:, None])
    # within a cluster, the true value given the measured one
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


def _chosen(weights: Array, rng: np.random.Generator) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """An index a row, as likely as its weight."""
    sums = weights.cumsum(axis=1)
    return np.asarray((sums < (rng.random(len(weights)) * sums[:, -1])[:, None]).sum(axis=1))
