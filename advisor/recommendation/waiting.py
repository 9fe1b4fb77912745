"""Tokens that a question waits for, at percentiles of questions, and the longest answers that a context has to hold."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable
from dataclasses import dataclass

from advisor.provenance import Provenance
from advisor.store.beliefs import Point


@dataclass(frozen=True, slots=True)
class Waiting:
    """Tokens of the longest chain that 50, 95 and 99 % of the questions stay within, and of the longest answer."""

    p50: float
    p95: float
    p99: float
    longest: float
    provenance: Provenance = Provenance.MEASURED

    def scaled(self, tokens: float, cap: float | None) -> Waiting:
        """The same shape of lengths around another mean, none beyond a cap."""
        most = cap or float("inf")
        return Waiting(
            p50=min(most, tokens * self.p50),
            p95=min(most, tokens * self.p95),
            p99=min(most, tokens * self.p99),
            longest=min(most, tokens * self.longest),
            provenance=Provenance.IMPUTED,
        )


def context_tokens(prompt_tokens: float, longest_answer_tokens: float, most: int) -> int:
    """Longest sequence that is served: prompt and longest answer in whole 1,024s, within the model's own context."""
    return min(most, 1024 * math.ceil((prompt_tokens + longest_answer_tokens) / 1024))


def typical_spread(points: Iterable[Point]) -> Waiting:
    """Percentiles over the mean, as the median over all single answers whose lengths were measured without a cap.

    All ones where nothing was measured.
    """
    single = [p for p in points if p.n_samples == 1 and not p.token_budget and p.depth_tokens]
    over_mean = [
        (lengths.p50 / mean, lengths.p95 / mean, lengths.p99 / mean, lengths.longest / mean)
        for p in single
        if (lengths := _measured(p)) and (mean := p.depth_tokens)
    ]
    p50, p95, p99, longest = map(statistics.median, zip(*over_mean or [(1.0,) * 4], strict=True))
    return Waiting(p50, p95, p99, longest, Provenance.IMPUTED)


def waiting(p: Point, typical: Waiting) -> Waiting:
    """Of one strategy point: as measured, else imputed from the mean and the typical spread of lengths."""
    if measured := _measured(p):
        return measured
    per_answer = (p.generated_tokens or 0.0) / p.n_samples
    return typical.scaled(p.depth_tokens or per_answer, p.token_budget)


def _measured(p: Point) -> Waiting | None:
    if p.depth_p50_tokens and p.depth_p95_tokens and p.depth_p99_tokens and p.answer_p999_tokens:
        return Waiting(p.depth_p50_tokens, p.depth_p95_tokens, p.depth_p99_tokens, p.answer_p999_tokens)
    return None
