"""Validate predicted serving speed on runs that the prediction did not see; writes docs/validation.md.

    python benchmarks/performance.py DATA

The runs are those that ship (measurements/runs). Loads of an engine in process help to fit, as in what ships,
and have a part of their own; everything else is about published runs, which were served. DATA is a folder with
published peaks of memory, for that part of the page. Other parts of the page stay as they are; `reference_planner.py
compare`, `profile_cpu.py` and `rates_cpu.py` make them.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
from left_out import FOLDS, Errors, after, blind, groups_of, random_tenths
from memory import memory_rows
from validation_page import put_all, table

from advisor.fits.measured_runs import MeasuredRuns, measured_runs
from advisor.fits.speeds import Speeds
from advisor.performance.deployment import Deployment
from advisor.performance.global_fit import fit, fold_of, left_out_efficiency
from advisor.performance.groups import (
    COEFFICIENTS,
    LEVELS,
    Prior,
    at,
    blocks_of,
    estimate_prior,
    keys_of,
    level_of,
    linearised,
)
from advisor.performance.observed import Labels, Runs
from advisor.performance.parallelism import Parallelism
from advisor.performance.predict import predict, ttft_spread
from advisor.performance.roofline import Efficiency
from advisor.performance.simulation import passed
from advisor.performance.under_load import answer_lengths, replica, step_times
from advisor.profiler.plan import gains, measured_covariance
from advisor.store.workspace import Workspace

POINTS = (3, 10, 20)
RANDOM_DRAWS = 2
BENCHMARK_TURNS = 10
"""Requests of a published run, over those in flight."""
SIMULATED = 150
SHIPPED = Workspace()


def priors(runs: Runs, efficiency: Efficiency) -> dict[str, Prior]:
    """For every shape how far shapes deviate, learned from the other half of the shapes."""
    half = fold_of(runs.shape, 2)
    learned = [estimate_prior(runs.where(half != k), at(efficiency, half != k)) for k in (0, 1)]
    return {shape: learned[k] for k in (0, 1) for shape in np.unique(runs.shape[half == k]).tolist()}


def chosen(runs: Runs, base: Efficiency, prior: Prior, k: int) -> np.ndarray:
    """The first `k` runs that the profiler's plan would measure, each at the same cost."""
    blocks = blocks_of(keys_of(runs))
    line = linearised(runs, base, blocks, np.zeros(len(blocks) * len(COEFFICIENTS)))
    by_decode, by_ttft = line.x[line.quantity == 0], np.zeros((len(runs), line.x.shape[1]))
    by_ttft[np.isfinite(runs.ttft_s)] = line.x[line.quantity == 1]
    covariance = np.diag(np.concatenate([prior.variances[LEVELS.index(level_of(block))] for block in blocks]))
    picked: list[int] = []
    for _ in range(k):
        gain = gains(by_decode, by_ttft, covariance, prior.noise)
        gain[picked] = -1
        picked.append(int(np.argmax(gain)))
        covariance = measured_covariance(by_decode, by_ttft, covariance, prior.noise, picked[-1])
    return np.array(picked)


def grid(runs: Runs, k: int) -> np.ndarray:
    """`k` runs spread evenly over engine, precision, GPUs, lengths and concurrency in that order."""
    order = np.lexsort(
        (
            runs.concurrency,
            np.asarray(runs.demand.prompt_tokens),
            np.asarray(runs.hardware.gpu_count),
            runs.precision,
            runs.engine,
        )
    )
    return order[np.linspace(0, len(runs) - 1, k).round().astype(int)]


def at_random(seed: int) -> Callable[..., np.ndarray]:
    """`k` runs of each group at random."""
    rng = np.random.default_rng(seed)
    return lambda runs, base, prior, k: rng.choice(len(runs), k, replace=False)


def from_points(
    found: MeasuredRuns, efficiency: Efficiency, prior_of: dict[str, Prior], k: int, choose: Callable[..., np.ndarray]
) -> tuple[Errors, np.ndarray]:
    """Errors of all runs but the `k` of each (model, GPU) that were seen beside the model's on other GPUs, and whether
    those of TPOT and of TTFT fell in their 90 % intervals, shape (2, n)."""
    runs, groups = found.runs, groups_of(found)
    blind_spread = float(np.exp(np.quantile(np.abs(blind(runs, efficiency)[0]), 0.9)))
    decode, ttft = np.full(len(runs), np.nan), np.full(len(runs), np.nan)
    inside = np.full((2, len(runs)), np.nan)
    for group in np.unique(groups).tolist():
        mask = groups == group
        shape = str(runs.shape[mask][0])
        of_shape, prior = runs.shape == shape, prior_of[shape]
        if mask.sum() <= k:
            continue
        seen = of_shape & ~mask
        if k:
            seen[np.flatnonzero(mask)[choose(runs.where(mask), at(efficiency, mask), prior, k)]] = True
        if not seen.any():
            errors, width = blind(runs.where(of_shape), at(efficiency, of_shape)), np.full(of_shape.sum(), np.nan)
        else:
            wanted = (mask & ~seen)[of_shape]
            some, base = runs.where(of_shape), at(efficiency, of_shape)
            errors, width = after(some, base, prior, seen[of_shape], wanted, blind_spread)
        here = (mask & ~seen)[of_shape]
        at_runs = np.flatnonzero(of_shape)[here]
        decode[at_runs], ttft[at_runs] = errors[0][here], errors[1][here]
        for place, wide in enumerate((width, np.log(ttft_spread(np.exp(width))))):
            error, known = np.abs(errors[place][here]), np.isfinite(errors[place][here] + wide[here])
            inside[place, at_runs] = np.where(known, error < wide[here], np.nan)
    return (decode, ttft), inside


def summary(name: str, errors: Errors, mask: np.ndarray | None = None) -> list[str]:
    """Errors |predicted / measured − 1|."""
    cells = []
    for log_error in errors:
        kept = log_error if mask is None else log_error[mask]
        e = np.abs(np.exp(-kept[np.isfinite(kept)]) - 1)
        cells += [f"{np.median(e):.1%}", f"{np.quantile(e, 0.9):.1%}"] if len(e) else ["–", "–"]
    n = np.isfinite(errors[0] if mask is None else errors[0][mask]).sum()
    return [name, str(int(n)), *cells]


def points_needed(found: MeasuredRuns, efficiency: Efficiency) -> list[list[str]]:
    prior_of = priors(found.runs, efficiency)
    errors, inside = from_points(found, efficiency, prior_of, 0, at_random(0))
    rows = [[*summary("none", errors), *held(inside)]]
    for k in POINTS:
        for name, choose in (("optimal design", chosen), ("even grid", lambda runs, base, prior, k: grid(runs, k))):
            errors, inside = from_points(found, efficiency, prior_of, k, choose)
            rows.append([*summary(f"{k} points, {name}", errors), *held(inside)])
        drawn = [from_points(found, efficiency, prior_of, k, at_random(seed)) for seed in range(RANDOM_DRAWS)]
        together = tuple(np.concatenate([errors[q] for errors, _ in drawn]) for q in (0, 1))
        inside = np.concatenate([i for _, i in drawn], axis=1)
        row = summary(f"{k} points, random ({RANDOM_DRAWS} draws)", (together[0], together[1]))
        rows.append([row[0], str(int(row[1]) // RANDOM_DRAWS), *row[2:], *held(inside)])
    return rows


def held(inside: np.ndarray) -> list[str]:
    """Shares of the intervals of TPOT and of TTFT that hold."""
    return [f"{share:.0%}" for share in np.nanmean(inside, axis=1)]


def under_load(found: MeasuredRuns) -> list[list[str]]:
    """The simulated closed loop beside the closed form, on runs that the fit has seen: this tries the simulation."""
    runs = found.runs
    candidates = np.flatnonzero(
        (runs.concurrency <= 256)
        & np.isfinite(runs.ttft_s)
        & (np.asarray(runs.hardware.attention_shards) == runs.hardware.gpu_count)
    )
    places = np.random.default_rng(0).choice(candidates, SIMULATED, replace=False).tolist()
    speeds = Speeds.read(SHIPPED)
    both = np.array([closed_loop(found, i, speeds) for i in places])  # (runs, ways, figures)
    errors = np.abs(both - 1).transpose(1, 2, 0)
    return [
        [name, str(SIMULATED), *(f"{np.nanmedian(e):.1%} ({np.nanquantile(e, 0.9):.0%})" for e in of)]
        for name, of in zip(("closed form", "simulation, with the first burst", "simulation"), errors, strict=True)
    ]


def closed_loop(found: MeasuredRuns, i: int, speeds: Speeds) -> tuple[np.ndarray, ...]:
    """TPOT, TTFT and tokens/s of run i by the closed form, by simulation of what was run and by that of the steady
    state, over what was measured."""
    runs = found.runs
    gpu, engine, precision = str(runs.gpu[i]), str(runs.engine[i]), str(runs.precision[i])
    layout = Parallelism(tp=int(np.asarray(runs.hardware.gpu_count)[i]))
    spec, kv_precision = SHIPPED.models.spec(str(found.model[i])), str(found.kv_precision[i])
    deployment = Deployment(spec, SHIPPED.gpus[gpu], layout, precision, kv_precision, engine)
    speed = speeds.of(gpu, engine, precision, str(runs.shape[i]))
    prompt, generated = (int(np.asarray(n)[i]) for n in (runs.demand.prompt_tokens, runs.demand.generated_tokens))
    concurrency = int(runs.concurrency[i])
    demand = deployment.demand(prompt, generated)
    formula = predict(demand, deployment.hardware, speed, concurrency, runs.max_sequences[i]).serving
    load = replica(deployment, speed, prompt, generated).at_concurrency(concurrency)
    times, factor = step_times(deployment, speed, prompt, generated)
    tokens = answer_lengths(generated, BENCHMARK_TURNS * concurrency)
    run = passed(times, None, concurrency, prompt, tokens, len(tokens))
    whole = run.after(0, concurrency, times.wait_steps, times.delay_s)
    here = factor[min(max(round(whole.in_flight), 1), len(factor)) - 1]
    tokens_per_s = concurrency * generated / (runs.ttft_s[i] + runs.tpot_s[i] * (generated - 1))
    measured = np.array([runs.tpot_s[i], runs.ttft_s[i], tokens_per_s])
    return (
        np.array([formula.tpot_s, formula.ttft_s, formula.output_tokens_per_s], dtype=float) / measured,
        np.array([whole.tpot_s.mean(), here * whole.ttft_s.mean(), whole.output_tokens_per_s]) / measured,
        np.array([load.tpot_s.mean, load.ttft_s.mean, load.output_tokens_per_s]) / measured,
    )


COLUMNS = ["", "runs", "TPOT median", "TPOT p90", "TTFT median", "TTFT p90"]


def left_out(found: MeasuredRuns, zero_shot: Errors, near: Errors) -> list[list[str]]:
    """Lines from nothing fitted to whole GPUs left out, of published runs; `near` has errors of these alone."""
    runs, served = found.runs, ~found.in_process
    model = fit(runs)
    fitted = model.of(runs)
    wholes = (("model", found.model), ("GPU", runs.gpu))

    def folds_of(labels: Labels) -> np.ndarray:
        return fold_of(labels, min(FOLDS, len(np.unique(labels[served]))), first=served)

    return [
        summary("plain roofline, nothing fitted", blind(runs, Efficiency()), served),
        summary("fitted physics, the same runs", blind(runs, fitted), served),
        summary("random tenth left out", near),
        summary("whole (model, GPU) left out", zero_shot, served),
        *(
            summary(
                f"whole {name} left out",
                blind(runs, left_out_efficiency(runs, folds_of(labels))),
                served,
            )
            for name, labels in wholes
        ),
    ]


def cuts_of(found: MeasuredRuns) -> list[tuple[str, np.ndarray]]:
    """Names and masks of the runs by GPU, engine, precision, kind and model."""
    runs = found.runs
    kinds = np.array(["MoE" if SHIPPED.models.spec(m).is_moe else "dense" for m in found.model])
    labelled = [
        ("GPU", runs.gpu),
        ("engine", runs.engine),
        ("precision", runs.precision),
        ("kind", kinds),
        ("model", found.model),
    ]
    return [(f"{what} {value}", labels == value) for what, labels in labelled for value in np.unique(labels)]


def in_process(found: MeasuredRuns, zero_shot: Errors) -> list[list[str]]:
    """TPOT of loads of an engine in process: by published runs alone, then by the others of them too, by places."""
    runs, mask = found.runs, found.in_process
    published = fit(runs.where(~mask))
    efficiency = published.of(runs)
    places = ((1, 4), (8, 32), (64, 64), (128, 512))
    rows = [
        summary("fitted to published runs alone", blind(runs, efficiency), mask),
        summary("whole (model, GPU) left out", zero_shot, mask),
    ]
    for low, high in places:
        here = mask & (runs.concurrency >= low) & (runs.concurrency <= high)
        span = f"{low} to {high}" if low < high else f"{low}"
        rows.append(summary(f"the same, {span} in flight", zero_shot, here))
    return [row[:4] for row in rows]


def validation(found: MeasuredRuns, near: Errors, data: Path) -> str:
    """The page's own part."""
    is_served = ~found.in_process
    efficiency = left_out_efficiency(found.runs, fold_of(groups_of(found), FOLDS, first=is_served))
    zero_shot, served = blind(found.runs, efficiency), found.where(is_served)
    of_served = at(efficiency, is_served)
    without_model = left_out_efficiency(found.runs, fold_of(found.model, FOLDS, first=is_served))
    needed = table(
        points_needed(served, at(without_model, is_served)), [*COLUMNS, "90 % intervals of TPOT that hold", "of TTFT"]
    )
    cuts, far = cuts_of(served), blind(served.runs, of_served)
    return (
        "# Validation\n\n"
        "Made by `python benchmarks/performance.py DATA`. Errors are |predicted / measured − 1| on the published\n"
        "serving runs that ship (measurements/runs, InferenceX and aiconfigurator validation samples, 2025-2026),\n"
        "each predicted without having been seen. Doubtful runs (measurements/README.md) are in no fit and in no\n"
        "figure here; some were noticed because predictions of them were far off. TTFT of the validation samples,\n"
        "which passed a front end, is not counted.\n\n"
        f"## Serving speed\n\n{table(left_out(found, zero_shot, near), COLUMNS)}\n"
        "## Serving speed of vLLM in process\n\n"
        "Own profiles of five models on one H100 and four on two H200 (measurements/README.md), with random\n"
        "weights and answers of 32 or 128 tokens. Their TPOT moves the efficiencies that all models share, unless it\n"
        "is left out.\n\n"
        f"{table(in_process(found, zero_shot), COLUMNS[:4])}\n"
        "## How many points a profile needs\n\n"
        "Every (model, GPU) left out in turn; then so many of its runs, over all its engines and precisions, are\n"
        "measured, beside those of the model on other GPUs, and the rest predicted. Efficiencies were fitted without\n"
        "the model; how far models deviate from them was learned from the other half of the models. Groups with no\n"
        "more runs than points do not count.\n\n"
        f"{needed}\n"
        "## Under load\n\n"
        "The simulated closed loop beside the closed form, on runs that the fit has seen, up to 256 in flight:\n"
        "median error (90th percentile). A run has ten times as many requests as are in flight, the first of them\n"
        "at once: simulated so too, and without that burst, as `estimate` does for traffic that goes on.\n\n"
        f"{table(under_load(served), ['', 'runs', 'TPOT', 'TTFT', 'tokens/s'])}\n"
        "## With the whole (model, GPU) left out, by\n\n"
        f"{table([summary(name, far, mask) for name, mask in cuts], COLUMNS)}\n"
        "## With random tenths left out, by\n\n"
        f"{table([summary(name, near, mask) for name, mask in cuts], COLUMNS)}\n"
        "## Memory\n\n"
        "Weights and KV cache of one sequence against published peaks of allocated memory (QwenLM documentation,\n"
        "Qwen3 under transformers 4.51, up to 32,768 tokens). Small FP8 checkpoints hold a second copy of tied\n"
        "embeddings, which the prediction leaves out.\n\n"
        f"{table(memory_rows(data), ['precision', 'rows', 'median', 'p90'])}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="folder of the collected figures")
    args = parser.parse_args()
    found = measured_runs(SHIPPED)
    put_all(validation(found, random_tenths(found.where(~found.in_process)), args.data))


if __name__ == "__main__":
    main()
