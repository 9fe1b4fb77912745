"""The measuring loop: load after load, each predicted, then measured and recorded at once, now and then one again.

It ends when all loads are predicted closely by intervals that held so far, or when time is up.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import asdict, astuple, dataclass
from pathlib import Path
from typing import Any

from advisor.engines.protocol import EngineFailure
from advisor.engines.timing import EngineFacts
from advisor.errors import AdvisorError
from advisor.profiler.bench import Bench
from advisor.profiler.coverage import Coverage, coverage, load_of
from advisor.profiler.knowledge import Beliefs, Knowledge, assess
from advisor.profiler.plan import Load, loads
from advisor.profiler.ran import as_ran
from advisor.profiler.repeats import repeat_due
from advisor.profiler.subject import Subject
from advisor.store.journal import Journal
from advisor.store.measurements import parquet_writer
from advisor.store.runs import Run, fault_of_load


@dataclass(frozen=True, slots=True)
class Step:
    """One load as measured, beside what had been predicted of it (`run`), and how closely all loads are predicted now.

    `half_width` is the 90 % interval of a measured TPOT as a share of it: 0.1 is ±10 %. `former` are the earlier runs
    of the same load. `goes_on`: all loads seem predicted as closely as wanted, but too few predictions held yet.
    """

    load: Load
    run: Run
    former: tuple[Run, ...]
    n_measured: int
    half_width: float
    coverage: Coverage
    goes_on: bool


@dataclass(frozen=True, slots=True)
class Rig:
    """What is measured with: a function that starts the engine, and columns of Run that are the same for every load."""

    start: Callable[[], AbstractAsyncContextManager[tuple[Bench, EngineFacts]]]
    columns: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Goal:
    """When to stop: nine tenths of all loads predicted `within` (0.1: ±10 %), or `time_s` after the engine started."""

    time_s: float
    within: float

    def is_reached(self, half_width: float, checked: Coverage) -> bool:
        """Whether the intervals are close enough, and held often enough to be believed."""
        return half_width <= self.within and checked.is_enough


@dataclass(frozen=True, slots=True)
class Measured:
    """The sealed file, its loads in the order they were measured, and how closely all loads are predicted.

    `note` says where something else ran than was wanted; `n_found` loads are of an earlier, interrupted call.
    """

    path: Path
    runs: tuple[Run, ...]
    half_width: float
    coverage: Coverage
    note: str
    n_found: int = 0


async def measure_loads(
    subject: Subject,
    believe: Callable[[Subject], Beliefs],
    rig: Rig,
    folder: Path,
    goal: Goal,
    watch: Callable[[Step], None] = lambda _: None,
) -> Measured:
    """Measure the most informative loads first, until the goal is reached; seal them.

    A load that fails is recorded as such and the engine started anew. Raises AdvisorError where nothing was measured.
    """
    name = subject.run_id_in(folder)
    until = math.inf
    with Journal(folder, name, fault_of_load) as journal:
        kept = [Run(**row) for rows in journal.done.values() for row in rows]
        runs = [run for run in kept if run.status != "failed"]  # those are tried again
        n_found = len(runs)
        done = False
        while not done:
            begun = time.perf_counter()
            async with rig.start() as (bench, facts):
                ran, note = as_ran(subject, facts)
                beliefs = believe(ran)
                started = _started(facts, time.perf_counter() - begun)
                shared = ran.columns | rig.columns | started | {"run_id": name, "note": note or None}
                await bench.warm_up()
                until = min(until, time.monotonic() + goal.time_s)
                candidates = _candidates(beliefs, facts)
                known, checked = assess(beliefs, runs, candidates, until - time.monotonic()), coverage(runs)
                done = True
                while done and not goal.is_reached(known.half_width, checked):
                    load, columns = _next(known, runs, until - time.monotonic())
                    if load is None:
                        break
                    former = tuple(run for run in runs if load_of(run) == astuple(load))
                    run = Run(**shared | columns | await _measured(bench, load, len(former)))
                    runs.append(run)
                    journal.add(f"{load}, time {len(former) + 1}" if former else str(load), [asdict(run)])
                    known, checked = assess(beliefs, runs, candidates, until - time.monotonic()), coverage(runs)
                    goes_on = known.half_width <= goal.within and not checked.is_enough
                    watch(Step(load, run, former, known.n_measured, known.half_width, checked, goes_on))
                    done = run.status == "ok"
        _check_measured(runs, goal)
        rows = [row for rows in journal.done.values() for row in rows]
        path = journal.seal(parquet_writer(Run, rows))
        return Measured(path, tuple(Run(**row) for row in rows), known.half_width, checked, note, n_found)


def _next(known: Knowledge, runs: Sequence[Run], time_left_s: float) -> tuple[Load | None, dict[str, float]]:
    """The next load, None where there is none, and the columns that say what is predicted of it.

    A repeat has none: its load helped to predict it.
    """
    if again := repeat_due(runs, time_left_s):
        return again, {}
    place = known.next_place
    if place is None:
        return None, {}
    predicted = {"predicted_tpot_s": known.tpot_s[place], "predicted_half_width": known.half_widths[place]}
    return known.candidates[place], {name: float(value) for name, value in predicted.items()}


def _started(facts: EngineFacts, start_s: float) -> dict[str, Any]:
    """Columns of Run; what the engine does not report is left out."""
    found = {
        "start_s": start_s,
        "engine_version": facts.version,
        "kv_cache_tokens": facts.kv_cache_tokens,
        "kv_cache_bytes": facts.kv_cache_bytes,
        "weights_bytes": facts.weights_bytes,
    }
    return {name: value for name, value in found.items() if value is not None}


def _candidates(beliefs: Beliefs, facts: EngineFacts) -> list[Load]:
    spec = beliefs.models.spec(beliefs.subject.model)
    return loads(spec, facts.max_context, facts.kv_cache_tokens or 10**9, facts.max_sequences)


async def _measured(bench: Bench, load: Load, repeat: int) -> dict[str, Any]:
    try:
        return await bench.measure(load, repeat)
    except EngineFailure as failure:
        reason = str(failure)
        status = "oom" if "out of memory" in reason.lower() else "failed"
        return {key: float(value) for key, value in asdict(load).items()} | {"status": status, "note": reason[:300]}


def _check_measured(runs: Sequence[Run], goal: Goal) -> None:
    if not any(run.status == "ok" for run in runs):
        reason = f" ({runs[-1].note})" if runs else ""
        what = f"no load could be measured in {goal.time_s:g} s{reason}"
        raise AdvisorError(what, where="--time", hint="give more time, or a smaller model")
