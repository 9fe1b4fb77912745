"""Which load to measure next: the one that informs most about all the others for its time.

Greedy I-optimal design (Fedorov 1972; Atkinson, Donev & Tobias 2007): every load's log TPOT and TTFT move with the
coefficients of performance/groups.py; measuring a load shrinks their covariance, and with it the variance of every
other load's prediction. The load with the largest total shrinkage per second of measuring comes next.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from advisor.models.spec import ModelSpec
from advisor.performance.demand import Array

PROMPTS = (32, 128, 512, 2048, 8192, 32768, 131072)
ANSWERS = (32, 128, 512, 2048)
CONCURRENCIES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)


@dataclass(frozen=True, slots=True, order=True)
class Load:
    """Requests of these lengths, `concurrency` of them in flight."""

    prompt_tokens: int
    generated_tokens: int
    concurrency: int

    def __str__(self) -> str:
        return f"{self.concurrency} × {self.prompt_tokens:,} → {self.generated_tokens:,}"


def loads(spec: ModelSpec, max_context: int, kv_cache_tokens: int, max_sequences: int) -> list[Load]:
    """Loads of the grid that the engine can hold at once, smallest first.

    The lengths are cut so that answers half as long again fit the context.
    """
    context = min(max_context, spec.max_context)
    lengths = {(min(p, context * 3 // 4), min(o, context // 6)) for p in PROMPTS for o in ANSWERS}
    found = {
        Load(p, o, c)
        for p, o in lengths
        for c in CONCURRENCIES
        if p >= 1 and o >= 2 and c <= max_sequences and c * (p + o) <= kv_cache_tokens
    }
    return sorted(found, key=lambda load: (load.concurrency, load.prompt_tokens, load.generated_tokens))


def gains(by_decode: Array, by_ttft: Array, covariance: Array, noise: Array) -> Array:
    """What measuring each load would take off the summed variance of all loads' log TPOT, shape (n,).

    `by_decode` and `by_ttft`, each (n, coefficients), are how the two times move; `noise` their variances as measured.
    A load gives both at once; their gains are added, which counts twice what they share.
    """
    total = np.zeros(len(by_decode))
    for rows, variance in ((by_decode, noise[0]), (by_ttft, noise[1])):
        spread = covariance @ rows.T
        own = np.sum(rows * spread.T, axis=1)
        total += np.sum((by_decode @ spread) ** 2, axis=0) / (own + variance)
    return total


def measured_covariance(by_decode: Array, by_ttft: Array, covariance: Array, noise: Array, load: int) -> Array:
    """The covariance once that load is measured."""
    for row, variance in ((by_decode[load], noise[0]), (by_ttft[load], noise[1])):
        if np.isfinite(row).all():
            moved = covariance @ row
            covariance = covariance - np.outer(moved, moved) / (row @ moved + variance)
    return covariance
