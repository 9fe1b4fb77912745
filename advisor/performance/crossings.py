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
    apart = [(x, d) for x, d in points if d != 0]
    for (x0, d0), (x1, d1) in pairwise(apart):
        if (d0 < 0) == (d1 < 0):
            continue
        equal = [x for x, d in points if x0 < x < x1 and d == 0]
        share = d0 / (d0 - d1)
        found.append((equal[0] if equal else math.exp((1 - share) * math.log(x0) + share * math.log(x1)), d1 < 0))
    return found
