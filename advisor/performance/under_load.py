"""A deployment under load: percentiles at a concurrency or a request rate, and how much it carries within limits."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from advisor.gpus import GpuSpec
from advisor.models.spec import ModelSpec
from advisor.performance.corrections import log_factor, terms
from advisor.performance.demand import Array, demand
from advisor.performance.hardware import hardware
from advisor.performance.memory import max_sequences
from advisor.performance.parallelism import Parallelism
from advisor.performance.profiles import Fitted
from advisor.performance.roofline import decode_step_s, prefill_s
from advisor.performance.simulation import Simulated, Speed, poisson, simulate

LARGEST_BATCH = 1024
"""Sequences at once at most: vLLM's max_num_seqs on large GPUs."""
TURNS = 4
"""Times that the places are filled anew while a closed loop is simulated."""
REQUESTS = 400
LIMIT_PERCENTILE = 90
"""Limits on TTFT and TPOT hold for so many of a hundred requests."""


@dataclass(frozen=True, slots=True)
class Spread:
    """Mean and percentiles, in seconds."""

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
    ttft_s: Spread
    tpot_s: Spread


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
    """One replica and the requests it gets; `ttft_factor` corrects TTFT with b in flight at index b − 1."""

    speed: Speed
    prompt_tokens: int
    generated_tokens: int
    ttft_factor: Array

    def at_concurrency(self, concurrency: int) -> UnderLoad:
        """With so many in flight, each answered one followed by the next."""
        return self._told(
            simulate(
                self.speed, None, concurrency, self.prompt_tokens, self.generated_tokens, max(TURNS * concurrency, 16)
            )
        )

    def at_rate(self, rate_per_s: float) -> UnderLoad:
        """With so many requests a second, at random."""
        arrivals = poisson(rate_per_s, REQUESTS)
        return self._told(
            simulate(self.speed, arrivals, REQUESTS // 4, self.prompt_tokens, self.generated_tokens, REQUESTS)
        )

    def _told(self, s: Simulated) -> UnderLoad:
        ttft_s = s.ttft_s * self.ttft_factor[min(max(round(s.in_flight), 1), len(self.ttft_factor)) - 1]
        return UnderLoad(
            s.in_flight,
            s.output_tokens_per_s / self.generated_tokens,
            s.output_tokens_per_s,
            _spread(ttft_s),
            _spread(s.tpot_s),
        )

    def largest_concurrency(self, limits: Limits) -> int:
        """The most requests in flight within the limits; 0 where even one is too slow."""
        return _largest(lambda c: limits.hold(self.at_concurrency(c)), self.speed.max_sequences)

    def largest_rate(self, limits: Limits) -> float:
        """The most requests a second within the limits that also end as fast as they come, to a fiftieth of what it can answer."""
        most = self.at_concurrency(self.speed.max_sequences).requests_per_s
        return most / 50 * _largest(lambda step: limits.hold(self.at_rate(most / 50 * step)), 49)


def _spread(values: Array) -> Spread:
    return Spread(float(np.mean(values)), *(float(np.percentile(values, p)) for p in (50, LIMIT_PERCENTILE, 99)))


def _largest(holds: Callable[[int], bool], most: int) -> int:
    """The largest whole number up to `most` for which it holds, if it holds for all smaller ones; 0 for none."""
    low, high = 0, most + 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low


def replica(
    spec: ModelSpec,
    gpu: GpuSpec,
    fitted: Fitted,
    *,
    parallelism: Parallelism,
    precision: str,
    kv_precision: str = "bf16",
    prompt_tokens: int,
    generated_tokens: int,
) -> Replica:
    """The replica with the speed that was fitted to it. A model that does not fit holds one sequence."""
    d, hw = (
        demand(spec, precision, prompt_tokens, generated_tokens, kv_precision),
        hardware(gpu, parallelism, precision),
    )
    room = int(min(max(float(max_sequences(d, gpu.memory_bytes, hw)), 1.0), LARGEST_BATCH))
    batch = np.arange(1, room + 1, dtype=float)
    known = fitted.correction
    efficiency = known.efficiency if known else fitted.efficiency
    step = decode_step_s(d, hw, efficiency, np.maximum(batch / np.asarray(hw.stages), 1.0))
    ttft_factor = np.ones(room)
    if known:
        features = terms(d, hw, batch)
        step = step * np.exp(log_factor(known.tpot, features, known))
        ttft_factor = np.exp(log_factor(known.ttft, features, known))
    wait_steps = max(float(np.asarray(efficiency.ttft_steps)) - 1.0, 0.0)
    speed = Speed(np.concatenate([[0.0], step]), float(prefill_s(d, hw, efficiency)) / prompt_tokens, wait_steps)
    return Replica(speed, prompt_tokens, generated_tokens, ttft_factor)
