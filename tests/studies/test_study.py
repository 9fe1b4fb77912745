"""What every verdict follows from: intervals beyond a threshold whatever the random numbers, and published claims."""

import numpy as np
import pytest

import advisor
from advisor.accuracy.estimators import Interval
from advisor.accuracy.resampling import DRAWS
from advisor.studies.study import Claim, Verdict, surely_above, surely_below
from tests.known import SHIPPED


@pytest.mark.parametrize(
    ("ends", "above", "below"),
    [((1, 9), True, False), ((0.4, 9.6), False, False), ((-9, -1), False, True), ((-9.6, -0.4), False, False)],
)
def test_an_end_has_to_lie_beyond_the_threshold_by_its_own_error(ends, above, below):
    found = Interval(sum(ends) / 2, *ends)
    assert (surely_above(found, 0), surely_below(found, 0)) == (above, below)
    moved = Interval(found.value + 3, *(end + 3 for end in ends))
    assert (surely_above(moved, 3), surely_below(moved, 3)) == (above, below)


def test_a_point_without_an_interval_is_sure():
    assert surely_above(Interval(1, 1, 1), 0)
    assert surely_below(Interval(-1, -1, -1), 0)
    assert not surely_above(Interval(0, 0, 0), 0)
    assert not surely_below(Interval(0, 0, 0), 0)


def test_the_margin_is_the_error_of_an_end_in_as_many_draws():
    """About a tenth of resampled ends lies beyond it, on either side."""
    rng = np.random.default_rng(0)
    ends = np.quantile(rng.standard_normal((2000, DRAWS)), 0.05, axis=1)
    margin = 0.12 * 1.645
    assert 0.05 < (np.abs(ends + 1.645) > margin).mean() < 0.15


def test_other_random_numbers_seldom_turn_a_sure_verdict():
    """Where the true end is at the threshold, either answer is luck: it is said in at most a tenth."""
    rng = np.random.default_rng(1)
    said = 0
    for _ in range(400):
        low, high = np.quantile(1.645 + rng.standard_normal(DRAWS), (0.05, 0.95))
        said += surely_above(Interval(1.645, float(low), float(high)), 0)
    assert said <= 40


def test_a_claim_is_a_papers_unless_it_says_otherwise():
    assert Claim("a", "released code of a draft of arXiv 1", "b", Verdict.OPEN).published
    assert not Claim("a", "arXiv 1; the part is ours", "b", Verdict.OPEN, published=False).published


def test_our_own_expectations_are_no_papers():
    found = advisor.dense_and_moe(SHIPPED)
    assert [claim.published for claim in found.claims] == [True, True, False, False]
    for claim in found.claims:
        assert claim.published is claim.source.startswith("arXiv")
