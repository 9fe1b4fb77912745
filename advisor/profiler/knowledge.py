"""What measured loads predict of all the others, how closely, and which load to measure next.

The efficiencies that are believed before the first load move with every measured one (performance/groups.py); times are
predicted from them as anywhere else (performance/predict.py). How far measured times stray from what the coefficients
can say, by this machine's noise and by what the model lacks, is learned with them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from advisor.fits.prior import read_prior
from advisor.fits.speeds import Speeds
from advisor.gpus import Gpus
from advisor.models.catalog import Catalog
from advisor.performance.corrections import RANGES, TERMS, Correction
from advisor.performance.demand import Array
from advisor.performance.groups import (
    COEFFICIENTS,
    FREEDOM,
    N_EFFICIENCIES,
    Z90,
    Posterior,
    Prior,
    learn,
    linearised,
    on_unmeasured_gpu,
    sensitivities,
)
from advisor.performance.observed import NAMES, NUMBERS, Runs, runs_of
from advisor.performance.ordered import OfShape
from advisor.performance.predict import Speed, predict
from advisor.performance.roofline import Efficiency, shifted
from advisor.profiler.coverage import interval_factor
from advisor.profiler.measure import JITTER, ROUNDS
from advisor.profiler.plan import Load, gains
from advisor.profiler.subject import Subject
from advisor.provenance import Provenance
from advisor.store.doubts import doubts_of
from advisor.store.runs import Run
from advisor.store.workspace import Workspace

SETTLED_QUANTILE = 0.9
"""Of all loads so many must be predicted within the wanted interval."""
OVERHEAD_S = 0.5
"""Of a measurement beside its requests: short ones are not free."""
NOISE_WEIGHT = 4.0
"""So many loads strayed as far as those of other profiles, before the first of this one."""
NOISE_ROUNDS = 3


@dataclass(frozen=True, slots=True)
class Beliefs:
    """What holds before the first load: fitted efficiencies, and how far a model may stray from them."""

    subject: Subject
    efficiency: Efficiency
    prior: Prior
    models: Catalog
    gpus: Gpus

    @classmethod
    def read(cls, workspace: Workspace, subject: Subject) -> Beliefs:
        """From what was fitted to other runs. Raises AdvisorError for a damaged table."""
        speeds, prior = Speeds.read(workspace), read_prior(workspace)
        combination = (subject.gpu, subject.engine, subject.precision)
        if not speeds.has(*combination):
            prior = on_unmeasured_gpu(prior)
        return cls(subject, speeds.efficiency(*combination), prior, workspace.models, workspace.gpus)


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What some loads say of all `candidates`, and which of these to measure next, if any.

    `tpot_s` and `half_widths` are of every candidate: predicted, and the 90 % interval of its measurement as a share of
    that, which holds this machine's noise and what the model lacks.
    """

    n_measured: int
    candidates: Sequence[Load]
    tpot_s: Array
    half_widths: Array
    next_place: int | None

    @property
    def half_width(self) -> float:
        """That which nine tenths of all loads do not exceed."""
        return float(np.quantile(self.half_widths, SETTLED_QUANTILE))


def assess(beliefs: Beliefs, measured: Sequence[Run], candidates: Sequence[Load], time_left_s: float) -> Knowledge:
    """How closely all candidates are predicted, and which of those that fit into the time to measure next.

    A measured load that cannot be what it says (performance/plausible.py) predicts nothing.
    """
    said = doubts_of([asdict(run) for run in measured], beliefs.models, beliefs.gpus)
    answered = [run for run, doubt in zip(measured, said, strict=True) if run.status == "ok" and not doubt]
    coefficients, covariance, noise = _posterior(beliefs, answered)
    everything = _unmeasured(beliefs, candidates)
    speed = speed_of(beliefs.efficiency, coefficients)
    times = predict(
        everything.demand, everything.hardware, speed, everything.concurrency, everything.max_sequences
    ).serving
    _, _, by_decode, by_ttft = sensitivities(everything, shifted(beliefs.efficiency, coefficients[:N_EFFICIENCIES]))
    deviation = np.sqrt(np.einsum("nc,cd,nd->n", by_decode, covariance, by_decode) + noise[0])
    # the upper end of what a load may take
    cost_s = (ROUNDS + JITTER) * np.asarray(times.request_s) * np.exp(Z90 * deviation) + OVERHEAD_S
    gain = gains(by_decode, by_ttft, covariance, noise)
    chosen = _next(candidates, measured, gain / cost_s, cost_s <= time_left_s)
    half_widths = np.expm1(interval_factor(measured) * deviation)
    return Knowledge(len(answered), candidates, np.asarray(times.tpot_s), half_widths, chosen)


def speed_of(efficiency: Efficiency, coefficients: Array) -> Speed:
    """The speed that COEFFICIENTS around an efficiency stand for, unbounded by a measured range."""
    n = len(TERMS)
    everywhere, however = np.full(len(RANGES), np.inf), np.full(2, np.inf)
    correction = Correction(
        coefficients[:N_EFFICIENCIES],
        coefficients[N_EFFICIENCIES:-n],
        coefficients[-n:],
        low=-everywhere,
        high=everywhere,
        least=-however,
        most=however,
        spread=1.0,
        n_runs=0,
        source="this profile",
    )
    return Speed(efficiency, 1.0, Provenance.FITTED, "this profile", OfShape(correction, np.asarray(True), ()))


def _posterior(beliefs: Beliefs, answered: Sequence[Run]) -> tuple[Array, Array, Array]:
    """Coefficients around the fitted efficiencies, their covariance, and the variances of log TPOT and TTFT around what
    they predict, given the answered loads.

    Those variances by EM, from the prior's: repeats of a load show the noise, since no coefficient tells them apart,
    other loads also what the model lacks.
    """
    prior = beliefs.prior
    if not answered:
        return np.zeros(len(COEFFICIENTS)), np.diag(prior.variances.sum(axis=0)), prior.noise
    fitted = asdict(beliefs.efficiency).values()
    base = Efficiency(*(np.full(len(answered), float(np.asarray(value))) for value in fitted))
    runs = _runs(beliefs, [{name: getattr(run, name) for name in NUMBERS} for run in answered])
    for _ in range(NOISE_ROUNDS):
        posterior = learn(runs, base, prior)
        prior = Prior(prior.variances, _noise(runs, base, posterior, beliefs.prior.noise))
    key = (beliefs.subject.engine, beliefs.subject.gpu, beliefs.subject.precision)
    return posterior.coefficients(key), posterior.covariance_of(key), prior.noise


def _noise(runs: Runs, base: Efficiency, posterior: Posterior, expected: Array) -> Array:
    """What the squared errors left by the posterior are expected to be, with Student's weights as in `learn`."""
    line = linearised(runs, base, posterior.blocks, posterior.mean)
    weight = (FREEDOM + 1) / (FREEDOM + line.y**2 / posterior.prior.noise[line.quantity])
    square = weight * line.y**2 + np.sum((line.x @ posterior.covariance) * line.x, axis=1)
    total, count = (np.bincount(line.quantity, weights=w, minlength=2) for w in (square, np.ones_like(square)))
    return np.asarray((NOISE_WEIGHT * expected + total) / (NOISE_WEIGHT + count))


def _unmeasured(beliefs: Beliefs, candidates: Sequence[Load]) -> Runs:
    """Loads as runs whose times do not matter."""
    return _runs(beliefs, [asdict(load) | {"ttft_s": 1.0, "tpot_s": 1.0} for load in candidates])


def _runs(beliefs: Beliefs, loads: Sequence[dict[str, float | None]]) -> Runs:
    names = {name: np.array([getattr(beliefs.subject, name)] * len(loads), dtype=object) for name in NAMES}
    numbers = {name: np.array([_number(load.get(name)) for load in loads]) for name in NUMBERS}
    return runs_of(names | numbers, beliefs.models, beliefs.gpus)


def _number(value: float | None) -> float:
    return math.nan if value is None else value


def _next(candidates: Sequence[Load], measured: Sequence[Run], worth: Array, affordable: Array) -> int | None:
    """The place of the affordable load that is worth most; none that was tried, or that needs as much memory as one
    that ran out of it."""
    tried = {(run.prompt_tokens, run.generated_tokens, run.concurrency) for run in measured}
    broken = [run for run in measured if run.status == "oom"]

    def possible(load: Load) -> bool:
        beyond = any(
            load.prompt_tokens >= run.prompt_tokens
            and load.generated_tokens >= run.generated_tokens
            and load.concurrency >= run.concurrency
            for run in broken
        )
        return (load.prompt_tokens, load.generated_tokens, load.concurrency) not in tried and not beyond

    open_ = [i for i, load in enumerate(candidates) if affordable[i] and possible(load)]
    return max(open_, key=lambda i: float(worth[i])) if open_ else None
