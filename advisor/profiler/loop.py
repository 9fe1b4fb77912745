"""The measuring loop: load after load, each recorded at once, until all loads are predicted closely or time is up."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from advisor.engines.protocol import EngineFailure
from advisor.engines.timing import EngineFacts, Timed
from advisor.errors import AdvisorError
from advisor.profiler.device import Meter
from advisor.profiler.knowledge import Beliefs, Knowledge, assess
from advisor.profiler.measure import measure
from advisor.profiler.plan import Load, loads
from advisor.store.journal import Journal
from advisor.store.measurements import parquet_writer
from advisor.store.runs import Run, fault_of_load

WARM_UP_PROMPTS = (8, 32, 128, 512, 2048)
WARM_UP_ANSWER = 4
"""Generated tokens of each."""


@dataclass(frozen=True, slots=True)
class Step:
    """One load as measured, what had been predicted of it, and how closely all loads are predicted now.

    Half widths are 90 % intervals of TPOT as a share of it: 0.1 is ±10 %.
    """

    load: Load
    run: Run
    predicted_tpot_s: float
    predicted_half_width: float
    n_measured: int
    half_width: float


@dataclass(frozen=True, slots=True)
class Rig:
    """What is measured with: a function that starts the engine, the machine's meter, and columns of Run that are the
    same for every load."""

    start: Callable[[], AbstractAsyncContextManager[tuple[Timed, EngineFacts]]]
    meter: Meter
    columns: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Goal:
    """When to stop: nine tenths of all loads predicted `within` (0.1: ±10 %), or `time_s` after the engine started."""

    time_s: float
    within: float


@dataclass(frozen=True, slots=True)
class Measured:
    """The sealed file, its loads in the order they were measured, and how closely all loads are predicted."""

    path: Path
    runs: tuple[Run, ...]
    half_width: float


async def measure_loads(
    beliefs: Beliefs, rig: Rig, folder: Path, goal: Goal, watch: Callable[[Step], None] = lambda _: None
) -> Measured:
    """Measure the most informative loads first, until the goal is reached; seal them.

    A load that fails is recorded as such and the engine started anew. Raises AdvisorError where nothing was measured.
    """
    name = beliefs.subject.run_id_in(folder)
    until = math.inf
    with Journal(folder, name, fault_of_load) as journal:
        kept = [Run(**row) for rows in journal.done.values() for row in rows]
        runs = [run for run in kept if run.status != "failed"]  # those are tried again
        done = False
        while not done:
            begun = time.perf_counter()
            async with rig.start() as (engine, facts):
                shared = beliefs.subject.columns | rig.columns | _started(facts, time.perf_counter() - begun)
                await _warm_up(engine, facts)
                until = min(until, time.monotonic() + goal.time_s)
                candidates = _candidates(beliefs, facts)
                known = assess(beliefs, runs, candidates, until - time.monotonic())
                done = True
                while done and known.half_width > goal.within and (load := known.next_load):
                    run = Run(**shared, **await _measured(engine, load, facts, rig.meter), run_id=name)
                    runs.append(run)
                    journal.add(str(load), [asdict(run)])
                    before, known = known, assess(beliefs, runs, candidates, until - time.monotonic())
                    watch(_step(run, load, before, known))
                    done = run.status == "ok"
        _check_measured(runs, goal)
        rows = [row for rows in journal.done.values() for row in rows]
        path = journal.seal(parquet_writer(Run, rows))
        return Measured(path, tuple(Run(**row) for row in rows), known.half_width)


def _step(run: Run, load: Load, before: Knowledge, after: Knowledge) -> Step:
    return Step(load, run, before.predicted_tpot_s, before.next_half_width, after.n_measured, after.half_width)


def _started(facts: EngineFacts, start_s: float) -> dict[str, Any]:
    return {
        "start_s": start_s,
        "engine_version": facts.version,
        "kv_cache_tokens": facts.kv_cache_tokens,
        "kv_cache_bytes": facts.kv_cache_bytes,
    }


def _candidates(beliefs: Beliefs, facts: EngineFacts) -> list[Load]:
    spec = beliefs.models.spec(beliefs.subject.model)
    return loads(spec, facts.max_context, facts.kv_cache_tokens or 10**9, facts.max_sequences)


async def _warm_up(engine: Timed, facts: EngineFacts) -> None:
    """Short answers to pairs of ever longer prompts, so that what an engine does only once, such as compiling a kernel
    for steps of another size, is in no measurement.

    Raises AdvisorError where it cannot answer even the shortest.
    """
    for n in WARM_UP_PROMPTS:
        if n + WARM_UP_ANSWER > facts.max_context:
            return
        prompts = ([facts.vocabulary - 1 - place] * n for place in range(2))  # a cache would answer the same one again
        try:
            await asyncio.gather(*(engine.timed(prompt, WARM_UP_ANSWER) for prompt in prompts))
        except EngineFailure as failure:
            if n > WARM_UP_PROMPTS[0]:  # the loads will show why
                return
            hint = "see the engine's own messages"
            raise AdvisorError(f"the engine answers no request ({failure})", where="profile", hint=hint) from None


async def _measured(engine: Timed, load: Load, facts: EngineFacts, meter: Meter) -> dict[str, Any]:
    try:
        return await measure(engine, load, facts.vocabulary, meter)
    except EngineFailure as failure:
        reason = str(failure)
        status = "oom" if "out of memory" in reason.lower() else "failed"
        return {key: float(value) for key, value in asdict(load).items()} | {"status": status, "note": reason[:300]}


def _check_measured(runs: Sequence[Run], goal: Goal) -> None:
    if not any(run.status == "ok" for run in runs):
        reason = f" ({runs[-1].note})" if runs else ""
        what = f"no load could be measured in {goal.time_s:g} s{reason}"
        raise AdvisorError(what, where="--time", hint="give more time, or a smaller model")
