"""Validate predicted serving speed on runs that the prediction did not see; writes docs/validation.md.

    python benchmarks/performance.py DATA

The runs are those that ship (measurements/runs). DATA is a folder with published peaks of memory, for that part of the page. Where vLLM is
installed, its part of the page is made too; without it that part stays as it is.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from memory import memory_rows
from validation_page import put_all

from advisor.gpus import load_gpu
from advisor.models.catalog import spec_of
from advisor.performance.corrections import TERMS, terms
from advisor.performance.estimate import estimate
from advisor.performance.global_fit import fit, fold_of, left_out_efficiency
from advisor.performance.groups import (
    COEFFICIENTS,
    LEVELS,
    N_EFFICIENCIES,
    Z90,
    Prior,
    at,
    blocks_of,
    estimate_prior,
    learn,
    linearised,
    sensitivities,
)
from advisor.performance.observed import Runs
from advisor.performance.parallelism import Parallelism
from advisor.performance.profiles import fitted_for
from advisor.performance.roofline import Efficiency, serving, shifted
from advisor.performance.under_load import replica
from advisor.profiler.fit import Measured, measured
from advisor.profiler.plan import gains, measured_covariance
from advisor.store.workspace import Workspace

FOLDS = 8
POINTS = (3, 5, 10, 20)
RANDOM_DRAWS = 5
SIMULATED = 150

Errors = tuple[np.ndarray, np.ndarray]
"""log(measured / predicted) of TPOT and TTFT of every run; NaN where not predicted or not measured."""


def blind(runs: Runs, efficiency: Efficiency) -> Errors:
    return runs.log_errors(serving(runs.demand, runs.hardware, efficiency, runs.concurrency, runs.max_sequences))


def groups_of(found: Measured) -> np.ndarray:
    return np.char.add(np.char.add(found.model, "|"), found.runs.gpu)


def priors(runs: Runs, efficiency: Efficiency, groups: np.ndarray) -> dict[str, Prior]:
    """For every group what the other half of the groups say of how far groups stray."""
    half = fold_of(groups, 2)
    learned = [estimate_prior(runs.where(half != k), at(efficiency, half != k)) for k in (0, 1)]
    return {group: learned[k] for k in (0, 1) for group in np.unique(groups[half == k]).tolist()}


def after(runs: Runs, base: Efficiency, prior: Prior, seen: np.ndarray) -> tuple[Errors, np.ndarray]:
    """Errors of a group's runs once those of the mask `seen` are known, and the standard deviation expected of TPOT's."""
    posterior = learn(runs.where(seen), at(base, seen), prior)
    decode, ttft, deviation = (np.full(len(runs), np.nan) for _ in range(3))
    n = len(TERMS)
    for engine, precision in sorted(set(zip(runs.engine.tolist(), runs.precision.tolist(), strict=True))):
        here = (runs.engine == engine) & (runs.precision == precision)
        some = runs.where(here)
        c = posterior.coefficients(engine, precision)
        d, t, by_decode, _ = sensitivities(some, shifted(at(base, here), c[:N_EFFICIENCIES]))
        features = terms(some.demand, some.hardware, some.concurrency)
        select = posterior.selector(engine, precision)
        missing = [
            level
            for level in LEVELS
            if not any(b[0] == level and b[1] in ("", engine) and b[2] in ("", precision) for b in posterior.blocks)
        ]
        covariance = select @ posterior.covariance @ select.T + np.diag(
            sum((prior.variances[LEVELS.index(m)] for m in missing), np.zeros(len(COEFFICIENTS)))
        )
        decode[here], ttft[here] = d - features @ c[N_EFFICIENCIES:-n], t - features @ c[-n:]
        deviation[here] = np.sqrt(np.einsum("nc,cd,nd->n", by_decode, covariance, by_decode) + prior.noise[0])
    return (decode, ttft), deviation


def chosen(runs: Runs, base: Efficiency, prior: Prior, k: int) -> np.ndarray:
    """The first `k` runs that the profiler's plan would measure, each as dear as the next."""
    blocks = blocks_of(list(zip(runs.engine.tolist(), runs.precision.tolist(), strict=True)))
    line = linearised(runs, base, blocks, np.zeros(len(blocks) * len(COEFFICIENTS)))
    by_decode, by_ttft = line.x[line.quantity == 0], np.zeros((len(runs), line.x.shape[1]))
    by_ttft[np.isfinite(runs.ttft_s)] = line.x[line.quantity == 1]
    covariance = np.diag(np.concatenate([prior.variances[LEVELS.index(level)] for level, *_ in blocks]))
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
    """`k` runs of each group in turn by luck."""
    rng = np.random.default_rng(seed)
    return lambda runs, base, prior, k: rng.choice(len(runs), k, replace=False)


def from_points(
    found: Measured, efficiency: Efficiency, prior_of: dict[str, Prior], k: int, choose: Callable[..., np.ndarray]
) -> tuple[Errors, np.ndarray]:
    """Errors of all runs but the `k` of each group that were seen, and whether TPOT's fell in its 90 % interval."""
    runs, groups = found.runs, groups_of(found)
    decode, ttft, inside = (np.full(len(runs), np.nan) for _ in range(3))
    for group in np.unique(groups).tolist():
        mask = groups == group
        if mask.sum() <= k:
            continue
        some, base = runs.where(mask), at(efficiency, mask)
        seen = np.zeros(len(some), dtype=bool)
        seen[choose(some, base, prior_of[group], k)] = True
        (d, t), deviation = after(some, base, prior_of[group], seen)
        d[seen], t[seen] = np.nan, np.nan
        decode[mask], ttft[mask], inside[mask] = d, t, np.where(np.isfinite(d), np.abs(d) < Z90 * deviation, np.nan)
    return (decode, ttft), inside


def random_tenths(found: Measured) -> Errors:
    """Every run predicted with the other nine tenths of all runs."""
    runs = found.runs
    tenth = np.random.default_rng(0).integers(0, 10, len(runs))
    decode, ttft = np.full(len(runs), np.nan), np.full(len(runs), np.nan)
    prior = estimate_prior(runs, left_out_efficiency(runs, fold_of(groups_of(found), FOLDS)))
    for fold in range(10):
        held = tenth == fold
        model = fit(runs.where(~held))
        base = model.efficiency(runs.gpu.tolist(), runs.engine.tolist(), runs.precision.tolist())
        for group in np.unique(groups_of(found)[held]):
            mask = groups_of(found) == group
            if not (mask & ~held).any():
                d, t = blind(runs.where(mask), at(base, mask))
            else:
                (d, t), _ = after(runs.where(mask), at(base, mask), prior, ~held[mask])
            decode[mask & held], ttft[mask & held] = d[held[mask]], t[held[mask]]
    return decode, ttft


def table(rows: list[list[str]], columns: list[str]) -> str:
    rule = ["---", *["---:"] * (len(columns) - 1)]
    return "\n".join("| " + " | ".join(r) + " |" for r in [columns, rule, *rows]) + "\n"


def summary(name: str, errors: Errors, mask: np.ndarray | None = None) -> list[str]:
    """Errors |predicted / measured − 1|."""
    cells = []
    for log_error in errors:
        kept = log_error if mask is None else log_error[mask]
        e = np.abs(np.exp(-kept[np.isfinite(kept)]) - 1)
        cells += [f"{np.median(e):.1%}", f"{np.quantile(e, 0.9):.1%}"] if len(e) else ["–", "–"]
    n = np.isfinite(errors[0] if mask is None else errors[0][mask]).sum()
    return [name, str(int(n)), *cells]


def points_needed(found: Measured, efficiency: Efficiency) -> list[list[str]]:
    prior_of = priors(found.runs, efficiency, groups_of(found))
    rows = []
    for k in POINTS:
        for name, choose in (("optimal design", chosen), ("even grid", lambda runs, base, prior, k: grid(runs, k))):
            errors, inside = from_points(found, efficiency, prior_of, k, choose)
            rows.append([*summary(f"{k} points, {name}", errors), f"{np.nanmean(inside):.0%}"])
        drawn = [from_points(found, efficiency, prior_of, k, at_random(seed)) for seed in range(RANDOM_DRAWS)]
        together = tuple(np.concatenate([errors[q] for errors, _ in drawn]) for q in (0, 1))
        inside = np.concatenate([i for _, i in drawn])
        row = summary(f"{k} points, random ({RANDOM_DRAWS} draws)", (together[0], together[1]))
        rows.append([row[0], str(int(row[1]) // RANDOM_DRAWS), *row[2:], f"{np.nanmean(inside):.0%}"])
    return rows


def under_load(found: Measured) -> list[list[str]]:
    """The simulated closed loop beside the closed form, on runs that the fit has seen: this tries the simulation, not the fit."""
    runs = found.runs
    formula, simulated = (np.full((3, len(runs)), np.nan) for _ in range(2))
    rng = np.random.default_rng(0)
    candidates = np.flatnonzero(
        (runs.concurrency <= 256)
        & np.isfinite(runs.ttft_s)
        & (np.asarray(runs.hardware.attention_shards) == runs.hardware.gpu_count)
    )
    chosen_runs = rng.choice(candidates, SIMULATED, replace=False)
    for i in chosen_runs.tolist():
        spec, gpu, layout = (
            spec_of(str(found.model[i])),
            load_gpu(str(runs.gpu[i])),
            Parallelism(tp=int(np.asarray(runs.hardware.gpu_count)[i])),
        )
        fitted = fitted_for(gpu.name, str(runs.engine[i]), str(runs.precision[i]), str(runs.shape[i]))
        generated = int(np.asarray(runs.demand.generated_tokens)[i])
        lengths = {"prompt_tokens": int(np.asarray(runs.demand.prompt_tokens)[i]), "generated_tokens": generated}
        precisions = {"precision": str(runs.precision[i]), "kv_precision": str(found.kv_precision[i])}
        e = estimate(
            spec, gpu, fitted, None, parallelism=layout, concurrency=int(runs.concurrency[i]), **precisions, **lengths
        )
        load = replica(spec, gpu, fitted, parallelism=layout, **precisions, **lengths).at_concurrency(
            int(runs.concurrency[i])
        )
        tokens_per_s = runs.concurrency[i] * generated / (runs.ttft_s[i] + runs.tpot_s[i] * (generated - 1))
        for column, told in (
            (formula, (e.tpot_s, e.ttft_s, e.output_tokens_per_s)),
            (simulated, (load.tpot_s.mean, load.ttft_s.mean, load.output_tokens_per_s)),
        ):
            column[:, i] = np.array(told) / (runs.tpot_s[i], runs.ttft_s[i], tokens_per_s)
    return [
        [
            name,
            str(SIMULATED),
            *(f"{np.nanmedian(np.abs(row - 1)):.1%} ({np.nanquantile(np.abs(row - 1), 0.9):.0%})" for row in column),
        ]
        for name, column in (("closed form", formula), ("simulation", simulated))
    ]


def validation(found: Measured, near: Errors, data: Path) -> str:
    runs, groups = found.runs, groups_of(found)
    columns = ["", "runs", "TPOT median", "TPOT p90", "TTFT median", "TTFT p90"]
    model = fit(runs)
    fitted = model.efficiency(runs.gpu.tolist(), runs.engine.tolist(), runs.precision.tolist())
    by_group = left_out_efficiency(runs, fold_of(groups, FOLDS))
    zero_shot = blind(runs, by_group)
    rows = [
        summary("plain roofline, nothing fitted", blind(runs, Efficiency())),
        summary("fitted physics, the same runs", blind(runs, fitted)),
        summary("random tenth left out", near),
        summary("whole (model, GPU) left out", zero_shot),
        *(
            summary(
                f"whole {name} left out",
                blind(runs, left_out_efficiency(runs, fold_of(labels, min(FOLDS, len(np.unique(labels)))))),
            )
            for name, labels in (("model", found.model), ("GPU", runs.gpu))
        ),
    ]
    is_moe = np.array([spec_of(m).is_moe for m in found.model])
    cuts = [
        ("GPU", runs.gpu),
        ("engine", runs.engine),
        ("precision", runs.precision),
        ("kind", np.where(is_moe, "MoE", "dense")),
        ("model", found.model),
    ]
    detail = [(f"{what} {value}", labels == value) for what, labels in cuts for value in np.unique(labels)]
    return (
        "# Validation\n\n"
        "Made by `python benchmarks/performance.py DATA`. Errors are |predicted / measured − 1| on the published serving runs that ship\n"
        "(measurements/runs, InferenceX and aiconfigurator validation samples, 2025-2026), each predicted without having been seen.\n\n"
        f"## Serving speed, {len(runs)} runs\n\n{table(rows, columns)}\n"
        "## How many points a profile needs\n\nEvery (model, GPU) left out in turn; then so many of its runs, over all its engines and precisions, are\n"
        "measured and the rest predicted. How far models stray from the physics was learned from the other half of the groups.\n"
        "Groups with no more runs than points do not count.\n\n"
        f"{table(points_needed(found, by_group), [*columns, '90 % intervals that hold'])}\n"
        "## Under load\n\nThe simulated closed loop beside the closed form, on runs that the fit has seen, up to 256 in flight: median error\n"
        "(90th percentile). TTFT of the runs counts the burst with which a benchmark begins, which the simulation leaves out.\n\n"
        f"{table(under_load(found), ['', 'runs', 'TPOT', 'TTFT', 'tokens/s'])}\n"
        f"## With the whole (model, GPU) left out, by\n\n{table([summary(name, zero_shot, mask) for name, mask in detail], columns)}\n"
        f"## With random tenths left out, by\n\n{table([summary(name, near, mask) for name, mask in detail], columns)}\n"
        "## Memory\n\nWeights and KV cache of one sequence against published peaks of allocated memory (QwenLM documentation, Qwen3 under\n"
        "transformers 4.51, up to 32,768 tokens). Small FP8 checkpoints hold a second copy of tied embeddings, which the prediction leaves out.\n\n"
        f"{table(memory_rows(data), ['precision', 'rows', 'median', 'p90'])}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    args = parser.parse_args()
    found = measured(Workspace(None))
    near = random_tenths(found)
    put_all(validation(found, near, args.data))
    import reference_planner

    reference_planner.compare(*near)
    if find_spec("vllm"):
        import profile_cpu
        import rates_cpu

        profile_cpu.main()
        rates_cpu.main()


if __name__ == "__main__":
    main()
