"""Adaptive voting: draw one answer after another and stop when the vote is settled (arXiv 2305.11860)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable
from dataclasses import replace
from math import comb

from advisor.engines.protocol import Generate, Sampling
from advisor.strategies.sample import joined, one_answer
from advisor.strategies.search import Searched

CONFIDENCE = 0.95


async def adaptive_majority(
    generate: Generate,
    prompt: str,
    sampling: Sampling,
    most: int,
    answer_of: Callable[[str], Hashable | None],
    confidence: float = CONFIDENCE,
) -> Searched:
    """Up to `most` answers, one after another; stops when the majority is settled or can no longer change.

    Raises EngineFailure.
    """
    parts: list[Searched] = []
    votes: Counter[Hashable] = Counter()
    for index in range(most):
        parts.append(await one_answer(generate, None, prompt, sampling, index))
        answer = answer_of(parts[-1].traces[0].text)
        votes.update([answer] if answer is not None else [])
        if settled(votes, most - index - 1, confidence):
            break
    return in_sequence(parts)


def settled(votes: Counter[Hashable], left: int, confidence: float) -> bool:
    """Whether the leader cannot be caught by the draws left, or leads the runner-up with that confidence."""
    (_, top), (_, second) = [*votes.most_common(2), (None, 0), (None, 0)][:2]
    return top > second + left or (top > 0 and lead_probability(top, second) >= confidence)


def lead_probability(top: int, second: int) -> float:
    """P(p > 1/2) for p ~ Beta(top+1, second+1), in closed form.

    >>> [next(a for a in range(99) if lead_probability(a, b) >= 0.95) for b in range(6)]
    [4, 6, 8, 9, 11, 12]
    """
    total = top + second + 1
    return float(sum(comb(total, k) for k in range(top + 1)) / 2**total)


def in_sequence(parts: list[Searched]) -> Searched:
    """Joined, where each part waited for the one before: depths add up."""
    whole = joined(parts)
    return replace(whole, work=replace(whole.work, depth_tokens=sum(part.work.depth_tokens for part in parts)))
