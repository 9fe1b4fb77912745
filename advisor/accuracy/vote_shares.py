"""What larger votes would be right in: the shares of a question's answers, drawn from what is known of them.

A question's answers come from shares of the right answer and of any number of wrong ones, drawn from a Dirichlet
process: of `concentration` answers worth of prior knowledge a part `right` is for the right answer, the rest for wrong
answers that differ from each other. Given the tally of n answers, the shares are Dirichlet again, with a part left for
answers that nobody has given yet. Concentration and right part of each question come from a grid whose weights are
fitted to all questions of the run (empirical Bayes), begun from those that other data sets had.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
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
    """How answers are shared out: `concentration`, part of the `right` one, and `weight` over data sets, each (G,)."""

    concentration: Array
    right: Array
    weight: Array


def fitted(tallies: Sequence[Tally], prior: SharePrior, questions: float = PRIOR_QUESTIONS) -> tuple[SharePrior, Array]:
    """The prior of these questions, by EM, and the weights (Q, G) that each question has after its tally."""
    likely = np.array([_log_likelihood(tally, prior) for tally in tallies])
    likely = np.exp(likely - likely.max(axis=1, keepdims=True))
    weight = prior.weight
    for _ in range(ROUNDS):
        after = likely * weight
        after /= after.sum(axis=1, keepdims=True)
        weight = (after.sum(axis=0) + questions * prior.weight) / (len(tallies) + questions)
    return SharePrior(prior.concentration, prior.right, weight), after


def _log_likelihood(tally: Tally, prior: SharePrior) -> Array:
    """Of the order in which a question's answers came, for each place of the grid (Blackwell and MacQueen's urn)."""
    right, wrong, abstained = tally
    classes = [*wrong, *([abstained] if abstained else [])]
    n = right + sum(classes)
    concentration, of_right = prior.concentration, prior.concentration * prior.right
    total = gammaln(concentration) - gammaln(concentration + n)
    total = total + gammaln(of_right + right) - gammaln(of_right)
    return np.asarray(total + len(classes) * np.log(concentration - of_right) + gammaln(classes).sum())


def drawn_shares(tallies: Sequence[Tally], prior: SharePrior, rng: np.random.Generator, draws: int) -> Array:
    """Shares of each question's answers (draws, Q, classes): first the right one, last all that cannot win."""
    own, after = fitted(tallies, prior)
    n_questions, most = len(tallies), max(len(wrong) for _, wrong, _ in tallies)
    place = (rng.random((draws, n_questions, 1)) > after.cumsum(axis=1)).sum(axis=2).clip(max=len(own.weight) - 1)
    concentration, right = own.concentration[place], own.right[place]
    votes = np.array([[*wrong, *[0] * (most - len(wrong))] for _, wrong, _ in tallies], dtype=float)
    votes = votes.reshape(n_questions, most)
    of_right = rng.gamma(np.array([r for r, _, _ in tallies]) + concentration * right)
    of_wrong = rng.gamma(np.broadcast_to(votes, (draws, n_questions, most)))
    abstained = rng.gamma(np.broadcast_to([float(a) for _, _, a in tallies], (draws, n_questions)))
    of_new = concentration * (1 - right)
    sticks = rng.beta(1.0, np.repeat(of_new[..., None], UNSEEN, axis=2))
    rest = np.cumprod(1 - sticks, axis=2)
    unseen = rng.gamma(of_new)[..., None]
    new = unseen * sticks * np.concatenate([np.ones_like(rest[..., :1]), rest[..., :-1]], axis=2)
    left = abstained[..., None] + unseen * rest[..., -1:]
    shares = np.concatenate([of_right[..., None], of_wrong, new, left], axis=2)
    return np.asarray(shares / shares.sum(axis=2, keepdims=True))


def vote_accuracy(shares: Array, k: int, rng: np.random.Generator) -> Array:
    """Whether one vote of k answers each, drawn from shares (…, classes), is right; ties are shared."""
    votes = rng.multinomial(k, shares)[..., :-1]
    most = votes.max(axis=-1, keepdims=True)
    leads = (votes == most) & (most > 0)
    return np.asarray(leads[..., 0] / np.maximum(leads.sum(axis=-1), 1))


def limit_accuracy(shares: Array) -> Array:
    """Whether unlimited votes are right: the right answer has the largest share (arXiv 2408.00724, theorem 1)."""
    return np.asarray(shares[..., :-1].argmax(axis=-1) == 0, dtype=float)
