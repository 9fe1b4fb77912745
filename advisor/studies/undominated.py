"""Which of many points no other beats on cost and accuracy."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from advisor.accuracy.estimators import Array


def undominated(costs: Array, accuracies: Array) -> NDArray[np.bool_]:
    """Whether no other point is as cheap and as accurate and better in one of the two.

    Both of shape (N,), or (N, D) for D draws; the same for the result.

    >>> undominated(np.array([1.0, 2.0, 2.0, 3.0]), np.array([0.5, 0.7, 0.6, 0.7])).tolist()
    [True, True, False, False]
    """
    cheaper, as_cheap = costs[:, None] < costs, costs[:, None] <= costs
    better, as_good = accuracies[:, None] > accuracies, accuracies[:, None] >= accuracies
    return np.asarray(~((as_cheap & as_good) & (cheaper | better)).any(axis=0))
