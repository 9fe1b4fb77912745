"""What every search gives: traces with what each cost, and the work of the whole."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable
from dataclasses import dataclass
from typing import TypeVar

from advisor.engines.protocol import Completion
from advisor.work import Work

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Trace:
    """One answer: its text, the rewards of its steps (empty where nothing scored it), the tokens on its path.

    finish_reason: `stop`, `length` (cut by a limit) or `loop`. `reasoning` is thinking that is not part of the text.
    """

    text: str
    generated_tokens: int
    finish_reason: str
    rewards: tuple[float, ...] = ()
    reasoning: str = ""


@dataclass(frozen=True, slots=True)
class Searched:
    """The finished traces of one question in the order they ended, and all the work, discarded branches included."""

    traces: tuple[Trace, ...]
    work: Work


async def together(draws: Iterable[Awaitable[Result]]) -> list[Result]:
    """The results of draws side by side, in order. Raises the first failure, once all have ended.

    A request that outlived its question would be broken off when the engine closes, its connection half open.
    """
    ended = await asyncio.gather(*draws, return_exceptions=True)
    results: list[Result] = []
    for each in ended:
        if isinstance(each, BaseException):
            raise each
        results.append(each)
    return results


def work_of(completion: Completion, depth_tokens: int) -> Work:
    """The Work of one completion that ends `depth_tokens` deep."""
    return Work(completion.prompt_tokens, completion.cached_tokens, completion.generated_tokens, 0, depth_tokens)


LOOP_PERIODS = range(1, 65)
LOOP_REPEATS = 8


def loops(text: str) -> bool:
    """Whether the text ends in one piece of up to 64 characters eight times over, at least 64 characters of it.

    >>> loops("so x=1. " * 20)
    True
    >>> loops("12+30=42")
    False
    """
    for period in LOOP_PERIODS:
        repeats = max(LOOP_REPEATS, -(-64 // period))
        if len(text) >= period * repeats and text.endswith(text[-period:] * repeats):
            return True
    return False


def finish(text: str, reason: str) -> str:
    """The finish reason of an answer: a cut answer that repeats itself is a loop."""
    return "loop" if reason == "length" and loops(text) else reason
