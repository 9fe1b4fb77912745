"""Predictions of measured runs that saw none, or only some, of the runs of their model or GPU."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from advisor.fits.measured_runs import MeasuredRuns
from advisor.fits.speed_fits import holding
from advisor.fits.speeds import Speeds
from advisor.gpus import Gpus
from advisor.performance.global_fit import fit, fold_of, left_out_efficiency
from advisor.performance.groups import Origin, Prior, at, corrections, estimate_prior
from advisor.performance.observed import Runs
from advisor.performance.predict import ROOFLINE_SPREAD, Speed, predict
from advisor.performance.roofline import Efficiency, serving
from advisor.provenance import Provenance
from advisor.store.workspace import Workspace

FOLDS = 8
GPUS = Workspace().gpus

Errors = tuple[np.ndarray, np.ndarray]
"""log(measured / predicted) of TPOT and TTFT of every run; NaN where not predicted or not measured."""


def blind(runs: Runs, efficiency: Efficiency) -> Errors:
    """Errors of the physics alone."""
    return runs.log_errors(serving(runs.demand, runs.hardware, efficiency, runs.concurrency, runs.max_sequences))


def groups_of(found: MeasuredRuns) -> np.ndarray:
    """`model|gpu` of every run."""
    return np.char.add(np.char.add(found.model, "|"), found.runs.gpu)


def after(
    runs: Runs,
    base: Efficiency,
    prior: Prior,
    seen: np.ndarray,
    wanted: np.ndarray,
    blind_spread: float,
    *,
    gpus: Gpus = GPUS,
) -> tuple[Errors, np.ndarray]:
    """Errors of a shape's runs of the mask `wanted` once those of the mask `seen` are measured, and the logarithm of
    the factor of TPOT's 90 % interval; NaN elsewhere.

    Predicted as every command predicts (performance/predict.py): corrections as they are stored, within their bounds
    and in the order of GPUs. `blind_spread` is the factor of the interval where none holds.
    """
    there = runs.where(seen)
    origin = Origin(np.full(len(there), "seen"), np.isin(there.gpu, runs.gpu[wanted]))
    speeds = Speeds(gpus, combinations(runs, base), {})
    learned = holding(corrections(there, at(base, seen), prior, origin), there, speeds)
    speeds = replace(speeds, by_shape=learned)
    decode, ttft, width = (np.full(len(runs), np.nan) for _ in range(3))
    names = np.char.add(np.char.add(runs.engine, "|"), runs.precision)
    for name in np.unique(names[wanted]).tolist():
        here, (engine, precision) = wanted & (names == name), name.split("|")
        some = runs.where(here)
        data_parallel = np.asarray(some.hardware.attention_shards) < np.asarray(some.hardware.gpu_count)
        known = speeds.of_shape(str(some.shape[0]), engine, precision, some.gpu, data_parallel)
        speed = Speed(at(base, here), blind_spread, Provenance.FITTED, "", known)
        found = predict(some.demand, some.hardware, speed, some.concurrency, some.max_sequences)
        decode[here], ttft[here] = some.log_errors(found.serving)
        width[here] = np.log(found.spread)
    return (decode, ttft), width


def combinations(runs: Runs, base: Efficiency) -> dict[tuple[str, str, str], Speed]:
    """Efficiencies of every GPU and family, engine and kernels of the runs; all runs of one have the same."""
    keys = [*zip(runs.gpu.tolist(), runs.engine.tolist(), runs.kernels.tolist(), strict=True)]
    keys += zip(runs.family.tolist(), runs.engine.tolist(), runs.kernels.tolist(), strict=True)
    first = {key: i % len(runs) for i, key in reversed(list(enumerate(keys)))}
    return {key: Speed(at(base, i), 1.0, Provenance.FITTED, "") for key, i in first.items()}


def random_tenths(found: MeasuredRuns) -> Errors:
    """Every run predicted with the other nine tenths of all runs."""
    runs = found.runs
    tenth = np.random.default_rng(0).integers(0, 10, len(runs))
    decode, ttft = np.full(len(runs), np.nan), np.full(len(runs), np.nan)
    prior = estimate_prior(runs, left_out_efficiency(runs, fold_of(found.model, FOLDS)))
    for fold in range(10):
        held = tenth == fold
        base = fit(runs.where(~held)).of(runs)
        for shape in np.unique(runs.shape[held]):
            mask = runs.shape == shape
            some = at(base, mask)
            if (mask & ~held).any():
                (d, t), _ = after(runs.where(mask), some, prior, ~held[mask], held[mask], ROOFLINE_SPREAD)
            else:
                d, t = blind(runs.where(mask), some)
            decode[mask & held], ttft[mask & held] = d[held[mask]], t[held[mask]]
    return decode, ttft
