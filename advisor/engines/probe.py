"""placeholder until merged"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from advisor.engines.protocol import Generate, Sampling, Served


@dataclass(frozen=True, slots=True)
class Probe:
    """x."""

    max_tokens: int
    notes: tuple[str, ...] = ()


async def probed(
    generate: Generate, served: Served, prompts: Sequence[str], sampling: Sampling, *, step_delimiter: str | None
) -> Probe:
    """x."""
    return Probe(sampling.max_tokens)
