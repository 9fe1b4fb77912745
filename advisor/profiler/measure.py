"""One load, measured: so many requests in flight, each followed by the next, until all are answered."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Sequence

import numpy as np

from advisor.engines.timing import Timed, Timing
from advisor.profiler.device import Meter
from advisor.profiler.plan import Load
from advisor.store.runs import Row

ROUNDS = 2
"""Requests for each of those in flight: the first come all at once, the next as places fall free."""

FIRST_TOKEN = 10
"""Ids below it are often special."""


async def measure(engine: Timed, load: Load, vocabulary: int, meter: Meter) -> Row:
    """The columns of `runs` that the load gives. Prompts are random token ids, no two alike. Raises EngineFailure."""
    draw = random.Random(repr(load))
    prompts = [[draw.randrange(FIRST_TOKEN, vocabulary) for _ in range(load.prompt_tokens)] for _ in range(ROUNDS * load.concurrency)]
    waiting = iter(prompts)

    async def one_place() -> list[Timing]:
        return [await engine.timed(prompt, load.generated_tokens) for prompt in waiting]

    with meter:
        begun = time.perf_counter()
        try:
            async with asyncio.TaskGroup() as group:
                places = [group.create_task(one_place()) for _ in range(load.concurrency)]
        except ExceptionGroup as failures:  # the first stopped the others
            raise failures.exceptions[0] from None
        duration_s = time.perf_counter() - begun
    timings = [timing for place in places for timing in place.result()]
    return row(load, timings, duration_s) | meter.columns(duration_s)


def row(load: Load, timings: Sequence[Timing], duration_s: float) -> Row:
    """Means and percentiles of the answered requests."""
    times = {
        "ttft": [t.ttft_s for t in timings],
        "tpot": [t.tpot_s for t in timings if t.tpot_s is not None],
        "request": [t.request_s for t in timings],
    }
    found: Row = {
        "status": "ok",
        "prompt_tokens": float(load.prompt_tokens),
        "generated_tokens": float(load.generated_tokens),
        "concurrency": float(load.concurrency),
        "n_requests": len(timings),
        "duration_s": duration_s,
        "output_tokens_per_s": sum(t.generated_tokens for t in timings) / duration_s,
    }
    for name, values in times.items():
        if values:
            found[f"{name}_s"] = float(np.mean(values))
            found |= {f"{name}_p{p}_s": float(np.percentile(values, p)) for p in (50, 90, 99) if len(values) * (100 - p) >= 100}
    return found
