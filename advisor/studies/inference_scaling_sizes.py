"""What arXiv 2408.00724 claims on the size of the model for a budget, beside what is stored."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from advisor.studies.compute_optimal_size import SizeLaw
from advisor.studies.inference_scaling_evidence import (
    READ,
    SECOND_HAND,
    Evidence,
    by_another_measure,
    joined,
    number,
    verdict,
)
from advisor.studies.size_families import VOTE
from advisor.studies.study import Claim, Verdict

PUBLISHED_SLOPE, PUBLISHED_INTERCEPT = 1.19, 2.03
"""log10 C = 1.19·log10 N + 2.03, of weighted votes on GSM8K."""
PUBLISHED_FROM, PUBLISHED_TO = 1.9e12, 1.1e14
"""FLOPs a question that the line was fitted over: its budgets for 410M and 12B."""
CERTAIN = 0.95


def size_claims(found: Evidence) -> list[Claim]:
    """Each with our figure and its verdict."""
    return [_size_regression(found), _small_first(found), _overtaken(found)]


def _size_regression(found: Evidence) -> Claim:
    """Agrees where the published slope lies within the interval of ours; coverage is another measure than votes."""
    lines = [(law, law.slope) for law in found.laws if law.slope]
    inside = [law for law, slope in lines if slope.low <= PUBLISHED_SLOPE <= slope.high]
    ours = [f"{_of(law)}: {_line(law)}{_at_the_middle(found, law)} ({law.n_questions} questions)" for law in found.laws]
    return Claim(
        "the compute-optimal size follows log10 C = 1.19·log10 N + 2.03 (weighted votes, GSM8K, 410M to 12B)",
        SECOND_HAND,
        joined(ours),
        _of_measures(verdict(len(inside), len(lines) - len(inside)), [law.measure for law, _ in lines]),
    )


def _of(law: SizeLaw) -> str:
    return f"{law.measure} on {law.task}"


def _line(law: SizeLaw) -> str:
    if law.slope is None or law.intercept is None:
        return f"{len(law.best_sizes)} of {law.n_models} sizes are best at any budget, too few for a line"
    return f"slope {number(law.slope)}, intercept {number(law.intercept)} through {len(law.best_sizes)} sizes"


def _at_the_middle(found: Evidence, law: SizeLaw) -> str:
    """The best size in the middle of the published range, beside the published line's."""
    middle = (PUBLISHED_FROM * PUBLISHED_TO) ** 0.5
    if not law.budgets_flops[0] <= middle <= law.budgets_flops[1]:
        return ""
    near = min(
        (each for each in found.optima if (each.task, each.measure) == (law.task, law.measure)),
        key=lambda each: abs(np.log(each.budget_flops / middle)),
    )
    size = 10 ** ((np.log10(near.budget_flops) - PUBLISHED_INTERCEPT) / PUBLISHED_SLOPE)
    return (
        f"; at {near.budget_flops:.1e} FLOPs {near.model} is best (in {100 * near.best_in:.0f} % of resamples), where"
        f" the line says {size / 1e9:.1f}B"
    )


def _small_first(found: Evidence) -> Claim:
    """Agrees for a family where another than the dearest size is the best at the first budget that pays for all."""
    judged = [(law, law.smaller_first) for law in found.laws if law.smaller_first is not None]
    ours = [
        f"{_of(law)}: a smaller than the largest is best where all are affordable in {100 * first:.0f} % of resamples"
        f" ({law.n_models} sizes, {law.n_questions} questions)"
        for law, first in judged
    ]
    agreeing, against = sum(f >= CERTAIN for _, f in judged), sum(f <= 1 - CERTAIN for _, f in judged)
    found_here = _of_measures(verdict(agreeing, against), [law.measure for law, _ in judged])
    return Claim("at low budgets smaller models are best", READ, joined(ours), found_here)


def _overtaken(found: Evidence) -> Claim:
    """Agrees for a pair of sizes whose smaller is ahead where both are affordable and whose larger is at the end;
    disagrees where the smaller stays ahead to the end of the budgets."""
    crossing = [each for each in found.takeovers if each.smaller_first >= CERTAIN]
    taken = [each for each in crossing if each.reached >= CERTAIN]
    never = [each for each in crossing if each.reached <= 1 - CERTAIN]
    ours = [
        f"{each.measure} on {each.task}: {each.larger} overtakes {each.smaller} at {each.budget_flops.value:.1e} FLOPs"
        f" ({each.budget_flops.low:.1e} to {each.budget_flops.high:.1e})"
        for each in taken
    ]
    if never:
        ours.append(
            f"{len(never)} of {len(crossing)} pairs that the smaller leads at first are not overtaken within the"
            " budgets"
        )
    ours += [
        f"growth d log N/d log C of the best size for {_of(law)} {number(law.growth)}"
        for law in found.laws
        if law.growth
    ]
    text = "smaller models flatten, and larger ones take over as the budget grows"
    return Claim(
        text,
        READ,
        joined(ours),
        _of_measures(verdict(len(taken), len(never)), [each.measure for each in crossing]),
    )


def _of_measures(found: Verdict, measures: Sequence[str]) -> Verdict:
    return found if VOTE in measures else by_another_measure(found)
