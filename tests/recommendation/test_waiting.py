"""What a question waits for: as measured, else imputed from the mean and the usual spread of lengths."""

import pytest

from advisor.provenance import Provenance
from advisor.recommendation.waiting import context_tokens, typical_spread, waiting
from tests.recommendation.made import point

UNKNOWN = {"depth_p50_tokens": None, "depth_p95_tokens": None, "depth_p99_tokens": None, "answer_p999_tokens": None}
TYPICAL = typical_spread([point(depth_tokens=mean) for mean in (500.0, 1000.0, 2000.0)])


def four(w):
    return w.p50, w.p95, w.p99, w.longest


def test_measured_lengths_are_used_as_they_are():
    found = waiting(point(), TYPICAL)
    assert (four(found), found.provenance) == ((800, 2000, 3000, 4000), Provenance.MEASURED)


def test_the_usual_spread_is_the_median_over_single_answers_without_a_cap():
    assert four(TYPICAL) == pytest.approx((0.8, 2.0, 3.0, 4.0))
    others = [point(depth_tokens=1.0, n_samples=16), point(depth_tokens=1.0, token_budget=512), point(**UNKNOWN)]
    assert four(typical_spread([point(), *others])) == pytest.approx((0.8, 2.0, 3.0, 4.0))
    assert four(typical_spread([])) == (1, 1, 1, 1)


def test_unknown_lengths_are_imputed_around_the_mean():
    found = waiting(point(depth_tokens=600.0, **UNKNOWN), TYPICAL)
    assert four(found) == pytest.approx((480, 1200, 1800, 2400))
    assert found.provenance is Provenance.IMPUTED
    votes = waiting(point(depth_tokens=None, generated_tokens=4000.0, n_samples=8, **UNKNOWN), TYPICAL)
    assert votes.p50 == pytest.approx(0.8 * 500)


def test_nothing_is_longer_than_its_cap():
    found = waiting(point(token_budget=1500, **UNKNOWN), TYPICAL)
    assert four(found) == pytest.approx((800, 1500, 1500, 1500))


def test_the_context_holds_prompt_and_longest_answer_in_whole_1024s():
    assert [context_tokens(200, longest, 40_960) for longest in (800, 824, 825, 4000, 60_000)] == [
        1024,
        1024,
        2048,
        5120,
        40_960,
    ]
