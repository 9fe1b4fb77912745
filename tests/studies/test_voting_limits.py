"""Where votes end: forecasts, falling questions and the exponential bound."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor.accuracy.estimators import majority_at_all_k
from advisor.studies.voting_limits import base, bound_holds, limit_forecasts, pluralities, settled_at
from tests.studies.known_series import series


def voted(tallies, n=(1, 4, 8, 16)):
    curves = [majority_at_all_k(*tally) for tally in tallies]
    return series("majority", n, [[curve[k - 1] for k in n] for curve in curves], tallies=tuple(tallies))


def test_the_base_of_six_against_four():
    assert base(0.6, 0.4) == pytest.approx(1 / 1.0206, abs=1e-4)
    assert base(0.5, 0.5) == 1.0
    assert base(1.0, 0.0) == 0.0


@pytest.mark.parametrize(("share", "expected"), [(0.4, (0.4, 0.352, 0.2131)), (0.6, (0.6, 0.648, 0.7869))])
def test_votes_get_worse_where_the_most_frequent_answer_is_wrong(share, expected):
    """Votes of 1, 4 and 16 of two answers, ties half, by hand; 1,000 answers are nearly with replacement."""
    right = round(1000 * share)
    curve = majority_at_all_k(right, (1000 - right,))
    assert [curve[k - 1] for k in (1, 4, 16)] == pytest.approx(expected, abs=2e-3)


@given(st.lists(st.integers(0, 12), min_size=1, max_size=4), st.integers(0, 12), st.integers(0, 3))
def test_the_bound_holds_for_every_tally_and_vote(wrong, right, unread):
    tally = (right, tuple(sorted((w for w in wrong if w), reverse=True)), unread)
    if right + sum(wrong) + unread == 0:
        return
    curve = majority_at_all_k(*tally)
    assert all(bound_holds(tally, k, accuracy) for k, accuracy in enumerate(curve, 1))


def test_the_bound_can_fail():
    assert not bound_holds((9, (1,), 0), 8, 0.2)
    assert not bound_holds((1, (9,), 0), 8, 0.9)


def test_when_a_vote_has_settled():
    assert settled_at((10, (), 0)) == 1
    assert settled_at((5, (5,), 0)) == np.inf
    assert settled_at((0, (), 7)) == np.inf
    n = settled_at((6, (4,), 0))
    assert base(0.6, 0.4) ** n <= 0.05 < base(0.6, 0.4) ** (n - 1)
    assert settled_at((6, (2, 2), 0)) == settled_at((2, (6, 2), 0)) < n


def test_shares_of_questions_by_their_most_frequent_answer():
    tallies = [(12, (4,), 0), (12, (4,), 0), (4, (12,), 0), (0, (16,), 0), (8, (8,), 0)] * 2
    (found,) = pluralities([voted(tallies)])
    assert (found.right.value, found.wrong.value, found.falling.value) == pytest.approx((0.4, 0.4, 0.2))
    assert found.lost.value == pytest.approx(0.25 / 5)  # right once in four, never in the vote of all
    assert (found.checked, found.violations) == (40, 0)
    assert found.unsettled == pytest.approx(0.8)  # 12 against 4 takes ln 0.05 / ln 0.866 = 20.8 answers
    assert found.settles_at == 21


def test_the_limit_is_forecast_from_a_part_and_compared_with_the_vote_of_all():
    found = limit_forecasts([voted([(12, (4,), 0), (4, (12,), 0), (16, (), 0)] * 5)])
    assert [(f.n, f.n_all) for f in found] == [(4, 16), (8, 16)]
    for f in found:
        assert f.predicted.low <= f.predicted.value <= f.predicted.high
        assert f.miss.value == pytest.approx(f.predicted.value - f.vote_of_all)
        assert f.vote_miss.value == pytest.approx(f.vote_of_n - f.vote_of_all)
    curve = majority_at_all_k(12, (4,))
    other = majority_at_all_k(4, (12,))
    assert found[1].predicted.value == pytest.approx((2 * (curve[7] + other[7] + 1) - curve[3] - other[3] - 1) / 3)


def test_few_answers_say_nothing():
    few = voted([(3, (1,), 0)] * 5, n=(1, 4))
    assert not limit_forecasts([few])
    assert not pluralities([few])
