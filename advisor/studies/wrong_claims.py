"""What arXiv 2512.24776 says of wrong answers, beside what is found here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from advisor.accuracy.estimators import Interval
from advisor.studies.intervals import PAIRS_NEEDED
from advisor.studies.study import Claim, Verdict, surely_above, surely_below
from advisor.studies.wrong_costs import ANSWERS_NEEDED
from advisor.units import counted, percent

if TYPE_CHECKING:
    from advisor.studies.wrong_answers import Pairs, Tails

PAPER = "arXiv 2512.24776, read in excerpts"
PUBLISHED = 92 / 95
"""19 models on five benchmarks are 95 pairs."""
TAIL = 0.05
"""Share of the tokens below which a saving is none."""
MOST_LOST = 0.01
"""Accuracy that a saving may cost: a point."""
SAME = 1.05
"""Ratio up to which wrong answers are as long as right ones for any purpose."""


def claims(pairs: Pairs, tails: Tails) -> list[Claim]:
    """Each with our figure and the verdict that follows from it."""
    return [_dearer(pairs), _within(pairs), _stopping(tails)]


def _too_few(n: int) -> str:
    return f"too few: {counted(n, 'model-benchmark pair')}, {PAIRS_NEEDED} are needed"


def _dearer(pairs: Pairs) -> Claim:
    """Confirmed where the published share lies in our interval and that above half; refined where most pairs do, yet
    another share; contradicted where at most half do.
    """
    share = pairs.share_dearer
    if share is None or pairs.ratio is None:
        ours = "no pair of a model and a benchmark has right and wrong answers with their lengths"
    elif pairs.n < PAIRS_NEEDED:
        ours = _too_few(pairs.n)
    else:
        ours = (
            f"{pairs.dearer} of {counted(pairs.n, 'model-benchmark pair')}, {_percents(share)};"
            f" {pairs.surely_dearer} of the {pairs.n_sure} with {ANSWERS_NEEDED} right and as many wrong answers by"
            f" their interval, {pairs.surely_cheaper} the other way round"
            f"{_elsewhere(pairs)}{_one_left_out(pairs)}; a wrong answer takes {_times(pairs.ratio)} the tokens of a"
            f" right one, and in the mean pair {percent(pairs.wrong_share)} of the tokens go to wrong answers"
        )
    return Claim(
        claim="97 % of the evaluated models spend more compute on wrong answers than on right ones.",
        source=(
            f"{PAPER}; 97 % of its 19 models is no whole number of them (18 of 19 are 94.7 %), 92 of the 95 pairs of a"
            " model and a benchmark are 96.8 %, so pairs are taken to be meant"
        ),
        ours=ours,
        verdict=_of_share(share) if pairs.n >= PAIRS_NEEDED else Verdict.OPEN,
    )


def _one_left_out(pairs: Pairs) -> str:
    """The least and the most that the share is with one benchmark left out; empty where there is only one."""
    if len(pairs.by_task) < 2:
        return ""
    left = sorted(((pairs.dearer - each.dearer) / (pairs.n - each.n), each.task) for each in pairs.by_task)
    (least, without_least), (most, without_most) = left[0], left[-1]
    if least == most:
        return f"; {percent(least)} whichever benchmark is left out"
    return (
        f"; one benchmark left out: {percent(least)} without {without_least} to {percent(most)} without {without_most}"
    )


def _elsewhere(pairs: Pairs) -> str:
    """The benchmarks where wrong answers are not dearer; empty where there is none."""
    return f" (not dearer on {', '.join(pairs.not_dearer_on)})" if pairs.not_dearer_on else ""


def _of_share(share: Interval | None) -> Verdict:
    if share is None or not (surely_above(share, 0.5) or surely_below(share, 0.5)):
        return Verdict.OPEN
    if share.high < 0.5:
        return Verdict.CONTRADICTED
    return Verdict.CONFIRMED if share.low <= PUBLISHED <= share.high else Verdict.REFINED


def _within(pairs: Pairs) -> Claim:
    """Confirmed where wrong answers are longer on the same questions too; refined where by less than over all;
    contradicted where they are at most 5 % longer by the upper end: no evidence for is none against. Few pairs cannot
    tell.
    """
    within, over_all = pairs.within_ratio, pairs.ratio_where_within
    verdict, ours = Verdict.OPEN, "no pair has questions enough with right and wrong answers"
    if 0 < pairs.n_within < PAIRS_NEEDED:
        ours = _too_few(pairs.n_within)
    elif within is not None and over_all is not None:
        if surely_below(within, SAME):
            verdict = Verdict.CONTRADICTED
        elif surely_above(within, 1):
            verdict = Verdict.REFINED if within.high < over_all.low else Verdict.CONFIRMED
        own = [f"{each.within:.2f} on {each.task}" for each in pairs.by_task if each.within is not None]
        ours = (
            f"on the same question a wrong answer takes {_times(within)} the tokens of a right one, over all questions"
            f" {_times(over_all)}, by {counted(pairs.n_within, 'model-benchmark pair')}; by benchmark {', '.join(own)}"
        )
    return Claim(
        claim="Read closely: a wrong answer costs more than a right one to the same question too.",
        source=f"{PAPER}, which compares all wrong with all right answers; a reading of its finding, not its words",
        ours=ours,
        verdict=verdict,
    )


def _stopping(tails: Tails) -> Claim:
    """Over all pairs. Confirmed where the longest answers are surely mostly wrong, and more often than all answers are,
    and a cap surely loses fewer right answers than a random cut of as many answers, less than a point, and saves TAIL
    of the tokens. Refined where the longest are more often wrong and the cap is better than a random one, and the rest
    is not all sure. Contradicted where the longest are surely less often wrong, or a point is lost at least.
    """
    verdict, ours = Verdict.OPEN, "no set of answers with lengths has questions enough"
    if tails.n and tails.n < PAIRS_NEEDED:
        ours = _too_few(tails.n)
    elif tails.n:
        verdict, ours = _of_tails(tails), _tails_text(tails)
    return Claim(
        claim="Stopping early saves compute, since long answers are mostly wrong.",
        source=PAPER,
        ours=ours,
        verdict=verdict,
    )


def _of_tails(tails: Tails) -> Verdict:
    lost, saved, wrong, excess, spared = (
        tails.accuracy_lost, tails.tokens_saved, tails.long_wrong, tails.excess, tails.spared,
    )  # fmt: skip
    if lost is None or saved is None or wrong is None or excess is None or spared is None:
        return Verdict.OPEN
    if surely_below(excess, 0) or surely_above(lost, MOST_LOST):
        return Verdict.CONTRADICTED
    if not (surely_above(excess, 0) and surely_above(spared, 0)):
        return Verdict.OPEN
    pays = surely_below(lost, MOST_LOST) and surely_above(saved, TAIL)
    return Verdict.CONFIRMED if pays and surely_above(wrong, 0.5) else Verdict.REFINED


def _tails_text(tails: Tails) -> str:
    ours = (
        f"in {counted(tails.n, 'model-benchmark pair')} the smallest cap that keeps 99 % of the right answers, learned"
        " on other questions"
    )
    if tails.tokens_saved and tails.accuracy_lost and tails.spared:
        ours += (
            f", saves {_percents(tails.tokens_saved)} of the tokens and loses {_points(tails.accuracy_lost)} points,"
            f" {_points(tails.spared, '+.1f')} fewer than a random cut of as many answers"
        )
    if tails.long_wrong and tails.excess:
        ours += (
            f"; of the longest tenth of the answers {_percents(tails.long_wrong)} are wrong, of all"
            f" {percent(tails.wrong or 0.0)}, so {_points(tails.excess, '+.1f')} points more; in {tails.n_tailed} pairs"
            f" {percent(TAIL, 0)} of the tokens or more lie beyond the cap"
        )
    return ours


def _points(of: Interval, form: str = ".1f") -> str:
    value, low, high = (format(100 * each, form) for each in (of.value, of.low, of.high))
    return f"{value} (90 %: {low} – {high})"


def _percents(of: Interval) -> str:
    return f"{percent(of.value)} (90 %: {percent(of.low)} – {percent(of.high)})"


def _times(of: Interval) -> str:
    return f"{of.value:.2f} times (90 %: {of.low:.2f} – {of.high:.2f})"
