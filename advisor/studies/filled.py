"""The mean over all tasks of models that were measured on some of them: the other cells filled in from ability."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from advisor.accuracy.estimators import Array, Interval
from advisor.accuracy.resampling import DRAWS, seed_of
from advisor.studies.abilities import LeftOutErrors, completed, left_out_errors
from advisor.studies.cheapest import UNITS, Deployed, Fleetwide
from advisor.studies.shared_tasks import LEAST_MODELS, LEAST_TASKS
from advisor.studies.task_frontiers import Membership, Place, Standing, membership
from advisor.values import Rows

NEAR_ENDS = 0.005
"""Accuracies nearer to 0 or 1 count as this, on the scale of logits."""


@dataclass(frozen=True, slots=True)
class Filled:
    """Means over tasks with missing cells filled in, and how wrong such cells are.

    cells, known  of the table of models and tasks, and those that were measured
    errors        of accuracies on the scale of logits; `points` those of single cells as accuracy
    cost_factors  by unit the factor that a filled cost is off by (standard error)
    """

    tasks: tuple[str, ...]
    standings: Rows[Standing]
    cells: int
    known: int
    errors: LeftOutErrors
    points: float
    cost_factors: dict[str, float]


def filled(by_task: Mapping[str, Fleetwide]) -> tuple[Filled, Membership] | None:
    """Over tasks with five models of those with two tasks; None where there are not that many."""
    counts = Counter(m for found in by_task.values() for m in {each.answer.model for each in found.deployed})
    models = sorted(model for model, n in counts.items() if n >= LEAST_TASKS)
    tasks = tuple(
        task
        for task, found in by_task.items()
        if len({each.answer.model for each in found.deployed} & set(models)) >= LEAST_MODELS
    )
    table = {task: _best(by_task[task]) for task in tasks}
    models = [model for model in models if sum(model in table[task] for task in tasks) >= LEAST_TASKS]
    if len(tasks) < LEAST_TASKS or len(models) < LEAST_MODELS:
        return None
    seen = np.array([[model in table[task] for task in tasks] for model in models])
    accuracies, errors, points = _accuracies(by_task, table, models, tasks)
    costs, factors = {}, {}
    for unit in UNITS:
        costs[unit], factors[unit] = _costs(by_task, table, models, tasks, unit)
    value, draws = accuracies[:, 0], accuracies[:, 1:]
    examples = {model: table[task][model][1] for task in reversed(tasks) for model in models if model in table[task]}
    kinds = np.array([examples[model].answer.is_moe for model in models])
    who = membership([examples[model].answer for model in models], (value, draws), costs)
    rows = [
        Standing(
            model=model,
            setup="",
            is_moe=bool(kinds[i]),
            accuracy=Interval(float(value[i]), *(float(end) for end in np.quantile(draws[i], (0.05, 0.95)))),
            evidence="filled in" if not seen[i].all() else examples[model].answer.evidence,
            imputed=any(table[t][model][1].answer.imputed for t in tasks if model in table[t]),
            deployment="",
            filled=float(1 - seen[i].mean()),
            places={
                unit: Place(float(costs[unit][i, 0]), bool(who.believed[unit][i]), float(who.drawn[unit][i].mean()))
                for unit in UNITS
            },
        )
        for i, model in enumerate(models)
    ]
    rows.sort(key=lambda row: (-row.accuracy.value, row.model))
    size, known = seen.size, int(seen.sum())
    return Filled(tasks, Rows(rows, Standing), size, known, errors, points, factors), who


Best = dict[str, tuple[int, Deployed]]


def _best(found: Fleetwide) -> Best:
    """Of each model its most accurate answer, with its place."""
    best: Best = {}
    for i, each in enumerate(found.deployed):
        before = best.get(each.answer.model)
        if before is None or each.answer.accuracy.value > before[1].answer.accuracy.value:
            best[each.answer.model] = (i, each)
    return best


def _accuracies(
    by_task: Mapping[str, Fleetwide], table: Mapping[str, Best], models: list[str], tasks: tuple[str, ...]
) -> tuple[Array, LeftOutErrors, float]:
    """(M, 1 + D) mean accuracies, what is believed first; errors of filled cells, and of single ones as points."""
    cells = np.full((len(models), len(tasks), 1 + DRAWS), np.nan)
    for t, task in enumerate(tasks):
        for m, model in enumerate(models):
            if model in table[task]:
                i, each = table[task][model]
                cells[m, t] = [each.answer.accuracy.value, *by_task[task].accuracies[i]]
    logits = _logit(cells[..., 0])
    errors = left_out_errors(logits, seed=seed_of("filled"))
    drawn = _share(completed(logits)[..., None] + _noise("accuracy", logits.shape, errors))
    both = np.concatenate([drawn.mean(axis=2, keepdims=True), drawn], axis=2)
    slope = float(np.nanmean(cells[..., 0] * (1 - cells[..., 0])))
    return np.where(np.isnan(cells), both, cells).mean(axis=1), errors, errors.cells * slope


def _costs(
    by_task: Mapping[str, Fleetwide], table: Mapping[str, Best], models: list[str], tasks: tuple[str, ...], unit: str
) -> tuple[Array, float]:
    """(M, 1 + D) mean costs, those believed first, and the factor that a filled one is off by."""
    cells = np.full((len(models), len(tasks), 1 + DRAWS), np.nan)
    for t, task in enumerate(tasks):
        for m, model in enumerate(models):
            if model in table[task]:
                i, each = table[task][model]
                cells[m, t] = [each.cost(unit), *by_task[task].costs[unit][i]]
    logs = np.log(cells[..., 0])
    errors = left_out_errors(logs, seed=seed_of("filled"))
    drawn = completed(logs)[..., None] + _noise("cost", logs.shape, errors)
    both = np.exp(np.concatenate([completed(logs)[..., None], drawn], axis=2))
    return np.where(np.isnan(cells), both, cells).mean(axis=1), float(np.exp(errors.cells))


def _noise(name: str, shape: tuple[int, ...], errors: LeftOutErrors) -> Array:
    """(M, T, DRAWS) errors of filled cells: a part that all cells of a model share, and each its own."""
    rng = np.random.default_rng(seed_of(f"filled\0{name}"))
    shared = errors.models * rng.standard_normal((shape[0], 1, DRAWS))
    own = max(errors.cells**2 - errors.models**2, 0.0) ** 0.5
    return np.asarray(shared + own * rng.standard_normal((*shape, DRAWS)))


def _logit(accuracies: Array) -> Array:
    kept = np.clip(accuracies, NEAR_ENDS, 1 - NEAR_ENDS)
    return np.asarray(np.log(kept / (1 - kept)))


def _share(logits: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-logits)))
