"""Single answers as they are stored: one set a model, task and way of drawing them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from advisor.accuracy.endings import Answers
from advisor.accuracy.estimators import Array
from advisor.fits.measured import drawn_apart, runs_alone
from advisor.fits.stored_answers import Drawn, Question, failed_requests, prompt_tokens, questions_of
from advisor.fits.votes import SHARE_OF_ANSWERS_NEEDED, single_answers
from advisor.store.sql import statement
from advisor.store.workspace import Workspace
from advisor.strategies import STRATEGIES

SINGLE = ("sampling", *(name for name, strategy in STRATEGIES.items() if strategy.selection == "first"))
"""Strategies whose stored answers stand each for itself; those of a tree search do not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerSet:
    """The answers of one model to Q questions of a task, all drawn alike.

    strategy         sampling, or the search that held each answer to a length
    setup            what tells it from the model's other sets on the task; empty where there is none
    finish_recorded  whether it was recorded why any of the answers ended: where not, cut ones cannot be told
    failed           answers that are taken for failed requests, and left out
    questions        by id
    """

    model: str
    task: str
    strategy: str
    setup: str
    finish_recorded: bool
    failed: int = 0
    questions: Mapping[str, Question]

    @property
    def right(self) -> Array:
        """(Q,) right answers of each question."""
        return np.array([sum(question.correct) for question in self.questions.values()])

    @property
    def n(self) -> Array:
        """(Q,) answers of each question."""
        return np.array([len(question.correct) for question in self.questions.values()])

    @property
    def prompt_tokens(self) -> float | None:
        """Mean length of the prompt; None: not recorded."""
        return prompt_tokens(self.questions.values())

    def timed(self) -> tuple[tuple[str, ...], Answers] | None:
        """The questions with recorded lengths, and their answers; None where too few have them to stand for all."""
        known = {key: question for key, question in self.questions.items() if len(question.lengths.tokens)}
        if not known or len(known) < SHARE_OF_ANSWERS_NEEDED * len(self.questions):
            return None
        return tuple(known), single_answers(list(known.values()))


def answer_sets(workspace: Workspace) -> list[AnswerSet]:
    """All single answers, what ships and the user's own, by task and model. Raises AdvisorError for a damaged file."""
    connection = workspace.samples.connect()
    found, _ = drawn_apart(connection)
    recorded = set(connection.execute(statement("advisor.studies", "finish_reasons")).fetchall())
    failed = failed_requests(connection)
    sets = (
        AnswerSet(
            model=drawn.model,
            task=drawn.task,
            strategy=drawn.strategy,
            setup=drawn.setup,
            finish_recorded=any((drawn.way, run) in recorded for run in drawn.runs),
            failed=sum(each.n for each in failed if each.way == drawn.way and each.run_id in drawn.runs),
            questions=questions_of(connection, drawn, drawn.runs),
        )
        for drawn in _alone(found)
    )
    return [each for each in sets if each.questions]


def _alone(found: Iterable[Drawn]) -> Iterable[Drawn]:
    """Each set of plain samples, and each run of a search, whose budget is its own."""
    for drawn in found:
        if drawn.strategy in SINGLE:
            several = drawn.strategy != "sampling" and len(drawn.runs) > 1
            yield from runs_alone(drawn) if several else [drawn]


def solved_by_others(of: AnswerSet, sets: Sequence[AnswerSet]) -> tuple[Array, int]:
    """(Q,) share of the other models' answers that solve each question, each model counting the same; and how many.

    NaN for a question that no other model answered; the number is that of models with answers to any of them.
    """
    places = {question: at for at, question in enumerate(of.questions)}
    shares: dict[str, tuple[Array, Array]] = {}
    for each in sets:
        if each.task != of.task or each.model == of.model:
            continue
        right, n = shares.setdefault(each.model, (np.zeros(len(places)), np.zeros(len(places))))
        for key, question in each.questions.items():
            if key in places:
                right[places[key]] += sum(question.correct)
                n[places[key]] += len(question.correct)
    others = [(right, n) for right, n in shares.values() if n.any()]
    if not others:
        return np.full(len(places), np.nan), 0
    known = np.array([n > 0 for _, n in others])
    solved = np.array([right / np.maximum(n, 1) for right, n in others])
    with_any = known.sum(axis=0)
    return np.where(with_any > 0, solved.sum(axis=0) / np.maximum(with_any, 1), np.nan), len(others)
