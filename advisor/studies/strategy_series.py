"""Strategies of one model on one task with the accuracy of every question and their FLOPs, from stored answers and from
tables of measurements/strategies."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from advisor.accuracy.estimators import Array
from advisor.accuracy.vote_shares import Tally
from advisor.fits.costs import TYPICAL_PROMPT_TOKENS
from advisor.fits.strategy_points import StrategyPoints
from advisor.models.catalog import Catalog
from advisor.store.reported_strategies import StrategyRow
from advisor.studies.size_families import STORED
from advisor.work import pass_flops, simple_flops

COMPARED = ("greedy", "majority", "weighted-majority", "best-of-n", "rebase", "mcts")
"""The strategies that arXiv 2408.00724 compares."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """P points of one model, task and strategy over the same Q questions, by rising budget.

    active_parameters   None: no config in the catalogue
    n                   (P,) samples, width or iterations
    correct             (Q, P) expected accuracy
    policy, verifier    (P,) FLOPs of a question: 2·N·generated tokens of the policy, and the reward model's passes, 0
                        without one; None: tokens, model or reward model not known
    tallies             (Q,) the answers behind the largest vote; only of majority votes
    """

    source: str
    caveat: str
    model: str
    task: str
    strategy: str
    reward_model: str | None
    active_parameters: float | None
    question_ids: tuple[str, ...]
    n: tuple[int, ...]
    correct: Array
    policy: Array | None
    verifier: Array | None
    tallies: tuple[Tally, ...] | None

    @property
    def total(self) -> Array | None:
        """(P,) FLOPs with the reward model's."""
        return None if self.policy is None or self.verifier is None else self.policy + self.verifier


def series_of_answers(points: Iterable[StrategyPoints], models: Catalog) -> list[Series]:
    """Those of stored answers; of several set-ups of a model, task, strategy and reward model the one with the most
    questions."""
    largest: dict[tuple[str, str, str, str | None], StrategyPoints] = {}
    for p in points:
        key = (p.model, p.task, p.strategy, p.reward_model)
        if p.strategy in COMPARED and len(p.question_ids) > len(largest[key].question_ids if key in largest else ()):
            largest[key] = p
    return [series_of(p, models) for p in largest.values()]


def series_of(p: StrategyPoints, models: Catalog) -> Series:
    """One of them, of any strategy."""
    policy, verifier = flops_of(p, models)
    return Series(
        source=STORED,
        caveat="",
        model=p.model,
        task=p.task,
        strategy=p.strategy,
        reward_model=p.reward_model,
        active_parameters=float(models.spec(p.model).active_parameters) if p.model in models else None,
        question_ids=p.question_ids,
        n=p.n_samples,
        correct=p.correct,
        policy=policy,
        verifier=verifier,
        tallies=p.tallies,
    )


def flops_of(p: StrategyPoints, models: Catalog) -> tuple[Array | None, Array | None]:
    """(P,) FLOPs of a question as arXiv 2408.00724 counts them (2·N·tokens), and of the reward model, which it leaves
    out: every scored token passed once, in passes of a prompt and an answer at most. None: not known.
    """
    if p.generated is None or p.model not in models:
        return None, None
    policy = np.array([simple_flops(models.spec(p.model), round(tokens)) for tokens in p.generated], dtype=float)
    if p.reward_model is None:
        return policy, np.zeros_like(policy)
    if p.scored is None or p.reward_model not in models:
        return policy, None
    reward, prompt = models.spec(p.reward_model), p.prompt_tokens or float(TYPICAL_PROMPT_TOKENS)
    passes = prompt + p.generated / np.array(p.n_samples)
    verifier = [pass_flops(reward, scored, longest) for scored, longest in zip(p.scored, passes, strict=True)]
    return policy, np.array(verifier)


def series_of_rows(rows: Iterable[StrategyRow]) -> list[Series]:
    """Those of the tables; rows with as many questions of one source and task are about the same ones."""
    groups = defaultdict[tuple[str, str, str, str, str | None, int], list[StrategyRow]](list)
    for row in rows:
        questions = len(row.by_question)
        groups[row.source, row.task, row.model, row.strategy, row.reward_model, questions].append(row)
    return [_of_rows(sorted(group, key=lambda row: row.n_samples)) for group in groups.values()]


def _of_rows(rows: list[StrategyRow]) -> Series:
    first, questions = rows[0], len(rows[0].by_question)
    return Series(
        source=first.source,
        caveat=first.caveat,
        model=first.model,
        task=first.task,
        strategy=first.strategy,
        reward_model=first.reward_model,
        active_parameters=first.active_parameters,
        question_ids=tuple(f"{q} of {questions}" for q in range(questions)),
        n=tuple(row.n_samples for row in rows),
        correct=np.array([row.by_question for row in rows]).T,
        policy=np.array([row.policy_flops for row in rows]),
        verifier=np.array([row.verifier_flops for row in rows]),
        tallies=next((row.answers for row in reversed(rows) if row.answers), None),
    )
