"""One load, measured: so many requests in flight, each followed by the next, while prefill and decoding of all mix."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from advisor.engines.protocol import EngineFailure
from advisor.engines.timing import EngineFacts, Timed, Timing
from advisor.errors import AdvisorError
from advisor.profiler.device import Meter
from advisor.profiler.plan import Load

ROUNDS = 4
"""Requests of each place."""

UNCOUNTED = 2
"""The first of them. They all come at once, to an empty engine; the second ones come as all later ones do, and take
what is done once for steps of these sizes: on an H200 some first tokens of theirs came up to a second late."""

SPARE = 1
"""Further requests of a place, uncounted, until the counted ones of all places are answered."""

JITTER = 0.5
"""Answers are longer or shorter by up to this share, so that requests begin and end at different times."""

SHORTEST_VARIED = 4
"""Generated tokens of a load below which all its answers are equally long."""

FIRST_TOKEN = 10
"""Ids below it are often special."""

WARM_UP_PROMPTS = (8, 32, 128, 512, 2048)
WARM_UP_ANSWER = 4
"""Generated tokens of each."""

Request = tuple[list[int], int]
"""Token ids of a prompt, and tokens to generate."""


async def warm_up(engine: Timed, facts: EngineFacts) -> None:
    """Short answers to pairs of ever longer prompts, so that what an engine does only once, such as compiling a kernel
    for steps of another size, is in no measurement.

    Raises AdvisorError where it cannot answer even the shortest.
    """
    for n in WARM_UP_PROMPTS:
        if n + WARM_UP_ANSWER > facts.max_context:
            return
        prompts = ([facts.vocabulary - 1 - place] * n for place in range(2))  # a cache would answer the same one again
        try:
            await asyncio.gather(*(engine.timed(prompt, WARM_UP_ANSWER) for prompt in prompts))
        except EngineFailure as failure:
            if n > WARM_UP_PROMPTS[0]:  # the loads will show why
                return
            hint = "see the engine's own messages"
            raise AdvisorError(f"the engine answers no request ({failure})", where="profile", hint=hint) from None


async def measure(engine: Timed, load: Load, vocabulary: int, meter: Meter, repeat: int = 0) -> dict[str, Any]:
    """The columns of Run that the load gives once it runs evenly; `repeat` counts its former measurements.

    Prompts are random token ids, no two alike, nor in a repeat: a server's prefix cache would answer them.
    Raises EngineFailure.
    """
    draw = np.random.default_rng([load.prompt_tokens, load.generated_tokens, load.concurrency, repeat])
    places = [_requests(draw, load, vocabulary) for _ in range(load.concurrency)]
    counted: list[Timing] = []
    tasks: list[asyncio.Task[None]] = []
    wanted = (ROUNDS - UNCOUNTED) * load.concurrency

    async def one_place(requests: Sequence[Request]) -> None:
        for turn, (prompt, generated_tokens) in enumerate(requests):
            try:
                timing = await engine.timed(prompt, generated_tokens)
            except EngineFailure:
                if len(counted) == wanted:  # a spare request, cut off in the middle of its stream
                    return
                raise
            if UNCOUNTED <= turn < ROUNDS:
                counted.append(timing)
            if len(counted) == wanted:
                for task in tasks:
                    task.cancel()

    with meter:
        begun = time.perf_counter()
        try:
            async with asyncio.TaskGroup() as group:
                tasks += [group.create_task(one_place(requests)) for requests in places]
        except ExceptionGroup as failures:  # the first stopped the others
            raise failures.exceptions[0] from None
        duration_s = time.perf_counter() - begun
    return times(load, counted, duration_s) | meter.columns(duration_s)


def _requests(draw: np.random.Generator, load: Load, vocabulary: int) -> list[Request]:
    """The requests of one place in turn; the counted answers have the load's mean length exactly."""
    shift = (
        int(draw.integers(0, int(JITTER * load.generated_tokens), endpoint=True))
        if load.generated_tokens >= SHORTEST_VARIED
        else 0
    )
    first = int(draw.integers(-shift, shift, endpoint=True))
    shifts = [first, *([shift, -shift] * ROUNDS)[: ROUNDS - 1], *[-first] * SPARE]
    return [
        (draw.integers(FIRST_TOKEN, vocabulary, load.prompt_tokens).tolist(), load.generated_tokens + s) for s in shifts
    ]


def times(load: Load, timings: Sequence[Timing], duration_s: float) -> dict[str, Any]:
    """Means and percentiles of the counted requests; tokens per second by Little's law."""
    measured = {
        "ttft": [t.ttft_s for t in timings],
        "tpot": [t.tpot_s for t in timings if t.tpot_s is not None],
        "request": [t.request_s for t in timings],
    }
    found: dict[str, Any] = {
        "status": "ok",
        "prompt_tokens": float(load.prompt_tokens),
        "generated_tokens": float(load.generated_tokens),
        "concurrency": float(load.concurrency),
        "n_requests": len(timings),
        "duration_s": duration_s,
        "output_tokens_per_s": load.concurrency
        * sum(t.generated_tokens for t in timings)
        / sum(t.request_s for t in timings),
    }
    for name, values in measured.items():
        if values:
            found[f"{name}_s"] = float(np.mean(values))
            found |= {
                f"{name}_p{p}_s": float(np.percentile(values, p))
                for p in (50, 90, 99)
                if len(values) * (100 - p) >= 100
            }
    return found
