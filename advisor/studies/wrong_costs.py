"""What wrong answers cost against right ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from advisor.accuracy.endings import Answers, per_question
from advisor.accuracy.estimators import Array, Interval, over_questions
from advisor.fits.costs import policy_flops
from advisor.fits.draws import Z90
from advisor.models.catalog import Catalog
from advisor.studies.answer_sets import AnswerSet
from advisor.studies.intervals import interval, student, weightings
from advisor.studies.token_prices import TokenPrice

MIXED_NEEDED = 5
"""Questions with right and wrong answers, for a comparison within them."""
ANSWERS_NEEDED = 10
"""Right ones and wrong ones, for the interval of a set's ratio to count: in simulated sets of fewer it holds the true
ratio clearly more seldom than in nine of ten."""
LONG = 0.1
"""Share of the answers that are the long ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerCosts:
    """What the right and the wrong answers of one set cost, means over questions that count the same.

    cut, looping         share of the answers that a limit stopped, and of those that were stopped since they repeated
                         themselves; None: why answers ended was not recorded
    right_tokens, …      of a right and of a wrong answer; FLOPs and USD likewise, None: not known
    ratio                tokens of a wrong answer over those of a right one; None: all are right, or all wrong
    ended_ratio          the same without cut and looping answers, where there are any
    within_ratio         the same over the `n_mixed` questions with right and wrong answers, each the mean of its own:
                         difficulty does not explain it; None: fewer than MIXED_NEEDED such questions
    long_wrong           wrong ones among the longest tenth of the answers, with those as long as the shortest of them
    wrong_share          of all tokens that went to wrong answers; `wrong_flops_share` of all FLOPs
    usd_per_million_tokens  on the cheapest rented deployment, `rent`; None: not known
    """

    model: str
    task: str
    strategy: str
    setup: str
    n_questions: int
    n_answers: int
    n_wrong: int
    cut: float | None
    looping: float | None
    right_tokens: float | None
    wrong_tokens: float | None
    ratio: Interval | None
    ended_ratio: Interval | None
    n_mixed: int
    within_ratio: Interval | None
    long_wrong: Interval
    wrong_share: Interval | None
    right_flops: float | None
    wrong_flops: float | None
    wrong_flops_share: float | None
    usd_per_million_tokens: float | None
    right_usd: float | None
    wrong_usd: float | None
    rent: str | None

    @property
    def is_sure(self) -> bool:
        """Whether the interval of `ratio` counts: ANSWERS_NEEDED are right, and as many wrong."""
        return min(self.n_wrong, self.n_answers - self.n_wrong) >= ANSWERS_NEEDED


@dataclass(frozen=True, slots=True)
class Ratios:
    """(1 + DRAWS,) draws of a row's `ratio` and `within_ratio`, no numbers where it has none, of `long_wrong`, and of
    how much more that is than the share of wrong ones among all answers."""

    ratio: Array
    within: Array
    long_wrong: Array
    excess: Array


def answer_costs(
    of: AnswerSet, ids: Sequence[str], answers: Answers, models: Catalog, price: TokenPrice | None
) -> tuple[AnswerCosts, Ratios]:
    """The row of a set with its questions and answers whose lengths were recorded."""
    weights, n = weightings(of.task, ids), len(ids)
    right, wrong = answers.right, 1 - answers.right
    drawn = _ratio(answers, weights, wrong, right)
    ended = 1 - answers.open
    right_tokens, wrong_tokens = (float(_means(answers, weights[:1], each)[0]) for each in (right, wrong))
    flops = _flops(of, answers, models)
    right_flops, wrong_flops, flops_share = _of_flops(answers, flops)
    mixed, within = _within(answers, weights)
    long_wrong, drawn_long = _of_longest(answers, weights)
    usd = price.usd if price else None
    row = AnswerCosts(
        model=of.model,
        task=of.task,
        strategy=of.strategy,
        setup=of.setup,
        n_questions=n,
        n_answers=len(right),
        n_wrong=int(wrong.sum()),
        cut=float((answers.open - answers.looping).mean()) if of.finish_recorded else None,
        looping=float(answers.looping.mean()) if of.finish_recorded else None,
        right_tokens=_known(right_tokens),
        wrong_tokens=_known(wrong_tokens),
        ratio=_of_logs(drawn, answers),
        ended_ratio=interval(_ratio(answers, weights, wrong * ended, right * ended), n) if answers.open.any() else None,
        n_mixed=mixed,
        within_ratio=interval(within, mixed),
        long_wrong=long_wrong,
        wrong_share=_share(answers, weights, wrong, n),
        right_flops=right_flops,
        wrong_flops=wrong_flops,
        wrong_flops_share=flops_share,
        usd_per_million_tokens=None if usd is None else 1e6 * usd,
        right_usd=None if usd is None else _known(usd * right_tokens),
        wrong_usd=None if usd is None else _known(usd * wrong_tokens),
        rent=price.rent if price else None,
    )
    every = weights @ per_question(answers, wrong) / weights.sum(axis=1)
    return row, Ratios(drawn, within, drawn_long, drawn_long - every)


def _known(value: float) -> float | None:
    return None if np.isnan(value) else value


def _over(numerator: Array, denominator: Array) -> Array:
    """A quotient that is no number where there is nothing to divide by."""
    return np.where(denominator > 0, numerator / np.where(denominator > 0, denominator, 1.0), np.nan)


def _means(answers: Answers, weights: Array, kind: Array, values: Array | None = None) -> Array:
    """(B,) means of `values`, tokens by default, over the answers with a `kind` (N,) of 1; a question's share of them
    weighs them.
    """
    values = answers.tokens if values is None else values
    return _over(weights @ per_question(answers, kind * values), weights @ per_question(answers, kind))


def _ratio(answers: Answers, weights: Array, wrong: Array, right: Array) -> Array:
    return _over(_means(answers, weights, wrong), _means(answers, weights, right))


def _of_logs(ratios: Array, answers: Answers) -> Interval | None:
    """The first of the draws of a ratio with its interval, symmetric in its logarithm; None where it is no number.

    Widened as Student's for the questions with a right or with a wrong answer, whichever are fewer.
    """
    if np.isnan(ratios[0]):
        return None
    n_right = np.bincount(answers.question, answers.right)
    fewest = min(int((n_right > 0).sum()), int((n_right < np.bincount(answers.question)).sum()))
    half = student(fewest) * Z90 * float(np.nanstd(np.log(ratios[1:])))
    value = float(ratios[0])
    return Interval(value, value * float(np.exp(-half)), value * float(np.exp(half)))


def _share(answers: Answers, weights: Array, wrong: Array, n: int) -> Interval | None:
    spent = weights @ per_question(answers, answers.tokens)
    found = interval(_over(weights @ per_question(answers, wrong * answers.tokens), spent), n)
    return found and Interval(found.value, max(found.low, 0.0), min(found.high, 1.0))


def _within(answers: Answers, weights: Array) -> tuple[int, Array]:
    """How many questions have right and wrong answers, and how much longer their wrong ones are, (B,)."""
    n = np.bincount(answers.question)
    n_right = np.bincount(answers.question, answers.right)
    mixed = (n_right > 0) & (n_right < n)
    if mixed.sum() < MIXED_NEEDED:
        return int(mixed.sum()), np.full(len(weights), np.nan)
    right = np.bincount(answers.question, answers.right * answers.tokens)[mixed] / n_right[mixed]
    wrong = np.bincount(answers.question, (1 - answers.right) * answers.tokens)[mixed] / (n - n_right)[mixed]
    own = weights[:, mixed]
    return int(mixed.sum()), _over(own @ wrong, own @ right)


def _of_longest(answers: Answers, weights: Array) -> tuple[Interval, Array]:
    """Share of the longest answers that is wrong, mean over the questions that have any, and draws of it (B,)."""
    long = answers.tokens >= np.sort(answers.tokens)[-max(round(LONG * len(answers.tokens)), 1)]
    n = np.bincount(answers.question, long)
    some = n > 0
    wrong = np.bincount(answers.question, long * (1 - answers.right))[some] / n[some]
    own = weights[:, some]
    return over_questions(wrong), _over(own @ wrong, own.sum(axis=1))


def _flops(of: AnswerSet, answers: Answers, models: Catalog) -> Array | None:
    """(N,) of every answer with its prompt; None for a model without a config."""
    if of.model not in models:
        return None
    lengths, which = np.unique(answers.tokens, return_inverse=True)
    prompt = of.prompt_tokens
    each = np.array([policy_flops(models, of.model, prompt, float(length), 1) for length in lengths])
    return np.asarray(each[which.ravel()])


def _of_flops(answers: Answers, flops: Array | None) -> tuple[float | None, float | None, float | None]:
    """Means of a right and of a wrong answer, and the share that went to wrong ones."""
    if flops is None:
        return None, None, None
    even = np.ones((1, int(answers.question.max()) + 1))
    right, wrong = (float(_means(answers, even, kind, flops)[0]) for kind in (answers.right, 1 - answers.right))
    spent = per_question(answers, flops).sum()
    share = per_question(answers, (1 - answers.right) * flops).sum() / spent if spent else np.nan
    return _known(right), _known(wrong), _known(float(share))
