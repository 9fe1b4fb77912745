"""The number of requests in flight, found on simulated servers whose best number is known."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from advisor.engines.adaptive import AdaptiveLimit, FixedLimit
from tests.engines.simulated import Fleet, Run

HOUR = 3600.0


@pytest.mark.parametrize(
    "fleet",
    [
        Fleet(64),
        Fleet(64, half=64),
        Fleet(64, spread=0.1),
        Fleet(64, refuses=True),
        Fleet(400),
        Fleet(400, half=200),
        Fleet(400, thrash=0.2),
        Fleet(400, refuses=True),
    ],
    ids=str,
)
def test_the_knee_is_found_and_kept(fleet):
    run = Run(AdaptiveLimit(), fleet, 2.5 * HOUR)
    assert 0.7 <= run.level(1.25 * HOUR, 2.5 * HOUR) / fleet.knee <= 1.6
    assert run.later_share >= 0.9
    assert run.refused <= 0.02 * run.answers + fleet.knee + 256


def test_a_small_server_is_found_from_far_above_and_loses_nothing_on_the_way():
    run = Run(AdaptiveLimit(), Fleet(8), 6 * HOUR)
    assert run.share >= 0.95
    assert 5 <= run.level(5 * HOUR, 6 * HOUR) <= 16


def test_a_large_fleet_is_filled_by_doubling():
    run = Run(AdaptiveLimit(), Fleet(4000), 400.0)
    assert [n for _, n in run.levels][:5] == [256, 512, 1024, 2048, 4096]
    assert run.levels[4][0] < 10 * 20.0  # ten answers long


def test_replicas_that_come_are_filled_and_those_that_go_are_not_drowned():
    run = Run(AdaptiveLimit(), Fleet(64, later=(1 * HOUR, 2 * HOUR, 512)), 3 * HOUR)
    assert 45 <= run.level(0.5 * HOUR, HOUR) <= 115
    assert 400 <= run.level(1.2 * HOUR, 2 * HOUR) <= 900
    assert 45 <= run.level(2.7 * HOUR, 3 * HOUR) <= 130


def test_refusals_halve_the_level_at_once():
    limit = AdaptiveLimit(start=64)
    for i in range(64):
        limit.begun(i * 1e-3)
    for i in range(64):
        limit.overloaded(i * 1e-3, 1.0 + i * 1e-3)
    assert limit.places < 32  # 64 refusals of one round are one word, of those in flight by then
    assert limit.places >= 64 // 4


def test_a_few_refusals_of_many_are_no_overload():
    run = Run(AdaptiveLimit(), Fleet(400, fails=0.01), HOUR)
    assert run.share >= 0.85
    assert run.level(0.5 * HOUR, HOUR) >= 280


def test_a_server_that_refuses_every_second_request_whatever_the_load_is_still_filled():
    run = Run(AdaptiveLimit(), Fleet(64, fails=0.5), 4 * HOUR)
    assert run.level(3 * HOUR, 4 * HOUR) >= 32


def test_an_end_of_the_work_is_no_end_of_the_server():
    for requests in (20, 200, 1000):
        run = Run(AdaptiveLimit(), Fleet(10**6), HOUR, requests=requests)
        assert run.answers == requests
        assert run.limit.places >= 256


def test_questions_without_tokens_and_what_is_given_up_change_nothing():
    limit = AdaptiveLimit(start=2)
    for i in range(2000):
        limit.begun(i)
        limit.begun(i)
        limit.answered(i, i + 0.5, 0)
        limit.given_up()
    assert (limit.places, limit.in_flight, limit.most) == (2, 0, 2)


def test_answers_that_take_a_third_of_their_time_end_the_growth():
    limit = AdaptiveLimit(start=32)
    for round_ in range(40):
        begun = [round_ * 100.0 + i * 1e-3 for i in range(limit.places - limit.in_flight)]
        for now_s in begun:
            limit.begun(now_s)
        for now_s in begun:
            limit.answered(now_s, now_s + 90.0, 100, deadline_s=200.0)
    assert limit.most == 32


@settings(max_examples=25, deadline=None)
@given(
    knee=st.integers(1, 300),
    half=st.sampled_from([math.inf, 50.0]),
    thrash=st.sampled_from([0.0, 0.5]),
    refuses=st.booleans(),
    highest=st.integers(1, 400),
    start=st.integers(1, 400),
    later=st.integers(1, 300),
)
def test_it_stays_in_bounds_and_nobody_starves(knee, half, thrash, refuses, highest, start, later):
    fleet = Fleet(knee, (300.0, 600.0, later), half, thrash, refuses)
    run = Run(AdaptiveLimit(start, highest), fleet, 10**7, requests=600)
    assert all(1 <= n <= highest for _, n in run.levels)
    assert run.busiest <= highest
    assert run.answers == 600
    assert run.limit.in_flight == 0


def test_a_fixed_number_stays():
    run = Run(FixedLimit(7), Fleet(64), 1000.0)
    assert (run.limit.places, run.limit.most, run.busiest) == (7, 7, 7)
