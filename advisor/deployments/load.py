"""The load that a pick was costed at, on one replica, and what is predicted there."""

from __future__ import annotations

import math
from dataclasses import dataclass

from advisor.recommendation.candidate import Candidate
from advisor.recommendation.request import Request

TURNS = 3
"""Times that every place is filled in a test that keeps the replica busy."""
LEAST_REQUESTS, MOST_REQUESTS = 32, 2000
TEST_S = 600.0
"""Seconds that requests arrive for in a test at a rate."""


@dataclass(frozen=True, slots=True)
class Predicted:
    """A mean, and the ends of its 90 % interval."""

    value: float
    low: float
    high: float

    @classmethod
    def within(cls, value: float, factor: float) -> Predicted:
        """A value that is known within a factor."""
        return cls(value, value / factor, value * factor)


@dataclass(frozen=True, slots=True)
class Load:
    """Requests of one answer each to one replica: `concurrency` in flight at all times, or `rate_per_s` at random.

    `output_tokens_per_s` is None where the rate decides it, or where scoring answers shares the GPUs.
    """

    input_tokens: int
    cached_tokens: int
    output_tokens: int
    concurrency: int
    rate_per_s: float | None
    requests: int
    ttft_s: Predicted
    tpot_s: Predicted
    output_tokens_per_s: Predicted | None

    @property
    def answer_s(self) -> float:
        """Mean time of one answer."""
        return self.ttft_s.value + self.tpot_s.value * max(self.output_tokens - 1, 0)

    @property
    def test_s(self) -> float:
        """About how long the test takes."""
        if self.rate_per_s is not None:
            return self.requests / self.rate_per_s + self.answer_s
        return math.ceil(self.requests / self.concurrency) * self.answer_s


def load_of(c: Candidate, request: Request) -> Load:
    """The load of a candidate for a request; a vote's answers count as requests of their own."""
    output_tokens = max(round(c.generated_tokens / c.n_samples), 1)
    rate = request.qps * c.n_samples / c.replicas if request.qps is not None else None
    busy = rate is None and c.reward_model is None
    tokens_per_s = Predicted.within(c.questions_per_s * c.generated_tokens, c.spread) if busy else None
    many = TURNS * c.concurrency if rate is None else round(rate * TEST_S)
    return Load(
        input_tokens=max(round(c.tokens - c.generated_tokens), 1),
        cached_tokens=request.lengths.cached_prompt_tokens or 0,
        output_tokens=output_tokens,
        concurrency=c.concurrency,
        rate_per_s=rate,
        requests=min(max(many, LEAST_REQUESTS), MOST_REQUESTS),
        ttft_s=Predicted.within(c.ttft_s, c.ttft_spread),
        tpot_s=Predicted.within(c.tpot_s, c.spread),
        output_tokens_per_s=tokens_per_s,
    )
