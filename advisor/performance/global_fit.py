"""Efficiencies from measured runs: the step-time model of roofline.py, fitted to TPOT and TTFT.

Every parameter is a base plus what its engine, the family of its GPU and its precision add, all in log space and held
near what kernels reach by a ridge. An unmeasured combination borrows from those that share a part with it. What a
family or a precision may add is bounded so that order holds whatever the runs say: a GPU that is better in every
figure, or fewer bits that the GPU multiplies natively, are never slower (`columns.py`). Errors are robust
(pseudo-Huber), because published runs hold outliers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from advisor.performance.columns import Columns, columns_of
from advisor.performance.demand import Array
from advisor.performance.observed import Runs
from advisor.performance.roofline import Efficiency, Serving, serving, shifted

RIDGE = 1.5
"""Chosen by predicting whole (model, GPU) groups that were left out."""
TTFT_WEIGHT = 0.3
ERROR_SCALE = 0.1
ITERATIONS = 40
LARGEST_STEP = 0.5
SHARES_OF_STEP = (1.0, 0.4, 0.1)
ENOUGH = 1e-4
"""Share of the loss by which a step must lower it for another to follow."""
STEP = 1e-4
N_FIELDS = len(fields(Efficiency))


@dataclass(frozen=True, slots=True)
class PerformanceModel:
    """Fitted shifts of the defaults, of shape (efficiency fields, columns)."""

    engines: tuple[str, ...]
    coefficients: Array

    def efficiency(self, family: Sequence[str], engine: Sequence[str], precision: Sequence[str]) -> Efficiency:
        """Efficiencies as arrays; an unknown engine adds nothing to the base."""
        design = columns_of(self.engines).design(np.asarray(family), np.asarray(engine), np.asarray(precision))
        return shifted(Efficiency(), self.coefficients @ design.T)

    def of(self, runs: Runs) -> Efficiency:
        """Those of every run."""
        return self.efficiency(runs.family.tolist(), runs.engine.tolist(), runs.kernels.tolist())

    def predict(self, runs: Runs) -> Serving:
        """TTFT and TPOT of the runs."""
        return serving(runs.demand, runs.hardware, self.of(runs), runs.concurrency, runs.max_sequences)


@dataclass(frozen=True, slots=True)
class _Problem:
    """Residuals of all runs and of the ridge, as functions of the coefficients that are free."""

    runs: Runs
    columns: Columns
    design: Array
    weight: Array
    ridge: float

    def coefficients(self, free: Array) -> Array:
        found = np.zeros((N_FIELDS, self.design.shape[1]))
        found[self.columns.free] = free
        return found

    def errors(self, shifts: Array) -> Array:
        """Weighted errors of decoding, then of TTFT, 0 where it was not measured."""
        runs = self.runs
        eff = shifted(Efficiency(), shifts)
        decode, ttft = runs.log_errors(serving(runs.demand, runs.hardware, eff, runs.concurrency, runs.max_sequences))
        return np.concatenate([decode, np.where(np.isfinite(ttft), TTFT_WEIGHT * ttft, 0.0)]) / ERROR_SCALE

    def loss(self, free: Array) -> float:
        z = self.errors(self.coefficients(free) @ self.design.T)
        return float(np.sum(self.weight * 2 * (np.sqrt(1 + z * z) - 1)) + np.sum(self._held(free) ** 2))

    def _held(self, free: Array) -> Array:
        c = self.columns
        return np.asarray(self.ridge * (free - c.expected[c.free]) / c.deviation[c.free])

    def newton(self, free: Array) -> tuple[Array, Array]:
        """Slope of half the loss, and its curvature as Gauss-Newton has it with robust weights.

        By the chain rule: what an efficiency's shift does, times the columns that move it.
        """
        c, shifts = self.columns, self.coefficients(free) @ self.design.T
        z, twice = self.errors(shifts), np.vstack([self.design, self.design])
        blocks = []
        for field in range(N_FIELDS):
            moved = shifts.copy()
            moved[field] += STEP
            blocks.append(((self.errors(moved) - z) / STEP)[:, None] * twice[:, c.free[field]])
        by_free, stiffness = np.hstack(blocks), self.ridge / c.deviation[c.free]
        weighted = by_free.T * (self.weight / np.sqrt(1 + z * z))
        return weighted @ z + stiffness * self._held(free), weighted @ by_free + np.diag(stiffness**2)


def fit(runs: Runs, *, ridge: float = RIDGE) -> PerformanceModel:
    """The model that fits `runs` best."""
    engines = tuple(sorted(set(runs.engine.tolist())))
    columns = columns_of(engines)
    design = columns.design(runs.family, runs.engine, runs.kernels)
    problem = _Problem(runs, columns, design, np.tile(_weights(runs), 2), ridge)
    return PerformanceModel(engines, problem.coefficients(_minimum(problem)))


def _minimum(problem: _Problem) -> Array:
    """The free coefficients of the least loss within their bounds: Gauss-Newton, those held by a bound left out."""
    c = problem.columns
    low, high = c.low[c.free], c.high[c.free]
    at = np.clip(c.expected[c.free], low, high)
    loss = problem.loss(at)
    for _ in range(ITERATIONS):
        slope, curvature = problem.newton(at)
        inside = ~(((at <= low) & (slope > 0)) | ((at >= high) & (slope < 0)))
        step = np.zeros_like(at)
        step[inside] = -np.linalg.solve(curvature[np.ix_(inside, inside)], slope[inside])
        step = np.clip(step, -LARGEST_STEP, LARGEST_STEP)
        tried = [(problem.loss(x), x) for x in (np.clip(at + share * step, low, high) for share in SHARES_OF_STEP)]
        best, found = min(tried, key=lambda each: each[0])
        if best > loss * (1 - ENOUGH):
            break
        loss, at = best, found
    return at


GROUP_POWER = 0.5
"""Between 0, where every run counts alike, and 1, where every model on a GPU does."""


def _weights(runs: Runs) -> Array:
    """Of a run: the more runs its model has on that GPU, the less each."""
    groups = np.char.add(np.char.add(runs.shape, "|"), runs.gpu)
    _, place, count = np.unique(groups, return_inverse=True, return_counts=True)
    weight = count[place] ** -GROUP_POWER
    return np.asarray(weight / np.mean(weight))


def fold_of(
    groups: NDArray[np.str_], folds: int, *, seed: int = 0, first: NDArray[np.bool_] | None = None
) -> NDArray[np.int64]:
    """The fold of every run, whole groups together. Groups of the runs `first` have the folds that they have alone."""
    dealt = np.random.default_rng(seed).permutation(np.unique(groups if first is None else groups[first])).tolist()
    order = [*dealt, *np.setdiff1d(groups, dealt).tolist()]
    place = {group: i % folds for i, group in enumerate(order)}
    return np.array([place[group] for group in groups.tolist()])


def left_out_efficiency(runs: Runs, folds: NDArray[np.int64], *, ridge: float = RIDGE) -> Efficiency:
    """Efficiencies of every run, as arrays, by a fit that saw no run of its fold."""
    found = Efficiency(*(np.full(len(runs), np.nan) for _ in fields(Efficiency)))
    for fold in np.unique(folds):
        held = folds == fold
        efficiency = fit(runs.where(~held), ridge=ridge).of(runs.where(held))
        for f in fields(Efficiency):
            getattr(found, f.name)[held] = getattr(efficiency, f.name)
    return found
