"""Continuous batching, step by step: what percentiles of TTFT and TPOT a load sees.

Every step decodes one token for each running request and fills the rest of its token budget with prompts that wait, the
oldest first (chunked prefill, Agrawal et al. 2023, as vLLM schedules). A step lasts as long as decoding its batch plus
its share of prompts, by the step-time model of roofline.py. Requests arrive as places fall free (a closed loop), or at
random at a rate (Poisson).
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np

from advisor.performance.demand import Array

TOKEN_BUDGET = 8192
"""Tokens of one step: vLLM's max_num_batched_tokens for serving on large GPUs."""


@dataclass(frozen=True, slots=True)
class StepTimes:
    """Seconds of a step that decodes b sequences, at index b (index 0: nothing), and of one prompt token.

    `wait_steps` is what else a request waits for, in TPOTs.
    """

    decode_s: Array
    prompt_token_s: float
    wait_steps: float

    @property
    def max_sequences(self) -> int:
        """Sequences that fit at once."""
        return len(self.decode_s) - 1


@dataclass(frozen=True, slots=True)
class Simulated:
    """Arrays of shape (requests,) in order of arrival, without those into an empty engine.

    Throughput and in_flight obey Little's law.
    """

    ttft_s: Array
    tpot_s: Array
    output_tokens_per_s: float
    in_flight: float


class _Engine:
    """The state between steps; requests are numbered by arrival."""

    def __init__(self, speed: StepTimes, prompt_tokens: int, generated_tokens: int) -> None:
        self.speed, self.prompt_tokens, self.generated_tokens = speed, prompt_tokens, generated_tokens
        self.now = 0.0
        self.waiting: deque[int] = deque()  # no place yet
        self.prefilling: dict[int, int] = {}  # prompt tokens still to do, oldest first
        self.decoding: dict[int, int] = {}  # tokens still to generate
        self.first_s: dict[int, float] = {}
        self.last_s: dict[int, float] = {}

    @property
    def idle(self) -> bool:
        return not (self.waiting or self.prefilling or self.decoding)

    def _chunks(self) -> dict[int, int]:
        """Prompt tokens of each request in the coming step."""
        while self.waiting and len(self.prefilling) + len(self.decoding) < self.speed.max_sequences:
            self.prefilling[self.waiting.popleft()] = self.prompt_tokens
        room, chunks = max(TOKEN_BUDGET - len(self.decoding), 0), {}
        for request, left in self.prefilling.items():
            if room <= 0:
                break
            chunks[request] = min(left, room)
            room -= chunks[request]
        return chunks

    def step(self) -> list[int]:
        """Run one step; the requests whose last token it drew."""
        chunks = self._chunks()
        self.now += (
            float(self.speed.decode_s[max(len(self.decoding), 1)]) + sum(chunks.values()) * self.speed.prompt_token_s
        )
        self.decoding = {request: left - 1 for request, left in self.decoding.items()}
        for request, chunk in chunks.items():
            self.prefilling[request] -= chunk
            if self.prefilling[request] == 0:
                del self.prefilling[request]
                self.first_s[request] = self.now
                self.decoding[request] = self.generated_tokens - 1
        answered = [request for request, left in self.decoding.items() if left == 0]
        for request in answered:
            del self.decoding[request]
            self.last_s[request] = self.now
        return answered


def simulate(
    speed: StepTimes,
    arrivals_s: Array | None,
    concurrency: int,
    prompt_tokens: int,
    generated_tokens: int,
    n_requests: int,
) -> Simulated:
    """`n_requests` requests that arrive at `arrivals_s`; for None `concurrency` at once, then one for each answered."""
    engine = _Engine(speed, prompt_tokens, generated_tokens)
    arrival = [0.0] * min(concurrency, n_requests) if arrivals_s is None else arrivals_s.tolist()
    coming = 0
    while len(engine.last_s) < n_requests:
        if engine.idle:
            engine.now = max(engine.now, arrival[coming])
        while coming < len(arrival) and arrival[coming] <= engine.now:
            engine.waiting.append(coming)
            coming += 1
        answered = engine.step()
        if arrivals_s is None:
            arrival += [engine.now] * min(len(answered), n_requests - len(arrival))
    requests = range(n_requests)
    came, first, last = (
        np.array(arrival),
        np.array([engine.first_s[r] for r in requests]),
        np.array([engine.last_s[r] for r in requests]),
    )
    full = min(concurrency, n_requests // 4)  # the first that comes to an engine as full as it stays
    tpot_s = ((last - first) / max(generated_tokens - 1, 1))[full:]
    wait_s = speed.wait_steps * float(np.mean(tpot_s))
    stay = float(np.mean((last - came)[full:])) + wait_s
    per_s = (
        concurrency / stay
        if arrivals_s is None
        else np.count_nonzero((last > came[full]) & (last <= came[-1])) / (came[-1] - came[full])
    )
    return Simulated(
        (first - came)[full:] + wait_s,
        tpot_s,
        float(per_s * generated_tokens),
        float(per_s * stay),
    )


def poisson(rate_per_s: float, n_requests: int, seed: int = 0) -> Array:
    """Times of arrival at random, of exactly that mean rate."""
    gaps = np.random.default_rng(seed).exponential(1.0, n_requests)
    return np.asarray(np.cumsum(gaps) * n_requests / (rate_per_s * gaps.sum()))
