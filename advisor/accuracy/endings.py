"""Accuracy under a cap on tokens: exact at every length that was observed, and learned beyond the longest.

Up to the longest answer the accuracy under a cap is the share of answers that have ended by then and are right. Beyond,
of the answers still open some never end; the others end, later ones less often right. How answers go on ending, and how
much less often late ones are right, is learned over data sets (`Endings`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from advisor.accuracy.estimators import Array

STEP = 0.5
"""Doublings of the cap in a step."""
AHEAD = 20
"""Steps that are looked ahead."""
LOOK_BACK = 6
"""Caps, a step apart, up to the last one, that tell how answers end."""
LEAST_ADDED = 0.01
"""Log odds that a step adds at least, so that their logarithm is finite."""
LOG_ADDED = (-5.0, 2.0)
"""Logarithms of what a step adds stay within, far ahead too."""
RATES = (0.02, 0.98)
"""Open questions are never taken to be sure of their answers."""
NODES, NODE_WEIGHTS = np.polynomial.hermite_e.hermegauss(7)
"""Of an average over a standard normal."""
OWN_RATE_COUNTS = 0.3
"""Ended answers of a question that the rate of the last doubling counts for, as a guess of its open answers' rate."""


@dataclass(frozen=True, slots=True)
class Endings:
    """What data sets have in common. With e the log odds of having ended, d what a STEP of the cap adds to them:

    log d = level + carried · log(d before) + share · e before it, ± spread
    logit of right ones among those that end j doublings beyond the last cap = that of the open questions − j · decline
    decline, decline_spread      over data sets
    never, never_weight  (E,)    share of the open answers that never end, and how many data sets have it
    """

    level: float
    carried: float
    share: float
    spread: float
    decline: float
    decline_spread: float
    never: Array
    never_weight: Array


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """N single answers to Q questions, arrays of shape (N,).

    question  0 … Q−1
    right     1.0 or 0.0
    open      stopped by a limit, so that its own end is not known
    looping   stopped since it repeated itself: it never ends
    """

    question: Array
    tokens: Array
    right: Array
    open: Array
    looping: Array

    @property
    def ends(self) -> Array:
        """Length at its own end; infinite where not known."""
        return np.where(self.open > 0, np.inf, self.tokens)

    def until(self, cap: float) -> Answers:
        """As a run would have recorded them that stopped every answer at `cap`."""
        cut = self.tokens > cap
        return Answers(
            question=self.question,
            tokens=np.minimum(self.tokens, cap),
            right=np.where(cut, 0.0, self.right),
            open=np.maximum(self.open, cut),
            looping=np.where(cut, 0.0, self.looping),
        )

    def of_questions(self, chosen: NDArray[np.integer[Any]]) -> Answers:
        """The answers to some questions, numbered anew."""
        numbers = np.full(int(self.question.max()) + 1, -1)
        numbers[chosen] = np.arange(len(chosen))
        kept = numbers[self.question] >= 0
        return Answers(
            question=numbers[self.question[kept]],
            tokens=self.tokens[kept],
            right=self.right[kept],
            open=self.open[kept],
            looping=self.looping[kept],
        )


@dataclass(frozen=True, slots=True)
class Seen:
    """How answers had ended by the last cap, B weightings of the questions at once.

    ended     (B, LOOK_BACK) share that had ended by each of the last caps
    looping   (B,) share that never ends, as recorded
    rate      (B,) expected share of right ones among the open ones, from the ended ones of their questions
    n         independent answers that a share is as certain as
    """

    ended: Array
    looping: Array
    rate: Array
    n: float


def per_question(answers: Answers, values: Array) -> Array:
    """Mean (Q, …) over the answers of each question of `values` (N, …)."""
    n = np.bincount(answers.question)
    order = np.argsort(answers.question, kind="stable")
    starts = np.concatenate([[0], np.cumsum(n)[:-1]])
    sums = np.add.reduceat(values[order], starts, axis=0)
    return np.asarray(sums / (n[:, None] if values.ndim > 1 else n))


def right_within(answers: Answers, lengths: Array) -> Array:
    """Share (Q, L) of each question's answers that have ended within each of the rising lengths and are right."""
    n = np.bincount(answers.question)
    place = np.searchsorted(lengths, answers.ends)
    flat = answers.question * (len(lengths) + 1) + place  # in the last column what ends beyond all of them
    counted = np.bincount(flat, answers.right, len(n) * (len(lengths) + 1)).reshape(len(n), -1)
    return np.asarray(counted[:, :-1].cumsum(axis=1) / n[:, None])


def seen(answers: Answers, cap: float, weights: Array) -> Seen:
    """What B weightings (B, Q) of the questions show of the endings up to `cap`."""
    caps = cap * 2.0 ** (STEP * np.arange(1 - LOOK_BACK, 1))
    within = answers.ends[:, None] <= caps
    ended = per_question(answers, within.astype(float))
    right = per_question(answers, within * answers.right[:, None])
    drawn = np.bincount(answers.question)
    shares, rights = weights @ ended, weights @ right
    # half an answer each way, so that no answers give no infinite odds
    half = 0.5 / len(answers.tokens)
    latest = (rights[:, -1] - rights[:, -3] + half) / (shares[:, -1] - shares[:, -3] + 2 * half)
    own = (right[:, -1] * drawn + OWN_RATE_COUNTS * latest[:, None]) / (ended[:, -1] * drawn + OWN_RATE_COUNTS)
    still = weights * (1 - ended[:, -1])
    rate = ((still * own).sum(axis=1) + half * latest) / (still.sum(axis=1) + half)
    looping = weights @ per_question(answers, answers.looping)
    return Seen(shares, looping, rate, _independent(ended[:, -1], len(answers.tokens)))


def _independent(ended: Array, n_answers: int) -> float:
    """As many answers as the shares (Q,) of the questions' answers differ by: from the questions to all answers."""
    mean = float(ended.mean())
    spread = float(ended.var(ddof=1)) / len(ended) if len(ended) > 1 else 0.0
    return float(np.clip(mean * (1 - mean) / max(spread, 1e-12), len(ended), n_answers))


def carried_on(found: Seen, endings: Endings, rng: np.random.Generator) -> Array:
    """What answers beyond the last cap add to the accuracy after each step ahead: (B, AHEAD), the first the mean one.

    All but the first are drawn: how many never end, how fast the others do, and how much less often they are right.
    """
    n_draws = len(found.rate)
    drawn = np.arange(n_draws) > 0
    never = _never(found, endings, rng)
    ended = np.clip(found.ended / (1 - never)[:, None], 0.0, 1.0)
    odds = _log_odds(ended, found.n)
    open_now = np.maximum(1 - never - found.ended[:, -1], 0.0)
    before, share = np.log(np.maximum(odds[:, -1] - odds[:, -2], LEAST_ADDED)), odds[:, -1]
    level = endings.level + endings.spread * rng.standard_normal(n_draws) * drawn
    decline = endings.decline + endings.decline_spread * rng.standard_normal(n_draws) * drawn
    rate = np.clip(found.rate, *RATES)
    logit = np.log(rate / (1 - rate))
    total, gains = np.zeros(n_draws), []
    start = _expit(share)
    for j in range(1, AHEAD + 1):
        before = np.clip(level + endings.carried * before + endings.share * share, *LOG_ADDED)
        later = share + np.exp(before)
        # of the open ones that end at all
        ending = open_now * (_expit(later) - _expit(share)) / np.maximum(1 - start, 1e-9)
        total = total + ending * _expit(logit - STEP * j * decline)
        share = later
        gains.append(total)
    return np.array(gains).T


def never_likelihoods(found: Seen, endings: Endings) -> Array:
    """Logarithms (B, E), up to a constant, of how likely the endings are where `endings.never` of the open never end.

    Endings that falter while many answers are open are not likely where all of them end.
    """
    return np.array([_log_likelihood(found.ended, each, found.n, endings) for each in _shares(found, endings).T]).T


def _shares(found: Seen, endings: Endings) -> Array:
    """Shares (B, E) of all answers that may never end; those that looped never do."""
    open_now = 1 - found.ended[:, -1]
    known = np.clip(found.looping, 0.0, open_now)
    return np.asarray(known[:, None] + np.outer(open_now - known, endings.never))


def _never(found: Seen, endings: Endings, rng: np.random.Generator) -> Array:
    """Share of all answers that never ends, one drawn for each weighting, the first the mean one."""
    shares, likely = _shares(found, endings), never_likelihoods(found, endings)
    weight = np.exp(likely - likely.max(axis=1, keepdims=True)) * endings.never_weight
    weight /= weight.sum(axis=1, keepdims=True)
    place = (rng.random((len(weight), 1)) > weight.cumsum(axis=1)).sum(axis=1).clip(max=len(endings.never) - 1)
    drawn = shares[np.arange(len(shares)), place]
    drawn[0] = weight[0] @ shares[0]
    return np.asarray(np.minimum(drawn, 1 - 1e-6))


def _log_likelihood(ended: Array, never: Array, n: float, endings: Endings) -> Array:
    """Of the endings in the last steps, where `never` (B,) of the answers never end: binomial, n answers."""
    odds = _log_odds(np.clip(ended / np.maximum(1 - never, 1e-9)[:, None], 0.0, 1.0), n)
    added = np.log(np.maximum(np.diff(odds, axis=1), LEAST_ADDED))
    total = np.zeros(len(ended))
    for j in range(2, LOOK_BACK):
        expected = endings.level + endings.carried * added[:, j - 2] + endings.share * odds[:, j - 1]
        later = odds[:, j - 1, None] + np.exp(expected[:, None] + endings.spread * NODES)
        start = _expit(odds[:, j - 1, None])
        still = 1 - ended[:, j - 1, None]
        able = np.maximum(still - never[:, None], 0.0) / np.maximum(still, 1e-9)
        share = np.clip(able * (_expit(later) - start) / (1 - start), 1e-6, 1 - 1e-6)
        ends = n * (ended[:, j] - ended[:, j - 1])[:, None]
        stays = n * (1 - ended[:, j])[:, None]
        log = ends * np.log(share) + stays * np.log(1 - share)
        top = log.max(axis=1, keepdims=True)
        total += top[:, 0] + np.log(np.exp(log - top) @ NODE_WEIGHTS)
    return total


def _log_odds(share: Array, n: float) -> Array:
    near = (share * n + 0.5) / (n + 1)
    return np.asarray(np.log(near / (1 - near)))


def _expit(logit: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-logit)))
