"""Reading between the steady states: by Little's law, against sums over a birth and death process."""

import numpy as np
import pytest

from advisor.performance.steady_states import Figures, SteadyStates

BASE, SLOPE = 2.0, 0.5


def affine(levels, deployment=None):
    """Requests take BASE + SLOPE·n seconds with n in flight; TTFT a tenth of that, watts 100·n."""
    n = np.array(levels, dtype=float)
    request_s = BASE + SLOPE * n
    figures = Figures(0.1 * request_s, request_s / 100, request_s, 100 * n)
    return SteadyStates.of(np.zeros(len(n), dtype=int) if deployment is None else np.array(deployment), n, figures)


def found_by_an_arrival(rate, most=400):
    """Mean number that is found, by the balance of a process that ends n/(BASE + SLOPE·n) requests a second."""
    n = np.arange(most)
    ends = np.concatenate([[1.0], n[1:] / (BASE + SLOPE * n[1:])])
    weights = np.cumprod(np.concatenate([[1.0], rate / ends[1:]]))
    return float((n * weights).sum() / weights.sum())


@pytest.mark.parametrize("rate", [0.01, 0.3, 0.9, 1.5])
def test_one_sees_as_many_as_a_random_arrival_finds_and_itself(rate):
    states = affine([1, 2, 4, 8, 16, 32, 64])
    seen = states.seen(np.full(7, rate), np.ones(7))[-1]
    assert seen == pytest.approx(1 + found_by_an_arrival(rate), rel=1e-6)


def test_the_answers_that_come_together_see_each_other():
    states = affine([1, 2, 4, 8, 16, 32, 64])
    alone, four = (states.seen(np.full(7, 0.2), np.full(7, own))[-1] for own in (1.0, 4.0))
    assert four == pytest.approx((4 + 0.2 * BASE) / (1 - 0.2 * SLOPE))
    assert alone == pytest.approx((1 + 0.2 * BASE) / (1 - 0.2 * SLOPE))


def test_no_more_are_in_flight_than_there_are_places():
    seen = affine([1, 2, 4]).seen(np.full(3, 50.0), np.ones(3))
    assert seen == pytest.approx([1, 2, 4])


def test_figures_are_linear_between_the_states():
    figures = affine([2, 4, 8]).at_in_flight(np.array([1.0, 3.0, 5.0]))
    assert figures.watts == pytest.approx([200, 300, 500])
    assert figures.request_s == pytest.approx([BASE + 2 * SLOPE, BASE + 3 * SLOPE, BASE + 5 * SLOPE])
    assert figures.ttft_s == pytest.approx(0.1 * figures.request_s)
    assert figures.tpot_s == pytest.approx(0.01 * figures.request_s)
    assert affine([2, 4, 8]).at_in_flight(np.full(3, 100.0)).watts == pytest.approx([200, 400, 800])


def test_every_deployment_has_its_own_states():
    states = affine([1, 4, 2, 8], deployment=[5, 5, 9, 9])
    assert states.at_in_flight(np.full(4, 1.0)).watts == pytest.approx([100, 100, 200, 200])
    assert states.at_in_flight(np.full(4, 3.0)).watts == pytest.approx([100, 300, 200, 300])


def test_some_of_the_deployments_keep_the_states_of_all():
    states = affine([1, 4, 2, 8], deployment=[5, 5, 9, 9])
    some = states.take(np.array([3, 1]))
    assert some.most_in_flight == pytest.approx([8, 4])
    assert some.at_in_flight(np.array([3.0, 3.0])).watts == pytest.approx([300, 300])
    assert some.full.watts == pytest.approx([800, 400])


def test_of_no_deployment_there_is_nothing():
    states = affine([])
    assert len(states.seen(np.array([]), np.array([]))) == len(states.at_in_flight(np.array([])).watts) == 0
