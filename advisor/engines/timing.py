"""Requests timed token by token: what a profile is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Timing:
    """One answered request: seconds from sending to the first and to the last token, and the tokens generated."""

    ttft_s: float
    request_s: float
    generated_tokens: int

    @property
    def tpot_s(self) -> float | None:
        """(end to end − TTFT) / (generated − 1), as in `vllm bench serve`; None for a single token."""
        return (self.request_s - self.ttft_s) / (self.generated_tokens - 1) if self.generated_tokens > 1 else None


@dataclass(frozen=True, slots=True)
class EngineFacts:
    """What an engine reports of itself; None where it does not.

    `dtype` is that of weights that are not quantised, by its name in PyTorch; `kv_dtype` may be auto: the same.
    """

    version: str
    max_context: int
    max_sequences: int
    kv_cache_tokens: int | None
    vocabulary: int
    kv_cache_bytes: int | None = None
    weights_bytes: int | None = None
    dtype: str | None = None
    quantization: str | None = None
    kv_dtype: str | None = None


class Timed(Protocol):
    """Answers a prompt of token ids with exactly so many tokens."""

    async def timed(self, prompt: list[int], generated_tokens: int) -> Timing:
        """The request's Timing. Raises EngineFailure."""
        ...
