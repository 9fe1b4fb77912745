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

from advisor.performance.corrections import LARGEST, Correction, Key, log_factor, terms
from advisor.performance.demand import Array, Demand
from advisor.performance.hardware import Hardware
from advisor.performance.roofline import Efficiency, Serving, serving

SHARES = ("compute", "weights", "experts", "link", "prefill_compute")
RIDGE = 10.0
"""Chosen by predicting whole (model, GPU) groups that were left out; benchmarks/performance.py repeats the choice."""
TTFT_WEIGHT = 0.3
ERROR_SCALE = 0.1
ITERATIONS = 25

Labels = NDArray[np.str_]


@dataclass(frozen=True, slots=True)
class Runs:
    """Measured serving runs as parallel arrays of shape (n,); `shape` names the model's config, ttft_s is NaN where not measured."""

    demand: Demand
    hardware: Hardware
    concurrency: Array
    max_sequences: Array
    shape: Labels
    gpu: Labels
    engine: Labels
    precision: Labels
    ttft_s: Array
    tpot_s: Array

    def __len__(self) -> int:
        return len(self.tpot_s)

    def where(self, mask: NDArray[np.bool_]) -> Runs:
        """The runs that `mask` keeps."""
        return Runs(
            Demand(*(getattr(self.demand, f.name)[mask] for f in fields(Demand))),
            Hardware(*(getattr(self.hardware, f.name)[mask] for f in fields(Hardware))),
            *(getattr(self, f.name)[mask] for f in fields(Runs)[2:]),
        )


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
            runs.demand, runs.hardware, self.efficiency(runs.gpu.tolist(), runs.engine.tolist(), runs.precision.tolist()), runs.concurrency, runs.max_sequences
        )


def fit(runs: Runs, *, ridge: float = RIDGE) -> PerformanceModel:
    """The model that fits `runs` best."""
    empty = PerformanceModel(_names(runs.gpu), _names(runs.engine), _names(runs.precision), np.zeros(0))
    design = _design(empty, runs.gpu, runs.engine, runs.precision)
    shape = (len(fields(Efficiency)), design.shape[1])
    stiffness = ridge / 0.5 * np.where(np.arange(shape[1]) == 0, 0.3, 1.0)
    timed = np.isfinite(runs.ttft_s)
    ttft = np.where(timed, runs.ttft_s, 1.0)

    def residuals(flat: Array) -> Array:
        coefficients = flat.reshape(shape)
        predicted = serving(runs.demand, runs.hardware, _efficiency(coefficients, design), runs.concurrency, runs.max_sequences)
        errors = np.concatenate([np.log(predicted.tpot_s / runs.tpot_s), np.where(timed, TTFT_WEIGHT * np.log(predicted.ttft_s / ttft), 0.0)])
        return np.concatenate([_pseudo_huber(errors / ERROR_SCALE), (coefficients * stiffness).ravel()])

    solution = least_squares(residuals, np.zeros(shape[0] * shape[1]), max_nfev=ITERATIONS, x_scale="jac")
    return replace(empty, coefficients=solution.x.reshape(shape))


def _names(labels: Labels) -> tuple[str, ...]:
    return tuple(sorted(set(labels.tolist())))


def _pseudo_huber(z: Array) -> Array:
    return np.asarray(np.sign(z) * np.sqrt(2 * (np.sqrt(1 + z * z) - 1)))


def _design(model: PerformanceModel, gpu: Labels, engine: Labels, precision: Labels) -> Array:
    blocks = [labels[:, None] == np.array(known)[None, :] for labels, known in ((gpu, model.gpus), (engine, model.engines), (precision, model.precisions))]
    return np.hstack([np.ones((len(gpu), 1)), *blocks]).astype(float)


def _efficiency(coefficients: Array, design: Array) -> Efficiency:
    prior = Efficiency()
    values = {}
    for row, field in zip(coefficients, fields(Efficiency), strict=True):
        start, shift = float(getattr(prior, field.name)), design @ row
        values[field.name] = 1 / (1 + (1 - start) / start * np.exp(-shift)) if field.name in SHARES else start * np.exp(shift)
    return Efficiency(**values)


CORRECTION_RIDGE = 1.0
"""Chosen by predicting a random fifth of the runs; slopes are held twice as stiff as the constant, TTFT twice as stiff as TPOT."""


def fit_corrections(runs: Runs, predicted: Serving, *, source: str = "") -> dict[Key, Correction]:
    """What `predicted` leaves over, by (shape, gpu, engine, precision) that was measured."""
    features = terms(runs.demand, runs.hardware, runs.concurrency)
    stiffness = CORRECTION_RIDGE * np.where(np.arange(features.shape[1]) == 0, 1.0, 2.0)
    found = {}
    for key in sorted(set(zip(runs.shape.tolist(), runs.gpu.tolist(), runs.engine.tolist(), runs.precision.tolist(), strict=True))):
        mask = (runs.shape == key[0]) & (runs.gpu == key[1]) & (runs.engine == key[2]) & (runs.precision == key[3])
        timed = mask & np.isfinite(runs.ttft_s)
        x = features[mask]
        found[key] = Correction(
            _ridge(x, np.log(runs.tpot_s[mask] / predicted.tpot_s[mask]), stiffness),
            _ridge(features[timed], np.log(runs.ttft_s[timed] / predicted.ttft_s[timed]), 2 * stiffness),
            x.min(axis=0), x.max(axis=0), 1.0, int(mask.sum()), source,
        )  # fmt: skip
    return found


def _ridge(x: Array, y: Array, stiffness: Array) -> Array:
    return np.asarray(np.linalg.solve(x.T @ x + np.diag(stiffness), x.T @ np.clip(y, -LARGEST, LARGEST)))


def apply_corrections(runs: Runs, predicted: Serving, corrections: dict[Key, Correction]) -> Serving:
    """`predicted` with every run corrected whose combination has a correction."""
    features = terms(runs.demand, runs.hardware, runs.concurrency)
    tpot, ttft = np.array(predicted.tpot_s), np.array(predicted.ttft_s)
    for key, correction in corrections.items():
        mask = (runs.shape == key[0]) & (runs.gpu == key[1]) & (runs.engine == key[2]) & (runs.precision == key[3])
        tpot[mask] *= np.exp(log_factor(correction.tpot, features[mask], correction))
        ttft[mask] *= np.exp(log_factor(correction.ttft, features[mask], correction))
    return replace(predicted, tpot_s=tpot, ttft_s=ttft)


def relative_errors(predicted: Array, measured: Array) -> Array:
    """|predicted / measured − 1|."""
    return np.abs(predicted / measured - 1)


def left_out(runs: Runs, groups: Labels, *, folds: int, ridge: float = RIDGE, seed: int = 0) -> tuple[Array, Array]:
    """(TPOT, TTFT) of every run, predicted by a fit that saw no run of its group."""
    order = np.random.default_rng(seed).permutation(np.unique(groups))
    tpot, ttft = np.full(len(runs), np.nan), np.full(len(runs), np.nan)
    for fold in range(folds):
        held = np.isin(groups, order[fold::folds])
        seen, unseen = runs.where(~held), runs.where(held)
        model = fit(seen, ridge=ridge)
        predicted = apply_corrections(unseen, model.predict(unseen), fit_corrections(seen, model.predict(seen)))
        tpot[held], ttft[held] = predicted.tpot_s, predicted.ttft_s
    return tpot, ttft
