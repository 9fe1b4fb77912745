"""Every search by its name, called alike: the table that a run looks up.

Apart from the table of strategies, because that one is read where nothing is drawn.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from advisor.engines.protocol import Generate, Sampling, Score
from advisor.errors import MissingAbility
from advisor.strategies.adaptive import adaptive_majority
from advisor.strategies.mcts import mcts
from advisor.strategies.rebase import Steps, rebase
from advisor.strategies.sample import sample
from advisor.strategies.search import Searched
from advisor.strategies.thinking_budget import thinking_budget


@dataclass(frozen=True, slots=True)
class Problem:
    """One question as a search takes it: `budget` counts what the strategy says, `force` opens an answer."""

    prompt: str
    sampling: Sampling
    budget: int
    steps: Steps
    answer_of: Callable[[str], str | None]
    force: str


Search = Callable[[Generate, Score | None, Problem], Awaitable[Searched]]


def _greedy(generate: Generate, score: Score | None, p: Problem) -> Awaitable[Searched]:
    return sample(generate, None, p.prompt, replace(p.sampling, temperature=0.0), 1)


def _sampling(generate: Generate, score: Score | None, p: Problem) -> Awaitable[Searched]:
    return sample(generate, score, p.prompt, p.sampling, p.budget)


def _rebase(generate: Generate, score: Score | None, p: Problem) -> Awaitable[Searched]:
    return rebase(generate, needed(score), p.prompt, p.sampling, p.budget, p.steps)


def _mcts(generate: Generate, score: Score | None, p: Problem) -> Awaitable[Searched]:
    return mcts(generate, needed(score), p.prompt, p.sampling, p.budget, p.steps)


def _thinking_budget(generate: Generate, score: Score | None, p: Problem) -> Awaitable[Searched]:
    return thinking_budget(generate, p.prompt, p.sampling, p.budget, p.force)


def _adaptive_majority(generate: Generate, score: Score | None, p: Problem) -> Awaitable[Searched]:
    return adaptive_majority(generate, p.prompt, p.sampling, p.budget, p.answer_of)


SEARCHES: dict[str, Search] = {
    "greedy": _greedy,
    "sampling": _sampling,
    "rebase": _rebase,
    "mcts": _mcts,
    "thinking-budget": _thinking_budget,
    "adaptive-majority": _adaptive_majority,
}


def needed(score: Score | None) -> Score:
    """The reward model. Raises MissingAbility where there is none."""
    if score is None:
        hint = "name a process reward model with --reward-model"
        raise MissingAbility("this strategy needs rewards and there is no reward model", where="--strategy", hint=hint)
    return score
