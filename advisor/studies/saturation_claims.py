"""What arXiv 2512.24776 says of saturation, beside what is found here."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from advisor.accuracy.estimators import Interval, wilson
from advisor.studies.difficulty import Shift
from advisor.studies.intervals import PAIRS_NEEDED
from advisor.studies.saturated import Limit, Status
from advisor.studies.study import Claim, Verdict, surely_above, surely_below
from advisor.studies.unsolved import Unsolved
from advisor.studies.voting_limits import VOTES
from advisor.units import counted, percent, significant

if TYPE_CHECKING:
    from advisor.studies.saturation import CurveSaturation

PAPER = "arXiv 2512.24776, read in excerpts"
EXPLAINED = "arXiv 2512.24776, at second hand: the threshold is from a page that explains the paper"
THRESHOLD_FLOPS = 1e16
EASIER = ("gsm8k", "math500")
"""Benchmarks of which the threshold is claimed."""
MODELS_NEEDED = 2
"""Of one model alone the threshold is no finding."""
NO_CURVE = "no curve of thinking is fitted"
STUCK = 0.5
"""Share of what is unsolved: where as many answers again solve less of it, they do not overcome it."""
SAME_DOUBLINGS = 0.5
"""Levels within half a doubling of each other are the same for any purpose."""
CURVES_NEEDED = 5
"""That tell, for a share of them to be said with an interval."""


def claims(curves: Sequence[CurveSaturation], shift: Shift, own: Sequence[Unsolved]) -> list[Claim]:
    """Each with our figure and the verdict that follows from it."""
    thinking = [each for each in curves if each.unit != "samples" and each.strategy not in VOTES]
    return [_shrinks(curves), _own_limits(curves, own), _threshold(thinking), _difficulty(shift)]


def most(yes: int, n: int) -> Verdict:
    """Whether most of n do, by Wilson's 90 % interval of the share."""
    low, high = wilson(yes / n, n) if n else (0.0, 1.0)
    return Verdict.CONFIRMED if low > 0.5 else Verdict.CONTRADICTED if high < 0.5 else Verdict.OPEN


def _lengths(curves: Sequence[CurveSaturation]) -> list[CurveSaturation]:
    """Curves of thinking held to several lengths. A cap only stops answers: under caps every curve flattens where the
    answers end by themselves, whatever length does for accuracy.
    """
    return [each for each in curves if each.unit == "tokens" and each.strategy not in VOTES]


def _share(yes: int, of: Sequence[CurveSaturation], known: int) -> str:
    """`9 of 10 curves (90.0 %, …), 3 more cannot tell`, or that they are too few."""
    left = f"; {len(of) - known} of {counted(len(of), 'such curve')} cannot tell" if known < len(of) else ""
    if not known:
        return f"none of {counted(len(of), 'curve')} tells"
    if known < CURVES_NEEDED:
        return f"{yes} of the {known} that tell, too few{left}"
    low, high = wilson(yes / known, known)
    return f"{yes} of {known} ({percent(yes / known)}, 90 %: {percent(low)} – {percent(high)}){left}"


def _shrinks(curves: Sequence[CurveSaturation]) -> Claim:
    """Confirmed where most curves of the length of thinking saturate and benchmarks differ in where; refined where
    only the first is known. Curves over caps and votes are figures alone.
    """
    lengths, caps = _lengths(curves), [each for each in curves if each.unit == "token cap"]
    at = [each.compute.status for each in lengths]
    reached, known = at.count(Status.REACHED), at.count(Status.REACHED) + at.count(Status.NOT_REACHED)
    apart, n_models = _apart(lengths)
    verdict, by_task = most(reached, known), most(apart, n_models)
    if verdict is Verdict.CONFIRMED and by_task is not Verdict.CONFIRMED:
        verdict = Verdict.REFINED
    levels = f"; at levels whose 90 % intervals lie apart: {apart} of {counted(n_models, 'model')}" if n_models else ""
    ours = f"saturating with the length of thinking: {_share(reached, lengths, known)}{levels}" if lengths else NO_CURVE
    if caps:
        ended = sum(each.compute.status is Status.REACHED for each in caps)
        ours += (
            f"; where answers end by themselves is known of {ended} of {counted(len(caps), 'curve')} over caps, which"
            " flatten there by their nature and say nothing of it"
        )
    return Claim(
        claim="Beyond a compute level that depends on the task, gains shrink.", source=PAPER, ours=ours, verdict=verdict
    )


def _apart(lengths: Sequence[CurveSaturation]) -> tuple[int, int]:
    """Models whose saturation points on two benchmarks do not overlap, and those with a known one on two at least."""
    known = defaultdict[str, dict[str, Limit]](dict)
    for each in lengths:
        if each.compute.status is Status.REACHED:
            known[each.model].setdefault(each.task, each.compute)
    several = [list(limits.values()) for limits in known.values() if len(limits) > 1]
    return sum(_disjoint(limits) for limits in several), len(several)


def _disjoint(limits: Sequence[Limit]) -> bool:
    return max(each.low or 0.0 for each in limits) > min(each.high or np.inf for each in limits)


def _own_limits(curves: Sequence[CurveSaturation], own: Sequence[Unsolved]) -> Claim:
    """Judged by curves of the length of thinking that saturate: contradicted where most of them do at full marks.
    Where most end below by their upper ends, confirmed if more answers do not overcome it either, otherwise refined.
    """
    lengths = _lengths(curves)
    known = [
        each.asymptote_high
        for each in lengths
        if each.asymptote_high is not None and each.compute.status is Status.REACHED
    ]
    below = sum(high < 1 for high in known)
    several = [each for each in own if each.again is not None and each.solved_by_other]
    stuck = sum(each.again is not None and each.again.high < STUCK for each in several)
    verdict = most(below, len(known))
    if verdict is Verdict.CONFIRMED and most(stuck, len(several)) is not Verdict.CONFIRMED:
        verdict = Verdict.REFINED
    ours = f"saturating with the length of thinking, below 100 %: {_share(below, lengths, len(known))}"
    return Claim(
        claim="Extra thinking does not overcome a model's own limits.",
        source=PAPER,
        ours=(ours if lengths else NO_CURVE) + _more_answers(several, stuck) + _left_over(own),
        verdict=verdict,
    )


def _more_answers(several: Sequence[Unsolved], stuck: int) -> str:
    """What more answers would solve of that which other models solve; empty where no question has several."""
    if not several:
        return ""
    by_others = float(np.median([each.solved_by_other for each in several if each.solved_by_other is not None]))
    again = float(np.median([each.again.value for each in several if each.again is not None]))
    return (
        f"; of the questions that a model's answers leave unsolved other models solve {percent(by_others)} in the"
        f" median of {counted(len(several), 'model-benchmark pair')}, and as many answers again would solve at most"
        f" {percent(again)}; surely less than half in {stuck} of them"
    )


def _left_over(own: Sequence[Unsolved]) -> str:
    """What several answers of each question leave unsolved; empty where no question has several."""
    several = [each for each in own if each.fewest > 1]
    if not several:
        return ""
    fewest, most_answers = min(each.fewest for each in several), max(each.most for each in several)
    median = percent(float(np.median([each.share.value for each in several])))
    times = f"{fewest}" if fewest == most_answers else f"{fewest} to {most_answers}"
    return (
        f"; {times} answers of each leave in the median {median} of the questions unsolved"
        f" ({counted(len(several), 'pair')})"
    )


def _threshold(thinking: Sequence[CurveSaturation]) -> Claim:
    """Contradicted where a curve on the easier benchmarks saturates above, by its lower end; confirmed where several
    models do below by their upper ends and harder benchmarks do not; refined where the harder ones do too.
    """
    easier, harder = ([each for each in thinking if (each.task in EASIER) == is_easier] for is_easier in (True, False))
    below, above = _below(easier), [each for each in easier if (each.flops.low or 0.0) > THRESHOLD_FLOPS]
    known, harder_below = [each for each in harder if each.flops.value], _below(harder)
    if above:
        verdict = Verdict.CONTRADICTED
    elif len({each.model for each in below}) < MODELS_NEEDED:
        verdict = Verdict.OPEN
    else:
        verdict = Verdict.REFINED if known and len(harder_below) == len(known) else Verdict.CONFIRMED
    levels = "".join(f" ({significant(each.flops.value)} FLOPs on {each.task})" for each in below)
    beyond = sum((each.measured_to_flops or 0.0) > THRESHOLD_FLOPS for each in easier)
    return Claim(
        claim="On the easier sets GSM8K and MATH500 accuracy saturates below 1e16 FLOPs a question.",
        source=EXPLAINED,
        ours=(
            f"below: {len(below)} of {counted(len(easier), 'thinking curve')} there{levels}, above: {len(above)},"
            f" cannot tell or not there yet: {len(easier) - len(below) - len(above)}; measured beyond the threshold:"
            f" {beyond}; of {counted(len(known), 'curve')} known on other benchmarks below it too: {len(harder_below)}"
            if thinking
            else NO_CURVE
        ),
        verdict=verdict,
    )


def _below(curves: Sequence[CurveSaturation]) -> list[CurveSaturation]:
    return [each for each in curves if each.flops.high is not None and each.flops.high < THRESHOLD_FLOPS]


def _difficulty(shift: Shift) -> Claim:
    """Refined where harder questions surely saturate later: caps alone tell it, not the length of thinking.

    Contradicted where they surely saturate earlier, or the whole interval is within half a doubling. Of fewer than five
    pairs it cannot tell.
    """
    later, longer = shift.saturation, shift.lengths
    verdict, ours = Verdict.OPEN, "no model has two bins of difficulty whose saturation point is known"
    if shift.n_pairs and shift.n_pairs < PAIRS_NEEDED:
        ours = f"too few: {counted(shift.n_pairs, 'pair')} of a model and a benchmark, {PAIRS_NEEDED} are needed"
    elif later is not None and longer is not None:
        same = max(abs(later.low), abs(later.high)) <= SAME_DOUBLINGS
        if same or surely_below(later, 0):
            verdict = Verdict.CONTRADICTED
        else:
            verdict = Verdict.REFINED if surely_above(later, 0) else Verdict.OPEN
        ours = (
            "within a model and a benchmark, under caps, the harder questions have nearly all of the accuracy that they"
            f" end at from {_times(later)} the cap of as many easy ones, and their answers are {_times(longer)} as"
            f" long; {counted(shift.n_pairs, 'pair')} on {', '.join(shift.tasks)}"
        )
    return Claim(claim="The level of saturation depends on difficulty.", source=PAPER, ours=ours, verdict=verdict)


def _times(of: Interval) -> str:
    """Doublings as a factor."""
    return f"{2**of.value:.2f} times (90 %: {2**of.low:.2f} – {2**of.high:.2f})"
