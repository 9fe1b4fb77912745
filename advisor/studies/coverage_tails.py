"""How coverage grows with the number of answers: its power law, the tail of hard questions behind it, and how well each
of them predicts the coverage of all answers from a sixteenth of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from advisor.accuracy.coverage import covered, expected_coverage, fitted_tail, power_law
from advisor.accuracy.estimators import Array, Interval, over_questions
from advisor.accuracy.resampling import DRAWS, question_weights, seed_of
from advisor.studies.size_families import Counts
from advisor.values import Rows, Value

PART = 16
"""The coverage of all answers is predicted from one in so many."""
ANSWERS_NEEDED = 64
"""Fewer leave no range for a power law."""
PLACES = 25
"""Numbers of answers that a power law is fitted to."""


@dataclass(frozen=True, slots=True)
class CoverageTail(Value):
    """Coverage of one model on one task by one and by all of n_answers.

    exponent                 of −log coverage = a · k^−b, with its interval; None where nothing is covered
    alpha                    of the Beta distribution of the chances of a right answer: what the exponent tends to
    predicted_by_tail        coverage by all answers from every PART-th one, by the distribution of the chances
    predicted_by_power_law   the same by the power law; None where it cannot be fitted
    """

    task: str
    model: str
    n_questions: int
    n_answers: int
    one: Interval
    all: Interval
    exponent: Interval | None
    r_squared: float | None
    alpha: float
    predicted_by_tail: float
    predicted_by_power_law: float | None


def coverage_tails(counts: Iterable[Counts]) -> Rows[CoverageTail]:
    """Of every model and task with ANSWERS_NEEDED answers to each question."""
    return Rows((_tail(each) for each in counts if each.drawn.min() >= ANSWERS_NEEDED), CoverageTail)


def _tail(counts: Counts) -> CoverageTail:
    n = int(counts.drawn.min())
    places = spread(n)
    by_question = covered(counts.right, counts.drawn, places)
    law = power_law(places, by_question.mean(axis=0))
    part = _part_of(counts, seed_of(f"{counts.task}\0{counts.model}"))
    by_tail, by_law = _predicted(*part, n)
    return CoverageTail(
        counts.task,
        counts.model,
        len(counts.right),
        n,
        over_questions(by_question[:, 0]),
        over_questions(by_question[:, -1]),
        _exponents(counts, places, by_question, law.exponent) if law else None,
        law.r_squared if law else None,
        fitted_tail(counts.right, counts.drawn).alpha,
        by_tail,
        by_law,
    )


def spread(n: int) -> Array:
    """Whole numbers from 1 to n at equal ratios."""
    return np.unique(np.geomspace(1, n, PLACES).astype(int)).astype(float)


def _exponents(counts: Counts, places: Array, by_question: Array, value: float) -> Interval:
    weights = question_weights(counts.task, counts.question_ids)
    drawn = by_question.T @ (weights / weights.sum(axis=0))
    laws = [power_law(places, drawn[:, d]) for d in range(DRAWS)]
    low, high = np.quantile([each.exponent for each in laws if each], [0.05, 0.95])
    return Interval(value, float(min(low, value)), float(max(high, value)))


def _part_of(counts: Counts, seed: int) -> tuple[Array, Array]:
    """Right answers among every PART-th of each question's, drawn without replacement, and how many those are."""
    drawn = np.maximum(counts.drawn // PART, 1).astype(int)
    wrong = (counts.drawn - counts.right).astype(int)
    right = np.random.default_rng(seed).hypergeometric(counts.right.astype(int), wrong, drawn)
    return right.astype(float), drawn.astype(float)


def _predicted(right: Array, drawn: Array, n: int) -> tuple[float, float | None]:
    """Coverage by n answers, from fewer: by the distribution of the chances, and by the power law."""
    few = spread(int(drawn.min()))
    law = power_law(few, covered(right, drawn, few).mean(axis=0))
    by_tail = expected_coverage(fitted_tail(right, drawn), right, drawn, np.array([float(n)]))
    return float(by_tail.mean()), float(law.coverage(n)) if law else None
