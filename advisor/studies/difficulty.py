"""How saturation moves with difficulty: questions binned by how often other models solve them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from advisor.accuracy.curve_fits import fit_caps
from advisor.accuracy.endings import Answers, Endings, per_question
from advisor.accuracy.estimators import Array, Interval, over_questions, within_cap
from advisor.accuracy.resampling import DRAWS
from advisor.fits.draws import Z90
from advisor.fits.votes import CAP_MATTERS, CAPS
from advisor.studies.answer_sets import AnswerSet, solved_by_others
from advisor.studies.intervals import over_pairs
from advisor.studies.saturated import Limit, Status, limit_of

OTHERS_NEEDED = 3
"""Other models that answered a question: of fewer their mean says too little of its difficulty."""
QUESTIONS_NEEDED = 10
"""In a bin, for a curve of its own."""


class Difficulty(StrEnum):
    """Of a question, by the share of other models' answers that are right."""

    HARD = "hard, under 10 % solved"
    MIDDLE = "10 to 50 % solved"
    EASY = "easy, 50 % solved or more"


UPPER_ENDS = {Difficulty.HARD: 0.1, Difficulty.MIDDLE: 0.5, Difficulty.EASY: np.inf}
"""Shares that other models' answers stay below."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BinPoint:
    """Accuracy of one answer under a cap on its tokens, on the questions of a bin; `token_cap` None: its own end."""

    model: str
    task: str
    setup: str
    difficulty: Difficulty
    token_cap: int | None
    tokens: float
    accuracy: Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """One model on the questions of one difficulty.

    n_models    other models that the difficulty is told by
    saturation  in tokens, cap on one answer; None: too few questions for a curve
    tokens      mean length of an answer without a cap
    accuracy    of one answer without a cap
    """

    model: str
    task: str
    setup: str
    difficulty: Difficulty
    n_models: int
    n_questions: int
    n_answers: int
    saturation: Limit | None
    tokens: float
    accuracy: Interval


def bins(
    sets: Sequence[AnswerSet], endings: Endings, epsilon: float
) -> tuple[list[Bin], list[BinPoint]]:
    """Every bin of every set of plain samples with lengths, and its accuracy under each cap."""
    found: list[Bin] = []
    points: list[BinPoint] = []
    for of in sets:
        timed = of.timed() if of.strategy == "sampling" else None
        if timed is None:
            continue
        for one, answers in _bins_of(of, timed, sets, endings, epsilon):
            found.append(one)
            points += _points(one, answers)
    return found, points


def _bins_of(
    of: AnswerSet, timed: tuple[tuple[str, ...], Answers], sets: Sequence[AnswerSet], endings: Endings, epsilon: float
) -> Iterator[tuple[Bin, Answers]]:
    solved, n_models = solved_by_others(of, sets)
    if n_models < OTHERS_NEEDED:
        return
    ids, answers = timed
    places = {question: at for at, question in enumerate(of.questions)}
    shares = solved[[places[question] for question in ids]]
    low = -np.inf
    for difficulty, high in UPPER_ENDS.items():
        chosen = np.flatnonzero((shares >= low) & (shares < high))
        low = high
        if not len(chosen):
            continue
        own = answers.of_questions(chosen)
        enough = len(chosen) >= QUESTIONS_NEEDED and own.right.any()
        curve = fit_caps(own, endings, epsilon=epsilon) if enough else None
        yield (
            Bin(
                model=of.model,
                task=of.task,
                setup=of.setup,
                difficulty=difficulty,
                n_models=n_models,
                n_questions=len(chosen),
                n_answers=len(own.tokens),
                saturation=None if curve is None else limit_of(curve.saturation, curve),
                tokens=float(per_question(own, own.tokens).mean()),
                accuracy=over_questions(per_question(own, own.right)),
            ),
            own,
        )


def _points(of: Bin, answers: Answers) -> Iterator[BinPoint]:
    """Under each cap that lets some answers end and stops some, then without one."""

    def point(cap: int | None, tokens: float, right: Array) -> BinPoint:
        accuracy = over_questions(per_question(answers, right))
        return BinPoint(
            model=of.model,
            task=of.task,
            setup=of.setup,
            difficulty=of.difficulty,
            token_cap=cap,
            tokens=tokens,
            accuracy=accuracy,
        )

    for cap in CAPS:
        ended = float((answers.ends <= cap).mean())
        if CAP_MATTERS < ended and (answers.tokens > cap).any():
            right, _ = within_cap(answers.right, answers.ends, cap)
            yield point(int(cap), float(per_question(answers, np.minimum(answers.tokens, cap)).mean()), right)
    yield point(None, of.tokens, answers.right)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """Doublings of the cap by which the hardest bin whose saturation is told lies above the easiest one.

    `mean` over `n_pairs` of a model and a benchmark with two such bins; None: no such pair.
    """

    n_pairs: int
    mean: Interval | None


def shift(found: Sequence[Bin]) -> Shift:
    """Over pairs, each with the errors of its two intervals, which are taken as normal in doublings."""
    told: dict[tuple[str, str, str], list[Limit]] = {}
    for each in found:
        if each.saturation is not None and each.saturation.status is Status.REACHED:
            told.setdefault((each.model, each.task, each.setup), []).append(each.saturation)
    rng = np.random.default_rng(0)
    pairs = [limits for limits in told.values() if len(limits) > 1]
    draws = [_doublings(limits[0], rng) - _doublings(limits[-1], rng) for limits in pairs]
    return Shift(n_pairs=len(draws), mean=over_pairs(np.array(draws)))


def _doublings(limit: Limit, rng: np.random.Generator) -> Array:
    """(1 + DRAWS,) base-2 logarithms, the first as it is."""
    value, low, high = (np.log2(each or np.nan) for each in (limit.value, limit.low, limit.high))
    return np.asarray(value + (high - low) / (2 * Z90) * np.append(0.0, rng.standard_normal(DRAWS)))
