"""Efficiencies from measured runs: the step-time model of roofline.py, fitted to TPOT and TTFT.

Every parameter is a base plus a deviation for the GPU, for the engine and for the precision, all in
log or logit space and held near zero by a ridge. So a (GPU, engine, precision) that was never measured
together borrows from those that share a part with it, and an unknown GPU gets the base. Shares of a
peak stay within (0, 1). Errors are robust (pseudo-Huber), because published runs hold outliers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from advisor.performance.demand import Array
from advisor.performance.observed import Labels, Runs
from advisor.performance.roofline import Efficiency, Serving, serving, shifted

RIDGE = 10.0
"""Chosen by predicting whole (model, GPU) groups that were left out."""
TTFT_WEIGHT = 0.3
ERROR_SCALE = 0.1
ITERATIONS = 25


@dataclass(frozen=True, slots=True)
class PerformanceModel:
    """Fitted parameters, of shape (efficiency fields, 1 + gpus + engines + precisions)."""

    gpus: tuple[str, ...]
    engines: tuple[str, ...]
    precisions: tuple[str, ...]
    coefficients: Array

    def efficiency(self, gpu: Sequence[str], engine: Sequence[str], precision: Sequence[str]) -> Efficiency:
        """Efficiencies as arrays; an unknown name adds nothing to the base."""
        design = _design(self, np.asarray(gpu), np.asarray(engine), np.asarray(precision))
        return _efficiency(self.coefficients, design)

    def predict(self, runs: Runs) -> Serving:
        """TTFT and TPOT of the runs."""
        return serving(
            runs.demand,
            runs.hardware,
            self.efficiency(runs.gpu.tolist(), runs.engine.tolist(), runs.precision.tolist()),
            runs.concurrency,
            runs.max_sequences,
        )


def fit(runs: Runs, *, ridge: float = RIDGE) -> PerformanceModel:
    """The model that fits `runs` best."""
    empty = PerformanceModel(_names(runs.gpu), _names(runs.engine), _names(runs.precision), np.zeros(0))
    design = _design(empty, runs.gpu, runs.engine, runs.precision)
    shape = (len(fields(Efficiency)), design.shape[1])
    stiffness = ridge / 0.5 * np.where(np.arange(shape[1]) == 0, 0.3, 1.0)

    def residuals(flat: Array) -> Array:
        coefficients = flat.reshape(shape)
        predicted = serving(
            runs.demand, runs.hardware, _efficiency(coefficients, design), runs.concurrency, runs.max_sequences
        )
        decode, ttft = runs.log_errors(predicted)
        errors = np.concatenate([decode, np.where(np.isfinite(ttft), TTFT_WEIGHT * ttft, 0.0)])
        return np.concatenate([_pseudo_huber(errors / ERROR_SCALE), (coefficients * stiffness).ravel()])

    solution = least_squares(residuals, np.zeros(shape[0] * shape[1]), max_nfev=ITERATIONS, x_scale="jac")
    return replace(empty, coefficients=solution.x.reshape(shape))


def _names(labels: Labels) -> tuple[str, ...]:
    return tuple(sorted(set(labels.tolist())))


def _pseudo_huber(z: Array) -> Array:
    return np.asarray(np.sign(z) * np.sqrt(2 * (np.sqrt(1 + z * z) - 1)))


def _design(model: PerformanceModel, gpu: Labels, engine: Labels, precision: Labels) -> Array:
    blocks = [
        labels[:, None] == np.array(known)[None, :]
        for labels, known in ((gpu, model.gpus), (engine, model.engines), (precision, model.precisions))
    ]
    return np.hstack([np.ones((len(gpu), 1)), *blocks]).astype(float)


def _efficiency(coefficients: Array, design: Array) -> Efficiency:
    return shifted(Efficiency(), coefficients @ design.T)


def fold_of(groups: Labels, folds: int, *, seed: int = 0, first: NDArray[np.bool_] | None = None) -> NDArray[np.int64]:
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
        model = fit(runs.where(~held), ridge=ridge)
        efficiency = model.efficiency(
            runs.gpu[held].tolist(), runs.engine[held].tolist(), runs.precision[held].tolist()
        )
        for f in fields(Efficiency):
            getattr(found, f.name)[held] = getattr(efficiency, f.name)
    return found
