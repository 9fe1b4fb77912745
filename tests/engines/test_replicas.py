"""The pool of replicas on fakes that die when they are to; with Ray in tests/testbed."""

import asyncio
import re

import pytest

from advisor.engines.protocol import EngineFailure
from advisor.engines.replicas import MOST_LOSSES, MOST_SENDINGS, Lost, Replicas
from advisor.errors import MissingAbility


class Fake:
    """Answers with its name when `gate` is set; dies at the requests that it is given."""

    def __init__(self, name, *, dies_at=(), gate=None):
        self.name, self.dies_at, self.gate, self.requests = name, set(dies_at), gate, []
        self.is_dead = False

    async def answer(self, request):
        self.requests.append(request)
        if request in self.dies_at:
            self.is_dead = True
            if self.gate:
                self.gate.set()
        if self.gate and not self.is_dead:
            await self.gate.wait()
        await asyncio.sleep(0)
        if self.is_dead:
            raise Lost(f"{self.name} died")
        return self.name, request


def ask(pool, request):
    return pool.ask(lambda replica: replica.answer(request))


def run(coroutine):
    return asyncio.run(asyncio.wait_for(coroutine, 10))


def starting(*fakes):
    """Starts these one after the other, whatever the place; keeps who was started where."""
    waiting, started = list(fakes), []

    async def start(number):
        await asyncio.sleep(0)
        replica = waiting.pop(0)
        started.append((number, getattr(replica, "name", replica)))
        if isinstance(replica, Exception):
            raise replica
        return replica

    return start, started


def test_the_least_busy_gets_the_request():
    async def everything():
        gate = asyncio.Event()
        fakes = [Fake(name, gate=gate) for name in "abc"]
        start, _ = starting(*fakes)
        async with Replicas(start, 3) as pool:
            tasks = [asyncio.create_task(ask(pool, n)) for n in range(7)]
            await asyncio.sleep(0.01)
            busy = sorted(len(fake.requests) for fake in fakes)
            gate.set()
            await asyncio.gather(*tasks)
            fakes[0].gate = fakes[1].gate = asyncio.Event()
            slow = [asyncio.create_task(ask(pool, n)) for n in range(2)]
            await asyncio.sleep(0)
            quick = [await ask(pool, n) for n in range(5)]
            fakes[0].gate.set()
            await asyncio.gather(*slow)
        return busy, quick

    busy, quick = run(everything())
    assert busy == [2, 2, 3]
    assert {name for name, _ in quick} == {"c"}  # the only idle one


def test_what_a_lost_replica_owes_comes_from_others_and_it_is_started_once():
    async def everything():
        gate = asyncio.Event()
        first, other, again = Fake("first", dies_at=[8], gate=gate), Fake("other"), Fake("again")
        start, started = starting(first, other, again)
        async with Replicas(start, 2) as pool:
            other.gate = gate
            tasks = [asyncio.create_task(ask(pool, n)) for n in range(12)]
            answers = await asyncio.gather(*tasks)
            assert len(first.requests) > 1
            while len(started) < 3:
                await asyncio.sleep(0)
            return answers, started, pool.n_lost

    answers, started, n_lost = run(everything())
    assert [request for _, request in answers] == list(range(12))  # each once, none missing
    assert {name for name, _ in answers} <= {"other", "again"}
    assert started == [(0, "first"), (1, "other"), (0, "again")]
    assert n_lost == 1


def test_with_nobody_left_requests_wait_for_the_next():
    async def everything():
        start, started = starting(Fake("first", dies_at=["x"]), Fake("second"))
        async with Replicas(start, 1) as pool:
            return await asyncio.gather(ask(pool, "x"), ask(pool, "y")), started

    answers, started = run(everything())
    assert answers == [("second", "x"), ("second", "y")]
    assert len(started) == 2


def test_a_failed_request_is_not_sent_again():
    class Refuses(Fake):
        async def answer(self, request):
            self.requests.append(request)
            raise EngineFailure("longer than the context")

    async def everything():
        replica = Refuses("a")
        start, _ = starting(replica)
        async with Replicas(start, 1) as pool:
            with pytest.raises(EngineFailure, match="longer than the context"):
                await ask(pool, 1)
            return replica.requests, pool.n_lost

    assert run(everything()) == ([1], 0)


def test_a_request_that_kills_every_replica_fails_alone():
    async def everything():
        fakes = [Fake(str(n), dies_at=["poison"]) for n in range(12)]
        start, _ = starting(*fakes)
        async with Replicas(start, 3) as pool:
            with pytest.raises(EngineFailure, match=f"{MOST_SENDINGS} replicas died"):
                await ask(pool, "poison")
            return await ask(pool, "sound"), pool.n_lost

    (_, request), n_lost = run(everything())
    assert request == "sound"
    assert n_lost == MOST_SENDINGS


def test_a_place_that_only_dies_is_given_up_in_the_end():
    async def everything():
        fakes = [Fake(str(n), dies_at=range(100)) for n in range(20)]
        start, started = starting(*fakes)
        async with Replicas(start, 2) as pool:
            failures = await asyncio.gather(*(ask(pool, n) for n in range(6)), return_exceptions=True)
            for _ in range(2):
                failures += await asyncio.gather(ask(pool, 7), return_exceptions=True)
            return failures, started

    failures, started = run(everything())
    assert {type(failure) for failure in failures} <= {EngineFailure, MissingAbility}
    assert re.search("--ray: all 2 replicas were lost .* the same command resumes", str(failures[-1]))
    assert len(started) == 2 * (MOST_LOSSES + 1)


def test_an_answer_ends_a_row_of_losses():
    async def everything():
        n = MOST_LOSSES + 3
        start, started = starting(*(Fake(str(i), dies_at=[i]) for i in range(n)), Fake("last"))
        async with Replicas(start, 1) as pool:
            for i in range(n):
                assert (await ask(pool, f"sound {i}"))[0] == str(i)
                await ask(pool, i)
            return started

    assert run(everything())[-1] == (0, "last")


def test_one_that_dies_on_starting_is_started_again_and_one_that_cannot_start_is_said_at_once():
    async def everything(*fakes):
        start, started = starting(*fakes)
        async with Replicas(start, 1) as pool:
            return await ask(pool, 1), started

    answer, started = run(everything(Lost("node gone"), Fake("a")))
    assert answer == ("a", 1)
    assert len(started) == 2
    with pytest.raises(MissingAbility, match="vLLM is not installed"):
        run(everything(MissingAbility("vLLM is not installed")))
    with pytest.raises(MissingAbility, match=r"--ray: a replica does not start: 4 processes .*node gone"):
        run(everything(*[Lost("node gone")] * (MOST_LOSSES + 1)))


def test_leaving_ends_what_is_starting():
    ended = []

    async def start(number):
        if number:
            raise MissingAbility("no room")
        try:
            await asyncio.sleep(60)
        finally:
            ended.append(number)

    async def entered():
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05), Replicas(start, 2):
                pass

    run(entered())
    assert ended == [0]
