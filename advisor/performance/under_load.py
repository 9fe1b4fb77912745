"""A deployment under load: percentiles at a concurrency or a request rate, and how much it carries within limits."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from advisor.performance.demand import Array
from advisor.performance.deployment import Deployment
from advisor.performance.memory import max_sequences
from advisor.performance.predict import Speed, steps
from advisor.performance.simulation import Simulated, StepTimes, Tokens, poisson, simulate
from advisor.performance.simulation_apart import TimesApart, simulate_apart

LARGEST_BATCH = 1024
"""Sequences at once at most: vLLM's max_num_seqs on large GPUs."""
TURNS = 4
"""Times that the places are filled anew while a closed loop is simulated."""
REQUESTS = 2000
STAYS = 8
"""Requests at random are at least so many times as many as are in flight, so that engines have filled; of many engines
that takes more than REQUESTS."""
LENGTHS_SPREAD = 1 / 9
"""Answers are up to so much longer or shorter than the mean one, as in InferenceX, whose lengths are 0.8 to 1 of a
nominal one: equal ones would all end at once, and the prompts after them come at once, for ever."""
LIMIT_PERCENTILE = 90
"""Limits on TTFT and TPOT hold for so many of a hundred requests."""


@dataclass(frozen=True, slots=True)
class Percentiles:
    """Mean and percentiles over requests, in seconds."""

    mean: float
    p50: float
    p90: float
    p99: float


@dataclass(frozen=True, slots=True)
class UnderLoad:
    """Steady state of one replica; `in_flight` is the mean number of requests that wait or run."""

    in_flight: float
    requests_per_s: float
    output_tokens_per_s: float
    ttft_s: Percentiles
    tpot_s: Percentiles


@dataclass(frozen=True, slots=True)
class Limits:
    """Longest TTFT and TPOT of LIMIT_PERCENTILE of the requests; infinite: no limit."""

    ttft_s: float = math.inf
    tpot_s: float = math.inf

    def hold(self, load: UnderLoad) -> bool:
        """Whether they do."""
        return load.ttft_s.p90 <= self.ttft_s and load.tpot_s.p90 <= self.tpot_s


@dataclass(frozen=True, slots=True)
class Replica:
    """One replica, or the engines that share its prompts and answers, and the requests that it gets.

    `simulated` takes times of arrival (None: a closed loop), the number in flight (of requests that arrive by
    themselves: how many of the first do not count) and the tokens of each answer; `ttft_factor` corrects TTFT with b in
    flight at index b − 1.
    """

    simulated: Callable[[Array | None, int, Tokens], Simulated]
    generated_tokens: int
    max_in_flight: int
    ttft_factor: Array

    def at_concurrency(self, concurrency: int) -> UnderLoad:
        """With so many in flight, each answered one followed by the next."""
        tokens = answer_lengths(self.generated_tokens, max(TURNS * concurrency, 16))
        return self._summary(self.simulated(None, concurrency, tokens))

    def at_rate(self, rate_per_s: float) -> UnderLoad:
        """With so many requests a second, at random."""
        n_requests, most = REQUESTS, max(REQUESTS, STAYS * self.max_in_flight)
        while True:
            tokens = answer_lengths(self.generated_tokens, n_requests)
            s = self.simulated(poisson(rate_per_s, n_requests), n_requests // 4, tokens)
            enough = STAYS * math.ceil(rate_per_s * float(np.mean(s.request_s)))  # Little's law
            if enough <= n_requests or n_requests == most:
                return self._summary(s)
            n_requests = min(enough, most)

    def _summary(self, s: Simulated) -> UnderLoad:
        ttft_s = s.ttft_s * self.ttft_factor[min(max(round(s.in_flight), 1), len(self.ttft_factor)) - 1]
        return UnderLoad(
            s.in_flight,
            s.output_tokens_per_s / self.generated_tokens,
            s.output_tokens_per_s,
            _percentiles(ttft_s),
            _percentiles(s.tpot_s),
        )

    def largest_concurrency(self, limits: Limits) -> int:
        """The most requests in flight within the limits; 0 where even one is too slow."""
        return _largest(lambda c: limits.hold(self.at_concurrency(c)), self.max_in_flight)

    @property
    def most_per_s(self) -> float:
        """Requests per second with every place taken: at more, the queue grows without end."""
        return self.at_concurrency(self.max_in_flight).requests_per_s

    def largest_rate(self, limits: Limits) -> float:
        """The most requests per second within the limits, in fiftieths of what the replica can answer."""
        most = self.most_per_s
        return most / 50 * _largest(lambda step: limits.hold(self.at_rate(most / 50 * step)), 49)


def _percentiles(values: Array) -> Percentiles:
    return Percentiles(float(np.mean(values)), *(float(np.percentile(values, p)) for p in (50, LIMIT_PERCENTILE, 99)))


def _largest(holds: Callable[[int], bool], most: int) -> int:
    """The largest whole number up to `most` for which it holds, if it holds for all smaller ones; 0 for none."""
    low, high = 0, most + 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low


def answer_lengths(mean_tokens: int, n_requests: int) -> Tokens:
    """Tokens of each answer, spread evenly around the mean in random order."""
    shares = np.linspace(1 - LENGTHS_SPREAD, 1 + LENGTHS_SPREAD, n_requests)
    return np.random.default_rng(0).permutation(np.round(mean_tokens * shares)).astype(np.int64)


def replica(deployment: Deployment, speed: Speed, prompt_tokens: int, generated_tokens: int) -> Replica:
    """The replica with its predicted speed. A model that does not fit holds one sequence."""
    times, ttft_factor = step_times(deployment, speed, prompt_tokens, generated_tokens)
    return shared(times, prompt_tokens - deployment.cached_tokens, generated_tokens, ttft_factor)


def step_times(
    deployment: Deployment, speed: Speed, prompt_tokens: int, generated_tokens: int
) -> tuple[StepTimes, Array]:
    """What the simulation takes of a replica, and the factor on TTFT with b in flight at index b − 1."""
    d, hw = deployment.demand(prompt_tokens, generated_tokens), deployment.hardware
    held = min(float(max_sequences(d, deployment.gpu.memory_bytes, hw)), deployment.most_sequences)
    room = int(min(max(held, 1.0), LARGEST_BATCH * deployment.layout.dp))
    known, new_tokens = steps(d, hw, speed, room), prompt_tokens - deployment.cached_tokens
    decode_s = np.concatenate([[0.0], known.decode_s])
    times = StepTimes(
        decode_s,
        float(known.prefill_s[0]) / new_tokens,
        known.wait_steps,
        known.delay_s,
        token_budget=deployment.limits.prompt_tokens,
        verified_tokens=float(d.verified_tokens),
        tokens_per_step=float(d.tokens_per_step),
        prompt_share=known.prefill_s / known.prefill_s[0],
    )
    return times, known.ttft_factor


def shared(speed: StepTimes, prompt_tokens: int, generated_tokens: int, ttft_factor: Array) -> Replica:
    """One engine whose steps hold prompts and answers, `prompt_tokens` of each request to be computed."""

    def simulated(arrivals_s: Array | None, concurrency: int, tokens: Tokens) -> Simulated:
        return simulate(speed, arrivals_s, concurrency, prompt_tokens, tokens, len(tokens))

    return Replica(simulated, generated_tokens, speed.max_sequences, ttft_factor)


def apart(times: TimesApart, generated_tokens: int) -> Replica:
    """Engines with prompts on GPUs of their own."""

    def simulated(arrivals_s: Array | None, concurrency: int, tokens: Tokens) -> Simulated:
        return simulate_apart(times, arrivals_s, concurrency, tokens, len(tokens))

    return Replica(simulated, generated_tokens, times.max_in_flight, np.ones(1))
