"""What is said of mixtures of experts, beside our figures; every verdict follows from them by the rule stated here."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from advisor.accuracy.estimators import Interval
from advisor.studies.kinds_tables import ALL_TASKS, TaskFront
from advisor.studies.matched_pairs import FEW, LONG, MANY, MOST, SHORT, Loss
from advisor.studies.model_resampling import FEWEST, median, over_models
from advisor.studies.study import Claim, Verdict, surely_above, surely_below

PAPER = "arXiv 2512.24776 (abstract and excerpts read; its tables not seen)"
PHYSICS = "our own expectation from the count of FLOPs and the step-time model; not published"


def claims_of(fronts: Sequence[TaskFront], losses: Sequence[Loss]) -> list[Claim]:
    """One each, but for dominance (`kinds_dominance`); where too little is known they say so."""
    return [_inside(fronts), _length(losses), _load(losses)]


def _inside(fronts: Sequence[TaskFront]) -> Claim:
    """Confirmed where more than half of the dense models lie inside beyond the interval and a larger share than of the
    mixtures; refined where the latter is not sure; contradicted where less than half do."""
    claim = "Dense models usually lie inside the front"
    over = next((row for row in fronts if row.task == ALL_TASKS), None)
    if over is None:
        return Claim(claim, PAPER, "no task has two architectures of each kind", Verdict.OPEN)
    if surely_above(over.dense_inside, 0.5):
        verdict = Verdict.CONFIRMED if surely_above(over.more_dense_inside, 0) else Verdict.REFINED
    else:
        verdict = Verdict.CONTRADICTED if surely_below(over.dense_inside, 0.5) else Verdict.OPEN
    dense, moe = _percent(over.dense_inside), _percent(over.moe_inside)
    ours = f"inside the front are {dense} of the dense models and {moe} of the mixtures"
    return Claim(claim, PAPER, f"{ours} (mean over {len(fronts) - 1} tasks)", verdict)


def _length(losses: Sequence[Loss]) -> Claim:
    """Confirmed where the advantage falls beyond the interval and for every pair, refined where not for every pair;
    contradicted where it grows."""
    claim = f"A mixture's advantage in FLOPs falls from answers of {SHORT:,} to such of {LONG:,} tokens"
    ratios = [row.flops_long / row.flops_short for row in losses]
    found = over_models(ratios, [row.moe for row in losses], median, seed="length")
    if found is None:
        return Claim(claim, PHYSICS, _too_few(losses), Verdict.OPEN, published=False)
    falling = sum(ratio < 1 for ratio in ratios)
    short, long = (float(np.median([getattr(row, name) for row in losses])) for name in ("flops_short", "flops_long"))
    ours = (
        f"to {times(found)} of what it was, from {short:.1f} to {long:.1f} times for the median pair; it falls for"
        f" {falling} of {len(ratios)} pairs ({len({row.moe for row in losses})} mixtures)"
    )
    return Claim(claim, PHYSICS, ours, _falls(found, all_fall=falling == len(ratios)), published=False)


def _load(losses: Sequence[Loss]) -> Claim:
    """As of lengths, but refined where the median pair wins some of it back with MOST in flight."""
    claim = f"A mixture's advantage in USD falls from {FEW} request in flight to {MANY}: a batch reads most experts"
    known = [row for row in losses if row.usd_few is not None and row.usd_many is not None]
    few, many = (np.array([getattr(row, name) for row in known], dtype=float) for name in ("usd_few", "usd_many"))
    ratios = many / few
    found = over_models(list(ratios), [row.moe for row in known], median, seed="load")
    if found is None:
        return Claim(claim, PHYSICS, _too_few(known), Verdict.OPEN, published=False)
    falling = int((ratios < 1).sum())
    back = [row.usd_most / row.usd_many for row in known if row.usd_most is not None and row.usd_many is not None]
    again = bool(back) and float(np.median(back)) > 1
    most = (
        f"; with {MOST} in flight {np.median(back):.2f} times that with {MANY} ({len(back)} pairs fit)" if back else ""
    )
    ours = (
        f"to {times(found)} of what it was, from {np.median(few):.2f} to {np.median(many):.2f} times for the median"
        f" pair; it falls for {falling} of {len(known)} pairs ({len({row.moe for row in known})} mixtures){most}"
    )
    return Claim(claim, PHYSICS, ours, _falls(found, all_fall=falling == len(known) and not again), published=False)


def _falls(found: Interval, *, all_fall: bool) -> Verdict:
    if surely_below(found, 1):
        return Verdict.CONFIRMED if all_fall else Verdict.REFINED
    return Verdict.CONTRADICTED if surely_above(found, 1) else Verdict.OPEN


def _too_few(losses: Sequence[Loss]) -> str:
    return f"takes pairs of {FEWEST} mixtures, here are {len({row.moe for row in losses})}"


def times(found: Interval) -> str:
    """A factor with its interval."""
    return f"{found.value:.2f} × (90 %: {found.low:.2f} – {found.high:.2f})"


def _percent(found: Interval) -> str:
    return f"{100 * found.value:.0f} % (90 %: {100 * found.low:.0f} – {100 * found.high:.0f} %)"
