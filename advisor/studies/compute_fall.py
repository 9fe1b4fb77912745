"""Whether the models of a task tell by how much compute falls in a year, and what is said where they do not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from advisor.accuracy.estimators import Interval
from advisor.accuracy.release_trend import UNKNOWN, Over, ReleaseTrend, points
from advisor.units import counted

WEAK = 1 / 3
"""Of the slope of accuracy on compute: the least that its interval's low end is of it, for a year's worth to be put in
compute. That is the year's slope over this one, which has no upper end where it may be nearly none."""
ELSEWHERE = {
    "gpqa-diamond": "on a larger table of a third party (127 models, tokens counted, not stored here) the same code"
    " gives 8.9 × a year (90 %: 4.2 to 26), so that a figure here reflects which models were measured here"
}
"""What the trend of a task is on a table that cannot ship (benchmarks/trend_reference.py)."""


def why_unknown(fit: ReleaseTrend, n: int, n_imputed: int) -> str:
    """Why a fit does not tell by how much compute falls, over `n` answers; empty where it does."""
    reasons = []
    if 2 * n_imputed > n:
        reasons.append(f"{n_imputed} of {n} lengths are imputed")
    if fit.per_decade.low < WEAK * fit.per_decade.value:
        slope = f"{fit.per_decade.value:+.2f} logits by ten times the compute, 90 %: {fit.per_decade.low:+.2f} to"
        reasons.append(f"accuracy hardly grows with compute ({slope} {fit.per_decade.high:+.2f})")
    return " and ".join(reasons)


def known_falls(fits: Sequence[ReleaseTrend], n: int, n_imputed: int) -> list[ReleaseTrend]:
    """The fits, without what they do not tell."""
    return [replace(each, gain=UNKNOWN, halving=UNKNOWN) if why_unknown(each, n, n_imputed) else each for each in fits]


def yearly_points(fit: ReleaseTrend, target: float, floor: float) -> Interval:
    """What a year adds at equal compute, as a share of the questions at the target accuracy."""
    slope = fit.per_year
    return Interval(*(points(each, target, floor) for each in (slope.value, slope.low, slope.high)))


def fall_notes(task: str, fits: Sequence[ReleaseTrend], n: int, n_imputed: int, aim: tuple[float, float]) -> list[str]:
    """Why it cannot be told how much compute falls, with what a year adds instead; and what other models say.

    aim  target accuracy and that of guessing
    """
    every = next((each for each in fits if each.over is Over.ALL), None)
    if every is None:
        return []
    why, notes = why_unknown(every, n, n_imputed), []
    if why:
        gained = yearly_points(every, *aim)
        notes.append(
            f"{task}: cannot tell how much compute falls ({why}); at equal compute accuracy rises by"
            f" {100 * gained.value:.1f} points a year (90 %: {100 * gained.low:.1f} to {100 * gained.high:.1f}) at"
            f" {100 * aim[0]:g} %, over {counted(n, 'answer')}"
        )
    return [*notes, *([f"{task}: {ELSEWHERE[task]}"] if task in ELSEWHERE else [])]
