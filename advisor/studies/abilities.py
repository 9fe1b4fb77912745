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

Cells = NDArray[np.bool_]

ROUNDS = 60
TOWARDS_ABILITY, TOWARDS_DISCRIMINATION, TOWARDS_DIFFICULTY = 0.3, 5.0, 0.3
"""Ridges, in observations."""
FOLDS = 10
KEPT, LEAST_HELD = 2, 3
"""Tasks that a model is cut down to, and the least number of its other ones, to see how wrong their mean is."""


@dataclass(frozen=True, slots=True)
class LeftOutErrors:
    """What predictions of values that were left out are off by, in the scale of the values.

    cells       standard error of single cells, each left out with a tenth of all
    by_mean     the same of the mean of the task's other cells
    models      of the mean of a model's other tasks, where two of its tasks are known; `cells` where none has enough
    tasks       of whole tasks, whose difficulty nobody knows then
    order       mean rank correlation of models on a whole task left out; None where no task has three models
    """

    cells: float
    by_mean: float
    models: float
    tasks: float
    order: float | None


def completed(values: Array) -> Array:
    """(M, T) predictions of every cell of (M, T) values, NaN where nothing is known."""
    seen = np.isfinite(values)
    filled = np.where(seen, values, 0.0)
    centre = filled.sum() / max(seen.sum(), 1)
    difficulty = _difficulties(filled, seen, centre)
    ability, discrimination = np.zeros(len(values)), np.ones(values.shape[1])
    for _ in range(ROUNDS):
        rest = np.where(seen, values - difficulty, 0.0)
        ability = rest @ discrimination / (seen @ discrimination**2 + TOWARDS_ABILITY)
        ability -= ability.mean()
        up = ability @ rest + TOWARDS_DISCRIMINATION
        discrimination = up / (ability**2 @ seen + TOWARDS_DISCRIMINATION)
        rest = np.where(seen, values - np.outer(ability, discrimination), 0.0)
        centre = rest.sum() / max(seen.sum(), 1)
        difficulty = _difficulties(rest, seen, centre)
    return np.asarray(difficulty + np.outer(ability, discrimination))


def _difficulties(values: Array, seen: Cells, centre: float) -> Array:
    return np.asarray((values.sum(axis=0) + TOWARDS_DIFFICULTY * centre) / (seen.sum(axis=0) + TOWARDS_DIFFICULTY))


def left_out_errors(values: Array, *, seed: int = 0) -> LeftOutErrors:
    """Errors of `completed` on what it did not see; after at least one value is known."""
    seen = np.isfinite(values)
    off, off_mean = [], []
    for held in _folds(seen, seed):
        known = np.where(held, np.nan, values)
        off.append((completed(known) - values)[held])
        off_mean.append((_task_means(known) - values)[held])
    of_tasks, orders = _whole_tasks(values, seen)
    cells, of_models = _rms(off), _cut_models(values, seen, seed)
    order = float(np.mean(orders)) if orders else None
    return LeftOutErrors(
        cells, _rms(off_mean), min(_rms(of_models), cells) if of_models else cells, _rms(of_tasks), order
    )


def _cut_models(values: Array, seen: Cells, seed: int) -> list[Array]:
    """Of each model with enough tasks the mean error on all but two of them, the others unknown."""
    rng, found = np.random.default_rng(seed), []
    for model in np.flatnonzero(seen.sum(axis=1) >= KEPT + LEAST_HELD):
        held = rng.permutation(np.flatnonzero(seen[model]))[KEPT:]
        known = values.copy()
        known[model, held] = np.nan
        found.append(np.array([(completed(known) - values)[model, held].mean()]))
    return found


def _whole_tasks(values: Array, seen: Cells) -> tuple[list[Array], list[float]]:
    """Errors on each task of which nothing is known, and rank correlations of the models there."""
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
    return of_tasks, orders


def _folds(seen: Cells, seed: int) -> Iterator[Cells]:
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
