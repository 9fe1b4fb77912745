"""Who may send a request to a server, and when: in the order in which they came, within its limits."""

from __future__ import annotations

import asyncio
import heapq
import math
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count

from advisor.engines.adaptive import Limit
from advisor.engines.rate_limits import Rates

PATIENCE_S = 300.0
"""Without any answer, after which a server that refuses requests is taken to be broken; twice the longest answer where
that is more."""


@dataclass(slots=True)
class Place:
    """Of a request while it is in flight; who has it says how the request ended."""

    begun_s: float
    expected_tokens: float
    overloaded: bool = False
    generated_tokens: int = 0
    tokens: int | None = None

    def answer(self, generated_tokens: int, tokens: int) -> None:
        """An answer came, of so many tokens; the others count its prompt."""
        self.generated_tokens, self.tokens = generated_tokens, tokens


class Admission:
    """Of one server. `limit` says how many may be in flight, `rates` how many a minute."""

    def __init__(self, limit: Limit, rates: Rates) -> None:
        self.limit, self.rates = limit, rates
        self.answered_s: float | None = None
        self._first_s = math.inf
        self.longest_s = 0.0
        self._closed_until_s = -math.inf
        self._waiting: list[tuple[int, int, float, asyncio.Future[float]]] = []
        self._turns = count()
        self._timer: asyncio.TimerHandle | None = None

    def turn(self) -> int:
        """The place in the queue of one who comes now, and keeps it when it has to send again."""
        return next(self._turns)

    def close_until(self, until_s: float) -> None:
        """Nobody is admitted before, on the clock of time.monotonic."""
        self._closed_until_s = max(self._closed_until_s, until_s)

    def is_answering(self, deadline_s: float) -> bool:
        """Whether a server that refuses a request is at work: it was seen to answer, or answers others just now."""
        now_s = time.monotonic()
        if self.answered_s is None:
            return self.limit.in_flight > 0 and now_s - self._first_s < deadline_s
        return now_s - self.answered_s < max(PATIENCE_S, 2 * self.longest_s)

    @asynccontextmanager
    async def place(self, turn: int, most_tokens: int, deadline_s: float = math.inf) -> AsyncIterator[Place]:
        """Waits for a place, and has it to the end of what is done in it."""
        expected = self.rates.expected_tokens(most_tokens)
        place = Place(await self._admitted(turn, expected), expected)
        try:
            yield place
        finally:
            now_s = time.monotonic()
            if place.tokens is not None:
                self.answered_s, self.longest_s = now_s, max(self.longest_s, now_s - place.begun_s)
                self.rates.answered(now_s, expected, place.tokens)
                self.limit.answered(place.begun_s, now_s, place.generated_tokens, deadline_s)
            elif place.overloaded:
                self.limit.overloaded(place.begun_s, now_s)
            else:
                self.limit.given_up()
            self._admit()

    async def _admitted(self, turn: int, expected: float) -> float:
        """When a request may be sent: now, on the clock of time.monotonic."""
        admitted: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (turn, next(self._turns), expected, admitted))
        self._admit()
        try:
            return await admitted
        except asyncio.CancelledError:
            if admitted.done() and not admitted.cancelled():  # cancelled just after it was admitted
                self.limit.given_up()
                self._admit()
            raise

    def _admit(self) -> None:
        """All who may go now; where they wait for a time, look again then."""
        now_s = time.monotonic()
        while self._waiting and self.limit.in_flight < self.limit.places:
            _, _, expected, admitted = self._waiting[0]
            if admitted.done():
                heapq.heappop(self._waiting)
                continue
            wait_s = max(self._closed_until_s - now_s, self.rates.wait_s(now_s, expected))
            if wait_s > 0:
                self._look_again(wait_s)
                return
            heapq.heappop(self._waiting)
            self._first_s = min(self._first_s, now_s)
            self.rates.begun(now_s, expected)
            self.limit.begun(now_s)
            admitted.set_result(now_s)

    def _look_again(self, wait_s: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(wait_s, self._admit)
