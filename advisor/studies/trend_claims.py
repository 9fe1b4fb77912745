"""What the published claim about progress comes to on a task, or over several."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from advisor.accuracy.estimators import Array, Interval
from advisor.accuracy.release_trend import UNKNOWN, Estimate, Over, ReleaseTrend
from advisor.studies.adjusted import interval, pooled
from advisor.studies.frontier_history import Fall
from advisor.studies.study import Claim, Verdict, surely_above, surely_below
from advisor.units import counted, significant

SOURCE = "arXiv 2512.24776, abstract; its slope, fit quality and halving time were not seen"
IMPROVES = "the frontier's efficiency improves with the release date"
GAIN = "accuracy grows with compute at a rate that can be read off the frontier"
BY_LINE = "if the line is continued to compute at which no model of that date was measured,"
WIDER = 1.3
"""Of the spread of a mean over tasks. Tasks with the same models err together, and in simulated worlds without a trend,
of 12 and 18 models, bootstrapped 90 % intervals left out a slope of zero in 11 to 18 %; so widened in 3 to 9 %."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """A task with a fit over all models: its observed fall, and draws of the slopes (2, 1 + B) of each fit."""

    task: str
    n_models: int
    fall: Fall
    gain: Estimate
    per_decade: Interval
    slopes: Mapping[Over, Array]


def claims_of(task: str, fall: Fall, fits: Sequence[ReleaseTrend], refused: Mapping[Over, str]) -> list[Claim]:
    """Progress over the years and what compute buys, by the fits that there are."""
    of = {each.over: each for each in fits}
    if Over.ALL not in of:
        why = f"no trend on {task}: {refused[Over.ALL]}"
        return [
            Claim(IMPROVES, SOURCE, f"{fall_text(fall)}; {why}", Verdict.OPEN),
            Claim(GAIN, SOURCE, why, Verdict.OPEN),
        ]
    every = of[Over.ALL]
    worth = "; ".join(f"{each.over} {gain_text(each.gain)} (n = {each.n_answers})" for each in fits)
    buys = "; ".join(f"{each.over} {slope_text(each.per_decade)}" for each in fits)
    year = f"at equal compute a year adds {slope_text(every.per_year)} logits on {task}"
    return [
        Claim(IMPROVES, SOURCE, f"{year}; {BY_LINE} it is worth: {worth}; {fall_text(fall)}", progress(fits)),
        Claim(
            GAIN,
            SOURCE,
            f"on {task} ten times the compute adds logits: {buys} (n = {every.n_answers})",
            rising(every.per_decade),
        ),
    ]


def pooled_claims(rows: Sequence[Fitted], n_tasks: int) -> list[Claim]:
    """Progress and what compute buys over all tasks with a fit.

    Confirmed where the mean slope over tasks is surely above zero (by the year, by the compute), contradicted where it
    is surely below. Progress is refined where that of all models is surely above and that of the upper edge is not.
    """
    if not rows:
        ours = f"no task of {counted(n_tasks, 'task')} with dated models has enough of them for a fit"
        return [Claim(claim, SOURCE, ours, Verdict.OPEN) for claim in (IMPROVES, GAIN)]
    (decade, year), (_, edge) = (_pooled(rows, over) for over in (Over.ALL, Over.UPPER))
    mean = f"mean over {counted(len(rows), 'task')}"
    falls = "; ".join(f"{row.task}: {fall_text(row.fall)}" for row in rows if is_closed(row.fall.factor))
    worth = "; ".join(f"{row.task} {gain_text(row.gain)} (n = {row.n_models})" for row in rows)
    improves = (
        f"by the line, at equal compute a year adds {slope_text(year)} logits ({mean}), at the upper edge"
        f" {slope_text(edge)}; {BY_LINE} a year is worth: {worth}. Observed:"
        f" {falls or 'on no task a fall from one date to another whose interval has two ends'}"
    )
    buys = "; ".join(f"{row.task} {slope_text(row.per_decade)} (n = {row.n_models})" for row in rows)
    verdict = rising(year)
    if verdict is Verdict.CONFIRMED and rising(edge) is not Verdict.CONFIRMED:
        verdict = Verdict.REFINED
    gain = f"ten times the compute adds {slope_text(decade)} logits at equal date ({mean}); {buys}"
    return [Claim(IMPROVES, SOURCE, improves, verdict), Claim(GAIN, SOURCE, gain, rising(decade))]


def _pooled(rows: Sequence[Fitted], over: Over) -> tuple[Interval, Interval]:
    """Slopes by compute and by year, means over tasks."""
    by_compute, by_year = (pooled_slope([row.slopes[over][at] for row in rows]) for at in (0, 1))
    return by_compute, by_year


def pooled_slope(slopes: Sequence[Array]) -> Interval:
    """The mean over tasks as random effects of slopes, each (1 + B,) draws with the same releases resampled."""
    effects = np.array(slopes)
    draws = pooled(list(effects[:, np.isfinite(effects).all(axis=0)]))
    return interval(draws[0] + np.concatenate([[0.0], WIDER * (draws[1:] - draws[1:].mean())]))


def progress(fits: Sequence[ReleaseTrend]) -> Verdict:
    """Confirmed where accuracy at equal compute rises by the year, over all models and at the upper edge.

    Refined where it rises over all models and not surely at the upper edge, contradicted where it surely falls.
    """
    of = {each.over: rising(each.per_year) for each in fits}
    found = of.get(Over.ALL, Verdict.OPEN)
    is_half = found is Verdict.CONFIRMED and of.get(Over.UPPER) is not Verdict.CONFIRMED
    return Verdict.REFINED if is_half else found


def is_closed(factor: Estimate) -> bool:
    """Whether the interval of an observed factor has two ends around it: else it is as likely luck."""
    value, low, high = factor.value, factor.low, factor.high
    return value is not None and low is not None and high is not None and low < value < high


def rising(slope: Interval) -> Verdict:
    """By the sign of a slope, where its 90 % interval has one."""
    if surely_above(slope, 0):
        return Verdict.CONFIRMED
    return Verdict.CONTRADICTED if surely_below(slope, 0) else Verdict.OPEN


def fall_text(fall: Fall) -> str:
    """What was observed: `the least FLOPs for 55 % fell by 9.26 × (90 %: 2.00 to 60.1) from 2025-01 to 2025-04`."""
    target = f"{100 * fall.target:g} %"
    if fall.factor == UNKNOWN:
        return f"the least FLOPs for {target} fell at no date that is known"
    return f"the least FLOPs for {target} fell by {factor_text(fall.factor)} from {fall.first} to {fall.last}"


def factor_text(factor: Estimate) -> str:
    """An observed factor, which is known itself: `9.26 × (90 %: 1.00 to open)`."""
    if factor.value is None:
        return "cannot tell"
    low, high = ("open" if end is None else significant(end) for end in (factor.low, factor.high))
    return f"{significant(factor.value)} × (90 %: {low} to {high})"


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
