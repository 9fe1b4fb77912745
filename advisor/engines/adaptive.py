"""How many requests a server is given at once: a fixed number, or as many as raise its throughput.

What is looked for is the number n of requests in flight at which the throughput T, in tokens per second, stops rising:
the n with the largest T / n^PAYS, since each further doubling has to pay 2^PAYS − 1. By Little's law
T = (mean in flight) · (tokens of the answers) / (seconds that they took, in all), which, unlike tokens counted over a
window of time, is hardly noisier than one answer's speed where all answers run side by side.

A level is measured once as many answers have come as there were requests in flight when it was set, so that those left
from before are gone; then another one is tried and kept where it is better: twice as many while throughput follows,
later half as many more, or a fifth fewer, in turn. Times are handed in, seconds on one clock.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

START = 256
"""What vLLM serves at once by default; a server of fewer places lets the others wait."""
MOST = 16_384
PAYS = 0.1
"""Power of the number in flight by which throughput has to rise: 7 % for a doubling."""
FULL = 0.9
"""Share of the places that are taken in a window that says something: else it is the work that is short."""
LEAST_ANSWERS = 24
PRECISE = 0.02
"""Standard error of the logarithm of throughput at which a window is long enough."""
LONGEST_WINDOW = 4
"""Rounds of answers."""
UP, UP_LATER, DOWN, LARGEST_DOWN = 2.0, 1.5, 1.25, 4.0
ROUNDS_DOWN = 2
"""Of answers until those are gone that waited in the longer queue of a higher level; one on the way up."""
LONGEST_REST = 4
"""Windows at one level between two tries."""
REFUSED = 0.05
"""Share of requests refused from which a level is too high, beside those that are refused at any level."""
CEILING_WINDOWS = 24
"""For which a level that was too high is not tried again: replicas may have come."""
SLOW = 1 / 3
"""Of the time that a request may take: where answers take that long, no more are sent."""


class Limit(Protocol):
    """Says how many requests may be in flight, and follows each of them."""

    @property
    def places(self) -> int:
        """How many may be in flight now."""
        ...

    @property
    def most(self) -> int:
        """How many were in flight at most."""
        ...

    @property
    def in_flight(self) -> int:
        """How many are in flight now."""
        ...

    def begun(self, now_s: float) -> None:
        """A request is sent."""
        ...

    def answered(self, begun_s: float, now_s: float, tokens: int, deadline_s: float = math.inf) -> None:
        """It has its answer, of so many tokens (0: too short a question to be measured)."""
        ...

    def overloaded(self, begun_s: float, now_s: float) -> None:
        """It was refused for want of capacity, or not answered in time."""
        ...

    def given_up(self) -> None:
        """It ended otherwise."""
        ...


@dataclass(slots=True)
class FixedLimit:
    """The same number always."""

    places: int
    most: int = 0
    in_flight: int = 0

    def begun(self, now_s: float) -> None:
        """See Limit."""
        self.in_flight += 1
        self.most = max(self.most, self.in_flight)

    def answered(self, begun_s: float, now_s: float, tokens: int, deadline_s: float = math.inf) -> None:
        """See Limit."""
        self.in_flight -= 1

    def overloaded(self, begun_s: float, now_s: float) -> None:
        """See Limit."""
        self.in_flight -= 1

    def given_up(self) -> None:
        """See Limit."""
        self.in_flight -= 1


@dataclass(frozen=True, slots=True)
class Level:
    """A number of places and the logarithm of the throughput with them, with its standard error; `slow`: answers
    take so long that there should be no more of them."""

    places: int
    log_throughput: float
    error: float
    slow: bool


@dataclass(slots=True)
class Window:
    """Answers while all places are taken; the first `unsettled` ones are those of another level."""

    unsettled: int
    begun_s: float = 0.0
    latest_s: float = 0.0
    in_flight_s: float = 0.0
    n: int = 0
    tokens: float = 0.0
    seconds: float = 0.0
    squares: tuple[float, float, float] = (0.0, 0.0, 0.0)
    slow: int = 0

    def pass_time(self, now_s: float, in_flight: int) -> None:
        """So many were in flight until now."""
        self.in_flight_s += in_flight * (now_s - self.latest_s)
        self.latest_s = now_s

    def add(self, seconds: float, tokens: int, *, slow: bool) -> None:
        """An answer."""
        self.n += 1
        self.tokens += tokens
        self.seconds += seconds
        tt, ts, ss = self.squares
        self.squares = tt + tokens * tokens, ts + tokens * seconds, ss + seconds * seconds
        self.slow += slow

    @property
    def error(self) -> float:
        """Standard error of ln(tokens / seconds), that of a ratio of two sums."""
        rate, (tt, ts, ss) = self.tokens / self.seconds, self.squares
        return math.sqrt(max(tt - 2 * rate * ts + rate * rate * ss, 0.0)) / self.tokens

    def is_enough(self, places: int) -> bool:
        """Whether it says what the throughput is."""
        if self.n < max(places // 2, LEAST_ANSWERS) or self.seconds <= 0 or self.latest_s <= self.begun_s:
            return False
        return self.error <= PRECISE or self.n >= LONGEST_WINDOW * max(places, LEAST_ANSWERS)

    @property
    def log_throughput(self) -> float:
        """Of tokens per second."""
        mean_in_flight = self.in_flight_s / (self.latest_s - self.begun_s)
        return math.log(mean_in_flight * self.tokens / self.seconds)


class AdaptiveLimit:
    """Finds the number by trying; see the module. Never above `highest`, never below 1."""

    def __init__(self, start: int = START, highest: int = MOST) -> None:
        self.highest = max(highest, 1)
        self.places = min(start, self.highest)
        self.most = self.in_flight = 0
        self._base: Level | None = None
        """The level that others are compared with; another one is being tried where `places` differ from it."""
        self._upward, self._up, self._down = True, UP, DOWN
        self._failures = self._rest = 0
        self._ceiling, self._ceiling_left = math.inf, 0
        self._set_s, self._sent, self._refused = -math.inf, 0, 0
        self._always = 0.0
        """Share of the requests refused at the level measured last."""
        self._window = Window(self.places)

    def begun(self, now_s: float) -> None:
        """See Limit."""
        self._window.pass_time(now_s, self.in_flight)
        self.in_flight += 1
        self._sent += 1
        self.most = max(self.most, self.in_flight)

    def answered(self, begun_s: float, now_s: float, tokens: int, deadline_s: float = math.inf) -> None:
        """See Limit."""
        window, before = self._window, self.in_flight
        window.pass_time(now_s, before)
        self.in_flight -= 1
        if not tokens or before > self.places:
            return
        if before < FULL * self.places:
            self._begin_window(now_s, window.unsettled)
        elif window.unsettled > 0:
            window.unsettled -= 1
            if not window.unsettled:
                self._begin_window(now_s, 0)
        else:
            seconds = now_s - begun_s
            window.add(seconds, tokens, slow=seconds > SLOW * deadline_s)
            if window.is_enough(self.places):
                self._measured(now_s)

    def overloaded(self, begun_s: float, now_s: float) -> None:
        """See Limit. Requests from before the last change are no word on the present level."""
        self._window.pass_time(now_s, self.in_flight)
        self.in_flight -= 1
        if begun_s < self._set_s:
            return
        self._refused += 1
        if self.places == 1 or self._refused <= 1 + (REFUSED + 1.5 * self._always) * self._sent:
            return
        self._ceiling, self._ceiling_left = self.places, CEILING_WINDOWS
        base = self._base
        if base is not None and base.places < self.places:
            self._go_back(base, now_s)
        else:
            self._base = None
            self._set(max(min(self.places, self.in_flight + 1) // 2, 1), now_s)

    def given_up(self) -> None:
        """See Limit."""
        self.in_flight -= 1

    def _begin_window(self, now_s: float, unsettled: int) -> None:
        self._window = Window(unsettled, now_s, now_s)

    def _set(self, places: int, now_s: float) -> None:
        rounds = 1 if places > self.places else ROUNDS_DOWN
        self.places = places
        self._set_s, self._sent, self._refused = now_s, 0, 0
        self._begin_window(now_s, rounds * places)

    def _go_back(self, base: Level, now_s: float) -> None:
        """What was tried is not better: the other direction is next, after a rest."""
        self._failures += 1
        self._rest = min(2 ** (self._failures - 1), LONGEST_REST)
        if self._upward:
            self._up = UP_LATER
        else:
            self._down = DOWN
        self._upward = not self._upward
        self._set(base.places, now_s)

    def _measured(self, now_s: float) -> None:
        """A window is full: go on from it."""
        window, base = self._window, self._base
        slow = 2 * window.slow > window.n
        level = Level(self.places, window.log_throughput, window.error, slow)
        self._always = self._refused / max(self._sent, 1)
        self._ceiling_left -= 1
        if self._ceiling_left <= 0:
            self._ceiling = math.inf
        if base is None or base.places == self.places:
            self._rest -= 1
            self._base = level
        elif self._is_better(level, base):
            self._failures = self._rest = 0
            self._follow(level, base)
            self._base = level
        else:
            self._go_back(base, now_s)
            return
        if self._rest > 0:
            self._begin_window(now_s, 0)
        else:
            self._try_another(level, now_s)

    def _is_better(self, level: Level, base: Level) -> bool:
        """Whether throughput over the number in flight to the power PAYS is larger, for more of them clearly so."""
        more = math.log(level.places / base.places)
        gain = level.log_throughput - base.log_throughput - PAYS * more
        return gain > (math.hypot(level.error, base.error) if more > 0 else 0.0) and not (more > 0 and level.slow)

    def _follow(self, level: Level, base: Level) -> None:
        """On in the same direction, further; but where more brought less than half their share, back a little."""
        if not self._upward:
            self._down = min(self._down**2, LARGEST_DOWN)
        elif level.log_throughput - base.log_throughput > math.log(level.places / base.places) / 2:
            self._up = UP
        else:
            self._up, self._upward = UP_LATER, False

    def _try_another(self, level: Level, now_s: float) -> None:
        """Up or down from the level just measured; at an end the other way."""
        n = level.places
        higher = min(max(round(n * self._up), n + 1), self.highest)
        if self._ceiling < math.inf:
            higher = min(higher, int(math.sqrt(n * self._ceiling)))
        lower = min(int(n / self._down), n - 1)
        upward = self._upward
        if upward and (higher <= n or level.slow):
            self._upward = upward = False
        elif not upward and lower < 1:
            self._upward = upward = higher > n
        if (upward and higher > n) or (not upward and lower >= 1):
            self._set(higher if upward else lower, now_s)
        else:
            self._begin_window(now_s, 0)
