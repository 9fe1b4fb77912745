"""Which load to measure again: only that shows how far this machine strays without any load having changed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from advisor.profiler.coverage import holds, load_of
from advisor.profiler.plan import Load
from advisor.store.runs import Run

EVERY = 4
"""New loads for each repeat."""
TIME_SHARE = 0.25
"""Of the time spent measuring, at most so much goes into repeats."""


def repeat_due(runs: Sequence[Run], time_left_s: float) -> Load | None:
    """The load to measure once more now: one whose prediction missed, else the one measured least often, oldest first.

    None where enough were repeated, or none can be in time. A load that failed is not repeated.
    """
    by_load: dict[tuple[float, float, float], list[Run]] = defaultdict(list)
    for run in runs:
        by_load[load_of(run)].append(run)
    if len(runs) - len(by_load) >= len(by_load) // EVERY:
        return None
    spent_s = sum(_seconds(run) for run in runs)
    again_s = sum(_seconds(run) for of_load in by_load.values() for run in of_load[1:])
    most_s = min(time_left_s, TIME_SHARE * spent_s - again_s)
    possible = [
        of_load
        for of_load in by_load.values()
        if all(run.status == "ok" for run in of_load) and 0 < _seconds(of_load[0]) <= most_s
    ]
    if not possible:
        return None

    def order(of_load: list[Run]) -> tuple[bool, int]:
        missed_once = len(of_load) == 1 and holds(of_load[0]) is False
        return not missed_once, len(of_load)

    return Load(*(int(part) for part in load_of(min(possible, key=order)[0])))


def _seconds(run: Run) -> float:
    return run.duration_s or 0.0
