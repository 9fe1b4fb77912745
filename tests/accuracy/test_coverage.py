"""Coverage by counts: exact up to the answers drawn, expected beyond."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor.accuracy.coverage import Tail, covered, expected_coverage, fitted_tail, power_law
from advisor.accuracy.estimators import pass_at_k

KNOWN = [
    ((0.3, 1), (0.2308, 0.4343, 0.6140, 0.7431, 0.8301)),
    ((0.5, 2), (0.2000, 0.4459, 0.6845, 0.8361, 0.9172)),
    ((1, 3), (0.2500, 0.5714, 0.8421, 0.9552, 0.9884)),
]
"""Coverage by 1, 4, 16, 64 and 256 answers under Beta(α, β), worked out by hand."""


@pytest.mark.parametrize(("shape", "expected"), KNOWN)
def test_coverage_of_a_beta_distribution(shape, expected):
    assert Tail(*shape).coverage([1, 4, 16, 64, 256]) == pytest.approx(expected, abs=5e-5)


def arrays(*counts):
    right, drawn = zip(*counts, strict=True)
    return np.array(right, dtype=float), np.array(drawn, dtype=float)


def test_covered_is_the_share_of_subsets_with_a_right_answer():
    answers = [True, True, False, False, False, False]
    for k in range(1, 7):
        subsets = list(combinations(answers, k))
        expected = sum(any(subset) for subset in subsets) / len(subsets)
        assert covered(*arrays((2, 6)), np.array([float(k)]))[0, 0] == pytest.approx(expected)


@given(st.integers(1, 10_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n), st.integers(1, n))))
def test_covered_is_the_unbiased_pass_at_k(case):
    right, drawn, k = case
    found = covered(*arrays((right, drawn)), np.array([float(k)]))[0, 0]
    assert found == pytest.approx(pass_at_k(drawn, right, k), abs=1e-8)


def test_beyond_the_answers_drawn_nothing_is_exact():
    assert np.isnan(covered(*arrays((1, 4)), np.array([5.0]))[0, 0])


def test_beyond_them_a_question_never_right_is_covered_by_the_tail():
    tail = Tail(0.5, 2.0)
    right, drawn = arrays((0, 10), (3, 10))
    found = expected_coverage(tail, right, drawn, np.array([10.0, 30.0]))
    # ∫ (1 − p)^20 over Beta(0.5, 12), by hand: Π (11 + i + 1)/(11.5 + i + 1) for i = 0 … 19
    left = np.prod([(12 + i) / (12.5 + i) for i in range(20)])
    assert found == pytest.approx(np.array([[0, 1 - left], [1, 1]]))


def test_the_tail_that_made_the_counts_is_found():
    chances = np.random.default_rng(0).beta(0.4, 6.0, 4000)
    drawn = np.full(4000, 100.0)
    tail = fitted_tail(np.random.default_rng(1).binomial(100, chances).astype(float), drawn)
    assert tail.alpha == pytest.approx(0.4, rel=0.06)
    assert tail.beta == pytest.approx(6.0, rel=0.1)


def test_the_fit_is_at_the_top_of_the_likelihood():
    right, drawn = arrays((0, 20), (1, 20), (5, 20), (20, 40), (0, 40))
    best = fitted_tail(right, drawn)

    def chance(tail):
        """Product of Beta-binomial chances by the rising factorials, without any gamma function."""
        total = 1.0
        for r, n in zip(right.astype(int), drawn.astype(int), strict=True):
            rising = [tail.alpha + i for i in range(r)] + [tail.beta + i for i in range(n - r)]
            total *= np.prod([up / (tail.alpha + tail.beta + i) for i, up in enumerate(rising)])
        return total

    for factor in (0.9, 1.1):
        assert chance(best) > chance(Tail(best.alpha * factor, best.beta))
        assert chance(best) > chance(Tail(best.alpha, best.beta * factor))


@given(st.integers(0, 30), st.integers(1, 30))
def test_more_answers_never_cover_less(right, wrong):
    counts = arrays((right, right + wrong))
    k = np.arange(1.0, 4 * (right + wrong))
    assert (np.diff(expected_coverage(Tail(0.3, 2.0), *counts, k)[0]) >= -1e-12).all()


def test_a_power_law_is_found_again():
    k = np.array([1.0, 3, 10, 30, 100])
    law = power_law(k, np.exp(-2.5 * k**-0.4))
    assert (law.factor, law.exponent, law.r_squared) == pytest.approx((2.5, 0.4, 1.0))
    assert law.coverage(1000) == pytest.approx(np.exp(-2.5 * 1000**-0.4))


def test_no_power_law_of_two_points_or_of_nothing_covered():
    assert power_law(np.array([1.0, 2]), np.array([0.2, 0.3])) is None
    assert power_law(np.array([1.0, 2, 4]), np.zeros(3)) is None


def test_the_tail_falls_as_a_power_of_its_alpha():
    left = 1 - Tail(0.3, 5.0).coverage([1e5, 1e7])
    assert np.log(left[0] / left[1]) / np.log(100) == pytest.approx(0.3, abs=1e-3)
