"""What is claimed on many answers of one model, their coverage and their votes, beside what is stored."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from advisor.accuracy.estimators import Interval
from advisor.studies.coverage_tails import PART, RIGHT_NEEDED, CoverageOfTask
from advisor.studies.inference_scaling_evidence import (
    SECOND_HAND,
    Evidence,
    clearly,
    in_small,
    joined,
    percentage,
    points,
    share,
    small_print,
    strongest,
    verdict,
)
from advisor.studies.strategies_at_equal_flops import Kind
from advisor.studies.study import Claim, Verdict, surely_above, surely_below
from advisor.studies.voting_limits import LimitForecast
from advisor.units import counted

LAW_WITHIN = 0.05
"""Root mean square of the misses up to which coverage counts as following the power law."""
MODELS_NEEDED = 3
"""On a task, for its predictions to count."""
TASKS_NEEDED = 2
"""That all disagree, for a law to be contradicted."""
FORECAST_AHEAD = 4
"""A prediction of the limit is judged by a vote of so many times the answers, at least."""
HELD, PASSED = 0.9, 0.05
"""Of predictions with 90 % intervals: those whose interval holds what was then seen, and those below it."""
DECIDING = 0.5
"""A share of predictions whose interval reaches past this says nothing: they were too few."""
COVERAGE_LAW = "arXiv 2407.21787 and 2502.17578, read in excerpts"


def answer_claims(found: Evidence) -> list[Claim]:
    """Each with our figure and its verdict."""
    return [
        _power_law(found),
        _law_predicts(found),
        _chances(found),
        _voting_limits(found),
        _no_budget_passes(found),
        _best_falls(found),
    ]


def _power_law(found: Evidence) -> Claim:
    """Agrees for a task where the power law fitted to all answers misses their coverage by less than LAW_WITHIN over
    the whole range, disagrees where by more. One task alone does not contradict, nor does one of several."""
    judged = found.coverage
    within = sum(surely_below(each.fit, LAW_WITHIN) for each in judged)
    beyond = sum(surely_above(each.fit, LAW_WITHIN) for each in judged)
    exponents = [each.exponent.value for each in found.tails if each.exponent]
    fits = [each.r_squared for each in found.tails if each.r_squared is not None]
    ours = [
        f"on {each.task} the law fitted to all answers misses their coverage by {_size(each.fit)} points"
        f" (root mean square over numbers of answers and {each.n_models} models, {each.n_questions} questions"
        f"{_left_out(each.left_out, 'without a right answer to fit')})"
        for each in judged
    ]
    if fits and exponents:
        ours.append(
            f"R² is {min(fits):.3f} to {max(fits):.3f}, the exponent {min(exponents):.2f} to {max(exponents):.2f}"
        )
    here = verdict(within, beyond)
    if here is Verdict.CONTRADICTED and beyond < max(len(judged), TASKS_NEEDED):
        here = Verdict.OPEN
    text = f"coverage follows a power law in the number of answers (judged within {100 * LAW_WITHIN:g} points)"
    return Claim(text, COVERAGE_LAW, joined(ours), here)


def _law_predicts(found: Evidence) -> Claim:
    """Agrees for a task where the law of a part of the answers predicts the coverage of all within LAW_WITHIN."""
    judged = [(each, each.predictions) for each in found.coverage if each.predictions]
    counting = [each for _, each in judged if each.n_models >= MODELS_NEEDED]
    within = sum(surely_below(each.law, LAW_WITHIN) for each in counting)
    beyond = sum(surely_above(each.law, LAW_WITHIN) for each in counting)
    ours = [f"on {task.task} it misses by {_size(each.law)} points ({_predicted(task)})" for task, each in judged]
    here = verdict(within, beyond)
    if here is Verdict.CONTRADICTED and beyond < max(len(counting), TASKS_NEEDED):
        here = Verdict.OPEN
    text = f"the power law of a {PART}th of the answers predicts the coverage of all (judged within five points)"
    return Claim(text, f"{COVERAGE_LAW}; the part is ours", joined(ours), here, published=False)


def _predicted(of: CoverageOfTask) -> str:
    """The models behind predictions, and those left out."""
    n = of.predictions.n_models if of.predictions else 0
    left = _left_out(of.n_models + of.left_out - n, f"with fewer than {RIGHT_NEEDED} right answers in the part")
    few = f", too few to count: {MODELS_NEEDED} are needed" if n < MODELS_NEEDED else ""
    return f"{counted(n, 'model')}{few}, {of.n_questions} questions{left}"


def _left_out(n: int, why: str) -> str:
    return f"; {n} {why} left out" if n else ""


def _chances(found: Evidence) -> Claim:
    """Agrees for a task where the distribution of chances predicts the coverage of all answers better from a part."""
    judged = [(each, each.predictions) for each in found.coverage if each.predictions]
    ours = [
        f"on {task.task} it misses by {_size(each.tail)} points, {_size(each.closer, '+.1f')} less than the law"
        f" ({_predicted(task)})"
        for task, each in judged
    ]
    counting = [each for _, each in judged if each.n_models >= MODELS_NEEDED]
    better = sum(surely_above(each.closer, 0) for each in counting)
    worse = sum(surely_below(each.closer, 0) for each in counting)
    text = "the distribution of the questions' chances predicts coverage from fewer answers than the power law itself"
    return Claim(text, COVERAGE_LAW, joined(ours), verdict(better, worse))


def _size(miss: Interval, form: str = ".1f") -> str:
    value, low, high = (format(100 * each, form) for each in (miss.value, miss.low, miss.high))
    return f"{value} ({low} to {high})"


def _judged(found: Evidence) -> list[LimitForecast]:
    """Forecasts that are compared with a vote of many more answers."""
    return strongest([each for each in found.limits if each.n_all >= FORECAST_AHEAD * each.n])


def _voting_limits(found: Evidence) -> Claim:
    """Disagrees where forecasts with 90 % intervals hold clearly more seldom than in 90 %, by a binomial test; agrees
    where they do not, and clearly more often than in half."""
    judged = _judged(found)
    verdict_here, ours = Verdict.OPEN, []
    if judged:
        held = share(sum(each.predicted.low <= each.vote_of_all <= each.predicted.high for each in judged), len(judged))
        verdict_here = in_small(verdict(int(held.high >= HELD and held.low > DECIDING), int(held.high < HELD)), judged)
        miss, vote_miss = (_rms([getattr(each, name).value for each in judged]) for name in ("miss", "vote_miss"))
        ours.append(
            f"{small_print(verdict_here, judged)} the 90 % interval predicted from n answers holds the vote of"
            f" {FORECAST_AHEAD} or more times as many in {percentage(held)} of {len(judged)} forecasts, some of which"
            f" share answers; they miss it by {100 * miss:.1f} points, the vote of n itself by {100 * vote_miss:.1f}"
            " (root mean square)"
        )
    ours += [
        f"{each.model} on {each.task}: most frequent answer right for {percentage(each.right)} of {each.n_questions}"
        f" questions, votes get worse with more answers on {percentage(each.falling)}"
        for each in found.pluralities
        if not each.caveat
    ]
    text = "votes converge exponentially to the share of questions whose most frequent (most rewarded) answer is right"
    return Claim(text, SECOND_HAND, joined(ours), verdict_here)


def _no_budget_passes(found: Evidence) -> Claim:
    """Disagrees where votes lie above the interval of the limit predicted from fewer answers clearly more often than in
    the 5 % that a 90 % interval leaves, by a binomial test; agrees where they do not, and clearly less than in half."""
    judged = _judged(found)
    text = "no sampling budget passes the voting limit"
    if not judged:
        return Claim(text, SECOND_HAND, joined([]), Verdict.OPEN)
    passed = share(sum(each.vote_of_all > each.predicted.high for each in judged), len(judged))
    found_here = in_small(
        verdict(int(passed.low <= PASSED and passed.high < DECIDING), int(passed.low > PASSED)), judged
    )
    ours = (
        f"{small_print(found_here, judged)} the vote of {FORECAST_AHEAD} or more times as many answers lies above the"
        f" limit predicted from n in {percentage(passed)} of {len(judged)} forecasts, some of which share answers"
    )
    return Claim(text, SECOND_HAND, ours, found_here)


def _best_falls(found: Evidence) -> Claim:
    """Agrees where the best of the most answers is clearly less accurate than that of fewer, which were chosen on other
    questions; that it nowhere is disagrees only where it is clearly more accurate everywhere."""
    judged = strongest(found.of(Kind.BEST_FALLS))
    falls, rises = (clearly([each.gain for each in judged], sign) for sign in (-1, 1))
    found_here = (
        Verdict.CONFIRMED if falls else Verdict.CONTRADICTED if judged and rises == len(judged) else Verdict.OPEN
    )
    found_here = in_small(found_here, judged)
    ours = [
        f"{each.first.model} on {each.task}: best of {each.first.n} less that of fewer {points(each.gain)} points"
        f" ({each.n_questions} questions)"
        for each in judged
    ]
    text = "best-of-N with a reward model may fall as N grows (one published set: 28.4 to 24.6 %)"
    return Claim(text, SECOND_HAND, joined([small_print(found_here, judged), *ours] if judged else []), found_here)


def _rms(misses: Sequence[float]) -> float:
    return float((np.array(misses) ** 2).mean() ** 0.5)
