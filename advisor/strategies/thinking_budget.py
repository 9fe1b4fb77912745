"""A cap on thinking: what has not ended by then is made to answer (s1, arXiv 2501.19393)."""

from __future__ import annotations

from dataclasses import replace

from advisor.engines.protocol import Generate, Sampling
from advisor.strategies.search import Searched, Trace, finish, work_of

ANSWER_TOKENS = 64


async def thinking_budget(generate: Generate, prompt: str, sampling: Sampling, cap: int, force: str) -> Searched:
    """One answer with at most `cap` tokens of thinking, then `force`, which opens the answer, and its completion.

    A thought that a server hands out apart is continued like any text: what follows `force` is the answer, whatever the
    server takes it for. Raises EngineFailure.
    """
    thought = await generate.generate(prompt, "", replace(sampling, max_tokens=cap))
    work = work_of(thought, thought.generated_tokens)
    if thought.finish_reason != "length" or not force:
        return Searched(
            (Trace(thought.text, thought.generated_tokens, finish(thought.text, thought.finish_reason)),), work
        )
    thinking = thought.text or thought.reasoning
    begun = thinking + (force.lstrip("\n") if thinking.endswith("\n") else force)
    forced = await generate.generate(prompt, begun, replace(sampling, max_tokens=ANSWER_TOKENS))
    total = thought.generated_tokens + forced.generated_tokens
    return Searched((Trace(begun + (forced.text or forced.reasoning), total, "forced"),), work + work_of(forced, total))
