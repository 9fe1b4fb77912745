"""A server under a limit of requests in flight, event by event on a clock of its own."""

import heapq
import math
import random
from dataclasses import dataclass, field
from itertools import count, pairwise

TOKENS, SERVICE_S = 500, 20.0
"""Of a mean answer."""
DEMAND = 1000
"""Requests that may wait to be sent again before no new ones come."""


@dataclass
class Fleet:
    """Answers the first `knee(t)` requests side by side, the others wait in its queue, or are refused (`refuses`).

    half    running side by side at which each runs at half speed
    thrash  loss of speed where twice as many are there as have a place
    spread  of the logarithm of tokens
    """

    knee: int
    later: tuple[float, float, int] = (math.inf, math.inf, 0)
    """From when to when there are so many places instead."""
    half: float = math.inf
    thrash: float = 0.0
    refuses: bool = False
    fails: float = 0.0
    """Share of requests that it refuses whatever the load."""
    spread: float = 0.6

    def places(self, now_s):
        begins_s, ends_s, places = self.later
        return places if begins_s <= now_s < ends_s else self.knee

    @property
    def best(self):
        """Largest tokens per second at first."""
        return self.knee / (1 + self.knee / self.half) * TOKENS / SERVICE_S


@dataclass
class Run:
    """What came of one. `levels` are (time, places) from when on."""

    limit: object
    fleet: Fleet
    seconds: float
    requests: float = math.inf
    draw: random.Random = field(default_factory=lambda: random.Random(1))
    now_s: float = 0.0
    tokens: int = 0
    answers: int = 0
    refused: int = 0
    busiest: int = 0
    later_tokens: int = 0
    levels: list = field(default_factory=list)

    def __post_init__(self):  # noqa: C901
        progress, running, queue, again, order = 0.0, [], [], [], count()

        def take_up(begun_s):
            tokens = max(
                1, int(self.draw.lognormvariate(math.log(TOKENS) - self.fleet.spread**2 / 2, self.fleet.spread))
            )
            heapq.heappush(running, (progress + tokens / TOKENS * SERVICE_S, next(order), tokens, begun_s))

        while self.now_s < self.seconds and (self.requests or running or queue or again):
            places = self.fleet.places(self.now_s)
            while self.limit.in_flight < self.limit.places and (
                (self.requests and len(again) < DEMAND) or (again and again[0] <= self.now_s)
            ):
                if again and again[0] <= self.now_s:
                    heapq.heappop(again)
                else:
                    self.requests -= 1
                self.limit.begun(self.now_s)
                there = len(running) + len(queue)
                if (self.fleet.refuses and there >= places) or self.draw.random() < self.fleet.fails:
                    self.limit.overloaded(self.now_s, self.now_s + 1e-3)
                    self.refused += 1
                    heapq.heappush(again, self.now_s + self.draw.uniform(2, 8))
                elif len(running) < places:
                    take_up(self.now_s)
                else:
                    queue.append(self.now_s)
            self.busiest = max(self.busiest, self.limit.in_flight)
            over = max(0.0, (len(running) + len(queue)) / places - 1)
            speed = 1 / (1 + len(running) / self.fleet.half) / (1 + self.fleet.thrash * over)
            step_s = min((running[0][0] - progress) / speed if running else math.inf, 5.0)
            if again and self.limit.in_flight < self.limit.places:
                step_s = min(step_s, max(again[0] - self.now_s, 1e-6))
            self.now_s += step_s
            progress += step_s * speed
            while running and running[0][0] <= progress + 1e-9:
                _, _, tokens, begun_s = heapq.heappop(running)
                self.tokens, self.answers = self.tokens + tokens, self.answers + 1
                self.later_tokens += tokens * (self.now_s > self.seconds / 2)
                self.limit.answered(begun_s, self.now_s, tokens, 1010.0)
                while queue and len(running) < places:
                    take_up(queue.pop(0))
            if not self.levels or self.levels[-1][1] != self.limit.places:
                self.levels.append((self.now_s, self.limit.places))

    @property
    def share(self):
        """Of the best throughput."""
        return self.tokens / self.now_s / self.fleet.best

    @property
    def later_share(self):
        """The same of the second half."""
        return 2 * self.later_tokens / self.seconds / self.fleet.best

    def level(self, from_s, to_s):
        """Mean places."""
        spans = pairwise([*self.levels, (to_s, 0)])
        return sum(max(min(b, to_s) - max(a, from_s), 0) * n for (a, n), (b, _) in spans) / (to_s - from_s)
