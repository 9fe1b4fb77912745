"""What deployments take within limits where their times are longer, and the bill of replicas that this leaves."""

import math

import numpy as np
import pytest

from advisor.recommendation.candidates import candidates, points_and_deployments, rows
from advisor.recommendation.loads import MOST_POWER, capacities, replicas_powers
from advisor.recommendation.request import checked_request, rents_of
from tests.recommendation.made import point, workspace

TIMES = ("ttft_s", "tpot_s", "request_s", "score_s")


@pytest.fixture
def requested(tmp_path):
    """Strategy points and deployments of a request with a rate and limits."""

    def made(**options):
        ws = workspace(tmp_path, point())
        request = checked_request(ws, task="mine", gpu="h100-sxm:8", qps=5, **options)
        points, deployments = points_and_deployments(ws, request, rents_of(ws, request))
        return ws, request, points.columns, deployments

    return made


@pytest.mark.parametrize("limits", [{}, {"max_tpot": "20ms", "max_ttft": "1s"}, {"budget": "60s"}, {"max_wait": "1s"}])
def test_slower_replicas_take_what_those_with_longer_times_do(requested, limits):
    _, request, points, deployments = requested(**limits)
    slow = deployments | {name: 1.3 * deployments[name] for name in TIMES}
    by_hand = capacities(points, slow, request)
    assert capacities(points, deployments, request, 1.3) == pytest.approx(by_hand, rel=1e-3)
    assert (by_hand < capacities(points, deployments, request)).any()


def test_near_a_limit_replicas_grow_faster_than_times(requested):
    _, request, points, deployments = requested()
    far = replicas_powers(points, deployments, request, capacities(points, deployments, request))
    assert far == pytest.approx(1, abs=0.05)
    capacity = capacities(points, deployments, near := requested(max_tpot="20ms")[1])
    power = replicas_powers(points, deployments, near, capacity)
    slow = capacities(points, deployments, near, deployments["spread"])
    able = (capacity > 0) & (slow > 0)
    expected = np.log(capacity[able] / slow[able]) / np.log(deployments["spread"][able])
    assert power[able] == pytest.approx(np.clip(expected, 1, MOST_POWER))
    assert power[able].max() > 1.5
    assert set(power[(capacity > 0) & (slow == 0)]) <= {MOST_POWER}
    assert (power[capacity == 0] == 1).all()


def test_the_upper_end_of_a_bill_is_that_of_the_replicas_which_the_slow_end_takes(requested):
    ws, request, *_ = requested(max_tpot="20ms")
    found = rows(candidates(ws, request).execute("from candidates"))
    assert len(found) > 5
    for c in found:
        slow = math.ceil(5 * c["spread"] ** c["replicas_power"] / c["questions_per_s"] - 1e-9)
        assert c["slow_usd_spread"] == pytest.approx(slow / c["replicas"])
        assert (c["usd_spread"], c["bill_tokens_spread"]) == (1, 1)
        assert c["limited_tpot_s"] >= c["tpot_s"]
        assert c["limited_ttft_s"] >= c["ttft_s"]
        assert c["limited_tpot_s"] <= 0.02
