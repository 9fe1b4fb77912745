"""Predictions of measured runs that saw none, or only some, of the runs of their model or GPU."""

from __future__ import annotations

import numpy as np

from advisor.fits.measured_runs import MeasuredRuns
from advisor.performance.corrections import TERMS, terms
from advisor.performance.global_fit import fit, fold_of, left_out_efficiency
from advisor.performance.groups import N_EFFICIENCIES, Prior, at, estimate_prior, keys_of, learn, sensitivities
from advisor.performance.observed import Runs
from advisor.performance.roofline import Efficiency, serving, shifted

FOLDS = 8

Errors = tuple[np.ndarray, np.ndarray]
"""log(measured / predicted) of TPOT and TTFT of every run; NaN where not predicted or not measured."""


def blind(runs: Runs, efficiency: Efficiency) -> Errors:
    """Errors of the physics alone."""
    return runs.log_errors(serving(runs.demand, runs.hardware, efficiency, runs.concurrency, runs.max_sequences))


def groups_of(found: MeasuredRuns) -> np.ndarray:
    """`model|gpu` of every run."""
    return np.char.add(np.char.add(found.model, "|"), found.runs.gpu)


def after(
    runs: Runs, base: Efficiency, prior: Prior, seen: np.ndarray, wanted: np.ndarray
) -> tuple[Errors, np.ndarray]:
    """Errors of a shape's runs of the mask `wanted` once those of the mask `seen` are measured, and the deviation
    expected of TPOT's; NaN elsewhere."""
    posterior = learn(runs.where(seen), at(base, seen), prior)
    decode, ttft, deviation = (np.full(len(runs), np.nan) for _ in range(3))
    n, keys = len(TERMS), np.array(["|".join(key) for key in keys_of(runs)])
    for name in np.unique(keys[wanted]).tolist():
        here, key = wanted & (keys == name), tuple(name.split("|"))
        some = runs.where(here)
        c = posterior.coefficients(key)
        d, t, by_decode, _ = sensitivities(some, shifted(at(base, here), c[:N_EFFICIENCIES, None]))
        features = terms(some.hardware)
        decode[here], ttft[here] = d - features @ c[N_EFFICIENCIES:-n], t - features @ c[-n:]
        covariance = posterior.covariance_of(key)
        deviation[here] = np.sqrt(np.einsum("nc,cd,nd->n", by_decode, covariance, by_decode) + posterior.noise[0])
    return (decode, ttft), deviation


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
                (d, t), _ = after(runs.where(mask), some, prior, ~held[mask], held[mask])
            else:
                d, t = blind(runs.where(mask), some)
            decode[mask & held], ttft[mask & held] = d[held[mask]], t[held[mask]]
    return decode, ttft
