"""Several replicas of an engine as one: a request goes to the least busy one, and a lost replica is started anew.

What a replica is, and how one is started, is the caller's: this module knows no cluster. A request whose replica is
lost is sent to another; seeded draws come out the same there, so that none is missing and none counts twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from advisor.engines.protocol import EngineFailure
from advisor.errors import MissingAbility
from advisor.units import counted

R = TypeVar("R")
Answer = TypeVar("Answer")

MOST_LOSSES = 3
"""Of one place in a row, without an answer between them, after which it is given up."""
MOST_SENDINGS = 4
"""Of one request: what kills every replica that it is sent to is a failure of the request."""


class Lost(Exception):
    """A replica died, or its node did, before it answered."""


@dataclass(slots=True)
class Place(Generic[R]):
    """One replica after the other. `replica` is None while it starts, and for good once `given_up` says why."""

    number: int
    replica: R | None = None
    starting: asyncio.Task[None] | None = None
    in_flight: int = 0
    losses: int = 0
    given_up: Exception | None = None


class Replicas(Generic[R]):
    """`start` starts the replica of a place: it raises Lost where that one died, anything else where none will start.

    Use as an async context manager, which waits for all of them.
    """

    def __init__(self, start: Callable[[int], Awaitable[R]], n_places: int) -> None:
        self._start = start
        self._places = [Place[R](number) for number in range(n_places)]
        self.n_lost = 0
        """Replicas that died so far."""

    async def __aenter__(self) -> Self:
        for place in self._places:
            self._begin(place)
        try:
            await asyncio.gather(*(place.starting for place in self._places if place.starting))
            for place in self._places:
                if place.given_up:
                    raise self._cannot_start(place.given_up)
        except BaseException:
            await self.__aexit__(None, None, None)
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        begun = [place.starting for place in self._places if place.starting]
        for task in begun:
            task.cancel()
        await asyncio.gather(*begun, return_exceptions=True)

    def _cannot_start(self, error: Exception) -> Exception:
        if not isinstance(error, Lost):
            return error
        what = f"a replica does not start: {MOST_LOSSES + 1} processes in a row were lost ({error})"
        return MissingAbility(what, where="--ray", hint="Ray keeps what they said in its logs on their node")

    async def ask(self, request: Callable[[R], Coroutine[Any, Any, Answer]]) -> Answer:
        """The answer of the least busy replica, or of another where that one is lost.

        Raises what the request raises, EngineFailure for one that no replica survives, and MissingAbility once every
        place is given up.
        """
        for _ in range(MOST_SENDINGS):
            place, replica = await self._least_busy()
            place.in_flight += 1
            try:
                answer = await request(replica)
            except Lost as lost:
                self._replace(place, replica, lost)
            else:
                place.losses = 0
                return answer
            finally:
                place.in_flight -= 1
        raise EngineFailure(f"{MOST_SENDINGS} replicas died before they answered it")

    async def _least_busy(self) -> tuple[Place[R], R]:
        while True:
            live = [(place, place.replica) for place in self._places if place.replica is not None]
            if live:
                return min(live, key=lambda each: each[0].in_flight)
            begun = [place.starting for place in self._places if place.starting and not place.given_up]
            if not begun:
                what = f"all {counted(len(self._places), 'replica')} were lost ({self._places[-1].given_up})"
                hint = "the same command resumes once the cluster is sound"
                raise MissingAbility(what, where="--ray", hint=hint)
            await asyncio.wait(begun, return_when=asyncio.FIRST_COMPLETED)

    def _replace(self, place: Place[R], replica: R, lost: Lost) -> None:
        """Once for each replica, though all of its requests come here."""
        if place.replica is not replica:
            return
        place.replica = None
        self._count(place, lost)
        self._begin(place)

    def _count(self, place: Place[R], lost: Lost) -> None:
        self.n_lost += 1
        place.losses += 1
        if place.losses > MOST_LOSSES:
            place.given_up = lost

    def _begin(self, place: Place[R]) -> None:
        place.starting = asyncio.create_task(self._started(place))

    async def _started(self, place: Place[R]) -> None:
        """Start its replica, again where that is lost; never raises."""
        while not place.given_up:
            try:
                place.replica = await self._start(place.number)
                return
            except Lost as lost:
                self._count(place, lost)
            except Exception as error:  # raised to whoever asks, by ask or on entering
                place.given_up = error
