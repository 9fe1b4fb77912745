"""What arXiv 2512.24776 says of saturation, beside what is found here."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from advisor.accuracy.estimators import Interval, wilson
from advisor.studies.difficulty import Shift
from advisor.studies.saturated import Limit, Status
from advisor.studies.study import Claim, Verdict
from advisor.studies.unsolved import Unsolved
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
PAIRS_NEEDED = 3
"""Of a model and a benchmark, for a finding of models."""
NO_CURVE = "no curve of thinking is fitted"
SAME_DOUBLINGS = 0.5
"""Levels within half a doubling of each other are the same for any purpose."""


def claims(curves: Sequence[CurveSaturation], shift: Shift, own: Sequence[Unsolved]) -> list[Claim]:
    """Each with our figure and the verdict that follows from it."""
    thinking = [each for each in curves if each.unit != "samples"]
    return [_shrinks(thinking), _own_limits(thinking, own), _threshold(thinking), _difficulty(shift)]


def most(yes: int, n: int) -> Verdict:
    """Whether most of n do, by Wilson's 90 % interval of the share."""
    low, high = wilson(yes / n, n) if n else (0.0, 1.0)
    return Verdict.CONFIRMED if low > 0.5 else Verdict.CONTRADICTED if high < 0.5 else Verdict.OPEN


def _shrinks(thinking: Sequence[CurveSaturation]) -> Claim:
    """Confirmed where most curves saturate and benchmarks differ in where; refined where only the first is told."""
    at = [each.compute.status for each in thinking]
    reached, told = at.count(Status.REACHED), at.count(Status.REACHED) + at.count(Status.NOT_REACHED)
    apart, n_models = _apart(thinking)
    verdict, by_task = most(reached, told), most(apart, n_models)
    if verdict is Verdict.CONFIRMED and by_task is not Verdict.CONFIRMED:
        verdict = Verdict.REFINED
    low, high = wilson(reached / told, told) if told else (0.0, 1.0)
    share = f" ({percent(reached / told)}, 90 %: {percent(low)} – {percent(high)})" if told else ""
    return Claim(
        claim="Beyond a compute level that depends on the task, gains shrink.",
        source=PAPER,
        ours=(
            f"saturating: {reached} of {counted(told, 'thinking curve')} told{share}, {len(at) - told} more cannot"
            f" tell; at levels whose 90 % intervals lie apart: {apart} of {counted(n_models, 'model')} told on several"
            " benchmarks"
            if thinking
            else NO_CURVE
        ),
        verdict=verdict,
    )


def _apart(thinking: Sequence[CurveSaturation]) -> tuple[int, int]:
    """Models whose saturation points on two benchmarks do not overlap, and those told on two at least."""
    told = defaultdict[str, dict[str, Limit]](dict)
    for each in thinking:
        if each.compute.status is Status.REACHED and each.unit == "token cap":
            told[each.model].setdefault(each.task, each.compute)
    several = [list(limits.values()) for limits in told.values() if len(limits) > 1]
    return sum(_disjoint(limits) for limits in several), len(several)


def _disjoint(limits: Sequence[Limit]) -> bool:
    return max(each.low or 0.0 for each in limits) > min(each.high or np.inf for each in limits)


def _own_limits(thinking: Sequence[CurveSaturation], own: Sequence[Unsolved]) -> Claim:
    """Confirmed where most curves whose end is told end below full marks, by the upper end of their interval."""
    told = [each.asymptote_high for each in thinking if each.asymptote_high is not None]
    below = sum(high < 1 for high in told)
    return Claim(
        claim="Extra thinking does not overcome a model's own limits.",
        source=PAPER,
        ours=(
            f"ending below 100 %: {below} of {counted(len(told), 'thinking curve')} whose end is told,"
            f" {len(thinking) - len(told)} more cannot tell{_left_over(own)}"
            if thinking
            else NO_CURVE
        ),
        verdict=most(below, len(told)),
    )


def _left_over(own: Sequence[Unsolved]) -> str:
    """What several answers of each question leave unsolved; empty where no question has several."""
    several = [each for each in own if each.fewest > 1]
    if not several:
        return ""
    left = sum(each.share.value > 0 for each in several)
    fewest, most_answers = min(each.fewest for each in several), max(each.most for each in several)
    median = percent(float(np.median([each.share.value for each in several])))
    times = f"{fewest}" if fewest == most_answers else f"{fewest} to {most_answers}"
    return (
        f"; leaving questions unsolved with {times} answers of each: {left} of"
        f" {counted(len(several), 'model-benchmark pair')}, in the median {median} of the questions"
    )


def _threshold(thinking: Sequence[CurveSaturation]) -> Claim:
    """Contradicted where a curve on the easier benchmarks saturates above, by its lower end; confirmed where several
    models do below by their upper ends and harder benchmarks do not; refined where the harder ones do too.
    """
    easier, harder = ([each for each in thinking if (each.task in EASIER) == is_easier] for is_easier in (True, False))
    below, above = _below(easier), [each for each in easier if (each.flops.low or 0.0) > THRESHOLD_FLOPS]
    told, harder_below = [each for each in harder if each.flops.value], _below(harder)
    if above:
        verdict = Verdict.CONTRADICTED
    elif len({each.model for each in below}) < MODELS_NEEDED:
        verdict = Verdict.OPEN
    else:
        verdict = Verdict.REFINED if told and len(harder_below) == len(told) else Verdict.CONFIRMED
    levels = "".join(f" ({significant(each.flops.value)} FLOPs on {each.task})" for each in below)
    beyond = sum((each.measured_to_flops or 0.0) > THRESHOLD_FLOPS for each in easier)
    return Claim(
        claim="On the easier sets GSM8K and MATH500 accuracy saturates below 1e16 FLOPs a question.",
        source=EXPLAINED,
        ours=(
            f"below: {len(below)} of {counted(len(easier), 'thinking curve')} there{levels}, above: {len(above)},"
            f" cannot tell or not there yet: {len(easier) - len(below) - len(above)}; measured beyond the threshold:"
            f" {beyond}; of {counted(len(told), 'curve')} told on other benchmarks below it too: {len(harder_below)}"
            if thinking
            else NO_CURVE
        ),
        verdict=verdict,
    )


def _below(curves: Sequence[CurveSaturation]) -> list[CurveSaturation]:
    return [each for each in curves if each.flops.high is not None and each.flops.high < THRESHOLD_FLOPS]


def _difficulty(shift: Shift) -> Claim:
    """Confirmed where harder questions saturate later, or earlier, beyond the interval; contradicted where the whole
    interval is within half a doubling. Of fewer than three pairs it cannot tell.
    """
    later, longer = shift.saturation, shift.lengths
    verdict, ours = Verdict.OPEN, "no model has two bins of difficulty whose saturation is told"
    if later is not None and longer is not None:
        same = max(abs(later.low), abs(later.high)) <= SAME_DOUBLINGS
        moved = not later.low <= 0 <= later.high
        if shift.n_pairs >= PAIRS_NEEDED:
            verdict = Verdict.CONTRADICTED if same else Verdict.CONFIRMED if moved else Verdict.OPEN
        ours = (
            f"within a model and a benchmark, the harder questions saturate at {_times(later)} the cap of as many easy"
            f" ones, and their answers are {_times(longer)} as long; {counted(shift.n_pairs, 'pair')}"
        )
    return Claim(claim="The level of saturation depends on difficulty.", source=PAPER, ours=ours, verdict=verdict)


def _times(of: Interval) -> str:
    """Doublings as a factor."""
    return f"{2**of.value:.2f} times (90 %: {2**of.low:.2f} – {2**of.high:.2f})"
