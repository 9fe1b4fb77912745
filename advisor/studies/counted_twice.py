"""FLOPs of single answers by the full count and by the simple one, and where the two put models in another order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from advisor.accuracy.dominance import unbeaten
from advisor.models.flop_parts import FlopParts
from advisor.models.spec import ModelSpec
from advisor.provenance import Provenance
from advisor.studies.single_answers import SingleAnswer
from advisor.work import simple_flops


@dataclass(frozen=True, slots=True)
class Count:
    """Both counts of a text of some tokens, of which a prompt was read and the rest was generated."""

    parts: FlopParts
    simple: int
    head_beyond: int  # FLOPs of the LM head that the simple count has beyond those it takes: it runs on no prompt

    @property
    def factor(self) -> float:
        """The full count over the simple one."""
        return self.parts.total / self.simple

    @property
    def attention(self) -> float:
        """The share of the full count that scores and weighted values over the context take."""
        return self.parts.attention_core / self.parts.total

    @property
    def excess(self) -> dict[str, float]:
        """What makes the factor differ from 1, in shares of the simple count."""
        attention, head = self.parts.attention_core / self.simple, -self.head_beyond / self.simple
        return {ATTENTION: attention, HEAD: head, REST: self.factor - 1 - attention - head}


ATTENTION = "attention over the growing context"
HEAD = "the LM head, which no prompt passes"
REST = "state updates, and weights that multiply nothing"


def count(spec: ModelSpec, prompt_tokens: int, generated_tokens: int) -> Count:
    """Both counts of one answer; the simple one takes two FLOPs an active weight for every token of both."""
    simple = simple_flops(spec, prompt_tokens + generated_tokens)
    head = 2 * spec.head_matmul_parameters * prompt_tokens
    return Count(spec.trace_parts(prompt_tokens, generated_tokens), simple, head)


@dataclass(frozen=True, slots=True)
class Counted:
    """A single answer with both counts."""

    answer: SingleAnswer
    count: Count

    @property
    def is_counted(self) -> bool:
        """Whether its length was counted, not imputed."""
        return self.answer.point.tokens_from is not Provenance.IMPUTED


def counted(answers: Iterable[SingleAnswer]) -> list[Counted]:
    """Both counts of each at its mean lengths."""
    return [Counted(each, count(each.spec, each.prompt_tokens, each.generated_tokens)) for each in answers]


@dataclass(frozen=True, slots=True)
class OrderChange:
    """Two points of a task of which the full count makes the other one cheaper than the simple count does.

    `cheaper` is so by the full count. `factor`: FLOPs of the dearer over the cheaper one, above 1; `simple_factor` the
    same by the simple count, below 1. `attention` are the shares of both FLOPs that attention over the context takes;
    `counted`: neither length is imputed.
    """

    task: str
    cheaper: str
    dearer: str
    factor: float
    simple_factor: float
    reason: str
    attention: tuple[float, float]
    counted: bool

    @property
    def size(self) -> float:
        """How far both counts lie from equality: the smaller of the two factors."""
        return min(self.factor, 1 / self.simple_factor)


def order_changes(points: Sequence[Counted]) -> list[OrderChange]:
    """All pairs of points of one task whose order the counts do not share."""
    return [change for a, b in combinations(points, 2) if (change := _order_change(a, b) or _order_change(b, a))]


def _order_change(a: Counted, b: Counted) -> OrderChange | None:
    """Of a pair where the full count has `a` cheaper and the simple one `b`."""
    full, simple = b.count.parts.total / a.count.parts.total, b.count.simple / a.count.simple
    if not full > 1 > simple:
        return None
    ours, theirs = a.count.excess, b.count.excess
    reason = max(theirs, key=lambda part: theirs[part] - ours[part])
    return OrderChange(
        a.answer.point.task,
        a.answer.point.model,
        b.answer.point.model,
        full,
        simple,
        reason,
        (a.count.attention, b.count.attention),
        a.is_counted and b.is_counted,
    )


@dataclass(frozen=True, slots=True)
class FrontChange:
    """A point that is on a task's front of accuracy against FLOPs by one count alone.

    `enters`: by the full count; else by the simple one alone. `beaten_by` is the cheapest point that beats it by the
    other count.
    """

    task: str
    model: str
    setup: str
    accuracy: float
    enters: bool
    beaten_by: str
    counted: bool


def fronts(points: Sequence[Counted]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which points of one task are on the front by the full and by the simple count, each (N,)."""
    accuracy = np.array([each.answer.accuracy.value for each in points])
    full, simple = _flops(points)
    return unbeaten(full, accuracy), unbeaten(simple, accuracy)


def front_changes(points: Sequence[Counted]) -> list[FrontChange]:
    """The points of one task that only one of the counts has on the front."""
    return [
        _front_change(points, at, enters=bool(full))
        for at, (full, simple) in enumerate(zip(*fronts(points), strict=True))
        if full != simple
    ]


def _flops(points: Sequence[Counted]) -> tuple[np.ndarray, np.ndarray]:
    full = np.array([float(each.count.parts.total) for each in points])
    return full, np.array([float(each.count.simple) for each in points])


def _front_change(points: Sequence[Counted], at: int, *, enters: bool) -> FrontChange:
    full, simple = _flops(points)
    flops, own = (simple if enters else full), points[at]
    beating = [
        (flops[i], i)
        for i, other in enumerate(points)
        if i != at and flops[i] <= flops[at] and other.answer.accuracy.value >= own.answer.accuracy.value
    ]
    by = points[min(beating)[1]]
    p = own.answer.point
    name = by.answer.point.model
    return FrontChange(p.task, p.model, p.setup, p.accuracy, enters, name, own.is_counted and by.is_counted)
