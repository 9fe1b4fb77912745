"""Predictions of measured runs that saw none, or only some, of the runs of their group."""

from __future__ import annotations

import numpy as np

from advisor.fits.measured_runs import MeasuredRuns
from advisor.performance.corrections import TERMS, terms
from advisor.performance.global_fit import fit, fold_of, left_out_efficiency
from advisor.performance.groups import (
    COEFFICIENTS,
    LEVELS,
    N_EFFICIENCIES,
    Posterior,
    Prior,
    at,
    estimate_prior,
    learn,
    sensitivities,
)
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


def after(runs: Runs, base: Efficiency, prior: Prior, seen: np.ndarray) -> tuple[Errors, np.ndarray]:
    """Errors of a group's runs once those of the mask `seen` are measured, and the deviation expected of TPOT's."""
    posterior = learn(runs.where(seen), at(base, seen), prior)
    decode, ttft, deviation = (np.full(len(runs), np.nan) for _ in range(3))
    n = len(TERMS)
    for engine, precision in sorted(set(zip(runs.engine.tolist(), runs.precision.tolist(), strict=True))):
        here = (runs.engine == engine) & (runs.precision == precision)
        some = runs.where(here)
        c = posterior.coefficients(engine, precision)
        d, t, by_decode, _ = sensitivities(some, shifted(at(base, here), c[:N_EFFICIENCIES]))
        features = terms(some.demand, some.hardware, some.concurrency)
        covariance = _covariance(posterior, prior, engine, precision)
        decode[here], ttft[here] = d - features @ c[N_EFFICIENCIES:-n], t - features @ c[-n:]
        deviation[here] = np.sqrt(np.einsum("nc,cd,nd->n", by_decode, covariance, by_decode) + prior.noise[0])
    return (decode, ttft), deviation


def _covariance(posterior: Posterior, prior: Prior, engine: str, precision: str) -> np.ndarray:
    """Of the coefficients there; levels of which no member was measured vary as the prior expects."""
    select = posterior.selector(engine, precision)
    missing = [
        level
        for level in LEVELS
        if not any(b[0] == level and b[1] in ("", engine) and b[2] in ("", precision) for b in posterior.blocks)
    ]
    unmeasured = sum((prior.variances[LEVELS.index(level)] for level in missing), np.zeros(len(COEFFICIENTS)))
    return select @ posterior.covariance @ select.T + np.diag(unmeasured)


def random_tenths(found: MeasuredRuns) -> Errors:
    """Every run predicted with the other nine tenths of all runs."""
    runs, groups = found.runs, groups_of(found)
    tenth = np.random.default_rng(0).integers(0, 10, len(runs))
    decode, ttft = np.full(len(runs), np.nan), np.full(len(runs), np.nan)
    prior = estimate_prior(runs, left_out_efficiency(runs, fold_of(groups, FOLDS)))
    for fold in range(10):
        held = tenth == fold
        model = fit(runs.where(~held))
        base = model.of(runs)
        for group in np.unique(groups[held]):
            mask = groups == group
            if (mask & ~held).any():
                (d, t), _ = after(runs.where(mask), at(base, mask), prior, ~held[mask])
            else:
                d, t = blind(runs.where(mask), at(base, mask))
            decode[mask & held], ttft[mask & held] = d[held[mask]], t[held[mask]]
    return decode, ttft
