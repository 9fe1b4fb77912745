"""Families of sizes: models of one architecture that answered the same questions, with the FLOPs of an answer.

From tables of counts (measurements/counts) comes the coverage of k answers; from stored answers coverage and votes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np

from advisor.accuracy.coverage import expected_coverage, fitted_tail
from advisor.accuracy.estimators import Array
from advisor.fits.strategy_points import StrategyPoints
from advisor.models.catalog import Catalog
from advisor.store.reported_counts import CountRow
from advisor.work import simple_flops

COVERAGE, VOTE = "coverage", "majority vote"
STORED = "stored answers"
ASSUMED_TOKENS = 256
"""Of one answer where the source of counts does not say: an assumption, and shown as one."""
SIZES_NEEDED, ANSWERS_NEEDED, QUESTIONS_NEEDED = 3, 4, 10
"""Below these a family says nothing about sizes."""
PREDICTED_TO = 4
"""Coverage is predicted to so many times the answers drawn; further on it misses by more (benchmarks/coverage.py)."""


class Answered(Protocol):
    """What a model answered of a task."""

    @property
    def model(self) -> str: ...
    @property
    def task(self) -> str: ...
    @property
    def question_ids(self) -> tuple[str, ...]: ...


Each = TypeVar("Each", bound=Answered)


@dataclass(frozen=True, slots=True)
class Counts:
    """Right answers and answers of each question (Q,) of one model; `tokens` of one answer, None: not known."""

    model: str
    task: str
    source: str
    question_ids: tuple[str, ...]
    right: Array
    drawn: Array
    tokens: float | None


@dataclass(frozen=True, slots=True)
class Member:
    """One size: `correct` gives (Q, K) accuracies by k answers (K,), for k from 1 to `reach`; `drawn` were measured.

    `parameters` are all of the model's, `flops` those of one answer: 2·N·tokens, N the weights that a token passes.
    """

    model: str
    parameters: int
    flops: float
    drawn: int
    reach: int
    correct: Callable[[Array], Array]


@dataclass(frozen=True, slots=True)
class Family:
    """Sizes of one architecture over the same questions, the cheapest first."""

    task: str
    architecture: str
    measure: str
    source: str
    question_ids: tuple[str, ...]
    members: tuple[Member, ...]
    tokens_assumed: bool


def counts_of_rows(rows: Iterable[CountRow]) -> list[Counts]:
    """As sources report them."""
    found = []
    for row in rows:
        questions = row.by_question
        right, drawn = (np.array([each[i] for each in questions.values()], dtype=float) for i in (0, 1))
        found.append(Counts(row.model, row.task, row.source, tuple(questions), right, drawn, row.generated_tokens))
    return found


def counts_of_answers(points: Iterable[StrategyPoints]) -> list[Counts]:
    """Those of stored answers whose tokens are known."""
    return [
        Counts(
            p.model,
            p.task,
            STORED,
            p.question_ids,
            np.array([right for right, _, _ in p.tallies], dtype=float),
            np.array([right + sum(wrong) + unread for right, wrong, unread in p.tallies], dtype=float),
            float(p.generated[0] / p.n_samples[0]),
        )
        for p in points
        if p.tallies is not None and p.generated is not None
    ]


def coverage_families(counts: Sequence[Counts], models: Catalog) -> list[Family]:
    """Families by source, task and architecture; models without a config in the catalogue are left out."""
    enough = [each for each in counts if each.drawn.min() >= ANSWERS_NEEDED]
    found = []
    for source in dict.fromkeys(each.source for each in enough):
        for members, shared in _alike([each for each in enough if each.source == source], models):
            sizes = _by_cost(_counted(each, shared, models) for each in members)
            assumed = any(each.tokens is None for each in members)
            architecture = models.spec(members[0].model).family
            found.append(Family(members[0].task, architecture, COVERAGE, source, shared, sizes, assumed))
    return found


def vote_families(points: Iterable[StrategyPoints], models: Catalog) -> list[Family]:
    """The same for majority votes of stored answers."""
    enough = [
        p for p in points if p.strategy == "majority" and p.generated is not None and max(p.n_samples) >= ANSWERS_NEEDED
    ]
    found = []
    for members, shared in _alike(enough, models):
        sizes = _by_cost(_voting(each, shared, models) for each in members)
        architecture = models.spec(members[0].model).family
        found.append(Family(members[0].task, architecture, VOTE, STORED, shared, sizes, tokens_assumed=False))
    return found


def _alike(answered: Iterable[Each], models: Catalog) -> list[tuple[list[Each], tuple[str, ...]]]:
    """Models of one task and architecture, each once, of three sizes at least, and the questions that all answered."""
    groups = defaultdict[tuple[str, str], dict[str, Each]](dict)
    for each in answered:
        if each.model in models:
            group = groups[each.task, models.spec(each.model).family]
            group[each.model] = max(group.get(each.model, each), each, key=lambda e: len(e.question_ids))
    found = []
    for group in groups.values():
        members = list(group.values())
        shared = tuple(sorted(set.intersection(*(set(each.question_ids) for each in members))))
        sizes = {models.spec(each.model).active_parameters for each in members}
        if len(sizes) >= SIZES_NEEDED and len(shared) >= QUESTIONS_NEEDED:
            found.append((members, shared))
    return found


def _by_cost(members: Iterable[Member]) -> tuple[Member, ...]:
    return tuple(sorted(members, key=lambda member: member.flops))


def _places(each: Answered, shared: Sequence[str]) -> list[int]:
    place = {question: i for i, question in enumerate(each.question_ids)}
    return [place[question] for question in shared]


def _counted(each: Counts, shared: Sequence[str], models: Catalog) -> Member:
    at = _places(each, shared)
    right, drawn = each.right[at], each.drawn[at]
    tail = fitted_tail(right, drawn)
    spec, n = models.spec(each.model), int(drawn.min())
    return Member(
        each.model,
        spec.total_parameters,
        float(simple_flops(spec, round(each.tokens or ASSUMED_TOKENS))),
        n,
        PREDICTED_TO * n,
        lambda k: expected_coverage(tail, right, drawn, k),
    )


def _voting(each: StrategyPoints, shared: Sequence[str], models: Catalog) -> Member:
    """A number of answers between two measured votes counts as the smaller."""
    correct, measured = each.correct[_places(each, shared)], np.array(each.n_samples)
    spec, most = models.spec(each.model), max(each.n_samples)
    tokens = float(each.generated[0] / each.n_samples[0]) if each.generated is not None else 0.0
    return Member(
        each.model,
        spec.total_parameters,
        float(simple_flops(spec, round(tokens))),
        most,
        most,
        lambda k: correct[:, np.searchsorted(measured, k, side="right") - 1],
    )
