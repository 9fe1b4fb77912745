"""The two things that a strategy needs of an engine, each one async method; engines offer one or both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Sampling:
    """How to draw one completion; `stop` strings stay in the text, `seed` makes it repeatable.

    Every value is sent, those that change nothing too: an engine's own defaults, as a model's generation_config.json
    sets them, never apply.
    """

    temperature: float = 1.0
    top_p: float = 1.0
    max_tokens: int = 2048
    stop: tuple[str, ...] = ()
    frequency_penalty: float = 0.0
    seed: int | None = None
    top_k: int = 0
    min_p: float = 0.0
    presence_penalty: float = 0.0
    repetition_penalty: float = 1.0


@dataclass(frozen=True, slots=True)
class Prompting:
    """What stands around a prompt. `plain`: no chat template, the texts one after another.

    few_shot      (prompt, answer) pairs shown before the prompt
    chat_options  what the chat template is given: (("enable_thinking", False),) or (("reasoning_effort", "low"),)
    """

    plain: bool = False
    system_prompt: str = ""
    few_shot: tuple[tuple[str, str], ...] = ()
    chat_options: tuple[tuple[str, str | int | float | bool], ...] = ()

    def turns(self, prompt: str, answer: str | None = None) -> list[dict[str, str]]:
        """The conversation for a chat template, with the assistant's turn where there is one."""
        system = [{"role": "system", "content": self.system_prompt}] if self.system_prompt else []
        shown = [turn for pair in self.few_shot for turn in conversation(*pair)]
        return [*system, *shown, *conversation(prompt, answer)]

    def text(self, prompt: str) -> str:
        """The same as one plain text."""
        system = f"{self.system_prompt}\n\n" if self.system_prompt else ""
        return system + "".join(f"{shown}{answer}\n\n" for shown, answer in self.few_shot) + prompt


@dataclass(frozen=True, slots=True)
class Served:
    """What draws: what is known of the engine once it is open.

    endpoint        `chat` or `completions`; empty: not known
    context_tokens  longest prompt and answer together; None: not known
    unsent          sampling parameters that the server does not take, so that its own defaults hold
    """

    engine: str = ""
    version: str = ""
    endpoint: str = ""
    context_tokens: int | None = None
    unsent: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Completion:
    """One drawn continuation. finish_reason: `stop` (end of text, or the stop string in `stopped_at`) or `length`.

    prompt_tokens were computed for it, cached_tokens came from the prefix cache; `reasoning` is thinking that the
    server hands out apart from the text.
    """

    text: str
    generated_tokens: int
    prompt_tokens: int
    cached_tokens: int
    finish_reason: str
    stopped_at: str = ""
    reasoning: str = ""


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


class Engine(Generate, Protocol):
    """Draws text, and says what is known of itself."""

    @property
    def served(self) -> Served:
        """What draws."""
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
