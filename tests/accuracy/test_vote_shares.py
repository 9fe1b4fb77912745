"""Shares of answers: posteriors by hand, votes against brute force, populations whose truth is known."""

from itertools import product

import numpy as np
import pytest

from advisor.accuracy.estimators import majority_at_all_k
from advisor.accuracy.vote_shares import (
    SharePrior,
    drawn_shares,
    fitted,
    limit_accuracy,
    right_likelihoods,
    rival_likelihoods,
    vote_accuracy,
)
from tests.accuracy.learned import even_shares


def one(concentration, right, rivals=1.0):
    alone = np.array([1.0])
    return SharePrior(np.array([concentration]), np.array([right]), alone, np.array([rivals]), alone)


def test_shares_by_hand():
    """6 of 10 right; a prior of 4 answers, half of them right: beta with 8 and 6. The four wrong answers, 2, 1 and one
    that cannot vote, and one of prior knowledge share the rest."""
    shares = drawn_shares([(6, (2, 1), 1)], one(4.0, 0.5), np.random.default_rng(0), 20_000)[:, 0]
    rest = 6 / 14
    assert shares.mean(axis=0)[:3] == pytest.approx([8 / 14, rest * 2 / 5, rest / 5], abs=0.005)
    assert shares[:, 3:].mean(axis=0).sum() == pytest.approx(rest * 2 / 5, abs=0.005)
    assert shares[:, 0].var() == pytest.approx(8 * 6 / (14**2 * 15), rel=0.05)
    assert shares.sum(axis=1) == pytest.approx(np.ones(20_000))


def test_of_what_is_unseen_the_first_stick_takes_most():
    """With one answer's worth of prior knowledge for wrong answers, sticks take 1/2, 1/4, 1/8 … of it on average."""
    shares = drawn_shares([(0, (), 0)], one(2.0, 0.5), np.random.default_rng(1), 40_000)[:, 0]
    assert shares[:, 1:].mean(axis=0) == pytest.approx([0.25, 0.125, 0.0625, 0.03125, 0.03125], abs=0.004)


def test_chances_of_a_tally_by_hand():
    """Uniform prior (two answers' worth, half right): 3 right of 4 in one order have the chance 1/20.

    Three different wrong answers, concentration a: a/(a + 1) · a/(a + 2). How many came alike is left out.
    """
    assert np.exp(right_likelihoods([(3, (1,), 0)], one(2.0, 0.5))) == pytest.approx(1 / 20)
    alike, two = np.exp(rival_likelihoods([(0, (3,), 0), (0, (2,), 1)], one(2.0, 0.5, 1.0)))[:, 0]
    assert two / alike == pytest.approx(1)  # one class or two: 1^1 or 1^2
    many, few = (np.exp(rival_likelihoods([(0, (1, 1, 1), 0)], one(2.0, 0.5, a)))[0, 0] for a in (5.0, 0.2))
    assert many == pytest.approx(25 / (6 * 7))
    assert few == pytest.approx(0.04 / (1.2 * 2.2))


@pytest.mark.parametrize("k", [1, 2, 3, 5])
def test_votes_are_those_of_all_ways_to_draw(k):
    """Over all sequences of k answers with shares 0.5, 0.3 and 0.2, the last of which cannot win."""
    share = [0.5, 0.3, 0.2]
    truth = 0.0
    for drawn in product(range(3), repeat=k):
        right, wrong = drawn.count(0), drawn.count(1)
        won = 0.0 if max(right, wrong) == 0 else 1.0 if right > wrong else 0.5 if right == wrong else 0.0
        truth += np.prod([share[i] for i in drawn]) * won
    many = vote_accuracy(np.tile(share, (40_000, 1)), [1, k] if k > 1 else [k], np.random.default_rng(0))
    assert many[:, -1].mean() == pytest.approx(truth, abs=0.01)
    assert many[:, 0].mean() == pytest.approx(0.5, abs=0.01)


def test_unlimited_votes_are_right_where_the_right_answer_is_the_most_probable():
    shares = np.array([[0.4, 0.3, 0.3], [0.2, 0.5, 0.3], [0.3, 0.2, 0.5]])
    assert limit_accuracy(shares).tolist() == [1, 0, 1]  # the last class cannot win


def test_the_grid_is_fitted_to_the_questions():
    """Questions that are answered always alike want little concentration; other data sets count for their questions."""
    tallies, prior = [(8, (), 0), (0, (8,), 0)] * 30, even_shares()
    weight, after = fitted(right_likelihoods(tallies, prior), prior.weight, 0.001)
    assert prior.concentration @ weight < 0.6
    assert prior.right @ weight == pytest.approx(0.5, abs=0.06)
    assert after.sum(axis=1) == pytest.approx(np.ones(60))
    held, _ = fitted(right_likelihoods(tallies, prior), prior.weight, 1e6)
    assert held == pytest.approx(prior.weight, abs=1e-3)
    rivals, _ = fitted(rival_likelihoods([(2, (6,), 0)] * 40, prior), prior.rivals_weight, 1.0)
    assert rivals[0] > 0.8  # wrong answers that are all alike


def population(rng, n_questions):
    """Shares of the right answer and three wrong ones."""
    right = rng.beta(1.2, 1.0, n_questions)
    wrong = rng.dirichlet(np.full(3, 0.7), n_questions)
    return np.column_stack([right, (1 - right)[:, None] * wrong])


def tally(counts):
    return int(counts[0]), tuple(int(c) for c in sorted(counts[1:], reverse=True) if c), 0


def test_few_answers_predict_larger_votes_and_their_limit():
    """Four answers a question: their own vote misses the limit by twice as much as the shares do."""
    errors, own = [], []
    for seed in range(25):
        rng = np.random.default_rng(seed)
        shares = population(rng, 150)
        tallies = [tally(rng.multinomial(4, p)) for p in shares]
        drawn = drawn_shares(tallies, even_shares(), rng, 200)
        truth = np.mean(shares[:, 0] > shares[:, 1:].max(axis=1))
        errors.append(limit_accuracy(drawn).mean() - truth)
        own.append(np.mean([majority_at_all_k(*t)[-1] for t in tallies]) - truth)
    assert 2 * abs(np.mean(errors)) < abs(np.mean(own))


def test_questions_without_wrong_answers_and_without_votes():
    shares = drawn_shares([(4, (), 0), (0, (), 4)], even_shares(), np.random.default_rng(0), 300)
    assert np.isfinite(shares).all()
    right = vote_accuracy(shares, [16], np.random.default_rng(0)).mean(axis=0)[:, 0]
    assert right[0] > 0.9
    assert right[1] < 0.5
