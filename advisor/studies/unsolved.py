"""What no amount of thinking solves here: questions without a right answer of a model, or of any."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from advisor.accuracy.estimators import Array, Interval, over_questions
from advisor.accuracy.unsolved import answers_to_halve, first_right, still_unsolved
from advisor.studies.answer_sets import AnswerSet
from advisor.studies.intervals import interval, weightings

FEW_DRAWS = 101
"""Of the questions, for what is said to a factor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsolved:
    """Questions of a benchmark without a right answer among all stored ones of a model.

    fewest, most     stored answers of a question
    share            of the questions that none of them solves
    solved_by_other  share of those that an answer of another model solves; None: no other model, or none unsolved
    next_answer      share of all questions that the last stored answer is the first to solve, and one more no more
                     often (Good and Turing's estimate, without an assumption); None: some have one answer alone
    again            share of the unsolved that as many answers again would solve, at most: as many times `next_answer`;
                     None as before, or where none is unsolved
    to_halve         more answers of each question until half of the unsolved ones are solved, if the questions' chances
                     are beta distributed: infinite beyond 4,096; None as before, or where none is unsolved
    """

    model: str
    task: str
    n_questions: int
    fewest: int
    most: int
    share: Interval
    solved_by_other: float | None
    next_answer: Interval | None
    again: Interval | None
    to_halve: Interval | None

    @property
    def n_solved_by_other(self) -> float:
        """Questions that it leaves unsolved and an answer of another model solves."""
        return self.n_questions * self.share.value * (self.solved_by_other or 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnsolvedByAll:
    """Questions of a benchmark without a right answer of any model; those of several models alone count."""

    task: str
    n_models: int
    n_answers: int
    n_questions: int
    share: Interval


Counts = Mapping[str, tuple[int, int]]
"""Right answers and answers by question."""


def counted(sets: Sequence[AnswerSet]) -> dict[tuple[str, str], Counts]:
    """Those of every task and model, all its sets together."""
    found: dict[tuple[str, str], dict[str, tuple[int, int]]] = defaultdict(dict)
    for each in sets:
        of = found[each.task, each.model]
        for key, question in each.questions.items():
            right, n = of.get(key, (0, 0))
            of[key] = (right + sum(question.correct), n + len(question.correct))
    return dict(sorted(found.items()))


def unsolved(sets: Sequence[AnswerSet]) -> tuple[list[Unsolved], list[UnsolvedByAll]]:
    """Of every model and benchmark, and of every benchmark that at least two models answered."""
    counts = counted(sets)
    by_task: dict[str, dict[str, Counts]] = defaultdict(dict)
    for (task, model), of in counts.items():
        by_task[task][model] = of
    own = [_of_model(model, task, of, by_task[task]) for (task, model), of in counts.items()]
    return own, [_of_task(task, models) for task, models in by_task.items() if len(models) > 1]


def _of_model(model: str, task: str, of: Counts, models: Mapping[str, Counts]) -> Unsolved:
    right, n = (np.array(each) for each in zip(*of.values(), strict=True))
    none_right = right == 0
    solved_elsewhere = {
        key for other, counts in models.items() if other != model for key, (some, _) in counts.items() if some
    }
    missed = [key for key, (some, _) in of.items() if not some]
    elsewhere = np.mean([key in solved_elsewhere for key in missed]) if missed and len(models) > 1 else None
    next_answer, to_halve = _ahead(task, tuple(of), right, n) if n.min() > 1 else (None, None)
    share = over_questions(none_right.astype(float))
    return Unsolved(
        model=model,
        task=task,
        n_questions=len(n),
        fewest=int(n.min()),
        most=int(n.max()),
        share=share,
        solved_by_other=None if elsewhere is None else float(elsewhere),
        next_answer=next_answer,
        again=_again(next_answer, share, int(n.min())),
        to_halve=to_halve,
    )


def _ahead(task: str, ids: tuple[str, ...], right: Array, n: Array) -> tuple[Interval | None, Interval | None]:
    firsts = over_questions(first_right(right, n))
    if right.all():
        return firsts, None
    halved = interval(answers_to_halve(still_unsolved(right, n, weightings(task, ids)[:FEW_DRAWS])), len(n))
    return firsts, halved and Interval(halved.value, max(halved.low, 0.0), halved.high)


def _again(next_answer: Interval | None, share: Interval, n: int) -> Interval | None:
    """Each further answer is the first right one no more often than the one before it; both ends at their worst."""
    if next_answer is None or not share.value:
        return None
    return Interval(
        min(n * next_answer.value / share.value, 1.0),
        min(n * next_answer.low / share.high, 1.0),
        min(n * next_answer.high / share.low, 1.0) if share.low else 1.0,
    )


def _of_task(task: str, models: Mapping[str, Counts]) -> UnsolvedByAll:
    solved: dict[str, bool] = {}
    for counts in models.values():
        for key, (right, _) in counts.items():
            solved[key] = solved.get(key, False) or right > 0
    none_right = np.array([not each for each in solved.values()], dtype=float)
    return UnsolvedByAll(
        task=task,
        n_models=len(models),
        n_answers=sum(n for counts in models.values() for _, n in counts.values()),
        n_questions=len(solved),
        share=over_questions(none_right),
    )
