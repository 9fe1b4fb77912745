"""The frontier of accuracy against compute as it stood at every release date: who entered, who left, and the least
compute for an accuracy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from advisor.accuracy.dominance import Flags, unbeaten
from advisor.accuracy.estimators import Array
from advisor.accuracy.release_trend import UNKNOWN, Estimate
from advisor.studies.one_answer import OneAnswer


@dataclass(frozen=True, slots=True)
class Entry:
    """A model that was on the frontier when it came out.

    chance      share of the draws of accuracy and compute in which it was
    beat        models that were on the frontier until then and that it beats
    until       the date from which another one beats it; empty: it is on the frontier today
    chance_now  share of the draws in which it is on the frontier today
    """

    date: str
    model: str
    setup: str
    flops: float
    accuracy: float
    imputed: bool
    chance: float
    beat: tuple[str, ...]
    until: str
    chance_now: float


@dataclass(frozen=True, slots=True)
class Step:
    """From `date` on `flops` per question were enough for the target accuracy, with `model`.

    `needed` is the least over all models released until then, with its interval over the draws; an end is None where
    in too many draws none of them reaches the target. `reached` is the share of the draws in which one does.
    """

    date: str
    model: str
    setup: str
    flops: float
    accuracy: float
    imputed: bool
    needed: Estimate
    reached: float


@dataclass(frozen=True, slots=True)
class Fall:
    """The factor by which the least FLOPs fell with which the target accuracy had been reached, between two dates."""

    target: float
    first: str
    last: str
    factor: Estimate


@dataclass(frozen=True, slots=True)
class History:
    """N models with their dates, FLOPs and accuracies (N, D); the first draw is what is believed."""

    answers: tuple[OneAnswer, ...]
    flops: Array
    accuracies: Array

    @property
    def dates(self) -> list[str]:
        """In order, each once."""
        return sorted({each.released for each in self.answers})

    def until(self, date: str) -> Flags:
        """(N,) who was released by a date."""
        return np.array([each.released <= date for each in self.answers])

    def leads(self, date: str) -> Flags:
        """(N, D) who is on the frontier of what was released by a date."""
        there = self.until(date)
        return unbeaten(self.flops, self.accuracies, np.tile(there, (len(there), 1))) & there[:, None]

    def leads_at_release(self) -> Flags:
        """(N, D) who was on the frontier when it came out."""
        dates = np.array([each.released for each in self.answers])
        return unbeaten(self.flops, self.accuracies, dates[None, :] <= dates[:, None])


def entries(h: History) -> list[Entry]:
    """Every model that entered the frontier, by date, then from the cheapest."""
    frontiers = {date: h.leads(date) for date in h.dates}
    now = frontiers[h.dates[-1]]
    found, before = [], np.zeros(len(h.answers), dtype=bool)
    for date, leads in frontiers.items():
        for i in np.flatnonzero(leads[:, 0] & ~before):
            each = h.answers[i]
            beaten = [j for j in np.flatnonzero(before & ~leads[:, 0]) if _beats(h, int(i), int(j))]
            later = [d for d in h.dates if d > date and not frontiers[d][i, 0]]
            found.append(
                Entry(
                    date=date,
                    model=each.model,
                    setup=each.setup,
                    flops=float(h.flops[i, 0]),
                    accuracy=float(h.accuracies[i, 0]),
                    imputed=each.imputed,
                    chance=float(leads[i, 1:].mean()),
                    beat=tuple(h.answers[j].model for j in beaten),
                    until=later[0] if later else "",
                    chance_now=float(now[i, 1:].mean()),
                )
            )
        before = leads[:, 0]
    return sorted(found, key=lambda e: (e.date, e.flops))


def _beats(h: History, one: int, other: int) -> bool:
    return bool(
        h.flops[one, 0] <= h.flops[other, 0] and h.accuracies[one, 0] >= h.accuracies[other, 0]
    )  # of two on a frontier in turn they cannot be equal in both


def steps(h: History, target: float) -> list[Step]:
    """Every date at which the least compute for the target accuracy fell."""
    found: list[Step] = []
    for date in h.dates:
        least = _least(h, date, target)
        if not np.isfinite(least[0]) or (found and least[0] >= found[-1].flops):
            continue
        cheapest = int(np.argmin(np.where(h.until(date) & (h.accuracies[:, 0] >= target), h.flops[:, 0], np.inf)))
        each = h.answers[cheapest]
        found.append(
            Step(
                date=date,
                model=each.model,
                setup=each.setup,
                flops=float(least[0]),
                accuracy=float(h.accuracies[cheapest, 0]),
                imputed=each.imputed,
                needed=_with_ends(least),
                reached=float(np.isfinite(least[1:]).mean()),
            )
        )
    return found


def observed_fall(h: History, found: Sequence[Step], target: float) -> Fall:
    """How far the least compute fell from the first step to the last; its factor is unknown for fewer than two.

    Only models that were measured are behind it, so that it can only fall, and holds their luck.
    """
    if len(found) < 2:
        return Fall(target, found[0].date if found else "", found[-1].date if found else "", UNKNOWN)
    first, last = (_least(h, found[at].date, target) for at in (0, -1))
    with np.errstate(invalid="ignore"):
        return Fall(target, found[0].date, found[-1].date, _with_ends(first / last))


def _least(h: History, date: str, target: float) -> Array:
    """(D,) least FLOPs with the target accuracy by a date; infinite where none reaches it."""
    able = h.until(date)[:, None] & (h.accuracies >= target)
    return np.asarray(np.where(able, h.flops, np.inf).min(axis=0))


def _with_ends(values: Array) -> Estimate:
    """The first draw's value with the 90 % interval of the others; one that is undefined lies beyond both ends."""
    drawn = values[1:]
    low = np.quantile(np.where(np.isnan(drawn), -np.inf, drawn), 0.05, method="lower")
    high = np.quantile(np.where(np.isnan(drawn), np.inf, drawn), 0.95, method="higher")
    value = float(values[0])
    ends = (float(end) if np.isfinite(end) else None for end in (min(low, value), max(high, value)))
    return Estimate(value, *ends)
