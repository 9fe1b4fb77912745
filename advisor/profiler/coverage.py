"""Whether predictions held: every load is predicted before it is measured, and its miss widens the next intervals.

Intervals come from the model's own deviations, times a factor so that nine tenths of the predictions made so far would
have held: the quantile that split conformal prediction takes (Vovk, Gammerman & Shafer 2005), over the misses seen and
some that are expected before there are any, so that a few loads do not swing it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

from advisor.performance.groups import FREEDOM, Z90
from advisor.store.runs import Run

LEVEL = 0.9
"""Of the predictions so many are to hold."""
EXPECTED = stdtrit(FREEDOM, 1 - (np.arange(10)[::-1] + 0.5) / 20).tolist()
"""Misses that are taken for seen before the first, in deviations: Student's; as many loads outweigh them."""
RECENT = 10
"""Predictions that must have been checked before a profile may end early, and are looked at then."""
ENOUGH_HELD = 8
"""Of RECENT: fewer come of intervals that hold nine times in ten once in fourteen times."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """Of the loads predicted before they were measured, how many fell in their 90 % interval; then the latest ten."""

    n_predicted: int
    n_held: int
    n_recent: int
    n_recent_held: int

    @property
    def is_enough(self) -> bool:
        """Whether enough predictions were checked, and enough of the latest held, to believe the intervals."""
        return self.n_recent == RECENT and self.n_recent_held >= ENOUGH_HELD


def coverage(runs: Sequence[Run]) -> Coverage:
    """Counted over the runs in the order in which they were measured."""
    held = [miss <= 1 for miss in _misses(runs)]
    recent = held[-RECENT:]
    return Coverage(len(held), sum(held), len(recent), sum(recent))


def holds(run: Run) -> bool | None:
    """Whether its TPOT fell in the interval predicted of it; None where nothing was predicted or measured."""
    miss = _misses([run])
    return miss[0] <= 1 if miss else None


def interval_factor(runs: Sequence[Run]) -> float:
    """Standard deviations of the logarithm that nine tenths of the predictions kept within.

    Every run's miss is known as a share of its interval, whose factor follows from the runs before it.
    """
    seen = list[float](EXPECTED)
    factor = _quantile(seen)
    for miss in _misses(runs):
        seen.append(miss * factor)
        factor = _quantile(seen)
    return factor


def _quantile(deviations: Sequence[float]) -> float:
    """The smallest that is no less than nine tenths of them and a further one."""
    place = min(math.ceil((len(deviations) + 1) * LEVEL), len(deviations))
    return sorted(deviations)[place - 1]


def _misses(runs: Sequence[Run]) -> list[float]:
    """|log(measured / predicted)| over the half width of the interval in the logarithm, of runs that were predicted."""
    return [
        abs(math.log(run.tpot_s / run.predicted_tpot_s)) / math.log1p(run.predicted_half_width)
        for run in runs
        if run.status == "ok" and run.tpot_s and run.predicted_tpot_s and run.predicted_half_width
    ]


def repeat_half_width(runs: Sequence[Run]) -> float | None:
    """The 90 % interval of one measurement around its load's mean TPOT, as a share of it; None without a repeat.

    Pooled over the loads that were measured more than once.
    """
    by_load: dict[tuple[float, ...], list[float]] = {}
    for run in runs:
        if run.status == "ok" and run.tpot_s:
            by_load.setdefault(load_of(run), []).append(math.log(run.tpot_s))
    repeated = [logs for logs in by_load.values() if len(logs) > 1]
    if not repeated:
        return None
    squares = sum(float(np.var(logs)) * len(logs) for logs in repeated)
    return math.expm1(Z90 * math.sqrt(squares / sum(len(logs) - 1 for logs in repeated)))


def load_of(run: Run) -> tuple[float, float, float]:
    """Prompt and generated tokens and concurrency: what makes two runs of a profile repeats of each other."""
    return run.prompt_tokens, run.generated_tokens, run.concurrency
