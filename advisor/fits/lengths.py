"""How long a question takes in tokens: quantiles of the longest of k answers, exactly from the stored ones.

Seconds that a team can promise are percentiles over questions, and an answer needs a context that holds the long ones:
means say neither, since the lengths of reasoning have a long tail.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from math import comb

import numpy as np

from advisor.accuracy.estimators import Array

PERCENTILES = (50, 95, 99)
"""Of questions, by what they wait for."""
LONGEST = 0.999
"""Share of the answers that the context of a deployment has to hold."""


def longest_quantiles(tokens: Sequence[Array], k: int, shares: Sequence[float]) -> Array:
    """Lengths that these shares of questions stay within, when the longest of k answers is waited for.

    `tokens` are the lengths of each question's n answers. Of a question, C(m, k)/C(n, k) of the draws of k without
    replacement stay within a length that m answers have at most (k = n where fewer than k are stored); every question
    weighs the same.
    """
    every = np.concatenate([np.sort(own) for own in tokens])
    seen, place = np.unique(every, return_inverse=True)
    added = np.concatenate([_added(len(own), min(k, len(own))) for own in tokens]) / len(tokens)
    within = np.bincount(place, added).cumsum()
    places = np.searchsorted(within, np.asarray(shares) - 1e-12)
    return np.asarray(seen[np.minimum(places, len(seen) - 1)], dtype=float)


@cache
def _added(n: int, draws: int) -> Array:
    """Shares (n,) of the draws that stay within the m-th shortest length but not within the one before."""
    return np.diff([comb(m, draws) / comb(n, draws) for m in range(n + 1)])


def waits(tokens: Sequence[Array], ks: Sequence[int]) -> Array:
    """PERCENTILES of the longest of k answers, shape (len(ks), len(PERCENTILES))."""
    shares = [percentile / 100 for percentile in PERCENTILES]
    return np.array([longest_quantiles(tokens, k, shares) for k in ks])


def longest_answer(tokens: Sequence[Array]) -> float:
    """The length that LONGEST of the answers stay within."""
    return float(longest_quantiles(tokens, 1, [LONGEST])[0])
