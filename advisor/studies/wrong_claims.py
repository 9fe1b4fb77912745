"""What arXiv 2512.24776 says of wrong answers, beside what is found here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from advisor.accuracy.estimators import Interval
from advisor.studies.study import Claim, Verdict
from advisor.units import counted, percent

if TYPE_CHECKING:
    from advisor.studies.wrong_answers import Pairs, Stopping

PAPER = "arXiv 2512.24776, read in excerpts"
PUBLISHED = 92 / 95
"""19 models on five benchmarks are 95 pairs."""
WORTH = 0.05
"""Share of the tokens below which a saving is none."""
PAIRS_NEEDED = 3
"""Of a model and a benchmark, for a finding of models."""
MOST_LOST = 0.01
"""Accuracy that a saving may cost: a point."""


def claims(pairs: Pairs, keeping: Stopping) -> list[Claim]:
    """Each with our figure and the verdict that follows from it."""
    return [_dearer(pairs), _within(pairs), _stopping(keeping)]


def _dearer(pairs: Pairs) -> Claim:
    """Confirmed where the published share lies in our interval and that above half; refined where most pairs do, yet
    another share; contradicted where at most half do.
    """
    share = pairs.share_dearer
    return Claim(
        claim="97 % of the evaluated models spend more compute on wrong answers than on right ones.",
        source=(
            f"{PAPER}; 97 % of its 19 models is no whole number of them (18 of 19 are 94.7 %), 92 of the 95 pairs of a"
            " model and a benchmark are 96.8 %, so pairs are taken to be meant"
        ),
        ours=(
            "no pair of a model and a benchmark has right and wrong answers with their lengths"
            if share is None or pairs.ratio is None
            else f"{pairs.dearer} of {counted(pairs.n, 'model-benchmark pair')}, {_percents(share)};"
            f" {pairs.surely_dearer} by their interval, {pairs.surely_cheaper} the other way round"
            f"{_elsewhere(pairs)}; a wrong answer takes {_times(pairs.ratio)} the tokens of a right one, and in the"
            f" mean pair {percent(pairs.wrong_share)} of the tokens go to wrong answers"
        ),
        verdict=_of_share(share),
    )


def _elsewhere(pairs: Pairs) -> str:
    """The benchmarks where wrong answers are not dearer; empty where there is none."""
    return f" (not dearer on {', '.join(pairs.not_dearer_on)})" if pairs.not_dearer_on else ""


def _of_share(share: Interval | None) -> Verdict:
    if share is None or share.low <= 0.5 <= share.high:
        return Verdict.OPEN
    if share.high < 0.5:
        return Verdict.CONTRADICTED
    return Verdict.CONFIRMED if share.low <= PUBLISHED <= share.high else Verdict.REFINED


def _within(pairs: Pairs) -> Claim:
    """Confirmed where wrong answers are longer on the same questions too; refined where by less than over all;
    contradicted where by less, and maybe by nothing: their questions are harder, then. Few pairs cannot tell.
    """
    within, over_all = pairs.within_ratio, pairs.ratio_where_within
    verdict, ours = Verdict.OPEN, "no pair has questions enough with right and wrong answers"
    if within is not None and over_all is not None:
        less = within.high < over_all.low
        if pairs.n_within < PAIRS_NEEDED:
            verdict = Verdict.OPEN
        elif within.low > 1:
            verdict = Verdict.REFINED if less else Verdict.CONFIRMED
        elif less:
            verdict = Verdict.CONTRADICTED
        ours = (
            f"on the same question a wrong answer takes {_times(within)} the tokens of a right one, over all questions"
            f" {_times(over_all)}, by {counted(pairs.n_within, 'model-benchmark pair')}"
        )
    return Claim(
        claim="Read closely: a wrong answer costs more than a right one to the same question too.",
        source=f"{PAPER}, which compares all wrong with all right answers; a reading of its finding, not its words",
        ours=ours,
        verdict=verdict,
    )


def _stopping(keeping: Stopping) -> Claim:
    """Confirmed where at least a twentieth of the tokens is saved and less than a point lost, both by the interval;
    refined where it is saved but a point may be lost; contradicted where less is saved.
    """
    saved, lost = keeping.tokens_saved, keeping.accuracy_lost
    verdict, ours = Verdict.OPEN, "no set of answers with lengths has questions enough"
    if saved is not None and lost is not None:
        if keeping.n < PAIRS_NEEDED:
            verdict = Verdict.OPEN
        elif saved.high < WORTH:
            verdict = Verdict.CONTRADICTED
        elif saved.low > WORTH:
            verdict = Verdict.CONFIRMED if lost.high < MOST_LOST else Verdict.REFINED
        ours = (
            f"{keeping.rule}, learned on other questions, saves {_percents(saved)} of the tokens and loses"
            f" {100 * lost.value:.1f} points (90 %: {100 * lost.low:.1f} – {100 * lost.high:.1f}),"
            f" {counted(keeping.n, 'model-benchmark pair')}"
        )
    return Claim(
        claim="Stopping early saves compute, since long answers are mostly wrong.",
        source=PAPER,
        ours=ours,
        verdict=verdict,
    )


def _percents(of: Interval) -> str:
    return f"{percent(of.value)} (90 %: {percent(of.low)} – {percent(of.high)})"


def _times(of: Interval) -> str:
    return f"{of.value:.2f} times (90 %: {of.low:.2f} – {of.high:.2f})"
