"""Where two lines over load cross."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise


def crossings(
    loads: Sequence[float], first: Sequence[float | None], second: Sequence[float | None]
) -> list[tuple[float, bool]]:
    """Loads at which one becomes smaller than the other, and whether it is the first that is smaller from there on.

    Between two loads both are taken as straight in logarithms; None (it does not fit) ends a line.
    """
    found = []
    points = [(x, math.log(a / b)) for x, a, b in zip(loads, first, second, strict=True) if a and b]
    for (x0, d0), (x1, d1) in pairwise(points):
        if d0 * d1 < 0:
            share = d0 / (d0 - d1)
            found.append((math.exp(math.log(x0) + share * (math.log(x1) - math.log(x0))), d1 < 0))
    return found
