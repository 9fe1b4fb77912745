"""What every study returns besides its tables: published claims with our figure, and what they rest on."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from advisor.values import Rows, Value


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
    interval and the number of models or questions behind it.
    """

    claim: str
    source: str
    ours: str
    verdict: Verdict

    @property
    def is_untested(self) -> bool:
        """Whether nothing stored can test it."""
        return self.ours.startswith("no data here")

    @property
    def is_published(self) -> bool:
        """Whether a paper claims it; the others are expectations that its count or ours suggests."""
        return self.source.startswith("arXiv") and "not a claim of its own" not in self.source


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
