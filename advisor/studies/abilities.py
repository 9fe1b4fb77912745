"""Missing cells of a table of models and tasks, filled in from a model of ability and difficulty.

    value = difficulty of the task + discrimination of the task · ability of the model

as item-response models have it (two parameters a task, on the scale of logits), fitted by alternating weighted least
squares that draw abilities towards 0, discriminations towards 1 and difficulties towards their mean. What it is worth
is measured on cells and whole tasks that it did not see.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr

from advisor.accuracy.estimators import Array

ROUNDS = 60
TOWARDS_ABILITY, TOWARDS_DISCRIMINATION, TOWARDS_DIFFICULTY = 0.3, 5.0, 0.3
"""Ridges, in observations."""
FOLDS = 10


@dataclass(frozen=True, slots=True)
class LeftOutErrors:
    """What predictions of values that were left out are off by, in the scale of the values.

    cells       standard error of single cells, each left out with a tenth of all
    by_mean     the same of the mean of the task's other cells
    tasks       of whole tasks, whose difficulty nobody knows then
    order       mean rank correlation of models on a whole task left out; None where no task has three models
    """

    cells: float
    by_mean: float
    tasks: float
    order: float | None


def completed(values: Array) -> Array:
    """(M, T) predictions of every cell of (M, T) values, NaN where nothing is known."""
    seen = np.isfinite(values)
    filled = np.where(seen, values, 0.0)
    centre = filled.sum() / max(seen.sum(), 1)
    difficulty = _ridge_mean(filled, seen, centre, axis=0)
    ability, discrimination = np.zeros(len(values)), np.ones(values.shape[1])
    for _ in range(ROUNDS):
        rest = np.where(seen, values - difficulty, 0.0)
        ability = rest @ discrimination / (seen @ discrimination**2 + TOWARDS_ABILITY)
        ability -= ability.mean()
        up = ability @ rest + TOWARDS_DISCRIMINATION
        discrimination = up / (ability**2 @ seen + TOWARDS_DISCRIMINATION)
        rest = np.where(seen, values - np.outer(ability, discrimination), 0.0)
        centre = rest.sum() / max(seen.sum(), 1)
        difficulty = _ridge_mean(rest, seen, centre, axis=0)
    return np.asarray(difficulty + np.outer(ability, discrimination))


def _ridge_mean(values: Array, seen: NDArray[np.bool_], centre: float, *, axis: int) -> Array:
    return np.asarray(
        (values.sum(axis=axis) + TOWARDS_DIFFICULTY * centre) / (seen.sum(axis=axis) + TOWARDS_DIFFICULTY)
    )


def left_out_errors(values: Array, *, seed: int = 0) -> LeftOutErrors:
    """Errors of `completed` on what it did not see; after at least one value is known."""
    seen = np.isfinite(values)
    off, off_mean = [], []
    for held in _folds(seen, seed):
        known = np.where(held, np.nan, values)
        off.append((completed(known) - values)[held])
        off_mean.append((_task_means(known) - values)[held])
    of_tasks, orders = [], []
    for task in range(values.shape[1]):
        known = values.copy()
        known[:, task] = np.nan
        there = seen[:, task] & np.isfinite(known).any(axis=1)
        if not np.isfinite(known).any() or not there.any():
            continue
        predicted = completed(known)[there, task]
        of_tasks.append(predicted - values[there, task])
        if there.sum() >= 3 and np.ptp(predicted) > 0 and np.ptp(values[there, task]) > 0:
            orders.append(float(spearmanr(predicted, values[there, task]).statistic))
    return LeftOutErrors(_rms(off), _rms(off_mean), _rms(of_tasks), float(np.mean(orders)) if orders else None)


def _folds(seen: NDArray[np.bool_], seed: int) -> Iterator[NDArray[np.bool_]]:
    cells = np.argwhere(seen)
    order = np.random.default_rng(seed).permutation(len(cells))
    for fold in range(min(FOLDS, len(cells))):
        held = np.zeros(seen.shape, dtype=bool)
        held[tuple(cells[order[fold::FOLDS]].T)] = True
        yield held


def _task_means(values: Array) -> Array:
    """(M, T) the mean of each task's known cells, of all where it has none."""
    seen = np.isfinite(values)
    total = np.where(seen, values, 0.0)
    n = seen.sum(axis=0)
    means = np.where(n > 0, total.sum(axis=0) / np.maximum(n, 1), total.sum() / max(seen.sum(), 1))
    return np.tile(means, (len(values), 1))


def _rms(errors: list[Array]) -> float:
    return float(np.sqrt(np.mean(np.concatenate(errors) ** 2))) if errors else float("nan")
