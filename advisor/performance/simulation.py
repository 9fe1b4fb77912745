"""Continuous batching, step by step: what percentiles of TTFT and TPOT a load sees.

Every step decodes one token for each running request and fills the rest of its token budget with prompts that wait, the
oldest first (chunked prefill, Agrawal et al. 2023, as vLLM schedules). A step lasts as long as decoding its batch plus
its share of prompts, by the step-time model of roofline.py. Requests arrive as places fall free (a closed loop), or at
random at a rate (Poisson).
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Collection
from dataclasses import dataclass, field
from heapq import heappop, heappush

import numpy as np
from numpy.typing import NDArray

from advisor.performance.demand import CHUNK_TOKENS, Array

Tokens = NDArray[np.int64]

TOKEN_BUDGET = CHUNK_TOKENS
"""Tokens of one step where nothing else is said."""


@dataclass(frozen=True, slots=True)
class StepTimes:
    """Seconds of a step that decodes b sequences, at index b (index 0: nothing), and of a token of a lone prompt.

    Each of k prompts that share a step takes `prompt_share` of that, at index k − 1; of more, as of the last.
    `wait_steps` is what else a request waits for, in decode steps, and `delay_s` in seconds. A step passes at most
    `token_budget` tokens, `verified_tokens` of each sequence that it decodes, of which `tokens_per_step` stay.
    """

    decode_s: Array
    prompt_token_s: float
    wait_steps: float
    delay_s: float = 0.0
    token_budget: int = TOKEN_BUDGET
    verified_tokens: float = 1.0
    tokens_per_step: float = 1.0
    prompt_share: Array = field(default_factory=lambda: np.ones(1))

    def prompts_s(self, chunks: Collection[int]) -> float:
        """Seconds that a step takes for these tokens of each prompt in it."""
        if not chunks:
            return 0.0
        share = self.prompt_share[min(len(chunks), len(self.prompt_share)) - 1]
        return sum(chunks) * self.prompt_token_s * float(share)

    @property
    def max_sequences(self) -> int:
        """Sequences that fit at once."""
        return len(self.decode_s) - 1


@dataclass(frozen=True, slots=True)
class Simulated:
    """Arrays of shape (requests,) in order of arrival, without those into an empty engine.

    `place_s` is how long a request waited for a place, part of its TTFT. Throughput and in_flight obey Little's law.
    """

    ttft_s: Array
    tpot_s: Array
    request_s: Array
    place_s: Array
    output_tokens_per_s: float
    in_flight: float


class _Engine:
    """The state between steps; requests are numbered by arrival."""

    def __init__(self, speed: StepTimes, prompt_tokens: int, generated_tokens: Tokens) -> None:
        self.speed, self.prompt_tokens, self.generated_tokens = speed, prompt_tokens, generated_tokens
        self.now, self.steps = 0.0, 0
        self.waiting: deque[int] = deque()  # no place yet
        self.prefilling: dict[int, int] = {}  # prompt tokens still to do, oldest first
        self.decoding: list[tuple[int, int]] = []  # a heap: the step that draws the last token, and the request
        self.admitted_s: dict[int, float] = {}
        self.first_s: dict[int, float] = {}
        self.last_s: dict[int, float] = {}

    @property
    def idle(self) -> bool:
        return not (self.waiting or self.prefilling or self.decoding)

    @property
    def has_room(self) -> bool:
        return len(self.prefilling) + len(self.decoding) < self.speed.max_sequences

    def _chunks(self) -> dict[int, int]:
        """Prompt tokens of each request in the coming step."""
        while self.waiting and self.has_room:
            request = self.waiting.popleft()
            self.prefilling[request], self.admitted_s[request] = self.prompt_tokens, self.now
        decoded = math.ceil(len(self.decoding) * self.speed.verified_tokens)
        room, chunks = max(self.speed.token_budget - decoded, 0), {}
        for request, left in self.prefilling.items():
            if room <= 0:
                break
            chunks[request] = min(left, room)
            room -= chunks[request]
        return chunks

    def run(self, next_arrival_s: float) -> list[int]:
        """One step, or as many as pass alike before an answer ends or a request comes; the requests that end."""
        chunks = self._chunks()
        step_s = float(self.speed.decode_s[max(len(self.decoding), 1)])
        if self.prefilling:
            self.now, self.steps = self.now + step_s + self.speed.prompts_s(chunks.values()), self.steps + 1
        else:
            alike = self.decoding[0][0] - self.steps
            if self.has_room and next_arrival_s < self.now + alike * step_s:
                alike = max(math.ceil((next_arrival_s - self.now) / step_s), 1)
            self.now, self.steps = self.now + alike * step_s, self.steps + alike
        for request, chunk in chunks.items():
            self.prefilling[request] -= chunk
            if self.prefilling[request] == 0:
                del self.prefilling[request]
                self.first_s[request] = self.now
                steps = math.ceil((int(self.generated_tokens[request]) - 1) / self.speed.tokens_per_step)
                heappush(self.decoding, (self.steps + steps, request))
        answered = []
        while self.decoding and self.decoding[0][0] <= self.steps:
            answered.append(heappop(self.decoding)[1])
            self.last_s[answered[-1]] = self.now
        return answered


def simulate(
    speed: StepTimes,
    arrivals_s: Array | None,
    concurrency: int,
    prompt_tokens: int,
    generated_tokens: int | Tokens,
    n_requests: int,
) -> Simulated:
    """`n_requests` requests that arrive at `arrivals_s`; for None `concurrency` at once, then one for each answered.

    `generated_tokens`: of each answer, or of all.
    """
    found = passed(speed, arrivals_s, concurrency, prompt_tokens, generated_tokens, n_requests)
    in_flight = None if arrivals_s is not None else concurrency
    return found.after(concurrency, in_flight, speed.wait_steps * speed.tokens_per_step, speed.delay_s)


def passed(
    speed: StepTimes,
    arrivals_s: Array | None,
    concurrency: int,
    prompt_tokens: int,
    generated_tokens: int | Tokens,
    n_requests: int,
) -> Passed:
    """When each of these requests came, began and ended."""
    generated = np.broadcast_to(np.asarray(generated_tokens), (n_requests,))
    engine = _Engine(speed, prompt_tokens, generated)
    arrival = [0.0] * min(concurrency, n_requests) if arrivals_s is None else arrivals_s.tolist()
    coming = 0
    while len(engine.last_s) < n_requests:
        if engine.idle:
            engine.now = max(engine.now, arrival[coming])
        while coming < len(arrival) and arrival[coming] <= engine.now:
            engine.waiting.append(coming)
            coming += 1
        answered = engine.run(arrival[coming] if coming < len(arrival) else math.inf)
        if arrivals_s is None:
            arrival += [engine.now] * min(len(answered), n_requests - len(arrival))
    requests = range(n_requests)
    admitted, first, last = (
        np.array([times[r] for r in requests]) for times in (engine.admitted_s, engine.first_s, engine.last_s)
    )
    return Passed(np.array(arrival), admitted, first, last, generated)


@dataclass(frozen=True, slots=True)
class Passed:
    """When each request came, got its place, its first token and its last, in seconds, and its tokens; shape (n,)."""

    came_s: Array
    placed_s: Array
    first_s: Array
    last_s: Array
    generated_tokens: Tokens

    def after(self, first: int, in_flight: int | None, wait_tokens: float = 0.0, delay_s: float = 0.0) -> Simulated:
        """Without the `first` ones, or a quarter, which come to engines less full than they stay.

        in_flight: requests of a closed loop; None: they arrived by themselves. Each waits for so many tokens' time, and
        `delay_s`, besides.
        """
        full = min(first, len(self.came_s) // 4)
        tpot_s = ((self.last_s - self.first_s) / np.maximum(self.generated_tokens - 1, 1))[full:]
        wait_s = wait_tokens * float(np.mean(tpot_s)) + delay_s
        came_s, last_s = self.came_s, self.last_s
        stay_s = float(np.mean((last_s - came_s)[full:])) + wait_s
        if in_flight is not None:
            per_s = in_flight / stay_s
        else:
            ended = np.count_nonzero((last_s > came_s[full]) & (last_s <= came_s[-1]))
            per_s = float(ended / (came_s[-1] - came_s[full]))
        return Simulated(
            ttft_s=(self.first_s - came_s)[full:] + wait_s,
            tpot_s=tpot_s,
            request_s=(last_s - came_s)[full:] + wait_s,
            place_s=(self.placed_s - came_s)[full:],
            output_tokens_per_s=float(per_s * np.mean(self.generated_tokens)),
            in_flight=float(per_s * stay_s),
        )


def poisson(rate_per_s: float, n_requests: int, seed: int = 0) -> Array:
    """Times of arrival at random, of exactly that mean rate."""
    gaps = np.random.default_rng(seed).exponential(1.0, n_requests)
    return np.asarray(np.cumsum(gaps) * n_requests / (rate_per_s * gaps.sum()))
