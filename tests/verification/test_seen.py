"""What a window's readings say of the load, against the same counted from the requests one by one."""

import math

import numpy as np
import pytest

from advisor.errors import AdvisorError
from advisor.verification.page import parse_page
from advisor.verification.seen import LEAST_REQUESTS, Reading, seen_by_clients, seen_on_pages
from tests.verification.made import Answered, State, text

pytest.importorskip("prometheus_client")
BEFORE = [Answered(ttft_s=9.0, tpot_s=2.0, prompt_tokens=9000, generated_tokens=900)] * 50
"""Counted before the window, and so in none of its figures."""


def reading(at_s, *states):
    return Reading(at_s, parse_page(text(*states), None, where="page"))


def window(answered, seconds=10.0, after=None, **gauges):
    first, last = State(BEFORE, **gauges), State([*BEFORE, *answered], **(gauges | (after or {})))
    return [reading(100.0, first), reading(100.0 + seconds, last)]


def drawn(n, seed=0):
    rng = np.random.default_rng(seed)
    return [
        Answered(
            ttft_s=float(rng.gamma(4, 0.05)),
            tpot_s=float(rng.gamma(40, 0.001)),
            prompt_tokens=int(rng.integers(10, 900)),
            generated_tokens=int(rng.integers(2, 300)),
            queue_s=float(rng.gamma(4, 0.01)),
        )
        for _ in range(n)
    ]


def test_means_are_those_of_the_requests_that_ended():
    requests = drawn(200)
    seen = seen_on_pages(window(requests, 40.0, running=12, waiting=3, cache_use=0.25), where="page")
    assert (seen.n_requests, seen.duration_s) == (200, pytest.approx(40.0))
    assert seen.requests_per_s == pytest.approx(5.0)
    assert seen.prompt_tokens == pytest.approx(np.mean([a.prompt_tokens for a in requests]))
    assert seen.generated_tokens == pytest.approx(np.mean([a.generated_tokens for a in requests]))
    assert seen.output_tokens_per_s == pytest.approx(sum(a.generated_tokens for a in requests) / 40)
    for name in ("ttft_s", "tpot_s", "request_s"):
        assert getattr(seen, name).mean == pytest.approx(np.mean([getattr(a, name) for a in requests]))
    little = sum(a.request_s for a in requests) / 40
    waiting = sum(a.queue_s for a in requests) / 40
    assert seen.in_flight == pytest.approx(little)
    assert seen.waiting == pytest.approx(waiting)
    assert seen.running == pytest.approx(little - waiting)
    assert (seen.most_running, seen.cache_use, seen.sampled) == (12, 0.25, 15)


def test_noise_is_that_of_the_mean_of_so_many_requests():
    few, many = (seen_on_pages(window(drawn(n)), where="page").ttft_s.noise for n in (25, 2500))
    assert many == pytest.approx(few / 10, rel=0.4)
    assert many == pytest.approx(1.645 * 0.5 / math.sqrt(2500), rel=0.2)


def test_load_that_varies_is_met_by_requests_more_often_than_its_mean():
    def seen(*running):
        states = [State(BEFORE, running=running[0])]
        states += [State([*BEFORE, *drawn(100)], running=n) for n in running]
        return seen_on_pages([reading(10.0 * i, state) for i, state in enumerate(states)], where="page")

    even, uneven = seen(8, 8, 8), seen(0, 16, 0)
    assert even.crowd == pytest.approx(even.in_flight)
    assert uneven.crowd == pytest.approx(4 * uneven.in_flight)


def test_how_many_run_while_some_wait():
    states = [State(BEFORE, running=1), State(BEFORE, running=8, waiting=2), State(BEFORE, running=7, waiting=1)]
    states.append(State([*BEFORE, *drawn(40)], running=2))
    seen = seen_on_pages([reading(float(i), state) for i, state in enumerate(states)], where="page")
    assert (seen.most_running, seen.running_at_waits) == (8, 7.5)


def test_the_prefix_cache_and_preemptions_are_those_of_the_window():
    after = {"queries": 1500, "hits": 350, "preemptions": 9}
    readings = window([Answered()] * 30, after=after, queries=500, hits=100, preemptions=4)
    seen = seen_on_pages(readings, where="page")
    assert seen.cached_tokens == pytest.approx(0.25 * 1024)
    assert seen.preemptions == 5


@pytest.mark.parametrize(
    ("last", "fell"),
    [
        (State(BEFORE[:10], preemptions=3), "generation_tokens_total"),
        (State([*BEFORE, *[Answered()] * 50], preemptions=0), "num_preemptions_total"),
        (State([*BEFORE, *[Answered()] * 50], preemptions=3), "time_to_first_token_seconds"),
    ],
)
def test_a_counter_that_falls_is_said_to(last, fell):
    first = State([Answered(ttft_s=0.0001), *BEFORE], preemptions=3)  # the last window lacks its lowest bucket
    with pytest.raises(AdvisorError, match=f"vllm:{fell} .*started anew, or several answer here"):
        seen_on_pages([reading(0.0, first), reading(10.0, last)], where="page")


def test_a_restart_within_the_window_is_noticed_though_the_counters_have_caught_up():
    readings = [reading(0.0, State(BEFORE)), reading(5.0, State([])), reading(10.0, State([*BEFORE, *drawn(100)]))]
    with pytest.raises(AdvisorError, match="started anew"):
        seen_on_pages(readings, where="page")


def test_an_engine_that_comes_or_goes_is_noticed():
    readings = [
        reading(0.0, State(BEFORE)),
        reading(5.0, State([*BEFORE, *drawn(30)]), State(drawn(5), engine="1")),
    ]
    with pytest.raises(AdvisorError, match="the number of engines"):
        seen_on_pages(readings, where="page")


def test_too_few_requests_are_said_to_be():
    few = LEAST_REQUESTS - 1
    with pytest.raises(AdvisorError, match=rf"only {few} requests .* in 10.0 s; give a longer --window"):
        seen_on_pages(window(drawn(few)), where="page")
    single = [Answered(generated_tokens=1)] * 100
    with pytest.raises(AdvisorError, match="only 0 requests of more than one token"):
        seen_on_pages(window(single), where="page")


def test_absurd_lengths_are_refused():
    with pytest.raises(AdvisorError, match="more tokens than a request can have"):
        seen_on_pages(window([Answered(prompt_tokens=10**12)] * 30), where="page")


def test_a_load_of_our_own_is_taken_as_its_clients_saw_it():
    row = {
        "concurrency": 4.0,
        "duration_s": 8.0,
        "n_requests": 8,
        "prompt_tokens": 100.0,
        "generated_tokens": 50.0,
        "output_tokens_per_s": 75.0,
        "ttft_s": 0.1,
        "tpot_s": 0.05,
        "request_s": 2.6,
        "ttft_p50_s": 0.09,
    }
    seen = seen_by_clients(row)
    assert (seen.in_flight, seen.crowd, seen.requests_per_s) == (4.0, 4.0, 1.5)
    assert (seen.ttft_s.p50, seen.ttft_s.p90, seen.waiting) == (0.09, None, None)
