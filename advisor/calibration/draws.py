"""What a search does with engines, recorded call by call: what was drawn once is not drawn again.

A search is repeatable given what its engines answer. So an interrupted one is run again from its beginning, and every
completion and reward that the journal has stands for the call that gave it: only what was in flight is lost.
"""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import dataclass, field
from typing import Any

from advisor.calibration.counts import Counts
from advisor.engines.protocol import Completion, Generate, Sampling, Score, Scored, Served
from advisor.store.journal import Journal
from advisor.store.row_types import by_column
from advisor.work import Work


@dataclass(slots=True)
class Draws:
    """The engines of one question's search, as Generate and Score.

    `prompt_tokens` are those of its prompt once they are known; `n_drawn` completions were drawn by this process.
    """

    question_id: str
    engine: Generate
    served: Served
    rater: Score | None
    journal: Journal
    counts: Counts
    prompt_tokens: int | None = None
    n_drawn: int = field(default=0, init=False)

    async def generate(self, prompt: str, partial: str, sampling: Sampling) -> Completion:
        """See Generate."""
        part = completion_part(partial, sampling, self.served)
        drawn = completion_of(self.journal.part(self.question_id, part))
        fresh = drawn is None
        if drawn is None:
            begun_s = time.monotonic()
            self.counts.time_left.draw_begun(begun_s)
            try:
                drawn = await self.engine.generate(prompt, partial, sampling)
            finally:
                self.counts.time_left.draw_ended(begun_s, time.monotonic())
                self.n_drawn += 1
            self.journal.add_part(self.question_id, part, recorded(drawn))
        if not partial:
            self.prompt_tokens = drawn.prompt_tokens + drawn.cached_tokens
        work = Work(drawn.prompt_tokens, drawn.cached_tokens, drawn.generated_tokens)
        self.counts.spend(work, fresh=fresh)
        return drawn

    async def score(self, prompt: str, partial: str) -> Scored:
        """See Score."""
        assert self.rater is not None, "a search without rewards never scores"
        part = f"score {_digest(partial)}"
        scored = scored_of(self.journal.part(self.question_id, part))
        fresh = scored is None
        if scored is None:
            scored = await self.rater.score(prompt, partial)
            self.journal.add_part(self.question_id, part, by_column(scored))
        self.counts.spend(Work(scored_tokens=scored.tokens), fresh=fresh)
        return scored


def completion_part(partial: str, sampling: Sampling, served: Served) -> str:
    """The name, within a question, of the completion of an answer begun, drawn so by this engine."""
    engine = (served.engine, served.version, served.endpoint, served.unsent)
    return _digest(json.dumps([partial, by_column(sampling), engine], sort_keys=True))


def recorded(drawn: Completion) -> dict[str, Any]:
    """A completion as the journal has it: without what is empty."""
    return {name: value for name, value in by_column(drawn).items() if value != ""}


def completion_of(value: Any) -> Completion | None:
    """What the journal has for a completion; None for what is none, which is drawn again."""
    if not isinstance(value, dict):
        return None
    try:
        found = Completion(**{"text": "", **value})
    except TypeError:
        return None
    texts = (found.text, found.finish_reason, found.stopped_at, found.reasoning)
    counts = (found.generated_tokens, found.prompt_tokens, found.cached_tokens)
    sound = all(isinstance(text, str) for text in texts) and all(type(n) is int and n >= 0 for n in counts)
    return found if sound and found.finish_reason in {"stop", "length"} else None


def scored_of(value: Any) -> Scored | None:
    """What the journal has for rewards; None for what is none."""
    if not isinstance(value, dict) or set(value) != {"rewards", "tokens"} or not isinstance(value["rewards"], list):
        return None
    rewards, tokens = value["rewards"], value["tokens"]
    sound = all(type(r) in {int, float} and 0 <= r <= 1 for r in rewards) and type(tokens) is int and tokens >= 0
    return Scored(tuple(map(float, rewards)), tokens) if sound else None


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
