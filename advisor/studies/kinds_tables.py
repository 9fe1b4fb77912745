"""Rows of the study of dense models and mixtures."""

from __future__ import annotations

from dataclasses import dataclass

from advisor.accuracy.estimators import Interval

ALL_TASKS = "all tasks"
"""The task of a difference that is averaged over all."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Mixtures against dense models on a task where `equal` is equal: a factor of the cost (mixture over dense), or of
    `accuracy` the points that mixtures have more. `tasks`: with the very same models, over which it is a mean; `dated`:
    at equal release date too. Counts are of models, of their architectures, and of points and those whose length is
    imputed."""

    equal: str
    figure: str
    task: str
    tasks: int
    dated: bool
    moe: int
    dense: int
    moe_architectures: int
    dense_architectures: int
    points: int
    imputed: int
    value: Interval


@dataclass(frozen=True, slots=True)
class TaskFront:
    """Models by kind, how often they are on the front of accuracy against FLOPs, the share of each kind inside of it,
    and how much larger that of dense models is."""

    task: str
    moe: int
    dense: int
    moe_on_front: int
    dense_on_front: int
    moe_inside: Interval
    dense_inside: Interval
    more_dense_inside: Interval


@dataclass(frozen=True, slots=True)
class Ages:
    """Median release of each kind on a task in years, how far kind and date go together, and of how many mixtures a
    dense model is as old (`near` of `moe`)."""

    task: str
    moe_released: float
    dense_released: float
    correlation: float
    near: int
    moe: int
