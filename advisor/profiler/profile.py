"""A profile: loads chosen one by one, measured, and what each taught, until all loads are predicted closely enough or time is up."""

from __future__ import annotations

import hashlib
import itertools
import math
import re
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from advisor.engines.protocol import EngineFailure
from advisor.engines.timing import EngineFacts, Timed
from advisor.errors import AdvisorError
from advisor.gpus import load_gpu
from advisor.models.catalog import spec_of
from advisor.performance.corrections import TERMS
from advisor.performance.demand import Array
from advisor.performance.groups import COEFFICIENTS, N_EFFICIENCIES, Z90, Prior, learn, on_unmeasured_gpu, sensitivities
from advisor.performance.observed import NAMES, NUMBERS, Runs, runs_of
from advisor.performance.profiles import fitted_for, fitted_rows
from advisor.performance.roofline import Efficiency, serving, shifted
from advisor.profiler.device import Meter
from advisor.profiler.measure import JITTER, ROUNDS, measure
from advisor.profiler.plan import Load, gains, loads
from advisor.store.journal import Journal
from advisor.store.runs import Row, seal_run

SETTLED_QUANTILE = 0.9
"""Of all loads so many must be predicted within the wanted interval."""
OVERHEAD_S = 0.5
"""Of a measurement beside its requests: short ones are not free."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What is profiled. `settings` are the engine's own, which make it another subject."""

    model: str
    gpu: str
    parallelism: str
    precision: str
    engine: str
    dummy_weights: bool = False
    kv_precision: str = "bf16"
    settings: str = ""

    @property
    def columns(self) -> Row:
        """Its columns of `runs`."""
        return {key: value for key, value in asdict(self).items() if key != "settings"}

    @property
    def name(self) -> str:
        """What the profile is called: the same for the same subject, so that the same command goes on where it stopped."""
        digest = hashlib.sha256(repr(asdict(self)).encode()).hexdigest()[:8]
        text = f"profile-{self.model.rstrip('/').split('/')[-1]}-{self.gpu}-{self.parallelism}-{self.precision}".lower()
        name = re.sub(r"[^\w.-]+", "-", text)
        return f"{name[:90]}-{digest}"


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What is known after some loads: over all loads the 90 % interval of TPOT as a share of it, and what comes next."""

    n_measured: int
    half_width: float
    next_load: Load | None
    predicted_tpot_s: float
    next_half_width: float


@dataclass(frozen=True, slots=True)
class Step:
    """One measured load, and what was known before it and is known after."""

    row: Row
    before: Knowledge
    after: Knowledge


def run_name(subject: Subject, folder: Path) -> str:
    """The subject's name, with a number where it was profiled before."""
    taken = {path.stem for path in folder.glob(f"{subject.name}*.parquet")}
    again = (f"{subject.name}-{i}" for i in itertools.count(2))
    return next(name for name in itertools.chain([subject.name], again) if name not in taken)


def _runs(subject: Subject, points: Sequence[dict[str, float]]) -> Runs:
    """Loads, measured or not, as the formulas take them."""
    told = {name: np.array([getattr(subject, name)] * len(points), dtype=object) for name in NAMES}
    return runs_of(told | {name: np.array([_number(p.get(name)) for p in points]) for name in NUMBERS})


def _number(value: float | None) -> float:
    return math.nan if value is None else value


def know(
    subject: Subject, prior: Prior, rows: Sequence[Row], candidates: Sequence[Load], time_left_s: float
) -> Knowledge:
    """What the measured rows tell of all candidates, and which to measure next within the time; none where all that fit are measured."""
    fitted = fitted_for(subject.gpu, subject.engine, subject.precision).efficiency
    answered = [row for row in rows if row["status"] == "ok"]
    coefficients, covariance = _learned(subject, prior, answered, fitted)
    everything = _runs(subject, [asdict(load) | {"ttft_s": 1.0, "tpot_s": 1.0} for load in candidates])
    own = shifted(fitted, coefficients[:N_EFFICIENCIES])
    _, _, by_decode, by_ttft = sensitivities(everything, own)
    result = serving(everything.demand, everything.hardware, own, everything.concurrency, everything.max_sequences)
    smooth = (
        by_decode[:, N_EFFICIENCIES : N_EFFICIENCIES + len(TERMS)]
        @ coefficients[N_EFFICIENCIES : N_EFFICIENCIES + len(TERMS)]
    )
    tpot_s = result.tpot_s * np.exp(np.clip(smooth, -1, 1))
    half_width = np.exp(Z90 * np.sqrt(np.einsum("nc,cd,nd->n", by_decode, covariance, by_decode))) - 1
    cost_s = (ROUNDS + JITTER) * np.asarray(result.request_s) * (
        1 + half_width
    ) + OVERHEAD_S  # at worst, as far as is known
    chosen = _next(candidates, rows, gains(by_decode, by_ttft, covariance, prior.noise), cost_s, time_left_s)
    known = partial(Knowledge, len(answered), float(np.quantile(half_width, SETTLED_QUANTILE)))
    return (
        known(None, math.nan, math.nan)
        if chosen is None
        else known(candidates[chosen], float(tpot_s[chosen]), float(half_width[chosen]))
    )


def _learned(subject: Subject, prior: Prior, rows: Sequence[Row], fitted: Efficiency) -> tuple[Array, Array]:
    """Coefficients around the fitted efficiencies and their covariance, given the answered rows."""
    if (subject.gpu, subject.engine, subject.precision) not in fitted_rows():
        prior = on_unmeasured_gpu(prior)
    if not rows:
        return np.zeros(len(COEFFICIENTS)), np.diag(prior.variances.sum(axis=0))
    base = Efficiency(*(np.full(len(rows), float(np.asarray(value))) for value in asdict(fitted).values()))
    posterior = learn(_runs(subject, rows), base, prior)
    select = posterior.selector(subject.engine, subject.precision)
    return select @ posterior.mean, select @ posterior.covariance @ select.T


def _next(
    candidates: Sequence[Load], rows: Sequence[Row], gain: Array, cost_s: Array, time_left_s: float
) -> int | None:
    """The place of the load that teaches most per second; none of those tried, too long, or no smaller than one that ran out of memory."""
    done = {(row["prompt_tokens"], row["generated_tokens"], row["concurrency"]) for row in rows}
    broken = [row for row in rows if row["status"] == "oom"]

    def possible(load: Load) -> bool:
        beyond = any(
            load.prompt_tokens >= row["prompt_tokens"]
            and load.generated_tokens >= row["generated_tokens"]
            and load.concurrency >= row["concurrency"]
            for row in broken
        )
        return (load.prompt_tokens, load.generated_tokens, load.concurrency) not in done and not beyond

    open_ = [i for i, load in enumerate(candidates) if possible(load) and cost_s[i] <= time_left_s]
    return max(open_, key=lambda i: float(gain[i] / cost_s[i])) if open_ else None


async def profile(
    subject: Subject,
    prior: Prior,
    start: Callable[[], AbstractAsyncContextManager[tuple[Timed, EngineFacts]]],
    meter: Meter,
    facts: Row,
    folder: Path,
    *,
    time_s: float,
    within: float,
    watch: Callable[[Step], None] = lambda _: None,
) -> tuple[Path, list[Row], Knowledge]:
    """Measure until nine tenths of all loads are predicted `within` (0.1: ±10 %), or for `time_s` once the engine runs; seal; path, rows, knowledge.

    A load that fails is recorded as such and the engine started anew. Raises AdvisorError where nothing could be measured.
    """
    load_gpu(subject.gpu)
    name = run_name(subject, folder)
    until = math.inf
    with Journal(folder, name) as journal:
        rows = [
            row for kept in journal.done.values() for row in kept if row["status"] != "failed"
        ]  # those are tried again
        finished = False
        while not finished:
            begun = time.perf_counter()
            async with start() as (engine, said):
                started = {
                    "start_s": time.perf_counter() - begun,
                    "engine_version": said.version,
                    "kv_cache_tokens": said.kv_cache_tokens,
                    "kv_cache_bytes": said.kv_cache_bytes,
                }
                candidates = _candidates(subject, said)
                await _warm_up(engine, said)
                until = min(until, time.monotonic() + time_s)
                finished = True
                known = know(subject, prior, rows, candidates, until - time.monotonic())
                while known.next_load and known.half_width > within and finished:
                    row = (
                        subject.columns
                        | facts
                        | started
                        | await _one(engine, known.next_load, said, meter)
                        | {"run_id": name}
                    )
                    rows.append(row)
                    journal.add(str(known.next_load), [row])
                    before, known = known, know(subject, prior, rows, candidates, until - time.monotonic())
                    watch(Step(row, before, known))
                    finished = row["status"] == "ok"
        if not any(row["status"] == "ok" for row in rows):
            reason = f" ({rows[-1]['note']})" if rows else ""
            raise AdvisorError(
                f"no load could be measured in {time_s:.0f} s{reason}",
                where="--time",
                hint="give more time, or a smaller model",
            )
        everything = [row for kept in journal.done.values() for row in kept]
        return journal.seal(lambda temporary: seal_run(everything, temporary)), everything, known


def _candidates(subject: Subject, said: EngineFacts) -> list[Load]:
    spec = spec_of(subject.model)
    return loads(spec, said.max_context, said.kv_cache_tokens or 10**9, said.max_sequences)


async def _warm_up(engine: Timed, said: EngineFacts) -> None:
    """One short request, so that what an engine does only once is in no measurement. Raises AdvisorError where it cannot answer even that."""
    try:
        await engine.timed([said.vocabulary - 1] * 8, 4)
    except EngineFailure as failure:
        raise AdvisorError(
            f"the engine answers no request ({failure})", where="profile", hint="see the engine's own messages"
        ) from None


async def _one(engine: Timed, load: Load, said: EngineFacts, meter: Meter) -> dict[str, Any]:
    try:
        return await measure(engine, load, said.vocabulary, meter)
    except EngineFailure as failure:
        reason = str(failure)
        status = "oom" if "out of memory" in reason.lower() else "failed"
        return {k: float(v) for k, v in asdict(load).items()} | {"status": status, "note": reason[:300]}
