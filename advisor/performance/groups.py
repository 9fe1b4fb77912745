"""Partial pooling: what one model's runs on one GPU add to what was learned from all runs.

Every group (model shape, GPU) has shifts of the fitted efficiencies, in log or logit space, and smooth terms for what
these leave over; so has each engine in the group, and each precision under an engine. All are normal around zero. How
far they deviate, by level and coefficient, is estimated from many groups (empirical Bayes: Morris 1983, with the EM of
Laird & Ware 1982), so that a few runs move what usually differs between models and leave what does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve

from advisor.performance.corrections import TERMS, Correction, Key, terms
from advisor.performance.demand import Array
from advisor.performance.observed import Runs
from advisor.performance.roofline import Efficiency, serving, shifted

LEVELS = ("group", "engine", "precision")
N_EFFICIENCIES = len(fields(Efficiency))
COEFFICIENTS = (*(f.name for f in fields(Efficiency)), *(f"tpot {t}" for t in TERMS), *(f"ttft {t}" for t in TERMS))

FREEDOM = 4.0
"""Degrees of freedom of the errors (Student's t): published runs hold outliers."""
STEP = 1e-4
ROUNDS = 12
LARGEST_STEP = 1.0
Z90 = 1.6448536269514722


@dataclass(frozen=True, slots=True)
class Prior:
    """Variances of COEFFICIENTS at each of LEVELS, shape (3, n), and of log measured TPOT and TTFT, shape (2,)."""

    variances: Array
    noise: Array


def on_unmeasured_gpu(prior: Prior) -> Prior:
    """The prior for a GPU without runs: shares of its peaks may be anything, overheads off by a factor of ten."""
    variances = prior.variances.copy()
    variances[0, :N_EFFICIENCIES] += [4.0 if name.endswith("_s") else 1.0 for name in COEFFICIENTS[:N_EFFICIENCIES]]
    return Prior(variances, prior.noise)


def efficiencies_alone(prior: Prior) -> Prior:
    """The prior with the smooth terms held at zero: what is learned carries over to other models."""
    variances = prior.variances.copy()
    variances[:, N_EFFICIENCIES:] = 1e-8
    return Prior(variances, prior.noise)


@dataclass(frozen=True, slots=True)
class Posterior:
    """Coefficients of every block (a level's member), their covariance, and the runs each block holds for."""

    prior: Prior
    blocks: tuple[tuple[str, str, str], ...]  # level, engine, precision
    mean: Array
    covariance: Array

    def coefficients(self, engine: str, precision: str) -> Array:
        """What holds for runs of that engine and precision; shape (len(COEFFICIENTS),)."""
        return np.asarray(self.selector(engine, precision) @ self.mean)

    def selector(self, engine: str, precision: str) -> Array:
        """The matrix that adds up the blocks which hold there."""
        identity = np.eye(len(COEFFICIENTS))
        return np.hstack([identity * _holds(block, engine, precision) for block in self.blocks])


def _holds(block: tuple[str, str, str], engine: str, precision: str) -> bool:
    return (block[1] in ("", engine)) and (block[2] in ("", precision))


def blocks_of(combinations: Sequence[tuple[str, str]]) -> tuple[tuple[str, str, str], ...]:
    """The group's block, one for each engine, one for each (engine, precision)."""
    engines = sorted({engine for engine, _ in combinations})
    return (
        ("group", "", ""),
        *(("engine", e, "") for e in engines),
        *(("precision", e, p) for e, p in sorted(set(combinations))),
    )


def sensitivities(runs: Runs, efficiency: Efficiency) -> tuple[Array, Array, Array, Array]:
    """log(measured/predicted) of decoding and TTFT, each (n,), and the slopes of the log predictions in COEFFICIENTS,
    each (n, len(COEFFICIENTS)).
    """

    def errors(shift: Array) -> tuple[Array, Array]:
        return runs.log_errors(
            serving(runs.demand, runs.hardware, shifted(efficiency, shift), runs.concurrency, runs.max_sequences)
        )

    decode, ttft = errors(np.zeros(N_EFFICIENCIES))
    moved = [errors(STEP * direction) for direction in np.eye(N_EFFICIENCIES)]
    features = terms(runs.demand, runs.hardware, runs.concurrency)
    nothing = np.zeros_like(features)
    by_decode = np.stack([(decode - d) / STEP for d, _ in moved], axis=-1)
    by_ttft = np.stack([(ttft - t) / STEP for _, t in moved], axis=-1)
    return decode, ttft, np.hstack([by_decode, features, nothing]), np.hstack([by_ttft, nothing, features])


@dataclass(frozen=True, slots=True)
class Linear:
    """Errors y of shape (m,) and their sensitivities x of shape (m, blocks × coefficients).

    Rows of decoding come first (`quantity` 0), then those of TTFT (1).
    """

    y: Array
    x: Array
    quantity: NDArray[np.int64]


def linearised(runs: Runs, base: Efficiency, blocks: Sequence[tuple[str, str, str]], mean: Array) -> Linear:
    """The group's errors around `mean`, TTFT's left out where it was not measured."""
    member = np.array(
        [[_holds(b, e, p) for b in blocks] for e, p in zip(runs.engine.tolist(), runs.precision.tolist(), strict=True)],
        dtype=float,
    )
    here = member @ mean.reshape(len(blocks), -1)
    decode, ttft, by_decode, by_ttft = sensitivities(runs, shifted(base, here[:, :N_EFFICIENCIES].T))
    features = terms(runs.demand, runs.hardware, runs.concurrency)
    decode = decode - np.sum(features * here[:, N_EFFICIENCIES : N_EFFICIENCIES + len(TERMS)], axis=1)
    ttft = ttft - np.sum(features * here[:, N_EFFICIENCIES + len(TERMS) :], axis=1)
    timed = np.isfinite(ttft)
    rows = np.concatenate([by_decode, by_ttft[timed]])
    whole = np.einsum("nb,nc->nbc", np.concatenate([member, member[timed]]), rows).reshape(len(rows), -1)
    return Linear(np.concatenate([decode, ttft[timed]]), whole, np.repeat([0, 1], [len(decode), int(timed.sum())]))


def learn(runs: Runs, base: Efficiency, prior: Prior) -> Posterior:
    """The most probable coefficients of one group given its runs, and their covariance there.

    By Gauss-Newton with Student's weights.
    `base` has the fitted efficiencies of every run, as arrays.
    """
    blocks = blocks_of(list(zip(runs.engine.tolist(), runs.precision.tolist(), strict=True)))
    stiffness = 1 / np.concatenate([prior.variances[LEVELS.index(level)] for level, *_ in blocks])
    mean = np.zeros(len(stiffness))
    covariance = np.diag(1 / stiffness)
    for _ in range(ROUNDS):
        line = linearised(runs, base, blocks, mean)
        noise = prior.noise[line.quantity]
        weight = (FREEDOM + 1) / (FREEDOM + line.y**2 / noise) / noise
        information = (line.x.T * weight) @ line.x + np.diag(stiffness)
        factor = cho_factor(information)
        step = cho_solve(factor, line.x.T @ (weight * line.y) - stiffness * mean)
        covariance = cho_solve(factor, np.eye(len(mean)))
        mean = mean + np.clip(step, -LARGEST_STEP, LARGEST_STEP)
        if np.max(np.abs(step)) < 1e-3:
            break
    return Posterior(prior, blocks, mean, covariance)


def corrections(runs: Runs, base: Efficiency, prior: Prior, sources: NDArray[np.str_]) -> dict[Key, Correction]:
    """A correction for every measured (shape, gpu, engine, precision)."""
    found = {}
    for shape, gpu in sorted(set(zip(runs.shape.tolist(), runs.gpu.tolist(), strict=True))):
        mask = (runs.shape == shape) & (runs.gpu == gpu)
        group, group_base = runs.where(mask), at(base, mask)
        posterior = learn(group, group_base, prior)
        for engine, precision in sorted(set(zip(group.engine.tolist(), group.precision.tolist(), strict=True))):
            here = (group.engine == engine) & (group.precision == precision)
            source = "; ".join(sorted(set(sources[mask][here].tolist())))
            found[shape, gpu, engine, precision] = _correction(
                posterior, group.where(here), at(group_base, here), source
            )
    return found


def _correction(posterior: Posterior, runs: Runs, base: Efficiency, source: str) -> Correction:
    engine, precision = str(runs.engine[0]), str(runs.precision[0])
    c = posterior.coefficients(engine, precision)
    features = terms(runs.demand, runs.hardware, runs.concurrency)
    own = shifted(at(base, 0), c[:N_EFFICIENCIES])
    n = len(TERMS)
    spread = float(np.exp(Z90 * np.sqrt(np.mean(variance(posterior, runs, own)) + posterior.prior.noise[0])))
    return Correction(
        own, c[N_EFFICIENCIES:-n], c[-n:], features.min(axis=0), features.max(axis=0), spread, len(runs), source
    )


def variance(posterior: Posterior, runs: Runs, own: Efficiency) -> Array:
    """Variance of log decoding time that the runs left uncertain, without noise.

    For loads of one engine and precision with efficiencies `own`.
    """
    select = posterior.selector(str(runs.engine[0]), str(runs.precision[0]))
    covariance = select @ posterior.covariance @ select.T
    by_decode = sensitivities(runs, own)[2]
    return np.asarray(np.einsum("nc,cd,nd->n", by_decode, covariance, by_decode))


def at(efficiency: Efficiency, where: NDArray[np.bool_] | int) -> Efficiency:
    """Those of some runs."""
    return Efficiency(*(np.asarray(getattr(efficiency, f.name))[where] for f in fields(Efficiency)))


EM_ROUNDS = 60
PRIOR_VARIANCE = 0.003
PRIOR_WEIGHT = 2.0
"""A level's variance starts as if two members had been seen with a standard deviation of 5 %."""
LARGEST_VARIANCE = np.repeat([0.5, 0.05], [N_EFFICIENCIES, 2 * len(TERMS)])
"""Bounds, chosen by predicting groups from ten of their runs: without them efficiencies that hardly matter drift and
the terms compensate."""
LARGEST_ERROR = 1.0


def estimate_prior(runs: Runs, base: Efficiency) -> Prior:
    """How far groups deviate, by EM over all groups, linearised at `base`: predictions without their own runs."""
    lines = []
    for shape, gpu in sorted(set(zip(runs.shape.tolist(), runs.gpu.tolist(), strict=True))):
        mask = (runs.shape == shape) & (runs.gpu == gpu)
        group = runs.where(mask)
        blocks = blocks_of(list(zip(group.engine.tolist(), group.precision.tolist(), strict=True)))
        lines.append((blocks, linearised(group, at(base, mask), blocks, np.zeros(len(blocks) * len(COEFFICIENTS)))))
    variances, noise = np.full((len(LEVELS), len(COEFFICIENTS)), 0.01), np.array([0.01, 0.03])
    for _ in range(EM_ROUNDS):
        variances, noise = _em_round(lines, variances, noise)
    return Prior(variances, noise)


def _em_round(
    lines: Sequence[tuple[Sequence[tuple[str, str, str]], Linear]], variances: Array, noise: Array
) -> tuple[Array, Array]:
    sums = np.full_like(variances, PRIOR_WEIGHT * PRIOR_VARIANCE)
    counts = np.full(len(LEVELS), PRIOR_WEIGHT)
    squares, rows = np.zeros(2), np.zeros(2)
    for blocks, line in lines:
        levels = [LEVELS.index(level) for level, *_ in blocks]
        y, precision = np.clip(line.y, -LARGEST_ERROR, LARGEST_ERROR), 1 / noise[line.quantity]
        information = (line.x.T * precision) @ line.x + np.diag(
            1 / np.concatenate([variances[level] for level in levels])
        )
        covariance = cho_solve(cho_factor(information), np.eye(len(information)))
        mean = covariance @ (line.x.T @ (precision * y))
        second = (mean**2 + np.diag(covariance)).reshape(len(blocks), -1)
        np.add.at(sums, levels, second)
        np.add.at(counts, levels, 1)
        square = (y - line.x @ mean) ** 2 + np.sum((line.x @ covariance) * line.x, axis=1)
        np.add.at(squares, line.quantity, np.minimum(square, LARGEST_ERROR / 4))
        np.add.at(rows, line.quantity, 1)
    return np.minimum(sums / counts[:, None], LARGEST_VARIANCE), squares / rows
