"""What the published claim about progress comes to on a task, or over several."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from advisor.accuracy.estimators import Interval
from advisor.accuracy.release_trend import Estimate, Over, ReleaseTrend
from advisor.studies.study import Claim, Verdict
from advisor.units import significant

SOURCE = "arXiv 2512.24776, abstract; its slope, fit quality and halving time were not seen"
IMPROVES = "the frontier's efficiency improves with the release date"
GAIN = "accuracy grows with compute at a rate that can be read off the frontier"


def claims_of(task: str, fits: Sequence[ReleaseTrend], refused: Mapping[Over, str]) -> list[Claim]:
    """Progress over the years and what compute buys, by the fits that there are."""
    of = {each.over: each for each in fits}
    if Over.ALL not in of:
        why = f"no trend on {task}: {refused[Over.ALL]}"
        return [Claim(claim, SOURCE, why, Verdict.OPEN) for claim in (IMPROVES, GAIN)]
    every = of[Over.ALL]
    told = "; ".join(f"{each.over} {gain_text(each.gain)} (n = {each.n_models})" for each in fits)
    buys = "; ".join(f"{each.over} {slope_text(each.per_decade)}" for each in fits)
    return [
        Claim(IMPROVES, SOURCE, f"on {task} the compute for an accuracy falls a year by: {told}", progress(fits)),
        Claim(
            GAIN,
            SOURCE,
            f"on {task} ten times the compute adds logits: {buys} (n = {every.n_models})",
            rising(every.per_decade),
        ),
    ]


def progress(fits: Sequence[ReleaseTrend]) -> Verdict:
    """Confirmed where compute for an accuracy falls over all models and at the upper edge: 90 % intervals above 1.

    Refined where it falls over all models and not surely at the upper edge, contradicted where it surely rises.
    """
    of = {each.over: each.gain for each in fits}
    every, edge = (of.get(over) for over in (Over.ALL, Over.UPPER))
    if every is None:
        return Verdict.OPEN
    if every.high is not None and every.high < 1:
        return Verdict.CONTRADICTED
    if every.low is None or every.low <= 1:
        return Verdict.OPEN
    return Verdict.CONFIRMED if edge is not None and edge.low is not None and edge.low > 1 else Verdict.REFINED


def rising(slope: Interval) -> Verdict:
    """By the sign of a slope, where its 90 % interval has one."""
    if slope.low > 0:
        return Verdict.CONFIRMED
    return Verdict.CONTRADICTED if slope.high < 0 else Verdict.OPEN


def gain_text(gain: Estimate) -> str:
    """`3.1 × (90 %: 1.8 to 6.0)`, with an end that is open in words."""
    return open_text(gain, " ×")


def open_text(found: Estimate, unit: str = "") -> str:
    """An estimate with its interval, where an end is open in words, and `cannot tell` where both are."""
    if found.low is None and found.high is None:
        return "cannot tell"
    if found.high is None:
        return f"at least {significant(found.low)}{unit}"
    if found.low is None:
        return f"at most {significant(found.high)}{unit}"
    ends = f"90 %: {significant(found.low)} to {significant(found.high)}"
    return f"{significant(found.value)}{unit} ({ends})"


def slope_text(slope: Interval) -> str:
    """`+0.92 (0.61 to 1.24)`."""
    return f"{slope.value:+.2f} ({slope.low:+.2f} to {slope.high:+.2f})"
