"""What measured loads predict of all the others, how closely, and which load to measure next.

The efficiencies that are believed before the first load move with every measured one (performance/groups.py); times are
predicted from them as anywhere else (performance/predict.py).
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
from advisor.performance.groups import COEFFICIENTS, N_EFFICIENCIES, Z90, Prior, learn, on_unmeasured_gpu, sensitivities
from advisor.performance.observed import NAMES, NUMBERS, Runs, runs_of
from advisor.performance.ordered import OfShape
from advisor.performance.predict import Speed, predict
from advisor.performance.roofline import Efficiency, shifted
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
    """After some loads: the 90 % interval of TPOT of all loads as a share of it, and what comes next, if anything."""

    n_measured: int
    half_width: float
    next_load: Load | None
    predicted_tpot_s: float
    next_half_width: float


def assess(beliefs: Beliefs, measured: Sequence[Run], candidates: Sequence[Load], time_left_s: float) -> Knowledge:
    """How closely all candidates are predicted, and which of those that fit into the time to measure next.

    A measured load that cannot be what it says (performance/plausible.py) predicts nothing.
    """
    said = doubts_of([asdict(run) for run in measured], beliefs.models, beliefs.gpus)
    answered = [run for run, doubt in zip(measured, said, strict=True) if run.status == "ok" and not doubt]
    coefficients, covariance = _posterior(beliefs, answered)
    everything = _unmeasured(beliefs, candidates)
    speed = speed_of(beliefs.efficiency, coefficients)
    times = predict(
        everything.demand, everything.hardware, speed, everything.concurrency, everything.max_sequences
    ).serving
    _, _, by_decode, by_ttft = sensitivities(everything, shifted(beliefs.efficiency, coefficients[:N_EFFICIENCIES]))
    half_width = np.exp(Z90 * np.sqrt(np.einsum("nc,cd,nd->n", by_decode, covariance, by_decode))) - 1
    # the upper end of what a load may take
    cost_s = (ROUNDS + JITTER) * np.asarray(times.request_s) * (1 + half_width) + OVERHEAD_S
    gain = gains(by_decode, by_ttft, covariance, beliefs.prior.noise)
    chosen = _next(candidates, measured, gain / cost_s, cost_s <= time_left_s)
    settled = float(np.quantile(half_width, SETTLED_QUANTILE))
    if chosen is None:
        return Knowledge(len(answered), settled, None, math.nan, math.nan)
    tpot_s = float(times.tpot_s[chosen])
    return Knowledge(len(answered), settled, candidates[chosen], tpot_s, float(half_width[chosen]))


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


def _posterior(beliefs: Beliefs, answered: Sequence[Run]) -> tuple[Array, Array]:
    """Coefficients around the fitted efficiencies, and their covariance, given the answered loads."""
    if not answered:
        return np.zeros(len(COEFFICIENTS)), np.diag(beliefs.prior.variances.sum(axis=0))
    fitted = asdict(beliefs.efficiency).values()
    base = Efficiency(*(np.full(len(answered), float(np.asarray(value))) for value in fitted))
    times = [{name: getattr(run, name) for name in NUMBERS} for run in answered]
    posterior = learn(_runs(beliefs, times), base, beliefs.prior)
    key = (beliefs.subject.engine, beliefs.subject.gpu, beliefs.subject.precision)
    return posterior.coefficients(key), posterior.covariance_of(key)


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
