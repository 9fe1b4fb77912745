"""Inference strategies: a search spends tokens, a selection reduces its traces to one answer.

Published names are rows of one table; `sampling` serves four of them from one run.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Strategy:
    """`budget` says what the number after the name counts."""

    search: str
    selection: str
    needs_rewards: bool
    budget: str


STRATEGIES = {
    "greedy": Strategy("greedy", "first", needs_rewards=False, budget=""),
    "majority": Strategy("sampling", "majority", needs_rewards=False, budget="samples"),
    "weighted-majority": Strategy("sampling", "weighted", needs_rewards=True, budget="samples"),
    "best-of-n": Strategy("sampling", "best", needs_rewards=True, budget="samples"),
    "rebase": Strategy("rebase", "weighted", needs_rewards=True, budget="width"),
    "mcts": Strategy("mcts", "weighted", needs_rewards=True, budget="iterations"),
    "thinking-budget": Strategy("thinking-budget", "first", needs_rewards=False, budget="tokens"),
    "adaptive-majority": Strategy("adaptive-majority", "majority", needs_rewards=False, budget="samples at most"),
}
