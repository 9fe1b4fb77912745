"""Which kinds of evidence for an accuracy a request counts, and how far sources are comparable."""

from __future__ import annotations

from collections.abc import Iterable

from advisor.errors import unknown
from advisor.fits.draws import Z90, source_of
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


def source_notes(points: Iterable[Point]) -> list[str]:
    """How far the sources of published points lie from what is measured here, as far as that is known."""
    sources = {(source_of(p), p.task): p for p in points if p.source_error}
    shifted, alone = [], []
    for (source, task), p in sorted(sources.items()):
        half = f"± {100 * Z90 * (p.source_error or 0.0):.1f} points"
        if p.source_offset:
            side = "higher" if p.source_offset > 0 else "lower"
            shifted.append(f"{source} on {task} is {100 * abs(p.source_offset):.1f} points {side} ({half})")
        else:
            alone.append(f"{source} on {task} ({half})")
    notes = (
        [f"accuracies are corrected for their source, compared on the models that it shares: {'; '.join(shifted)}"]
        if shifted
        else []
    )
    lone = "no shared model shows how comparable these sources are, so their intervals are wider"
    return [*notes, f"{lone}: {'; '.join(alone)}"] if alone else notes
