"""What stored answers to the same question say of stopping a vote early, and of the shortest and the longest answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from advisor.accuracy.estimators import Interval
from advisor.accuracy.resampling import seed_of
from advisor.fits.stored_answers import Question
from advisor.fits.votes import SHARE_OF_ANSWERS_NEEDED
from advisor.strategies.adaptive import CONFIDENCE, settled
from advisor.studies.answer_sets import AnswerSet
from advisor.studies.strategies_at_equal_flops import mean_gain
from advisor.values import Rows, Value

ANSWERS_NEEDED = 8
"""To each question: an adaptive vote of fewer can hardly stop."""
LENGTHS_NEEDED = 4
"""Answers with their lengths to each question: of fewer the shortest and the longest are nearly the same."""
FIRST = 3
"""Shortest answers that vote."""
QUESTIONS_NEEDED = 10
ORDERS = 20
"""In which the answers of a question may have come."""


@dataclass(frozen=True, slots=True)
class AdaptiveVote(Value):
    """A vote that stops when it is settled, in ORDERS random orders, beside the vote of all n answers.

    `used` are its answers on average; `saving` is n over them, `gain` its accuracy less that of the vote of all.
    """

    model: str
    task: str
    n_questions: int
    n: int
    used: float
    saving: Interval
    gain: Interval


@dataclass(frozen=True, slots=True)
class ShortAnswers(Value):
    """The shortest answer of each question against its longest and against the vote of all.

    `over_longest`, `over_vote` are differences of accuracy. `tokens` are those spent when all answers are drawn at once
    and stop with the first that ends, over those of all. `three_over_vote` is the vote of the three shortest less that
    of all, and `three_wait` the length of the third over the longest: what is waited for when all are drawn at once.
    """

    model: str
    task: str
    n_questions: int
    n: int
    over_longest: Interval
    over_vote: Interval
    tokens: float
    three_over_vote: Interval
    three_wait: float


def adaptive_votes(sets: Iterable[AnswerSet]) -> Rows[AdaptiveVote]:
    """Of every set of plain samples with ANSWERS_NEEDED answers to each of QUESTIONS_NEEDED questions."""
    enough = (each for each in sets if _has(each, ANSWERS_NEEDED) and _recorded(each))
    return Rows((_adaptive(each) for each in enough), AdaptiveVote)


def short_answers(sets: Iterable[AnswerSet]) -> Rows[ShortAnswers]:
    """Of every set of plain samples whose LENGTHS_NEEDED answers or more to a question all have their lengths."""
    enough = (each for each in sets if _has(each, LENGTHS_NEEDED) and _recorded(each) and _timed(each))
    return Rows((_short(each) for each in enough), ShortAnswers)


def _has(of: AnswerSet, answers: int) -> bool:
    return of.strategy == "sampling" and len(of.questions) >= QUESTIONS_NEEDED and bool(of.n.min() >= answers)


def _recorded(of: AnswerSet) -> bool:
    """Whether nearly all that was answered is known, and not only if it is right."""
    answers = [answer for question in of.questions.values() for answer in question.answers]
    return sum(answer is not None for answer in answers) >= SHARE_OF_ANSWERS_NEEDED * len(answers)


def _timed(of: AnswerSet) -> bool:
    return all(len(question.lengths.tokens) == len(question.correct) for question in of.questions.values())


def _adaptive(of: AnswerSet) -> AdaptiveVote:
    rng = np.random.default_rng(seed_of(f"{of.task}\0{of.model}\0adaptive"))
    n = int(of.n.min())
    used, gained = np.array([_of_question(question, n, rng) for question in of.questions.values()]).T
    spent = mean_gain(used)
    saving = Interval(n / spent.value, n / spent.high, n / spent.low)
    return AdaptiveVote(of.model, of.task, len(used), n, spent.value, saving, mean_gain(gained))


def _of_question(question: Question, n: int, rng: np.random.Generator) -> tuple[float, float]:
    """Answers used, and accuracy gained over the vote of the same n, means over ORDERS."""
    used, gained = [], []
    for _ in range(ORDERS):
        order = rng.permutation(len(question.answers))[:n].tolist()
        stop = stopping(question.answers, order)
        used.append(stop)
        gained.append(voted(question, order[:stop]) - voted(question, order))
    return float(np.mean(used)), float(np.mean(gained))


def stopping(answers: Sequence[Hashable | None], order: Sequence[int]) -> int:
    """After how many of the answers, in this order, the vote is settled; all where it never is."""
    votes: Counter[Hashable] = Counter()
    for drawn, at in enumerate(order, 1):
        answer = answers[at]
        votes.update([answer] if answer is not None else [])
        if settled(votes, len(order) - drawn, CONFIDENCE):
            return drawn
    return len(order)


def voted(question: Question, chosen: Sequence[int]) -> float:
    """Accuracy of the vote of some answers, ties shared; right answers are one class however they are written."""
    classes = Counter(
        (question.correct[i], None if question.correct[i] else question.answers[i])
        for i in chosen
        if question.answers[i] is not None
    )
    if not classes:
        return 0.0
    most = max(classes.values())
    leaders = [right for (right, _), times in classes.items() if times == most]
    return sum(leaders) / len(leaders)


def _short(of: AnswerSet) -> ShortAnswers:
    found = np.array([_lengths(question) for question in of.questions.values()])
    over_longest, over_vote, spent, whole, three, waited, longest = found.T
    tokens, wait = float(spent.sum() / whole.sum()), float(waited.sum() / longest.sum())
    gains = mean_gain(over_longest), mean_gain(over_vote), mean_gain(three)
    return ShortAnswers(of.model, of.task, len(found), int(of.n.min()), gains[0], gains[1], tokens, gains[2], wait)


def _lengths(question: Question) -> tuple[float, float, float, float, float, float, float]:
    """What the shortest gains over the longest and over the vote; tokens until it ends, and of all; what the vote of
    the three shortest gains over that of all; tokens of the third, and of the longest."""
    tokens, correct = question.lengths.tokens, question.lengths.correct
    shortest, longest = (float(correct[tokens == end].mean()) for end in (tokens.min(), tokens.max()))
    vote = voted(question, range(len(question.answers)))
    order = np.argsort(tokens, kind="stable")[:FIRST]
    three = voted(question, order.tolist()) - vote
    until = float(tokens.min() * len(tokens)), float(tokens.sum())
    return shortest - longest, shortest - vote, *until, three, float(tokens[order[-1]]), float(tokens.max())
