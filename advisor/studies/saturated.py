"""What is known of a saturation point: reached, not reached, or that the measured range cannot tell."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from advisor.accuracy.shapes import Claim, Curve


class Status(StrEnum):
    """Whether a doubling still gains."""

    REACHED = "reached"
    NOT_REACHED = "not reached in the measured range"
    CANNOT_TELL = "cannot tell"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """A saturation point with its 90 % interval; a `value` of None: not known, and it lies no lower than `low`.

    `high` is None where `value` is; all are None where the unit's cost is not known.
    """

    status: Status
    value: float | None
    low: float | None
    high: float | None

    def at(self, cost: Callable[[float], float | None]) -> Limit:
        """The same in another unit, which `cost` gives."""
        value, low, high = (None if each is None else cost(each) for each in (self.value, self.low, self.high))
        return Limit(status=self.status, value=value, low=low, high=high)


def limit_of(claim: Claim, curve: Curve) -> Limit:
    """What a fitted curve tells. It cannot tell where some draws of it saturate within the measured range."""
    if claim.value is not None:
        return Limit(status=Status.REACHED, value=claim.value, low=claim.low, high=claim.high)
    status = Status.NOT_REACHED if claim.low >= curve.x_max else Status.CANNOT_TELL
    return Limit(status=status, value=None, low=claim.low, high=None)
