"""Speed with prompts on GPUs of their own, and with drafted tokens, against published runs that no fit has seen.

    python benchmarks/disaggregated.py

Writes its two sections of docs/validation.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import duckdb
import numpy as np
from validation_page import put, table

from advisor.fits.speeds import Speeds
from advisor.performance import under_load
from advisor.performance.deployment import Deployment
from advisor.performance.disaggregated import Station, disaggregated, times_apart
from advisor.performance.memory import max_sequences
from advisor.performance.parallelism import Parallelism
from advisor.performance.predict import predict
from advisor.performance.speculation import Speculation
from advisor.store.workspace import Workspace

SHIPPED = Workspace()
APART = """
    select model, gpu, engine, precision, prefill_parallelism, prefill_replicas, parallelism, replicas,
        prompt_tokens, generated_tokens, concurrency, tpot_s, ttft_s
    from 'measurements/runs/inferencex-disaggregated.parquet'
    where doubt is null
    order by all
"""
DRAFTED = """
    select model, gpu, engine, precision, parallelism, prompt_tokens, generated_tokens, concurrency, min(tpot_s)
    from 'measurements/runs/inferencex.parquet'
    where doubt like 'speculative%'
    group by all
    order by all
"""
TOKENS = (1, 2, 3, 4)
ACCEPTANCES = np.linspace(0.0, 1.0, 101)


def station(speeds: Speeds, row: Sequence[str], layout: str, replicas: int) -> Station:
    """Engines of one layout; `row` begins with model, GPU, engine and precision."""
    model, gpu, engine, precision = row[:4]
    parallelism = Parallelism.parse(layout)
    deployed = Deployment(SHIPPED.models.spec(model), SHIPPED.gpus[gpu], parallelism, precision, engine=engine)
    shape, data_parallel = SHIPPED.models.shape(model), parallelism.dp > 1
    return Station(deployed, speeds.of(gpu, engine, precision, shape, data_parallel=data_parallel), replicas)


def errors(name: str, ratios: np.ndarray) -> list[str]:
    """Runs, and |predicted / measured − 1| of TPOT and TTFT at the median and the 90th percentile."""
    off = np.abs(ratios - 1)
    cells = [f"{np.quantile(off[:, place], q):.0%}" for place in range(2) for q in (0.5, 0.9)]
    return [name, str(len(ratios)), *cells]


def apart(speeds: Speeds) -> str:
    rows = duckdb.sql(APART).fetchall()
    ratios, simulated = [], []
    for row in rows:
        prefill, decode = station(speeds, row, row[4], row[5]), station(speeds, row, row[6], row[7])
        prompt, generated, concurrency = (round(number) for number in row[8:11])
        found = disaggregated(prefill, decode, prompt, generated, concurrency)
        ratios.append((found.tpot_s / row[11], found.ttft_s / row[12]))
        load = under_load.apart(times_apart(prefill, decode, prompt, generated), generated).at_concurrency(concurrency)
        simulated.append((load.output_tokens_per_s / found.output_tokens_per_s, load.ttft_s.mean / row[12]))
    of, labels = np.array(ratios), np.array([row[:3] for row in rows])
    other = np.array(simulated)
    tokens = np.quantile(np.abs(other[:, 0] - 1), (0.5, 0.9))
    ttft = np.exp(np.quantile(np.abs(np.log(other[:, 1])), (0.5, 0.9)))
    lines = [errors("all", of)]
    for place, what in enumerate(("model", "GPU", "engine")):
        names = np.unique(labels[:, place])
        lines += [errors(f"{what} {name}", of[labels[:, place] == name]) for name in names]
    wide = np.array([Parallelism.parse(row[6]).gpu_count > 8 for row in rows])
    lines += [errors("decoding on more than eight GPUs", of[wide]), errors("on up to eight", of[~wide])]
    tpot, first = (np.exp(np.quantile(np.abs(np.log(of[:, place])), (0.5, 0.9))) for place in range(2))
    return (
        "Made by `python benchmarks/disaggregated.py`. Published runs with prefill on GPUs of its own, whose layouts\n"
        "are known (InferenceX, measurements/README.md); no fit has seen one. Efficiencies are those of the GPU's\n"
        "family, without what the model's shared runs add, unless a decode step would then take longer than with\n"
        "prompts in it. TTFT of the runs holds the burst that a benchmark begins with, the time of a front end, and\n"
        "waits of ten seconds and more at a handful of requests in flight, which nothing here explains.\n\n"
        + table(lines, ["", "runs", "TPOT median", "TPOT p90", "TTFT median", "TTFT p90"])
        + f"\nNine in ten TPOTs lie within a factor of {tpot[1]:.2f}, nine in ten TTFTs within {first[1]:.1f} and half"
        f" within {first[0]:.1f}: most that are far off\nwere predicted too short. Simulated, tokens per second differ"
        f" from these by {tokens[0]:.1%} at the median and {tokens[1]:.1%} at the\n90th percentile, and TTFT, without"
        f" the burst, lies within a factor of {ttft[0]:.1f} of half of the measured.\n"
    )


def with_drafts(speeds: Speeds, row: Sequence[str | float], choices: Iterable[Speculation | None]) -> np.ndarray:
    """TPOT with each choice over the measured."""
    at = station(speeds, [str(cell) for cell in row[:4]], str(row[4]), 1)
    found = []
    for speculation in choices:
        gpu, spec, of = at.deployment.gpu, at.deployment.spec, at.deployment
        deployed = Deployment(spec, gpu, of.layout, of.precision, engine=of.engine, speculation=speculation)
        d, hw = deployed.demand(round(float(row[5])), round(float(row[6]))), deployed.hardware
        room = max(float(max_sequences(d, gpu.memory_bytes, hw)), 1.0)
        found.append(float(predict(d, hw, at.speed, float(row[7]), room).serving.tpot_s))
    return np.array(found) / float(row[8])


def drafts(speeds: Speeds) -> str:
    rows = duckdb.sql(DRAFTED).fetchall()
    plain = np.array([with_drafts(speeds, row, [None])[0] for row in rows])
    lines = [["none", "–", f"{np.median(np.abs(plain - 1)):.0%}", f"{np.quantile(np.abs(plain - 1), 0.9):.0%}", "–"]]
    for tokens in TOKENS:
        choices = [Speculation(tokens, float(a)) for a in ACCEPTANCES]
        ratios = np.array([with_drafts(speeds, row, choices) for row in rows])
        off = np.abs(ratios - 1)
        best = int(np.argmin(np.median(off, axis=0)))
        own = np.array([np.interp(0.0, -np.log(line), ACCEPTANCES, left=0.0, right=1.0) for line in ratios])
        low, high = np.quantile(own, (0.25, 0.75))
        cells = [f"{np.quantile(off[:, best], q):.0%}" for q in (0.5, 0.9)]
        lines.append([str(tokens), f"{ACCEPTANCES[best]:.2f}", *cells, f"{low:.2f} to {high:.2f}"])
    return (
        "Made by `python benchmarks/disaggregated.py`. Published loads of DeepSeek-R1 that speculative decoding is\n"
        "suspected of (measurements/README.md), which no fit has seen, neither how many tokens were drafted nor how\n"
        "many were accepted being published: for each number the acceptance with the least median error of TPOT, the\n"
        "same for all, and the middle half of those that would explain each load alone. Three tokens at a plausible\n"
        "acceptance explain them, which is consistent, and no proof. All other models are unvalidated.\n\n"
        f"{len(rows)} loads.\n\n" + table(lines, ["drafted", "acceptance", "TPOT median", "TPOT p90", "by load alone"])
    )


def main() -> None:
    speeds = Speeds.read(SHIPPED)
    put("Prefill on GPUs of its own", apart(speeds))
    put("Drafted tokens", drafts(speeds))


if __name__ == "__main__":
    main()
