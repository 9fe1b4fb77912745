"""Monte Carlo tree search over steps: UCT selection, one expansion and one roll-out an iteration, then the reward.

The paper (arXiv 2408.00724) names it as a baseline and publishes no settings; these are the usual ones: exploration √2,
four children a node. The budget counts every generated token, unfinished paths included; only finished roll-outs vote.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

from advisor.engines.protocol import Generate, Sampling, Score
from advisor.strategies.rebase import DEPTH, Node, Steps, path_tokens, step
from advisor.strategies.sample import seeded
from advisor.strategies.search import Searched, Trace, finish, together, work_of
from advisor.work import Work

EXPLORATION = math.sqrt(2)
CHILDREN = 4


@dataclass(slots=True)
class Branch:
    """A node of the tree with its visits and the sum of the rewards below it."""

    node: Node
    depth: int = 0
    visits: int = 0
    total: float = 0.0
    children: list[Branch] = field(default_factory=list)

    def uct(self, parent_visits: int) -> float:
        """Mean reward plus exploration; a branch nobody visited comes first."""
        if self.visits == 0:
            return math.inf
        return self.total / self.visits + EXPLORATION * math.sqrt(math.log(max(parent_visits, 1)) / self.visits)


async def mcts(
    generate: Generate, score: Score, prompt: str, sampling: Sampling, iterations: int, steps: Steps
) -> Searched:
    """Up to `iterations` roll-outs of one question, one after another, each from the leaf that UCT selects.

    Raises EngineFailure.
    """
    root = Branch(Node("", (1.0,), 0))
    traces: list[Trace] = []
    work, waited, drawn = Work(), 0, 0
    for _ in range(iterations):
        path = select(root)
        leaf = path[-1]
        if not leaf.node.ended and leaf.depth < DEPTH:
            grown = await together(
                step(generate, score, prompt, leaf.node, seeded(sampling, drawn + i), steps) for i in range(CHILDREN)
            )
            drawn += CHILDREN
            leaf.children = [Branch(node, leaf.depth + 1) for node, _ in grown]
            spent = sum((w for _, w in grown), Work())
            work, waited = work + spent, waited + spent.depth_tokens - leaf.node.tokens
            leaf = max(leaf.children, key=lambda child: child.node.reward)
            path.append(leaf)
        trace, reward, spent = await roll_out(generate, score, prompt, leaf.node, sampling, drawn)
        drawn += 1
        work, waited = work + spent, waited + max(spent.depth_tokens - leaf.node.tokens, 0)
        if trace is not None and not any(t.text == trace.text for t in traces):
            traces.append(trace)
        for branch in path:
            branch.visits += 1
            branch.total += reward
    return Searched(
        tuple(traces), Work(work.prompt_tokens, work.cached_tokens, work.generated_tokens, work.scored_tokens, waited)
    )


def select(root: Branch) -> list[Branch]:
    """From the root along the largest UCT to a branch without children."""
    path = [root]
    while path[-1].children:
        parent = path[-1]
        path.append(max(parent.children, key=lambda child: child.uct(parent.visits)))
    return path


async def roll_out(
    generate: Generate, score: Score, prompt: str, node: Node, sampling: Sampling, index: int
) -> tuple[Trace | None, float, Work]:
    """(finished answer or None, its reward, cost) of completing `node` in one go."""
    if node.ended:
        trace = Trace(node.text, node.tokens, node.ended, node.rewards)
        return (trace if node.ended == "stop" else None), node.reward, Work()
    own = seeded(sampling, index)
    drawn = await generate.generate(prompt, node.text, replace(own, max_tokens=path_tokens(sampling) - node.tokens))
    text, tokens = node.text + drawn.text, node.tokens + drawn.generated_tokens
    scored = await score.score(prompt, text)
    trace = Trace(text, tokens, finish(text, drawn.finish_reason), scored.rewards)
    work = work_of(drawn, tokens) + Work(scored_tokens=scored.tokens)
    return (trace if trace.finish_reason == "stop" else None), (scored.rewards[-1] if scored.rewards else 0.0), work
