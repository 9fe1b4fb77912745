"""REBASE: reward-balanced tree search (arXiv 2408.00724), no roll-outs and no value model.

At every depth the remaining width is shared out among the open nodes by a softmax of their rewards; each share is drawn
as that many next steps. Finished answers take their place from the width, until it is used up.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from advisor.engines.protocol import Generate, Sampling, Score
from advisor.strategies.sample import seeded
from advisor.strategies.search import Searched, Trace, finish, together, work_of
from advisor.work import Work

BALANCE_TEMPERATURE = 0.2
STEP_TOKENS = 256
PATH_TOKENS = 1024
DEPTH = 25


@dataclass(frozen=True, slots=True)
class Steps:
    """Where a step of an answer ends, and whether an answer has been given (its text holds the final phrase)."""

    delimiter: str
    is_final: Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Node:
    """A partial answer with the rewards of its steps and the tokens on its path."""

    text: str
    rewards: tuple[float, ...]
    tokens: int
    ended: str = ""

    @property
    def reward(self) -> float:
        return self.rewards[-1] if self.rewards else 0.0


def allocate(rewards: Sequence[float], width: int, temperature: float = BALANCE_TEMPERATURE) -> list[int]:
    """Children of each node: in order of falling reward ⌈rest·weight/rest of weights⌉, as the published code.

    Their sum is `width`. In double precision with a guard, so that equal rewards share evenly (single precision breaks
    them).

    >>> allocate([0.9, 0.5, 0.1], 16)
    [14, 2, 0]
    """
    top = max(rewards, default=0.0)
    weights = [math.exp((r - top) / temperature) for r in rewards]
    rest, rest_weight = width, sum(weights)
    children = [0] * len(rewards)
    for i in sorted(range(len(rewards)), key=lambda i: -rewards[i]):
        if rest <= 0 or rest_weight <= 0:
            break
        children[i] = min(rest, math.ceil(rest * weights[i] / rest_weight - 1e-9))
        rest -= children[i]
        rest_weight -= weights[i]
    return children


async def rebase(
    generate: Generate, score: Score, prompt: str, sampling: Sampling, width: int, steps: Steps
) -> Searched:
    """Up to `width` scored answers of one question; Raises EngineFailure."""
    work, nodes, finished, remaining, drawn = Work(), [Node("", (1.0,), 0)], list[Node](), width, 0
    for _ in range(DEPTH):
        shares = allocate([node.reward for node in nodes], remaining)
        parents = [node for node, share in zip(nodes, shares, strict=True) for _ in range(share)]
        grown = await together(
            step(generate, score, prompt, parent, seeded(sampling, drawn + i), steps)
            for i, parent in enumerate(parents)
        )
        drawn += len(parents)
        work = sum((spent for _, spent in grown), work)
        finished += [node for node, _ in grown if node.ended]
        nodes = [node for node, _ in grown if not node.ended]
        remaining = width - len(finished)
        if remaining <= 0 or not nodes:
            break
    leaves = finished or nodes  # nothing ended within the depth: what there is, cut
    return Searched(tuple(Trace(n.text, n.tokens, n.ended or "length", n.rewards) for n in leaves), work)


def path_tokens(sampling: Sampling) -> int:
    """Longest answer of a tree search: the published limit, or a shorter `max_tokens`."""
    return min(PATH_TOKENS, sampling.max_tokens)


async def step(
    generate: Generate, score: Score, prompt: str, parent: Node, sampling: Sampling, steps: Steps
) -> tuple[Node, Work]:
    """One more step of `parent`, scored, with what it cost; `sampling` has the seed of this draw."""
    room = min(STEP_TOKENS, path_tokens(sampling) - parent.tokens)
    own = replace(sampling, stop=(steps.delimiter,), max_tokens=room)
    drawn = await generate.generate(prompt, parent.text, own)
    text, tokens = parent.text + drawn.text, parent.tokens + drawn.generated_tokens
    scored = await score.score(prompt, text)
    if steps.is_final(text):
        ended = "stop"
    elif drawn.stopped_at:
        ended = "" if tokens < path_tokens(sampling) else finish(text, "length")
    else:
        ended = finish(text, drawn.finish_reason)
    return Node(text, scored.rewards, tokens, ended), work_of(drawn, tokens) + Work(scored_tokens=scored.tokens)
