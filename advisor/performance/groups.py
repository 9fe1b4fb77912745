"""Partial pooling: what the runs of one model shape add to what was learned from all runs.

Every shape has shifts of the fitted efficiencies and smooth terms for what these leave over; so has each engine of it,
and each GPU under an engine. A precision under an engine has shifts of what it may change (`columns.py`) alone, the
same on all GPUs. All are normal around zero. How far they deviate, by level and coefficient, is estimated from many
shapes (empirical Bayes: Morris 1983, with the EM of Laird & Ware 1982), so that a few runs move what usually differs
between models and leave what does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve

from advisor.performance.corrections import LARGEST, TERMS, Correction, Key, loads, terms
from advisor.performance.demand import Array
from advisor.performance.observed import Runs
from advisor.performance.roofline import OF_BITS, Efficiency, serving, shifted

LEVELS = ("model", "engine", "gpu", "precision")
N_EFFICIENCIES = len(fields(Efficiency))
COEFFICIENTS = (*(f.name for f in fields(Efficiency)), *(f"tpot {t}" for t in TERMS), *(f"ttft {t}" for t in TERMS))
OF_PRECISION = {"narrow": 0.15, "four_bit": 0.15, "routed": 0.15, "experts": 0.1}
"""What a precision may shift, and how far at most: bounds of `columns.py` leave so much (MARGIN on either side)."""

FREEDOM = 4.0
"""Degrees of freedom of the errors (Student's t): published runs hold outliers."""
STEP = 1e-4
ROUNDS = 12
LARGEST_STEP = 1.0
Z90 = 1.6448536269514722

Block = tuple[str, str, str]
"""Engine, GPU, precision; empty where it holds for any."""


@dataclass(frozen=True, slots=True)
class Prior:
    """Variances of COEFFICIENTS at each of LEVELS, shape (4, n), and of log measured TPOT and TTFT, shape (2,)."""

    variances: Array
    noise: Array


def level_of(block: Block) -> str:
    """Its level."""
    engine, gpu, precision = block
    return "gpu" if gpu else "precision" if precision else "engine" if engine else "model"


def on_unmeasured_gpu(prior: Prior) -> Prior:
    """The prior for a GPU without runs: shares of its peaks may be anything, overheads off by a factor of ten."""
    variances = prior.variances.copy()
    variances[LEVELS.index("gpu"), :N_EFFICIENCIES] += [
        4.0 if name.endswith("_s") else 1.0 for name in COEFFICIENTS[:N_EFFICIENCIES]
    ]
    return Prior(variances, prior.noise)


def efficiencies_alone(prior: Prior) -> Prior:
    """The prior with the smooth terms held at zero: what is learned carries over to other models."""
    variances = prior.variances.copy()
    variances[:, N_EFFICIENCIES:] = 1e-8
    return Prior(variances, prior.noise)


@dataclass(frozen=True, slots=True)
class Posterior:
    """Coefficients of every block, their covariance, and how much larger errors are than the prior has them."""

    prior: Prior
    blocks: tuple[Block, ...]
    mean: Array
    covariance: Array
    excess: float

    def coefficients(self, key: Block) -> Array:
        """What holds for runs of that engine, GPU and precision; shape (len(COEFFICIENTS),)."""
        found = np.zeros(len(COEFFICIENTS))
        for block, part in zip(self.blocks, self.mean.reshape(len(self.blocks), -1), strict=True):
            if _holds(block, key):
                found += bounded(part) if level_of(block) == "precision" else part
        return found

    def covariance_of(self, key: Block) -> Array:
        """Of these; levels of which no block holds there vary as the prior expects."""
        select = np.hstack([np.eye(len(COEFFICIENTS)) * _holds(block, key) for block in self.blocks])
        known = {level_of(block) for block in self.blocks if _holds(block, key)}
        unknown = sum(self.prior.variances[i] for i, level in enumerate(LEVELS) if level not in known)
        known_part = self.excess * (select @ self.covariance @ select.T)
        return np.asarray(known_part + np.diag(unknown + np.zeros(len(select))))

    @property
    def noise(self) -> Array:
        """Variances of log measured TPOT and TTFT."""
        return self.prior.noise * self.excess


def bounded(part: Array) -> Array:
    """Shifts of a precision within what it may change."""
    most = np.array([OF_PRECISION.get(name, np.inf) for name in COEFFICIENTS])
    return np.asarray(np.clip(part, -most, most))


def _holds(block: Block, key: Block) -> bool:
    return all(mine in ("", theirs) for mine, theirs in zip(block, key, strict=True))


def blocks_of(keys: Sequence[Block]) -> tuple[Block, ...]:
    """The model's block, one for each engine, then each (engine, GPU), then each (engine, precision)."""
    engines, gpus = ({key[:n] for key in keys} for n in (1, 2))
    precisions = {(engine, precision) for engine, _, precision in keys}
    return (
        ("", "", ""),
        *((engine, "", "") for (engine,) in sorted(engines)),
        *((engine, gpu, "") for engine, gpu in sorted(gpus)),
        *((engine, "", precision) for engine, precision in sorted(precisions)),
    )


def keys_of(runs: Runs) -> list[Block]:
    """Engine, GPU and precision of every run."""
    return list(zip(runs.engine.tolist(), runs.gpu.tolist(), runs.precision.tolist(), strict=True))


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
    features = terms(runs.hardware)
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


def linearised(runs: Runs, base: Efficiency, blocks: Sequence[Block], mean: Array) -> Linear:
    """The group's errors around `mean`, TTFT's left out where it was not measured."""
    keys = keys_of(runs)
    holds = {key: [_holds(block, key) for block in blocks] for key in set(keys)}
    member = np.array([holds[key] for key in keys], dtype=float)
    here = member @ mean.reshape(len(blocks), -1)
    decode, ttft, by_decode, by_ttft = sensitivities(runs, shifted(base, here[:, :N_EFFICIENCIES].T))
    features = terms(runs.hardware)
    decode = decode - np.sum(features * here[:, N_EFFICIENCIES : N_EFFICIENCIES + len(TERMS)], axis=1)
    ttft = ttft - np.sum(features * here[:, N_EFFICIENCIES + len(TERMS) :], axis=1)
    timed = np.isfinite(ttft)
    rows = np.concatenate([by_decode, by_ttft[timed]])
    whole = np.einsum("nb,nc->nbc", np.concatenate([member, member[timed]]), rows).reshape(len(rows), -1)
    return Linear(np.concatenate([decode, ttft[timed]]), whole, np.repeat([0, 1], [len(decode), int(timed.sum())]))


@dataclass(frozen=True, slots=True)
class Alike:
    """Runs of the same load, of which one stands for all: predictions are those of the loads.

    first   whether a run stands for its load, shape (n,)
    row     of each measured time the row that `linearised` has of the load's, shape (m,): decoding, then TTFT
    beside  log of that time over the time of the run that stands for the load, shape (m,)
    """

    first: NDArray[np.bool_]
    row: NDArray[np.int64]
    beside: Array

    @classmethod
    def of(cls, runs: Runs, base: Efficiency) -> Alike:
        """Loads that are the same to the last bit, and measured in the same times."""
        known: dict[bytes, int] = {}
        load = np.array([known.setdefault(row.tobytes(), len(known)) for row in _loads(runs, base)], dtype=np.int64)
        first = np.diff(np.maximum.accumulate(load), prepend=-1) > 0
        timed = np.isfinite(runs.ttft_s)
        of_ttft = len(known) + np.cumsum(timed[first]) - 1
        decode, ttft = np.log(runs.decode_s), np.log(runs.ttft_s)
        beside = [decode - decode[first][load], (ttft - ttft[first][load])[timed]]
        return cls(first, np.concatenate([load, of_ttft[load][timed]]), np.concatenate(beside))


def _loads(runs: Runs, base: Efficiency) -> Array:
    """Everything that the prediction of each run follows from, and which of its times were measured."""
    keys = keys_of(runs)
    place = {key: i for i, key in enumerate(dict.fromkeys(keys))}
    parts = [getattr(whole, f.name) for whole in (runs.demand, runs.hardware, base) for f in fields(whole)]
    parts += [runs.concurrency, runs.max_sequences, np.array([place[key] for key in keys])]
    parts += [np.isfinite(time) for time in (runs.tpot_s, runs.ttft_s)]
    return np.column_stack([np.broadcast_to(np.asarray(part, dtype=float), len(runs)) for part in parts])


def learn(runs: Runs, base: Efficiency, prior: Prior) -> Posterior:
    """The most probable coefficients of one shape given its runs, and their covariance there.

    By Gauss-Newton with Student's weights.
    `base` has the fitted efficiencies of every run, as arrays.
    """
    alike = Alike.of(runs, base)
    loads_of, base_of = runs.where(alike.first), at(base, alike.first)
    blocks = blocks_of(keys_of(loads_of))
    stiffness = 1 / np.concatenate([prior.variances[LEVELS.index(level_of(block))] for block in blocks])
    mean = np.zeros(len(stiffness))
    covariance = np.diag(1 / stiffness)
    for _ in range(ROUNDS):
        line = linearised(loads_of, base_of, blocks, mean)
        noise, y = prior.noise[line.quantity][alike.row], line.y[alike.row] + alike.beside
        weight = (FREEDOM + 1) / (FREEDOM + y**2 / noise) / noise
        of_load, pull = (np.bincount(alike.row, each, len(line.y)) for each in (weight, weight * y))
        factor = cho_factor((line.x.T * of_load) @ line.x + np.diag(stiffness))
        step = cho_solve(factor, line.x.T @ pull - stiffness * mean)
        covariance = cho_solve(factor, np.eye(len(mean)))
        mean = mean + np.clip(step, -LARGEST_STEP, LARGEST_STEP)
        if np.max(np.abs(step)) < 1e-3:
            break
    left = linearised(loads_of, base_of, blocks, mean).y[alike.row] + alike.beside
    return Posterior(prior, blocks, mean, covariance, _excess(left[: len(runs)], prior))


def _excess(decode: Array, prior: Prior) -> float:
    """How much larger the variance of what is left over of decoding is than the prior has it, never smaller: these runs
    were fitted. With few runs the prior counts as FREEDOM of them."""
    squares = decode**2 / prior.noise[0]
    return max(float((FREEDOM + np.sum(squares)) / (FREEDOM + len(squares))), 1.0)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where runs come from, arrays of shape (n,), and whether the user measured them."""

    source: NDArray[np.str_]
    own: NDArray[np.bool_]

    def where(self, mask: NDArray[np.bool_]) -> Origin:
        """Of the runs that `mask` keeps."""
        return Origin(self.source[mask], self.own[mask])


def corrections(runs: Runs, base: Efficiency, prior: Prior, origin: Origin) -> dict[Key, Correction]:
    """Corrections of every measured shape and engine: of each measured GPU and of any other (no name), in each
    measured precision and in any other."""
    found = {}
    for shape in sorted(set(runs.shape.tolist())):
        of_shape = runs.shape == shape
        some, some_base = runs.where(of_shape), at(base, of_shape)
        posterior = learn(some, some_base, prior)
        for engine in sorted(set(some.engine.tolist())):
            here = some.engine == engine
            gpus, precisions = (("", *sorted(set(names[here].tolist()))) for names in (some.gpu, some.precision))
            for gpu in gpus:
                there = here & ((some.gpu == gpu) | (gpu == ""))
                of_gpu, base_there = some.where(there), at(some_base, there)
                moved = _moved(posterior, of_gpu, base_there, gpu)
                for precision in precisions:
                    key = (engine, gpu, precision)
                    found[shape, gpu, engine, precision] = _correction(
                        posterior, of_gpu, base_there, key, moved, origin.where(of_shape).where(there)
                    )
    return found


def _correction(
    posterior: Posterior, runs: Runs, base: Efficiency, key: Block, moved: Array, origin: Origin
) -> Correction:
    """What holds for a key by `runs`, those of its engine and GPU in all precisions."""
    c, n = posterior.coefficients(key), len(TERMS)
    measured = runs.precision == key[2]
    counted = measured if measured.any() else np.ones(len(runs), dtype=bool)
    own = shifted(base, c[:N_EFFICIENCIES, None])
    variances = variance(posterior, runs.where(counted), at(own, counted), key)
    load = loads(runs.demand, runs.hardware, runs.concurrency)
    return Correction(
        c[:N_EFFICIENCIES],
        c[N_EFFICIENCIES:-n],
        c[-n:],
        load.min(axis=0),
        load.max(axis=0),
        moved.min(axis=1),
        moved.max(axis=1),
        float(np.exp(Z90 * np.sqrt(np.mean(variances) + posterior.noise[0]))),
        int(measured.sum()) if key[1] else len(runs),
        "; ".join(sorted(set(origin.source[counted].tolist()))),
        int(origin.own.sum()),
    )


def _moved(posterior: Posterior, runs: Runs, base: Efficiency, gpu: str) -> Array:
    """What the correction of a GPU, or of any, adds to log TPOT and log TTFT of runs in their precisions, shape
    (2, n)."""
    keys = [(engine, gpu, precision) for engine, _, precision in keys_of(runs)]
    of_key = {key: posterior.coefficients(key) for key in set(keys)}
    c, n = np.array([of_key[key] for key in keys]), len(TERMS)
    features = terms(runs.hardware)
    before, after = (
        serving(runs.demand, runs.hardware, e, runs.concurrency, runs.max_sequences)
        for e in (base, shifted(base, c[:, :N_EFFICIENCIES].T))
    )
    factors = (np.sum(features * c[:, N_EFFICIENCIES:-n], axis=1), np.sum(features * c[:, -n:], axis=1))
    tpot, ttft = (np.clip(factor, -LARGEST, LARGEST) for factor in factors)
    return np.array([np.log(after.tpot_s / before.tpot_s) + tpot, np.log(after.ttft_s / before.ttft_s) + ttft])


def variance(posterior: Posterior, runs: Runs, own: Efficiency, key: Block) -> Array:
    """Variance of log decoding time that the runs left uncertain, without noise, for loads of a key with efficiencies
    `own`."""
    by_decode = sensitivities(runs, own)[2]
    return np.asarray(np.einsum("nc,cd,nd->n", by_decode, posterior.covariance_of(key), by_decode))


def at(efficiency: Efficiency, where: NDArray[np.bool_] | int) -> Efficiency:
    """Those of some runs."""
    return Efficiency(*(np.asarray(getattr(efficiency, f.name))[where] for f in fields(Efficiency)))


EM_ROUNDS = 40
PRIOR_VARIANCE = 0.003
PRIOR_WEIGHT = 2.0
"""A level's variance starts as if two members had been seen with a standard deviation of 5 %."""
NEVER = 1e-8


def _largest_variance() -> Array:
    """Bounds by level and coefficient: without them efficiencies that hardly matter drift and the terms compensate."""
    of_precision = np.array([0.02 if name in OF_PRECISION else NEVER for name in COEFFICIENTS])
    others = np.repeat([0.5, 0.05], [N_EFFICIENCIES, 2 * len(TERMS)])
    others[[COEFFICIENTS.index(name) for name in OF_BITS]] = NEVER
    return np.stack([of_precision if level == "precision" else others for level in LEVELS])


LARGEST_VARIANCE = _largest_variance()
LARGEST_ERROR = 1.0


def estimate_prior(runs: Runs, base: Efficiency) -> Prior:
    """How far groups deviate, by EM over all groups, linearised at `base`: predictions without their own runs."""
    lines = []
    for shape in sorted(set(runs.shape.tolist())):
        mask = runs.shape == shape
        group = runs.where(mask)
        blocks = blocks_of(keys_of(group))
        lines.append((blocks, linearised(group, at(base, mask), blocks, np.zeros(len(blocks) * len(COEFFICIENTS)))))
    variances, noise = np.minimum(0.01, LARGEST_VARIANCE), np.array([0.01, 0.03])
    for _ in range(EM_ROUNDS):
        variances, noise = _em_round(lines, variances, noise)
    return Prior(variances, noise)


def _em_round(lines: Sequence[tuple[Sequence[Block], Linear]], variances: Array, noise: Array) -> tuple[Array, Array]:
    sums = np.full_like(variances, PRIOR_WEIGHT * PRIOR_VARIANCE)
    counts = np.full(len(LEVELS), PRIOR_WEIGHT)
    squares, rows = np.zeros(2), np.zeros(2)
    for blocks, line in lines:
        levels = [LEVELS.index(level_of(block)) for block in blocks]
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
