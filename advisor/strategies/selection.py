"""Selections: which answer a set of scored traces stands for. Pure; ties go to the answer that was seen first.

Answers are classes already (equal answers are equal values); None abstains.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Sequence

Answer = Hashable | None

REWARDS: dict[str, Callable[[Sequence[float]], float]] = {
    "last": lambda steps: steps[-1] if steps else 0.0,
    "min": lambda steps: min(steps, default=0.0),
    "mean": lambda steps: sum(steps) / len(steps) if steps else 0.0,
    "product": lambda steps: math.prod(steps) if steps else 0.0,
}
"""One reward of a trace from those of its steps; an empty trace has none."""


def first(answers: Sequence[Answer], rewards: Sequence[float]) -> Answer:
    """The first answer that is one."""
    return next((a for a in answers if a is not None), None)


def majority(answers: Sequence[Answer], rewards: Sequence[float]) -> Answer:
    """The most frequent answer."""
    return weighted(answers, [1.0] * len(answers))


def weighted(answers: Sequence[Answer], rewards: Sequence[float]) -> Answer:
    """The answer with the largest sum of rewards."""
    totals: dict[Hashable, float] = {}
    for answer, reward in zip(answers, rewards, strict=True):
        if answer is not None:
            totals[answer] = totals.get(answer, 0.0) + reward
    return max(totals, key=lambda a: totals[a], default=None)


def best(answers: Sequence[Answer], rewards: Sequence[float]) -> Answer:
    """The answer of the trace with the largest reward (best-of-N)."""
    scored = [
        (reward, -i) for i, (answer, reward) in enumerate(zip(answers, rewards, strict=True)) if answer is not None
    ]
    return answers[-max(scored)[1]] if scored else None


SELECTIONS: dict[str, Callable[[Sequence[Answer], Sequence[float]], Answer]] = {
    "first": first,
    "majority": majority,
    "weighted": weighted,
    "best": best,
}
