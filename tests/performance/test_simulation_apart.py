"""Prompts and answers on GPUs of their own, event by event: worked by hand, and against a clock that ticks."""

import numpy as np
import pytest

from advisor.performance.simulation import poisson
from advisor.performance.simulation_apart import TimesApart, simulate_apart
from advisor.performance.under_load import Limits, apart

ONE = TimesApart(np.array([0.5]), 0.1, np.array([0.0, 0.01, 0.02]), 1, 1)


def test_a_lone_request_is_prefilled_sent_and_decoded():
    s = simulate_apart(ONE, np.array([3.0, 20.0, 40.0, 60.0]), 1, 11, 4)
    assert s.ttft_s == pytest.approx([0.6] * 3)
    assert s.tpot_s == pytest.approx([0.01] * 3)
    assert s.request_s == pytest.approx([0.7] * 3)
    assert s.place_s == pytest.approx([0.0] * 3)


def test_prompts_wait_for_an_engine_that_prefills():
    """The third finds the first two ahead of it; two engines take two of them at once."""
    at_once = np.array([0.0, 1e-9, 2e-9])
    assert simulate_apart(ONE, at_once, 0, 2, 3).place_s == pytest.approx([0.0, 0.5, 1.0])
    two = TimesApart(ONE.prompts_s, 0.1, ONE.decode_s, 2, 1)
    assert simulate_apart(two, at_once, 0, 2, 3).place_s == pytest.approx([0.0, 0.0, 0.5])


def test_an_engine_takes_together_what_waits_up_to_what_its_step_holds():
    times = TimesApart(np.array([0.5, 0.6]), 0.0, ONE.decode_s, 1, 1)
    s = simulate_apart(times, np.array([0.0, 0.1, 0.2, 0.3]), 0, 2, 4)
    assert s.place_s == pytest.approx([0.0, 0.4, 0.3, 0.8])
    assert s.ttft_s[:1] == pytest.approx([0.5])


def test_engines_that_are_free_share_out_what_waits():
    times = TimesApart(np.array([0.5, 0.6, 0.7, 0.8]), 0.0, ONE.decode_s, 2, 2)
    s = simulate_apart(times, np.array([0.0, 0.1, 0.11, 0.12, 0.13]), 0, 2, 5)
    assert s.place_s == pytest.approx([0.0, 0.0, 0.39, 0.38, 0.37])  # the third to fifth by the first that is free
    together = simulate_apart(times, np.arange(4) * 1e-9, 0, 2, 4)
    assert together.ttft_s[:3] == pytest.approx([0.5, 0.5, 1.1])  # each takes one, then what waits


def test_a_request_joins_between_two_steps_and_waits_where_there_is_no_room():
    """A second sequence begins at the end of a step of 10 ms, from when steps take 20; a third waits for the first."""
    times = TimesApart(np.array([1e-9]), 0.0, ONE.decode_s, 3, 1)
    s = simulate_apart(times, np.array([0.0, 0.025, 0.026]), 0, 11, 3)
    assert s.ttft_s == pytest.approx([0.0, 0.005, 0.03 + 7 * 0.02 - 0.026], abs=1e-6)
    assert s.tpot_s[0] == pytest.approx((0.03 + 7 * 0.02) / 10)


def test_caches_go_to_the_engine_that_decodes_the_fewest():
    times = TimesApart(np.array([1e-9]), 0.0, np.array([0.0, 0.01, 1.0]), 2, 2)
    assert simulate_apart(times, np.array([0.0, 0.001]), 0, 11, 2).tpot_s == pytest.approx([0.01, 0.01])


@pytest.mark.parametrize("concurrency", [1, 3, 8, 20])
def test_a_closed_loop_obeys_littles_law(concurrency):
    times = TimesApart(np.array([0.05, 0.08]), 0.01, 0.01 + 0.001 * np.arange(7), 1, 2)
    s = simulate_apart(times, None, concurrency, 40, 40 * concurrency)
    assert s.in_flight == pytest.approx(concurrency)
    assert s.output_tokens_per_s / 40 * np.mean(s.request_s) == pytest.approx(concurrency)
    if concurrency == 20:  # every place is taken: six sequences on each of two engines, 39 steps of 16 ms
        assert s.output_tokens_per_s / 40 == pytest.approx(12 / (39 * 0.016), rel=0.01)


def test_prompts_that_come_slower_than_places_fall_free_bound_a_closed_loop():
    times = TimesApart(np.array([0.1, 0.16]), 0.01, 0.01 + 0.001 * np.arange(50), 1, 2)
    s = simulate_apart(times, None, 64, 20, 1000)
    assert s.output_tokens_per_s / 20 == pytest.approx(2 / 0.16, rel=0.01)


def test_many_engines_are_simulated_until_they_are_full():
    """64 engines with 20 places each, a second for 50 tokens: no more than 1,280 requests a second, however few are
    simulated at first."""
    times = TimesApart(np.array([0.001]), 0.0, np.concatenate([[0.0], np.full(20, 1 / 49)]), 64, 64)
    many = apart(times, 50)
    assert many.most_per_s == pytest.approx(1280, rel=0.02)
    assert many.largest_rate(Limits(ttft_s=0.05, tpot_s=0.03)) == pytest.approx(1250, rel=0.06)
    load = many.at_rate(1000.0)
    assert load.requests_per_s == pytest.approx(1000, rel=0.03)
    assert load.in_flight == pytest.approx(1000, rel=0.05)


def test_answers_end_by_their_own_lengths():
    """Alone on an engine each, of steps of 10 ms: the second has three times the tokens after its first."""
    times = TimesApart(ONE.prompts_s, 0.1, ONE.decode_s, 2, 2)
    s = simulate_apart(times, np.array([0.0, 1e-9]), 0, np.array([11, 31]), 2)
    assert s.request_s == pytest.approx([0.7, 0.9])
    assert s.tpot_s == pytest.approx([0.01, 0.01])


def ticking(times, arrivals, tokens):
    """First and last tokens, with engines that decode looked at after every step of theirs, whatever happened."""
    arrived, prefill = [], [0.0] * times.prefill_engines
    waiting = sorted(arrivals)
    ready = []
    while waiting:
        engine = int(np.argmin(prefill))
        due = max(prefill[engine], waiting[0])
        here, free = [at for at in waiting if at <= due], [at for at in prefill if at <= due]
        together = here[: min(-(-len(here) // len(free)), len(times.prompts_s))]
        waiting = waiting[len(together) :]
        prefill[engine] = due + times.prompts_s[len(together) - 1]
        arrived += [prefill[engine] + times.handover_s] * len(together)
        ready += together
    first, last, running, now, due = {}, {}, {}, 0.0, sorted(zip(arrived, range(len(arrived)), strict=True))
    while len(last) < len(arrived):
        while due and due[0][0] <= now + 1e-12 and len(running) < len(times.decode_s) - 1:
            _, request = due.pop(0)
            first[request], running[request] = now, tokens
        if not running:
            now = due[0][0]
            continue
        now += float(times.decode_s[len(running)])
        for request in list(running):
            running[request] -= 1
            if not running[request]:
                last[request] = now
                del running[request]
    order = range(len(arrived))
    return np.array([first[r] for r in order]), np.array([last[r] for r in order]), np.array(ready)


@pytest.mark.parametrize("seed", range(12))
def test_it_is_what_a_clock_that_ticks_finds(seed):
    rng = np.random.default_rng(seed)
    most, room, tokens = (int(n) for n in rng.integers(1, [4, 7, 30]))
    prompts_s = np.cumsum(rng.uniform(0.01, 0.05, most))
    times = TimesApart(prompts_s, 0.02, np.concatenate([[0.0], np.cumsum(rng.uniform(0.001, 0.01, room))]), 2, 1)
    arrivals = poisson(float(rng.uniform(5, 60)), 60, seed)
    first, last, came = ticking(times, arrivals.tolist(), tokens)
    s = simulate_apart(times, arrivals, 0, tokens + 1, 60)
    assert s.ttft_s == pytest.approx(first - came, abs=1e-6)
    assert s.request_s == pytest.approx(last - came, abs=1e-6)
