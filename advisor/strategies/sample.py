"""Plain sampling: independent answers. Votes, best-of-N and pass@k at every k are selections from one such run."""

from __future__ import annotations

from dataclasses import replace

from advisor.engines.protocol import Generate, Sampling, Score
from advisor.strategies.search import Searched, Trace, finish, together, work_of
from advisor.work import Work


async def sample(generate: Generate, score: Score | None, prompt: str, sampling: Sampling, n: int) -> Searched:
    """`n` answers side by side, scored where there is a reward model. Raises EngineFailure."""
    return joined(await together(one_answer(generate, score, prompt, sampling, i) for i in range(n)))


async def one_answer(generate: Generate, score: Score | None, prompt: str, sampling: Sampling, index: int) -> Searched:
    """The answer number `index`, seeded by it."""
    drawn = await generate.generate(prompt, "", seeded(sampling, index))
    work = work_of(drawn, drawn.generated_tokens)
    rewards: tuple[float, ...] = ()
    if score is not None:
        scored = await score.score(prompt, drawn.text)
        work, rewards = work + Work(scored_tokens=scored.tokens), scored.rewards
    reason = finish(drawn.reasoning + drawn.text, drawn.finish_reason)
    return Searched((Trace(drawn.text, drawn.generated_tokens, reason, rewards, drawn.reasoning),), work)


def seeded(sampling: Sampling, index: int) -> Sampling:
    """The same sampling with a seed of its own for draw `index`, none where the sampling has none."""
    return replace(sampling, seed=None if sampling.seed is None else (sampling.seed * 1_000_003 + index) % 2**31)


def joined(parts: list[Searched]) -> Searched:
    """All traces, in order, and all work."""
    return Searched(tuple(trace for part in parts for trace in part.traces), sum((part.work for part in parts), Work()))
