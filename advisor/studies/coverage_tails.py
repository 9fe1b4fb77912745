"""How coverage grows with the number of answers: its power law, the tail of hard questions behind it, and how well each
of them predicts the coverage of all answers from a sixteenth of them."""

from __future__ import annotations

from collections import defaultdict
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
RIGHT_NEEDED = 100
"""Right answers in the part, for a prediction from it to be judged: few right answers decide nothing."""
FORECASTS = 100
"""Resampled sets of questions, with other parts of their answers, that a prediction is made for."""


@dataclass(frozen=True, slots=True)
class CoverageTail(Value):
    """Coverage of one model on one task by one and by all of n_answers.

    exponent                 of −log coverage = a · k^−b, with its interval; None where nothing is covered
    fit_miss                 root mean square of what that law misses, at numbers of answers from 1 to all
    right_in_part            right answers in every PART-th of them, on average
    alpha                    of the Beta distribution of the chances of a right answer: what the exponent tends to
    predicted_by_tail        coverage by all answers from every PART-th one, by the distribution of the chances
    predicted_by_power_law   the same by the power law; None where it cannot be fitted
    tail_miss, law_miss      prediction less coverage
    """

    task: str
    model: str
    n_questions: int
    n_answers: int
    one: Interval
    all: Interval
    exponent: Interval | None
    r_squared: float | None
    fit_miss: float | None
    right_in_part: float
    alpha: float
    predicted_by_tail: float
    predicted_by_power_law: float | None
    tail_miss: Interval
    law_miss: Interval | None


@dataclass(frozen=True, slots=True)
class Predictions(Value):
    """How far they miss on one task, over `n_models` with RIGHT_NEEDED right answers in the part.

    law, tail    root mean square of the misses of the power law, and of the distribution of the chances
    closer       by how much the second is smaller
    """

    n_models: int
    law: Interval
    tail: Interval
    closer: Interval


@dataclass(frozen=True, slots=True)
class CoverageOfTask(Value):
    """How far a power law misses coverage on one task, over its models.

    fit          root mean square of the misses of the law fitted to all answers, at numbers of answers from 1 to all;
                 over `n_models`, with `left_out` none can be fitted
    predictions  of the coverage of all answers from every PART-th one; None: no model has RIGHT_NEEDED right ones there

    Intervals are over resampled questions, the same ones for all models: these answer the same questions.
    """

    task: str
    n_models: int
    left_out: int
    n_questions: int
    fit: Interval
    predictions: Predictions | None


@dataclass(frozen=True, slots=True)
class Forecast:
    """Coverage of all answers and what is predicted from a part of them: (PART + FORECASTS,).

    First from PART parts with the questions as they are, whose mean is the figure, then from one part each with
    resampled questions; NaN where there is no law. `fit` is what the law of all answers misses, root mean square over
    numbers of answers, for the same weights of the questions.
    """

    counts: Counts
    seen: Array
    by_tail: Array
    by_law: Array
    fit: Array

    @property
    def has_law(self) -> bool:
        """Whether every part gives one."""
        return not np.isnan(self.by_law[:PART]).any()

    @property
    def right_in_part(self) -> float:
        """Right answers in the part, on average."""
        return float((self.counts.right * (self.counts.drawn // PART) / self.counts.drawn).sum())

    @property
    def misses(self) -> tuple[Array, Array]:
        """Of the power law and of the distribution."""
        return self.by_law - self.seen, self.by_tail - self.seen


def coverage_forecasts(counts: Iterable[Counts]) -> list[Forecast]:
    """Of every model and task with ANSWERS_NEEDED answers to each question."""
    return [_forecast(each) for each in counts if each.drawn.min() >= ANSWERS_NEEDED]


def _forecast(counts: Counts) -> Forecast:
    n, rng = int(counts.drawn.min()), np.random.default_rng(seed_of(f"{counts.task}\0{counts.model}"))
    covers = covered(counts.right, counts.drawn, np.array([float(n)]))[:, 0]
    drawn = question_weights(counts.task, counts.question_ids)[:, :FORECASTS]
    weights = np.vstack([np.ones((PART, len(covers))), drawn.T])
    weights = weights / weights.mean(axis=1, keepdims=True)
    predicted = np.array([_predicted(*_part_of(counts, rng), n, each) for each in weights])
    places = spread(n)
    by_question = covered(counts.right, counts.drawn, places)
    fit = np.array([_fit_miss(places, each) for each in weights @ by_question / len(covers)])
    by_tail, by_law = predicted.T
    return Forecast(counts, weights @ covers / len(covers), by_tail, by_law, fit)


def _fit_miss(places: Array, coverage: Array) -> float:
    """Root mean square of what the power law of a coverage misses it by; NaN where there is none."""
    law = power_law(places, coverage)
    return float(((law.coverage(places) - coverage) ** 2).mean() ** 0.5) if law else np.nan


def coverage_by_task(forecasts: Iterable[Forecast]) -> Rows[CoverageOfTask]:
    """Of every task where some model's power law can be fitted."""
    by_task = defaultdict[str, list[Forecast]](list)
    for each in forecasts:
        by_task[each.counts.task].append(each)
    found = []
    for task, every in by_task.items():
        some = [each for each in every if not np.isnan(each.fit[0])]
        if some:
            n_questions = min(len(each.counts.right) for each in some)
            fit = _within(_rms([each.fit for each in some]))
            left_out = len(every) - len(some)
            found.append(CoverageOfTask(task, len(some), left_out, n_questions, fit, _predictions(some)))
    return Rows(found, CoverageOfTask)


def _predictions(some: Iterable[Forecast]) -> Predictions | None:
    judged = [each for each in some if each.has_law and each.right_in_part >= RIGHT_NEEDED]
    if not judged:
        return None
    law, tail = (_rms([each.misses[i] for each in judged]) for i in (0, 1))
    return Predictions(len(judged), _within(law), _within(tail), _within(law - tail))


def _rms(draws: list[Array]) -> Array:
    """Over models, in each draw."""
    return np.asarray(np.nanmean(np.array(draws) ** 2, axis=0) ** 0.5)


def _within(draws: Array) -> Interval:
    """The mean of the first PART with the interval of the others."""
    value, (low, high) = float(np.mean(draws[:PART])), np.nanquantile(draws[PART:], [0.05, 0.95])
    return Interval(value, float(min(low, value)), float(max(high, value)))


def coverage_tails(forecasts: Iterable[Forecast]) -> Rows[CoverageTail]:
    """One each."""
    return Rows((_tail(each) for each in forecasts), CoverageTail)


def _tail(forecast: Forecast) -> CoverageTail:
    counts = forecast.counts
    n = int(counts.drawn.min())
    places = spread(n)
    by_question = covered(counts.right, counts.drawn, places)
    law = power_law(places, by_question.mean(axis=0))
    law_miss, tail_miss = forecast.misses
    known = forecast.has_law
    return CoverageTail(
        counts.task,
        counts.model,
        len(counts.right),
        n,
        over_questions(by_question[:, 0]),
        over_questions(by_question[:, -1]),
        _exponents(counts, places, by_question, law.exponent) if law else None,
        law.r_squared if law else None,
        float(forecast.fit[0]) if law else None,
        forecast.right_in_part,
        fitted_tail(counts.right, counts.drawn).alpha,
        float(forecast.by_tail[:PART].mean()),
        float(forecast.by_law[:PART].mean()) if known else None,
        _within(tail_miss),
        _within(law_miss) if known else None,
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


def _part_of(counts: Counts, rng: np.random.Generator) -> tuple[Array, Array]:
    """Right answers among every PART-th of each question's, drawn without replacement, and how many those are."""
    drawn = np.maximum(counts.drawn // PART, 1).astype(int)
    wrong = (counts.drawn - counts.right).astype(int)
    right = rng.hypergeometric(counts.right.astype(int), wrong, drawn)
    return right.astype(float), drawn.astype(float)


def _predicted(right: Array, drawn: Array, n: int, weights: Array) -> tuple[float, float]:
    """Coverage by n answers, from fewer, of weighted questions: by the distribution of the chances, and by the power
    law, NaN where it cannot be fitted."""
    few = spread(int(drawn.min()))
    law = power_law(few, np.average(covered(right, drawn, few), axis=0, weights=weights))
    by_tail = expected_coverage(fitted_tail(right, drawn, weights), right, drawn, np.array([float(n)]))[:, 0]
    return float(np.average(by_tail, weights=weights)), float(law.coverage(n)) if law else np.nan
