"""Which kinds of evidence for an accuracy a request counts."""

from __future__ import annotations

from advisor.errors import unknown
from advisor.provenance import Provenance
from advisor.store.beliefs import Point

EVIDENCE = ("measured", "published", "any")
"""From the strictest: answers that were seen; what sources report too; also read off charts, from drafts, and such."""


def checked_evidence(evidence: str) -> str:
    """One of EVIDENCE. Raises AdvisorError."""
    if evidence not in EVIDENCE:
        raise unknown("evidence", evidence, EVIDENCE, where="--evidence")
    return evidence


def counts(point: Point, evidence: str) -> bool:
    """Whether a request for one of EVIDENCE counts a point."""
    if evidence == "measured":
        return point.provenance is Provenance.MEASURED
    return evidence == "any" or not point.weak


def kind_of(provenance: str, *, weak: bool) -> str:
    """What a table shows: measured, published or weak."""
    return "weak" if weak else provenance
