"""Fit accuracy against compute: exact or smoothed where it was measured, learned over data sets beyond.

Every way draws curves at random from what the answers leave open: which questions were asked, and how the curve goes
on. The value of a figure is that of the first curve, the mean one; its interval holds 90 % of the others. A curve
saturates where a doubling gains less than `epsilon`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from advisor.accuracy.endings import STEP, Answers, Endings, carried_on, right_within, seen
from advisor.accuracy.estimators import Array, Interval
from advisor.accuracy.growth import Growth, Paths, covariance, independent, paths
from advisor.accuracy.shapes import EPSILON, Claim, Curve, Shape, saturation_points, thinned
from advisor.accuracy.vote_shares import SharePrior, Tally, drawn_shares, limit_accuracy, vote_accuracy

DRAWS = 300
GAINS, ENDINGS, VOTES = "damped-gains", "endings", "vote-shares"
"""Families: how a curve goes on."""
TELLS = 0.05
"""An asymptote is claimed where it lies, in nine of ten draws, so near to the accuracy at the largest compute."""
QUANTILES = (0.05, 0.95)
MOST_LENGTHS = 2000
"""Lengths at which a curve is read; of more, as many spread evenly over them."""
SHARES_DRAWN, LEAST_DRAWN = 48_000_000, 30
"""Draws of the answers' shares, times the squared number of questions, and at least: what one draw leaves open in the
mean over many questions is little."""
LARGER_VOTES = (2, 4, 8, 32, 128)
"""Votes that are looked ahead, as multiples of the largest measured one."""


@dataclass(frozen=True, slots=True)
class Learned:
    """What data sets have in common: how gains go on, how answers end, how votes are shared out."""

    growth: Growth
    endings: Endings
    shares: SharePrior


@dataclass(frozen=True, slots=True)
class Drawn:
    """Curves (D, N) at compute `x` (N,), the mean one first, and what each comes to in the end (D,)."""

    x: Array
    accuracy: Array
    limit: Array


def fit_points(
    x: Array, correct: Array, growth: Growth, *, seed: int = 0, draws: int = DRAWS, epsilon: float = EPSILON
) -> Curve:
    """Of points at compute x (P,), rising, with the expected accuracy of each question there, `correct` (Q, P)."""
    found = paths(x, correct.mean(axis=0), covariance(correct), growth, np.random.default_rng(seed), draws)
    return _of_means(x, found, epsilon)


def fit_published(
    x: Array,
    accuracy: Array,
    n_questions: int,
    growth: Growth,
    *,
    seed: int = 0,
    draws: int = DRAWS,
    epsilon: float = EPSILON,
) -> Curve:
    """Of published means (P,), each over `n_questions`; their errors are taken as independent."""
    noise = independent(accuracy, n_questions)
    return _of_means(x, paths(x, accuracy, noise, growth, np.random.default_rng(seed), draws), epsilon)


def _of_means(x: Array, found: Paths, epsilon: float) -> Curve:
    places = float(x[0]) * 2.0**found.doublings
    drawn = Drawn(places, found.accuracy, found.accuracy[:, -1])
    return _curve(GAINS, drawn, float(x[0]), float(x[-1]), epsilon)


def fit_caps(
    answers: Answers, endings: Endings, *, seed: int = 0, draws: int = DRAWS, epsilon: float = EPSILON
) -> Curve:
    """Of single answers under a cap on their tokens."""
    rng = np.random.default_rng(seed)
    weights = _weights(int(answers.question.max()) + 1, rng, draws)
    longest = float(answers.tokens.max())
    ends = answers.ends
    shortest = float(min(ends[answers.right > 0].min(initial=np.inf), longest / 2))
    lengths = np.unique(np.concatenate([[shortest], ends[(ends > shortest) & np.isfinite(ends)], [longest]]))
    if len(lengths) > MOST_LENGTHS:
        lengths = lengths[np.linspace(0, len(lengths) - 1, MOST_LENGTHS).round().astype(int)]
    measured = weights @ right_within(answers, lengths)
    later = carried_on(seen(answers, longest, weights), endings, rng)
    beyond = longest * 2.0 ** (STEP * np.arange(1, later.shape[1] + 1))
    accuracy = np.hstack([measured, measured[:, -1:] + later])
    return _curve(ENDINGS, Drawn(np.append(lengths, beyond), accuracy, accuracy[:, -1]), shortest, longest, epsilon)


def fit_votes(
    x: Array,
    correct: Array,
    tallies: Sequence[Tally],
    prior: SharePrior,
    *,
    seed: int = 0,
    draws: int = DRAWS,
    epsilon: float = EPSILON,
) -> Curve:
    """Of votes of x (P,) answers, each right in `correct` (Q, P), the last one by all answers of the `tallies` (Q,).

    Larger votes add to the largest measured one what the shares of the answers say that they do.
    """
    rng = np.random.default_rng(seed)
    weights = _weights(len(correct), rng, draws)
    shares = drawn_shares(tallies, prior, rng, min(draws, max(SHARES_DRAWN // len(correct) ** 2, LEAST_DRAWN)))
    largest = int(x[-1])
    ks = [largest * times for times in LARGER_VOTES]
    right = vote_accuracy(shares, [largest, *ks], rng)
    gained = np.concatenate([right[..., 1:], limit_accuracy(shares)[..., None]], axis=-1) - right[..., :1]
    resampled = np.array([row @ gained[d % len(gained)] for d, row in enumerate(weights[1:])])
    gains = np.vstack([gained.mean(axis=(0, 1)), resampled])
    measured = weights @ correct
    accuracy = np.clip(np.hstack([measured, measured[:, -1:] + gains]), 0.0, 1.0)
    places = np.append(x, [*ks, 4.0 * ks[-1]])
    return _curve(VOTES, Drawn(places, accuracy, accuracy[:, -1]), float(x[0]), float(x[-1]), epsilon)


def _weights(n_questions: int, rng: np.random.Generator, draws: int) -> Array:
    """Of the questions: even, then resampled; their means spread as much as those of n − 1 would."""
    even = np.full(n_questions, 1 / n_questions)
    resampled = rng.multinomial(n_questions, even, draws) / n_questions
    return np.vstack([even, even + (resampled - even) * (n_questions / max(n_questions - 1, 1)) ** 0.5])


def _curve(family: str, drawn: Drawn, x_min: float, x_max: float, epsilon: float) -> Curve:
    accuracy = drawn.accuracy
    at_4x = np.array([np.interp(np.log2(4 * x_max), np.log2(drawn.x), each) for each in accuracy])
    now = np.array([np.interp(np.log2(x_max), np.log2(drawn.x), each) for each in accuracy])
    kept = thinned(drawn.x, accuracy[0])
    knots = tuple((float(drawn.x[i]), float(accuracy[0, i])) for i in kept)
    saturation = saturation_points(drawn.x, accuracy, x_min, x_max, epsilon)
    return Curve(
        Shape(family, knots), x_min, x_max, _asymptote(drawn.limit, now), _saturation(saturation, x_max), _within(at_4x)
    )


def _within(values: Array) -> Interval:
    """The first value with the interval that the others give."""
    low, high = np.quantile(values[1:], QUANTILES)
    value = float(np.clip(values[0], 0.0, 1.0))
    return Interval(value, float(np.clip(low, 0.0, value)), float(np.clip(high, value, 1.0)))


def _asymptote(limit: Array, now: Array) -> Claim:
    found = _within(limit)
    if np.quantile(np.abs(limit - now)[1:], 0.9) <= TELLS:
        return Claim(found.value, found.low, found.high)
    return Claim(None, min(found.low, _within(now).low), 1.0)


def _saturation(points: Array, x_max: float) -> Claim:
    """A value where the draws reach it.

    Resampled lengths are never longer than the longest, so they show what lies below: the interval goes as far up as it
    goes down.
    """
    low, high = np.quantile(points[1:], QUANTILES, method="nearest")
    if not np.isfinite(high) or not np.isfinite(points[0]):
        return Claim(None, float(min(low, x_max)), np.inf)
    value, low = float(points[0]), float(min(low, points[0]))
    return Claim(value, low, float(max(high, value**2 / low)))
