"""Fit efficiencies to published serving runs, and validate them on groups left out.

    python benchmarks/performance.py fit DATA        writes profiles/performance.csv and corrections.csv
    python benchmarks/performance.py validate DATA   writes docs/validation.md

DATA is a folder with serving_inferencex.csv (InferenceX and aiconfigurator validation samples, Apache-2.0).
"""

from __future__ import annotations

import argparse
import csv
from dataclasses import fields
from pathlib import Path

import duckdb
import numpy as np
from memory import memory_rows

from advisor.gpus import PRECISIONS, gpus
from advisor.models.catalog import catalog, spec_of
from advisor.performance.demand import demand, stack
from advisor.performance.fit import RIDGE, PerformanceModel, Runs, apply_corrections, fit, fit_corrections, left_out, relative_errors
from advisor.performance.hardware import Hardware
from advisor.performance.memory import max_sequences
from advisor.performance.profiles import ENGINES, ROOFLINE_SPREAD
from advisor.performance.roofline import Efficiency, serving

ROOT = Path(__file__).resolve().parent.parent
SOURCE = "SemiAnalysisAI/InferenceX and ai-dynamo/aiconfigurator validation samples (Apache-2.0), 2025-2026"
FOLDS = 8


def read_runs(data: Path) -> tuple[Runs, dict[str, np.ndarray]]:
    """The runs, and the columns that only the report needs."""
    query = (Path(__file__).parent / "serving_runs.sql").read_text()
    columns = duckdb.connect().execute(query, {"file": str(data / "serving_inferencex.csv")}).fetchnumpy()
    text = {name: np.array(columns[name], dtype=str) for name in ("model", "gpu", "engine", "precision")}
    chosen = [gpus()[name] for name in text["gpu"]]
    demands = stack(
        [
            demand(spec_of(m), p, int(i), int(o))
            for m, p, i, o in zip(text["model"], text["precision"], columns["prompt_tokens"], columns["generated_tokens"], strict=True)
        ]
    )
    count = np.array(columns["gpu_count"], dtype=float)
    shards = np.where(columns["dp_attention"], 1.0, count)
    hardware = Hardware(
        count,
        shards,
        np.ones(len(count)),
        np.array([g.peak_flops_per_s[g.compute_precision(p)] for g, p in zip(chosen, text["precision"], strict=True)]),
        np.array([g.peak_flops_per_s["bf16"] for g in chosen]),
        np.array([g.memory_bytes_per_s for g in chosen]),
        np.array([g.link_bytes_per_s for g in chosen]),
    )
    room = np.maximum(max_sequences(demands, np.array([g.memory_bytes for g in chosen], dtype=float), hardware), 1.0)
    runs = Runs(
        demands,
        hardware,
        np.array(columns["concurrency"], dtype=float),
        room,
        np.array([catalog()[m].shape for m in text["model"]]),
        text["gpu"],
        text["engine"],
        text["precision"],
        np.ma.filled(columns["ttft_s"].astype(float), np.nan),
        np.array(columns["tpot_s"], dtype=float),
    )
    return runs, {
        "model": text["model"],
        "kind": np.where(columns["is_moe"], "MoE", "dense"),
        "attention": np.where(columns["dp_attention"], "data-parallel", "tensor-parallel"),
    }


def random_tenths(runs: Runs) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 10, len(runs)).astype(str)


def group_of(runs: Runs, model: np.ndarray) -> np.ndarray:
    return np.char.add(np.char.add(model, "|"), runs.gpu)


def write_profiles(runs: Runs, model: PerformanceModel, held_tpot: np.ndarray) -> None:
    """profiles/performance.csv: measured combinations, known GPUs with other engines and precisions, and any GPU (`*`)."""
    names = [f.name for f in fields(Efficiency)]
    log_errors = np.abs(np.log(held_tpot / runs.tpot_s))
    overall = float(np.exp(np.quantile(log_errors, 0.9)))
    path = ROOT / "profiles" / "performance.csv"
    with path.open("w", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(["gpu", "engine", "precision", *names, "spread", "provenance", "runs"])
        for gpu in (*model.gpus, "*"):
            for engine in ENGINES:
                for precision in PRECISIONS:
                    mask = (runs.gpu == gpu) & (runs.engine == engine) & (runs.precision == precision)
                    n = int(mask.sum())
                    efficiency = model.efficiency([gpu], [engine], [precision])
                    values = [f"{float(np.asarray(getattr(efficiency, name))[0]):.5g}" for name in names]
                    near = float(np.exp(np.quantile(log_errors[mask], 0.9))) if n >= 20 else overall
                    spread = near if n else max(overall, ROOFLINE_SPREAD)
                    source = f"{n} runs: {SOURCE}" if n else f"pooled from {len(runs)} runs on other GPUs, engines or precisions: {SOURCE}"
                    writer.writerow([gpu, engine, precision, *values, f"{spread:.3f}", "fitted" if n else "roofline", source])


def write_corrections(runs: Runs, model: PerformanceModel, held_tpot: np.ndarray) -> None:
    """profiles/corrections.csv: spreads from runs left out at random, of the combination itself where it has enough."""
    log_errors = np.abs(np.log(held_tpot / runs.tpot_s))
    overall = float(np.exp(np.quantile(log_errors, 0.9)))
    with (ROOT / "profiles" / "corrections.csv").open("w", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(["shape", "gpu", "engine", "precision", "n_runs", "tpot", "ttft", "low", "high", "spread", "runs"])
        for key, c in fit_corrections(runs, model.predict(runs), source=SOURCE).items():
            mask = (runs.shape == key[0]) & (runs.gpu == key[1]) & (runs.engine == key[2]) & (runs.precision == key[3])
            spread = float(np.exp(np.quantile(log_errors[mask], 0.9))) if c.n_runs >= 20 else overall
            lists = [" ".join(f"{v:.4g}" for v in values) for values in (c.tpot, c.ttft, c.low, c.high)]
            writer.writerow([*key, c.n_runs, *lists, f"{spread:.3f}", c.source])


def table(rows: list[list[str]], columns: list[str]) -> str:
    return "\n".join("| " + " | ".join(r) + " |" for r in [columns, ["---"] * len(columns), *rows]) + "\n"


def summary(name: str, mask: np.ndarray, tpot: np.ndarray, ttft: np.ndarray) -> list[str]:
    times = ttft[mask][np.isfinite(ttft[mask])]
    return [name, str(int(mask.sum())), f"{np.median(tpot[mask]):.1%}", f"{np.quantile(tpot[mask], 0.9):.1%}", f"{np.median(times):.1%}" if len(times) else "–"]


def validation(runs: Runs, labels: dict[str, np.ndarray], data: Path) -> str:
    """The page: errors on groups left out, by every cut."""
    groups = group_of(runs, labels["model"])
    columns = ["", "runs", "TPOT median", "TPOT p90", "TTFT median"]
    everything = np.ones(len(runs), dtype=bool)
    plain = serving(runs.demand, runs.hardware, Efficiency(), runs.concurrency, runs.max_sequences)
    rows = [summary("plain roofline, nothing fitted", everything, relative_errors(plain.tpot_s, runs.tpot_s), relative_errors(plain.ttft_s, runs.ttft_s))]
    model = fit(runs)
    physics = model.predict(runs)
    rows.append(
        summary("fitted physics, the same runs", everything, relative_errors(physics.tpot_s, runs.tpot_s), relative_errors(physics.ttft_s, runs.ttft_s))
    )
    inside = apply_corrections(runs, physics, fit_corrections(runs, physics))
    rows.append(
        summary("fitted and corrected, the same runs", everything, relative_errors(inside.tpot_s, runs.tpot_s), relative_errors(inside.ttft_s, runs.ttft_s))
    )
    cuts = {
        "random tenth left out": random_tenths(runs),
        "whole (model, GPU) left out": groups,
        "whole model left out": labels["model"],
        "whole GPU left out": runs.gpu,
    }
    held = {}
    for name, cut in cuts.items():
        tpot, ttft = left_out(runs, cut, folds=min(FOLDS, len(np.unique(cut))))
        held[name] = (relative_errors(tpot, runs.tpot_s), relative_errors(ttft, runs.ttft_s))
        rows.append(summary(name, everything, *held[name]))
    tpot, ttft = held["whole (model, GPU) left out"]
    by = [
        ("GPU", runs.gpu),
        ("engine", runs.engine),
        ("precision", runs.precision),
        ("kind", labels["kind"]),
        ("attention", labels["attention"]),
        ("model", labels["model"]),
    ]
    near = [summary(f"{what} {value}", column == value, *held["random tenth left out"]) for what, column in by for value in np.unique(column)]
    detail = [summary(f"{what} {value}", column == value, tpot, ttft) for what, column in by for value in np.unique(column)]
    return (
        "# Validation\n\n"
        "Made by `python benchmarks/performance.py validate DATA`. Errors are |predicted / measured − 1| of published serving runs\n"
        f"({SOURCE}); runs flagged as speculative decoding or with a doubtful GPU count are left out.\n\n"
        f"## Serving speed, {len(runs)} runs\n\n{table(rows, columns)}\n## With the whole (model, GPU) group left out, by\n\n{table(detail, columns)}\n"
        f"## With random tenths left out, by\n\n{table(near, columns)}\n"
        "## Memory\n\nWeights and KV cache of one sequence against published peaks of allocated memory (QwenLM documentation, Qwen3 under\n"
        "transformers 4.51, up to 32,768 tokens). Small FP8 checkpoints hold a second copy of tied embeddings, which the prediction leaves out.\n\n"
        f"{table(memory_rows(data), ['precision', 'rows', 'median', 'p90'])}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=["fit", "validate"])
    parser.add_argument("data", type=Path)
    args = parser.parse_args()
    runs, labels = read_runs(args.data)
    if args.command == "fit":
        tpot, _ = left_out(runs, group_of(runs, labels["model"]), folds=FOLDS, ridge=RIDGE)
        model = fit(runs)
        write_profiles(runs, model, tpot)
        write_corrections(runs, model, left_out(runs, random_tenths(runs), folds=10)[0])
    else:
        (ROOT / "docs" / "validation.md").write_text(validation(runs, labels, args.data))
        import reference_planner

        reference_planner.compare(args.data)


if __name__ == "__main__":
    main()
