"""Which of several points no other one beats: the Pareto frontier of accuracy against a cost, in every draw at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from advisor.accuracy.estimators import Array

Flags = NDArray[np.bool_]


def unbeaten(costs: Array, accuracies: Array, beside: Flags | None = None) -> Flags:
    """Whether no other point has a cost ≤ and an accuracy ≥ with one of them strict.

    costs, accuracies  (N, D) of N points in D draws, or (N,) of one; points equal in both do not beat each other
    beside             (N, N) whether the second counts against the first; None: all do
    """
    beaten = np.zeros(accuracies.shape, dtype=bool)
    for other in range(len(accuracies)):
        cost, accuracy = costs[other], accuracies[other]
        beats = (cost <= costs) & (accuracy >= accuracies) & ((cost < costs) | (accuracy > accuracies))
        beaten |= beats if beside is None else beats & beside[:, other, None]
    return ~beaten
