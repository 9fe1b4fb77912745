"""What larger votes would be right in: the shares of a question's answers, drawn from what is known of them.

The share of the right answer is beta distributed: prior knowledge worth `concentration` answers, a part `right` of
which is for the right one. Wrong answers come from a Dirichlet process with the concentration `rivals`: the fewer, the
more often they are one and the same. Given the tally of n answers both are what they were with the tally added, with a
part left for answers that nobody has given yet. Each question has its own place on the grids of both; the weights of
the places are fitted to all questions of the run (empirical Bayes), begun from those that other data sets had.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from advisor.accuracy.estimators import Array

Tally = tuple[int, tuple[int, ...], int]
"""Right votes, votes of each wrong answer, answers that cannot vote."""

PRIOR_QUESTIONS = 20.0
"""Questions that the weights of other data sets count for."""
UNSEEN = 4
"""Answers not yet given that can win a vote; what is left is spread too thin."""
ROUNDS = 100


@dataclass(frozen=True, slots=True)
class SharePrior:
    """How answers are shared out: grids and their weights over data sets.

    concentration, right, weight  (G,) of the right answer's share
    rivals, rivals_weight         (A,) concentration of the wrong answers
    """

    concentration: Array
    right: Array
    weight: Array
    rivals: Array
    rivals_weight: Array


def fitted(likely: Array, weight: Array, questions: float = PRIOR_QUESTIONS) -> tuple[Array, Array]:
    """Weights (G,) of these questions by EM from their log likelihoods (Q, G); and of each after its tally, (Q, G).

    `weight` counts for so many `questions`.
    """
    likely = np.exp(likely - likely.max(axis=1, keepdims=True))
    own = weight
    for _ in range(ROUNDS):
        after = likely * own
        after /= after.sum(axis=1, keepdims=True)
        own = (after.sum(axis=0) + questions * weight) / (len(likely) + questions)
    return own, after


def right_likelihoods(tallies: Sequence[Tally], prior: SharePrior) -> Array:
    """Logarithms (Q, G) of the chance of the right answers among all."""
    right = np.array([r for r, _, _ in tallies])[:, None]
    wrong = np.array([sum(w) + a for _, w, a in tallies])[:, None]
    of_right, of_wrong = prior.concentration * prior.right, prior.concentration * (1 - prior.right)
    return np.asarray(
        gammaln(of_right + right)
        - gammaln(of_right)
        + gammaln(of_wrong + wrong)
        - gammaln(of_wrong)
        + gammaln(prior.concentration)
        - gammaln(prior.concentration + right + wrong)
    )


def rival_likelihoods(tallies: Sequence[Tally], prior: SharePrior) -> Array:
    """Logarithms (Q, A), up to what they share, of the chance that wrong answers fall together as they do (Ewens)."""
    wrong = np.array([sum(w) + a for _, w, a in tallies])[:, None]
    different = np.array([len(w) + (a > 0) for _, w, a in tallies])[:, None]
    return np.asarray(different * np.log(prior.rivals) + gammaln(prior.rivals) - gammaln(prior.rivals + wrong))


def drawn_shares(tallies: Sequence[Tally], prior: SharePrior, rng: np.random.Generator, draws: int) -> Array:
    """Shares of each question's answers (draws, Q, classes): first the right one, last all that cannot win."""
    n_questions, most = len(tallies), max(len(wrong) for _, wrong, _ in tallies)
    place = _places(fitted(right_likelihoods(tallies, prior), prior.weight)[1], rng, draws)
    n_right = np.array([right for right, _, _ in tallies])
    n_wrong = np.array([sum(wrong) + abstained for _, wrong, abstained in tallies])
    concentration, part = prior.concentration[place], prior.right[place]
    right = rng.beta(n_right + concentration * part, n_wrong + concentration * (1 - part))
    votes = np.array([[*wrong, *[0] * (most - len(wrong))] for _, wrong, _ in tallies], dtype=float)
    seen = rng.gamma(np.broadcast_to(votes.reshape(n_questions, most), (draws, n_questions, most)))
    abstained = rng.gamma(np.broadcast_to([float(a) for _, _, a in tallies], (draws, n_questions)))
    rivals = prior.rivals[_places(fitted(rival_likelihoods(tallies, prior), prior.rivals_weight)[1], rng, draws)]
    sticks = rng.beta(1.0, np.repeat(rivals[..., None], UNSEEN, axis=2))
    rest = np.cumprod(1 - sticks, axis=2)
    unseen = rng.gamma(rivals)[..., None]
    new = unseen * sticks * np.concatenate([np.ones_like(rest[..., :1]), rest[..., :-1]], axis=2)
    wrong = np.concatenate([seen, new, abstained[..., None] + unseen * rest[..., -1:]], axis=2)
    wrong *= ((1 - right) / wrong.sum(axis=2))[..., None]
    return np.asarray(np.concatenate([right[..., None], wrong], axis=2))


def _places(after: Array, rng: np.random.Generator, draws: int) -> NDArray[np.int64]:
    """A place of the grid drawn for each question: (draws, Q)."""
    cumulative = after.cumsum(axis=1)
    return np.asarray((rng.random((draws, len(after), 1)) > cumulative).sum(axis=2).clip(max=after.shape[1] - 1))


def vote_accuracy(shares: Array, ks: Sequence[int], rng: np.random.Generator) -> Array:
    """Whether votes of k answers, drawn from shares (…, classes), are right: (…, K) for rising k; ties are shared.

    A larger vote counts the answers of the smaller ones too, so that their difference is that of the answers added.
    """
    votes, found, before = np.zeros(shares.shape, dtype=np.int64), [], 0
    for k in ks:
        votes, before = votes + rng.multinomial(k - before, shares), k
        most = votes[..., :-1].max(axis=-1, keepdims=True)
        leads = (votes[..., :-1] == most) & (most > 0)
        found.append(leads[..., 0] / np.maximum(leads.sum(axis=-1), 1))
    return np.stack(found, axis=-1)


def limit_accuracy(shares: Array) -> Array:
    """Whether unlimited votes are right: the right answer has the largest share (arXiv 2408.00724, theorem 1)."""
    return np.asarray(shares[..., :-1].argmax(axis=-1) == 0, dtype=float)
