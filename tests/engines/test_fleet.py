"""The client before a fleet: real HTTP, replicas with few places each, one address."""

import asyncio

import pytest

from advisor.engines import admission
from advisor.engines import server as engine_server
from advisor.engines.adaptive import AdaptiveLimit, FixedLimit
from advisor.engines.openai import Client
from advisor.engines.protocol import EngineFailure, Sampling
from advisor.engines.rate_limits import Rates
from tests.engines.fleet import running


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(engine_server, "FIRST_WAIT_S", 0.02)


def drawn(fleet, n, limit, *, rates=None, timeout_s=60.0, meanwhile=None):
    """What comes of n requests at once: completions and failures. `meanwhile` is called with the number of answers."""

    async def run():
        async with Client(fleet.url, "tiny", limit=limit, rates=rates, timeout_s=timeout_s) as client:

            async def one(i):
                done = await client.generate("Q", "", Sampling(max_tokens=32, seed=i))
                if meanwhile:
                    meanwhile(len(fleet.seeds))
                return done

            return await asyncio.gather(*(one(i) for i in range(n)), return_exceptions=True)

    return asyncio.run(run())


def answered_once(fleet, found, n):
    return sorted(fleet.seeds) == list(range(n)) and all(each.text == "42" for each in found)


def test_a_fleet_is_filled_from_below_and_nothing_is_lost_or_drawn_twice():
    with running(4, 8, 0.15) as fleet:
        limit = AdaptiveLimit(start=4)
        assert answered_once(fleet, drawn(fleet, 900, limit), 900)
    assert 0.7 * 32 <= limit.most <= 3 * 32
    assert min(replica.answered for replica in fleet.replicas) > 100


def test_a_fleet_that_refuses_what_it_has_no_room_for_is_kept_busy_with_few_refusals():
    with running(3, 6, 0.1, refuses=True) as fleet:
        limit = AdaptiveLimit()
        assert answered_once(fleet, drawn(fleet, 700, limit), 700)
    assert fleet.busiest == 18
    assert fleet.refused < 2 * 256  # most of them of the first moment, when 256 came
    assert limit.places <= 36


def test_replicas_that_come_later_are_found_behind_a_balancer_of_connections():
    with running(1, 8, 0.05, by_connection=True) as fleet:

        def grow(answers):
            if answers >= 100 and len(fleet.replicas) == 1:
                fleet.add(1)

        assert answered_once(fleet, drawn(fleet, 500, FixedLimit(16), meanwhile=grow), 500)
    assert fleet.replicas[1].answered > 50


def test_a_limit_that_is_spent_is_waited_for_and_never_a_failure(monkeypatch):
    """Whole seconds in place of minutes: 12 requests each. Who comes in vain does so more often than a fault may."""
    monkeypatch.setattr(engine_server, "SHORT_S", 0.1)
    sent = {}

    def script(n):
        second = int(asyncio.get_running_loop().time() / 0.5)
        sent[second] = sent.get(second, 0) + 1
        return (429, [("retry-after-ms", "300")]) if sent[second] > 12 else None

    with running(1, 64, 0.02, script=script) as fleet:
        assert answered_once(fleet, drawn(fleet, 120, AdaptiveLimit(), timeout_s=3.0), 120)
    assert fleet.refused < 600


def test_an_own_limit_is_kept_so_that_nobody_is_refused():
    sent = []

    def script(n):
        sent.append(asyncio.get_running_loop().time())

    with running(1, 64, 0.01, script=script) as fleet:
        assert answered_once(fleet, drawn(fleet, 30, AdaptiveLimit(), rates=Rates.of("240requests/minute")), 30)
    assert all(n <= 24 + (at - sent[0]) * 3.6 + 1 for n, at in enumerate(sent))


def test_every_second_request_refused_loses_none():
    with running(2, 8, 0.02, script=lambda n: (503, []) if n % 2 else None) as fleet:
        assert answered_once(fleet, drawn(fleet, 200, AdaptiveLimit()), 200)


def test_a_server_that_refuses_everything_from_some_time_on_is_given_up(monkeypatch):
    monkeypatch.setattr(admission, "PATIENCE_S", 0.3)
    with running(1, 8, 0.02, script=lambda n: (429, []) if n > 50 else None) as fleet:
        found = drawn(fleet, 80, AdaptiveLimit(start=16))
    failures = [each for each in found if isinstance(each, EngineFailure)]
    assert len(failures) == 30
    assert {str(each)[:8] for each in failures} == {"HTTP 429"}


def test_a_server_that_hangs_fails_its_requests_in_time():
    with running(1, 4, 30.0) as fleet:
        found = drawn(fleet, 12, AdaptiveLimit(start=4), timeout_s=-6.0)  # beside 6.4 s for 32 tokens
    assert all("no whole answer within" in str(each) for each in found)


def test_who_is_cancelled_leaves_no_place_taken():
    async def run(url, limit):
        async with Client(url, "tiny", limit=limit) as client:
            tasks = [asyncio.ensure_future(client.generate("Q", "", Sampling(seed=i))) for i in range(30)]
            await asyncio.sleep(0.15)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            return await client.generate("Q", "", Sampling(seed=99))

    with running(1, 4, 0.1) as fleet:
        limit = FixedLimit(4)
        assert asyncio.run(run(fleet.url, limit)).text == "42"
    assert limit.in_flight == 0
