"""What every study returns besides its tables: published claims with our figure, and what they rest on.

A verdict that one interval decides needs its nearer end beyond the threshold by more than the bootstrap's own error
(`surely_above`, `surely_below`): with other random numbers it would be the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from advisor.accuracy.estimators import Interval
from advisor.values import Rows, Value

MONTE_CARLO = 0.12
"""Error of an end of an interval that 300 draws give, as a share of its distance from the value: at the 5 % quantile of
a normal distribution the standard error is √(0.05 · 0.95/300)/0.103 standard deviations, at 90 % 1.645 times that, and
the end lies 1.645 standard deviations away."""


def surely_above(found: Interval, threshold: float) -> bool:
    """Whether an interval lies above a threshold whatever the random numbers.

    >>> [surely_above(Interval(8, low, 15), 0) for low in (0.3, 2)]
    [False, True]
    """
    return found.low - MONTE_CARLO * (found.value - found.low) > threshold


def surely_below(found: Interval, threshold: float) -> bool:
    """Whether an interval lies below a threshold whatever the random numbers."""
    return found.high + MONTE_CARLO * (found.high - found.value) < threshold


class Verdict(StrEnum):
    """How our figure stands to a published claim; IN_SMALL: only tiny models, trained for it, support or oppose it."""

    CONFIRMED = "confirmed"
    REFINED = "refined"
    CONTRADICTED = "contradicted"
    IN_SMALL = "in small only"
    OPEN = "cannot tell"


@dataclass(frozen=True, slots=True)
class Claim(Value):
    """A published finding beside our figure.

    `source` names the paper and how well the claim is known (read there, or second-hand); `ours` is the figure with its
    interval and the number of models or questions behind it. `published`: a paper claims it; else it is an expectation
    of our own, that its count or ours suggests.
    """

    claim: str
    source: str
    ours: str
    verdict: Verdict
    published: bool = True

    @property
    def is_untested(self) -> bool:
        """Whether nothing stored can test it."""
        return self.ours.startswith("no data here")


@dataclass(frozen=True, slots=True)
class Basis(Value):
    """What a study rests on, in sentences: the data, the method, and what would change its answer."""

    data: str
    method: str
    would_change: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Study(Value):
    """What all studies share; each adds its tables as `Rows`."""

    basis: Basis
    claims: Rows[Claim]
    notes: tuple[str, ...] = ()
