"""Run a reference planner (aiconfigurator, Apache-2.0) on a sample of the serving runs and compare on the same rows.

    python benchmarks/reference_planner.py run DATA PROGRAM   a few seconds a row
    python benchmarks/reference_planner.py compare            writes its part of docs/validation.md; some minutes

PROGRAM is the aiconfigurator executable.

Answers are kept in benchmarks/reference_planner.csv. Our mapping of a run to the planner's options: tensor parallelism
over all GPUs, experts over ep_size of them, data-parallel attention left out; quantisation of GEMM and MoE as recorded
with the run, its own defaults elsewhere; batch size = concurrency.
"""

from __future__ import annotations

import argparse
import csv
import re
import subprocess
from pathlib import Path

import duckdb
import numpy as np
from left_out import FOLDS, Errors, blind, groups_of, random_tenths
from validation_page import put, table

from advisor.fits.measured_runs import measured_runs
from advisor.performance.global_fit import fold_of, left_out_efficiency
from advisor.performance.observed import Runs
from advisor.store.workspace import Workspace

HERE = Path(__file__).parent
ANSWERS = HERE / "reference_planner.csv"
A_GROUP = 3
SYSTEMS = {
    "h100-sxm": "h100_sxm",
    "h200-sxm": "h200_sxm",
    "b200-sxm": "b200_sxm",
    "b300-sxm": "b300_sxm",
    "gb200": "gb200",
}
FIGURES = {
    "ttft_s": r"TTFT:\s+([\d.,]+) ms",
    "tpot_s": r"TPOT:\s+([\d.,]+) ms",
    "tokens_per_s": r"tokens/s:\s+([\d.,]+)",
}


def sampled(data: Path) -> list[dict[str, object]]:
    """A_GROUP rows of every (model, GPU, engine, precision)."""
    query = (HERE / "reference_planner.sql").read_text()
    result = duckdb.connect().execute(query, {"file": str(data / "serving_inferencex.csv")})
    names = [column[0] for column in result.description or ()]
    rows = [dict(zip(names, values, strict=True)) for values in result.fetchall()]
    groups: dict[tuple[object, ...], list[dict[str, object]]] = {}
    for row in rows:
        if not row["dp_attention"]:
            groups.setdefault((row["model"], row["gpu"], row["engine"], row["precision"]), []).append(row)
    rng = np.random.default_rng(0)
    return [group[i] for group in groups.values() for i in sorted(rng.permutation(len(group))[:A_GROUP])]


def ask(program: str, row: dict[str, object]) -> dict[str, float]:
    """The planner's figures; empty where it refuses."""
    experts = int(str(row["ep_size"] or 1)) if row["is_moe"] else 1
    words = [program, "cli", "estimate", "--model-path", row["model"], "--system", SYSTEMS[str(row["gpu"])]]
    words += ["--backend", row["engine"], "--isl", row["prompt_tokens"], "--osl", row["generated_tokens"]]
    words += ["--batch-size", int(float(str(row["concurrency"]))), "--tp-size", row["gpu_count"]]
    if row["is_moe"]:
        words += ["--moe-ep-size", experts, "--moe-tp-size", int(str(row["gpu_count"])) // experts]
    for flag, mode in (
        ("--gemm-quant-mode", row["gemm_quant_mode"]),
        ("--moe-quant-mode", row["moe_quant_mode"] if row["is_moe"] else None),
    ):
        words += [flag, mode] if mode else []
    try:
        printed = subprocess.run([str(w) for w in words], capture_output=True, text=True, timeout=180).stdout
    except subprocess.TimeoutExpired:
        return {}
    found = {name: re.search(pattern, printed) for name, pattern in FIGURES.items()}
    return {
        name: float(m[1].replace(",", "")) / (1000 if name.endswith("_s") and name != "tokens_per_s" else 1)
        for name, m in found.items()
        if m
    }


def run(data: Path, program: str) -> None:
    names = (
        "id",
        "model",
        "gpu",
        "gpu_count",
        "engine",
        "precision",
        "prompt_tokens",
        "generated_tokens",
        "concurrency",
    )
    with ANSWERS.open("w", newline="") as out:
        writer = csv.DictWriter(out, [*names, *FIGURES], extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        for row in sampled(data):
            writer.writerow({**row, **dict.fromkeys(FIGURES), **ask(program, row)})
            out.flush()


def throughput(ttft_s: np.ndarray, tpot_s: np.ndarray, generated: np.ndarray, concurrency: np.ndarray) -> np.ndarray:
    return concurrency * generated / (ttft_s + tpot_s * (generated - 1))


def blind_to(runs: Runs, groups: np.ndarray) -> Errors:
    """Of predictions that saw no run of the same group."""
    return blind(runs, left_out_efficiency(runs, fold_of(groups, FOLDS)))


def compare() -> None:
    every = measured_runs(Workspace())
    found = every.where(~every.in_process)
    runs = found.runs
    answers = list(csv.DictReader(ANSWERS.open()))
    answered = [row for row in answers if row["tpot_s"]]
    place = {note.split(", ")[-1]: i for i, note in enumerate(found.note.tolist())}
    answered = [row for row in answered if row["id"] in place]  # doubtful runs are in no fit
    at = np.array([place[row["id"]] for row in answered])
    generated, concurrency = np.asarray(runs.demand.generated_tokens)[at], runs.concurrency[at]
    seen = throughput(runs.ttft_s[at], runs.tpot_s[at], generated, concurrency)

    def ratios(left_out: Errors) -> tuple[np.ndarray, ...]:
        """Predicted over measured: TPOT, TTFT, tokens/s."""
        tpot, ttft = (m[at] * np.exp(-e[at]) for m, e in zip((runs.tpot_s, runs.ttft_s), left_out, strict=True))
        return tpot / runs.tpot_s[at], ttft / runs.ttft_s[at], throughput(ttft, tpot, generated, concurrency) / seen

    theirs = {name: np.array([float(row[name]) for row in answered]) for name in FIGURES}
    errors = {
        "reference planner": (
            theirs["tpot_s"] / runs.tpot_s[at],
            theirs["ttft_s"] / runs.ttft_s[at],
            theirs["tokens_per_s"] / seen,
        ),
        "advisor, each run left out": ratios(random_tenths(found)),
        "advisor, its model on that GPU left out": ratios(blind_to(runs, groups_of(found))),
        "advisor, its model left out": ratios(blind_to(runs, found.model)),
    }
    lines = [
        [name, *(f"{np.nanmedian(np.abs(e - 1)):.1%} ({np.nanquantile(np.abs(e - 1), 0.9):.0%})" for e in es)]
        for name, es in errors.items()
    ]
    section = (
        f"aiconfigurator 0.12.0 (Apache-2.0) ran {len(answers)} of the runs, {A_GROUP} of every model, GPU, engine\n"
        f"and precision, and answered {len(answered)}; advisor answers all. It was given nominal lengths, advisor the\n"
        "mean ones (0.9 of these in InferenceX). On the answered rows, median error (90th percentile), by\n"
        "`python benchmarks/reference_planner.py compare`, which also shows how a run maps to the planner's\n"
        "options:\n\n"
        f"{table(lines, ['', 'TPOT', 'TTFT', 'tokens/s'])}"
    )
    put("Against a reference planner", section)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=["run", "compare"])
    parser.add_argument("data", type=Path, nargs="?")
    parser.add_argument("program", nargs="?", default="aiconfigurator")
    args = parser.parse_args()
    if args.command == "run":
        run(args.data, args.program)
    else:
        compare()


if __name__ == "__main__":
    main()
