"""A policy and a reward model with known error rates, for tests of the algorithms alone.

Real engines are tested in tests/testbed.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field

from advisor.engines.protocol import Completion, EngineFailure, Sampling, Scored
from advisor.tasks.arithmetic import apply
from advisor.work import Work


def solve(expression: str) -> list[tuple[str, int]]:
    """(operator, operand) of each step; the first has no operator."""
    steps, number, operator = [], "", ""
    for c in expression:
        if c in "+-*":
            steps.append((operator, int(number)))
            number, operator = "", c
        else:
            number += c
    return [*steps, (operator, int(number))]


@dataclass
class Policy:
    """Writes one line a step and errs with probability `error`; a token is a character."""

    error: float
    fail: float = 0.0
    calls: int = 0

    async def generate(self, prompt: str, partial: str, sampling: Sampling) -> Completion:
        self.calls += 1
        await asyncio.sleep(0)
        rng = random.Random(f"{prompt}|{partial}|{sampling.seed}")
        if rng.random() < self.fail:
            raise EngineFailure("scripted")
        written = self._continue(prompt, partial, rng)
        text, reason, stop = written, "stop", ""
        if sampling.stop and (at := written.find(sampling.stop[0])) >= 0:
            text, stop = written[: at + len(sampling.stop[0])], sampling.stop[0]
        if len(text) > sampling.max_tokens:
            text, reason, stop = text[: sampling.max_tokens], "length", ""
        return Completion(text, max(len(text), 1), len(prompt) + len(partial), 0, reason, stop)

    def _continue(self, prompt: str, partial: str, rng: random.Random) -> str:
        steps = solve(prompt.removeprefix("Q ").strip())
        if partial.endswith("A "):
            return f"{rng.randrange(100)}\n"
        lines = [line for line in partial.splitlines(keepends=True) if line.endswith("\n")]
        if any(line.startswith("A ") for line in lines):
            return ""
        value = int(lines[-1].split("=")[1]) if lines else steps[0][1]
        out = ""
        for operator, operand in steps[1 + len(lines) :]:
            result = apply(value, operator, operand)
            if rng.random() < self.error:
                result = (result + rng.choice([1, 10, 50])) % 100
            out += f"{value}{operator}{operand}={result}\n"
            value = result
        return out + f"A {value}\n"


@dataclass
class Oracle:
    """Knows which lines are right; tells with noise, or nothing at all where `blind`."""

    noise: float = 0.1
    blind: bool = False

    async def score(self, prompt: str, partial: str) -> Scored:
        await asyncio.sleep(0)
        rng = random.Random(f"{prompt}|{partial}")
        steps, value, good, rewards = solve(prompt.removeprefix("Q ").strip()), 0, True, []
        value = steps[0][1]
        for i, line in enumerate(partial.splitlines()):
            if line.startswith("A "):
                good = good and int(line[2:]) == value
            elif "=" in line and 1 + i < len(steps):
                value = apply(value, *steps[1 + i])
                good = good and int(line.split("=")[1]) == value
            told = 0.5 if self.blind else 0.9 if good else 0.1
            rewards.append(min(1.0, max(0.0, rng.gauss(told, 0.3 if self.blind else self.noise))))
        return Scored(tuple(rewards), len(partial))


@dataclass
class Ledger:
    """An engine between a search and a script: its calls, and what it gave out in tokens, whatever becomes
    of it.

    `write` makes the text that follows (prompt, answer begun, sampling, number of the call); a token is a character, a
    tenth of the
    prompt comes from the prefix cache. A stop string ends a text, `max_tokens` cuts it.
    """

    write: Callable[[str, str, Sampling, int], str]
    rate: Callable[[str], tuple[float, ...]] = lambda text: (0.5,)
    calls: list[tuple[str, Sampling]] = field(default_factory=list)
    scored: list[str] = field(default_factory=list)
    given: Work = field(default_factory=Work)

    async def generate(self, prompt: str, partial: str, sampling: Sampling) -> Completion:
        number = len(self.calls)
        self.calls.append((partial, sampling))
        await asyncio.sleep(0)
        text, reason, stop = self.write(prompt, partial, sampling, number), "stop", ""
        for string in sampling.stop:
            if string in text:
                text, stop = text[: text.index(string) + len(string)], string
        if len(text) > sampling.max_tokens:
            text, reason, stop = text[: sampling.max_tokens], "length", ""
        cached = len(prompt) // 10
        self.given += Work(len(prompt) + len(partial) - cached, cached, len(text), 0, 0)
        return Completion(text, len(text), len(prompt) + len(partial) - cached, cached, reason, stop)

    async def score(self, prompt: str, partial: str) -> Scored:
        self.scored.append(partial)
        self.given += Work(scored_tokens=len(partial))
        return Scored(self.rate(partial), len(partial))
