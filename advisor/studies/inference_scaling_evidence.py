"""What the claims on inference scaling are judged by, and the rules that all of their verdicts follow.

Figures that are clearly for a claim and clearly against it are counted: for and none against confirms, against and none
for contradicts, both refines, neither cannot tell. One figure is clear where its 90 % interval leaves out zero; of
several, as many as Holm's correction leaves at 5 % a side, so that many figures of nothing seldom say anything. Another
measure than the claim's can refine at most, and where it disagrees it cannot tell. Models that are no evidence about
large ones count only where there are no others, and then the verdict is that they support or oppose it in small.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean, stdev
from typing import TypeVar

from scipy.stats import beta, norm, t

from advisor.accuracy.estimators import Interval
from advisor.fits.draws import Z90
from advisor.store.published import Published
from advisor.studies.compute_optimal_size import Optimum, SizeLaw, Takeover
from advisor.studies.coverage_tails import CoverageOfTask, CoverageTail
from advisor.studies.strategies_at_equal_flops import Contest, Kind
from advisor.studies.study import Verdict
from advisor.studies.voting_limits import LimitForecast, Plurality
from advisor.values import Rows

READ, SECOND_HAND = "arXiv 2408.00724, read in excerpts", "arXiv 2408.00724, at second hand"
NOTHING = "nothing stored that could tell"

Marked = TypeVar("Marked", Contest, LimitForecast)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What the claims are judged by; `parameters` are those that a token passes, by model."""

    laws: Sequence[SizeLaw] = ()
    optima: Sequence[Optimum] = ()
    takeovers: Sequence[Takeover] = ()
    tails: Rows[CoverageTail] = field(default_factory=Rows)
    coverage: Rows[CoverageOfTask] = field(default_factory=Rows)
    limits: Rows[LimitForecast] = field(default_factory=Rows)
    pluralities: Rows[Plurality] = field(default_factory=Rows)
    contests: Rows[Contest] = field(default_factory=Rows)
    published: Sequence[Published] = ()
    parameters: Mapping[str, float]

    def of(self, kind: Kind) -> list[Contest]:
        """Comparisons of one kind."""
        return [each for each in self.contests if each.kind == kind]


def verdict(agreeing: int, disagreeing: int) -> Verdict:
    """By how many clear figures are for a claim and against it.

    >>> [str(verdict(*each)) for each in ((3, 0), (0, 2), (1, 2), (0, 0))]
    ['confirmed', 'contradicted', 'refined', 'cannot tell']
    """
    if agreeing and disagreeing:
        return Verdict.REFINED
    if agreeing:
        return Verdict.CONFIRMED
    return Verdict.CONTRADICTED if disagreeing else Verdict.OPEN


def clearly(found: Sequence[Interval], sign: int, threshold: float = 0.0) -> int:
    """How many of some figures lie clearly above (`sign` 1) or below (−1) a threshold, by Holm's correction.

    >>> [clearly([Interval(2, 0.1, 3.9)] * n, 1) for n in (1, 8)]
    [1, 0]
    """
    chances = sorted(_chance(each, sign, threshold) for each in found)
    for rank, chance in enumerate(chances):
        if chance > 0.05 / (len(chances) - rank):
            return rank
    return len(chances)


def _chance(of: Interval, sign: int, threshold: float) -> float:
    """That a figure lies so far beyond the threshold by chance, by the end of its 90 % interval on that side."""
    beyond, half = sign * (of.value - threshold), of.value - of.low if sign > 0 else of.high - of.value
    if beyond <= 0 or half <= 0:
        return 0.0 if beyond > 0 else 1.0
    return float(norm.sf(Z90 * beyond / half))


def over_sets(gains: Sequence[Interval]) -> Interval | None:
    """The mean of one gain a set of answers, with its interval; None without one.

    No narrower than one set's is on average, since they may hold the same questions, nor than sets differ by
    (Student's, from three on).
    """
    if not gains:
        return None
    values, n = [each.value for each in gains], len(gains)
    value, half = fmean(values), fmean((each.high - each.low) / 2 for each in gains)
    between = float(t.ppf(0.95, n - 1)) * stdev(values) / n**0.5 if n > 2 else 0.0
    half = max(half, between)
    return Interval(value, value - half, value + half)


def by_another_measure(found: Verdict) -> Verdict:
    """What is left of a verdict whose figures measure something else than the claim does."""
    return {Verdict.CONFIRMED: Verdict.REFINED, Verdict.CONTRADICTED: Verdict.OPEN}.get(found, found)


def in_small(found: Verdict, behind: Sequence[Marked]) -> Verdict:
    """The verdict, or "in small only": where all that is behind it carries a caveat."""
    return Verdict.IN_SMALL if found is not Verdict.OPEN and all(each.caveat for each in behind) else found


def small_print(found: Verdict, behind: Sequence[Marked]) -> str:
    """How the figures begin: measured, or in small and to what effect."""
    if not all(each.caveat for each in behind):
        return "measured:"
    effect = {
        Verdict.CONFIRMED: "in small, where it holds:",
        Verdict.CONTRADICTED: "in small, against it:",
        Verdict.REFINED: "in small, in part for it:",
    }
    return effect.get(found, "in small:")


def strongest(found: Sequence[Marked]) -> list[Marked]:
    """Those without a caveat, and all where there are none."""
    return [each for each in found if not each.caveat] or list(found)


def share(times: int, n: int) -> Interval:
    """How often something happened, with the 90 % interval of Clopper and Pearson.

    Its ends are those shares that a binomial test at 5 % a side just does not reject.
    """
    low = float(beta.ppf(0.05, times, n - times + 1)) if times else 0.0
    high = float(beta.ppf(0.95, times + 1, n - times)) if times < n else 1.0
    return Interval(times / n, low, high)


def joined(parts: Sequence[str]) -> str:
    """The figures as one text."""
    return "; ".join(parts).replace(":; ", ": ") or NOTHING


def number(interval: Interval) -> str:
    """With its interval."""
    return f"{interval.value:.2f} ({interval.low:.2f} to {interval.high:.2f})"


def points(gain: Interval, digits: int = 1) -> str:
    """A difference of accuracies."""
    value, low, high = (f"{100 * each:+.{digits}f}" for each in (gain.value, gain.low, gain.high))
    return f"{value} ({low} to {high})"


def percentage(of: Interval) -> str:
    """A share with its interval."""
    return f"{100 * of.value:.1f} % ({100 * of.low:.1f} to {100 * of.high:.1f})"
