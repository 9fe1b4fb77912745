"""What is said of mixtures of experts, beside our figures; every verdict follows from them by the rule stated here."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from advisor.accuracy.estimators import Interval
from advisor.studies.kinds_tables import ALL_TASKS, Difference, TaskFront
from advisor.studies.matched_pairs import FEW, LONG, MANY, MOST, SHORT, Loss
from advisor.studies.model_resampling import FEWEST, median, over_models
from advisor.studies.study import Claim, Verdict

PAPER = "arXiv 2512.24776 (abstract and excerpts read; its tables not seen)"
PHYSICS = "our own expectation from the count of FLOPs and the step-time model; not published"


def claims_of(
    found: Sequence[Difference], counted: Difference | None, fronts: Sequence[TaskFront], losses: Sequence[Loss]
) -> list[Claim]:
    """One each; where too little is known they say so.

    counted  points at equal FLOPs and release date with counted lengths alone; None: too few models have one
    """
    return [_dominate(found, counted), _inside(fronts), _length(losses), _load(losses)]


def _dominate(found: Sequence[Difference], counted: Difference | None) -> Claim:
    """By accuracy at equal FLOPs and release date: confirmed where it is higher beyond its interval and counted lengths
    alone say so too, refined where these alone are not sure of it; contradicted where both are lower.

    Open where it is not sure, where counted lengths are too few, and where they say the opposite.
    """
    claim = "Mixtures of experts dominate accuracy per FLOP"
    over = {(row.equal, row.figure, row.dated): row for row in found if row.task == ALL_TASKS}
    plain, dated = (over.get(("FLOPs", "accuracy", at_date)) for at_date in (False, True))
    if plain is None:
        return Claim(claim, PAPER, "no task has two architectures of each kind", Verdict.OPEN)
    if dated is None:
        ours = f"at equal FLOPs {_points(plain.value)} more right; no task has two dated architectures of each kind"
        return Claim(claim, PAPER, ours, Verdict.OPEN)
    parts = [f"at equal FLOPs and release date {_points(dated.value)} more right"]
    parts += [f"with counted lengths alone {_counted(counted)}"] if dated.imputed else []
    parts += [f"at any date {_points(plain.value)}"]
    for cost, name in (("flops", "FLOPs"), ("usd", "USD")):
        row = over.get(("accuracy", cost, True))
        parts += [f"at equal accuracy and date {_times(row.value)} of the {name}"] if row else []
    behind = f"{dated.moe} mixtures, {dated.dense} dense models"
    behind += f", {dated.imputed} of {dated.points} lengths imputed" if dated.imputed else ""
    verdict = dominance(dated.value, counted.value if counted else None)
    return Claim(claim, PAPER, f"{', '.join(parts)} ({behind})", verdict)


def _counted(row: Difference | None) -> str:
    if row is None:
        return "too few models to say"
    sure = "which bears out its sign" if _sign(row.value) else "which alone is not sure of its sign"
    return f"{_points(row.value)} ({row.moe} mixtures, {row.dense} dense models), {sure}"


def dominance(every: Interval, counted: Interval | None) -> Verdict:
    """What accuracy at equal FLOPs and date says, with all lengths and with counted ones alone."""
    sign = _sign(every)
    if not sign or counted is None or sign * counted.value <= 0:
        return Verdict.OPEN
    if _sign(counted) == sign:
        return Verdict.CONFIRMED if sign > 0 else Verdict.CONTRADICTED
    return Verdict.REFINED if sign > 0 else Verdict.OPEN


def _sign(found: Interval) -> int:
    """1 or −1 where the interval excludes zero, else 0."""
    return int(found.low > 0) - int(found.high < 0)


def _inside(fronts: Sequence[TaskFront]) -> Claim:
    """Confirmed where more than half of the dense models lie inside beyond the interval and a larger share than of the
    mixtures; refined where the latter is not sure; contradicted where less than half do."""
    claim = "Dense models usually lie inside the front"
    over = next((row for row in fronts if row.task == ALL_TASKS), None)
    if over is None:
        return Claim(claim, PAPER, "no task has two architectures of each kind", Verdict.OPEN)
    if over.dense_inside.low > 0.5:
        verdict = Verdict.CONFIRMED if over.more_dense_inside.low > 0 else Verdict.REFINED
    else:
        verdict = Verdict.CONTRADICTED if over.dense_inside.high < 0.5 else Verdict.OPEN
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
        return Claim(claim, PHYSICS, _too_few(losses), Verdict.OPEN)
    falling = sum(ratio < 1 for ratio in ratios)
    short, long = (float(np.median([getattr(row, name) for row in losses])) for name in ("flops_short", "flops_long"))
    ours = (
        f"to {_times(found)} of what it was, from {short:.1f} to {long:.1f} times for the median pair; it falls for"
        f" {falling} of {len(ratios)} pairs ({len({row.moe for row in losses})} mixtures)"
    )
    return Claim(claim, PHYSICS, ours, _falls(found, all_fall=falling == len(ratios)))


def _load(losses: Sequence[Loss]) -> Claim:
    """As of lengths, but refined where the median pair wins some of it back with MOST in flight."""
    claim = f"A mixture's advantage in USD falls from {FEW} request in flight to {MANY}: a batch reads most experts"
    known = [row for row in losses if row.usd_few is not None and row.usd_many is not None]
    few, many = (np.array([getattr(row, name) for row in known], dtype=float) for name in ("usd_few", "usd_many"))
    ratios = many / few
    found = over_models(list(ratios), [row.moe for row in known], median, seed="load")
    if found is None:
        return Claim(claim, PHYSICS, _too_few(known), Verdict.OPEN)
    falling = int((ratios < 1).sum())
    back = [row.usd_most / row.usd_many for row in known if row.usd_most is not None and row.usd_many is not None]
    again = bool(back) and float(np.median(back)) > 1
    most = (
        f"; with {MOST} in flight {np.median(back):.2f} times that with {MANY} ({len(back)} pairs fit)" if back else ""
    )
    ours = (
        f"to {_times(found)} of what it was, from {np.median(few):.2f} to {np.median(many):.2f} times for the median"
        f" pair; it falls for {falling} of {len(known)} pairs ({len({row.moe for row in known})} mixtures){most}"
    )
    return Claim(claim, PHYSICS, ours, _falls(found, all_fall=falling == len(known) and not again))


def _falls(found: Interval, *, all_fall: bool) -> Verdict:
    if found.high < 1:
        return Verdict.CONFIRMED if all_fall else Verdict.REFINED
    return Verdict.CONTRADICTED if found.low > 1 else Verdict.OPEN


def _too_few(losses: Sequence[Loss]) -> str:
    return f"takes pairs of {FEWEST} mixtures, here are {len({row.moe for row in losses})}"


def _times(found: Interval) -> str:
    return f"{found.value:.2f} × (90 %: {found.low:.2f} – {found.high:.2f})"


def _points(found: Interval) -> str:
    return f"{found.value:+.1f} points (90 %: {found.low:+.1f} – {found.high:+.1f})"


def _percent(found: Interval) -> str:
    return f"{100 * found.value:.0f} % (90 %: {100 * found.low:.0f} – {100 * found.high:.0f} %)"
