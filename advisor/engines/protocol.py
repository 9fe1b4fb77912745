"""The two things that a strategy needs of an engine, each one async method; engines offer one or both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Sampling:
    """How to draw one completion; `stop` strings stay in the text, `seed` makes it repeatable."""

    temperature: float = 1.0
    top_p: float = 1.0
    max_tokens: int = 2048
    stop: tuple[str, ...] = ()
    frequency_penalty: float = 0.0
    seed: int | None = None


@dataclass(frozen=True, slots=True)
class Completion:
    """One drawn continuation. finish_reason: `stop` (end of text, or the stop string in `stopped_at`) or `length`.

    prompt_tokens were computed for it, cached_tokens came from the prefix cache.
    """

    text: str
    generated_tokens: int
    prompt_tokens: int
    cached_tokens: int
    finish_reason: str
    stopped_at: str = ""


@dataclass(frozen=True, slots=True)
class Scored:
    """Rewards in [0, 1] of each step of a continuation, and the tokens the reward model passed."""

    rewards: tuple[float, ...]
    tokens: int


class Generate(Protocol):
    """Draws text."""

    async def generate(self, prompt: str, partial: str, sampling: Sampling) -> Completion:
        """One continuation of `prompt` + `partial` (an answer begun). Raises EngineFailure."""
        ...


class Score(Protocol):
    """Rates text."""

    async def score(self, prompt: str, partial: str) -> Scored:
        """Rewards of the steps of `partial` as an answer to `prompt`. Raises EngineFailure."""
        ...


def conversation(prompt: str, answer: str | None = None) -> list[dict[str, str]]:
    """A user's turn, and the assistant's where there is one, for a chat template."""
    begun = [{"role": "assistant", "content": answer}] if answer is not None else []
    return [{"role": "user", "content": prompt}, *begun]


class EngineFailure(Exception):
    """One request failed for good: recorded for its question; the run continues."""
