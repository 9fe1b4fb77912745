"""Prompts and answers on GPUs of their own, event by event: what percentiles of TTFT and TPOT a load sees.

Engines that prefill take prompts from one queue, each of those that are free as many as the others, up to what a step
holds. A prompt's cache then goes to the engine that decodes the fewest, which takes it in between two steps as soon as
it has room. Requests arrive as others are answered (a closed loop), or at random at a rate, as in simulation.py.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import deque
from dataclasses import dataclass, field
from heapq import heappop, heappush, heapreplace

import numpy as np

from advisor.performance.demand import Array
from advisor.performance.simulation import Passed, Simulated, Tokens

NOISE = 1e-9
"""Part of a step that is rounding."""


@dataclass(frozen=True, slots=True)
class TimesApart:
    """Seconds of engines with prompts on GPUs of their own, and how many there are of each.

    prompts_s   of k prompts that one engine takes in together, at index k − 1
    handover_s  from there until decoding may begin: the fixed delay, and sending the cache
    decode_s    of a token of each of b sequences on one engine, at index b (index 0: nothing); more have no room
    """

    prompts_s: Array
    handover_s: float
    decode_s: Array
    prefill_engines: int
    decode_engines: int

    @property
    def max_in_flight(self) -> int:
        """Requests that all engines work on at once."""
        return self.prefill_engines * len(self.prompts_s) + self.decode_engines * (len(self.decode_s) - 1)


@dataclass(slots=True)
class _Decoder:
    """One engine that decodes, of each request its `tokens` after the first.

    Its steps are alike from `since_s` to `until_s`, when a request ends or begins; `steps` were made before.
    """

    decode_s: Array
    tokens: Tokens
    decoding: list[tuple[int, int]] = field(default_factory=list)  # a heap: the step of the last token, and whose
    waiting: deque[int] = field(default_factory=deque)
    since_s: float = 0.0
    until_s: float = math.inf
    steps: int = 0

    @property
    def has_room(self) -> bool:
        return len(self.decoding) < len(self.decode_s) - 1

    @property
    def step_s(self) -> float:
        return float(self.decode_s[len(self.decoding)])

    def arrives(self, request: int, now: float) -> None:
        """A request waits; where there is room it begins when the step ends that runs."""
        self.waiting.append(request)
        if not self.decoding:
            self.since_s = self.until_s = now
        elif self.has_room:
            running = math.ceil((now - self.since_s) / self.step_s - NOISE)
            self.until_s = min(self.until_s, self.since_s + running * self.step_s)

    def changes(self) -> tuple[list[int], list[int]]:
        """The requests that end at `until_s`, and those that begin."""
        if self.decoding:
            self.steps += round((self.until_s - self.since_s) / self.step_s)
        ended, begun = [], []
        while self.decoding and self.decoding[0][0] <= self.steps:
            ended.append(heappop(self.decoding)[1])
        while self.waiting and self.has_room:
            begun.append(self.waiting.popleft())
            heappush(self.decoding, (self.steps + int(self.tokens[begun[-1]]), begun[-1]))
        self.since_s, self.until_s = self.until_s, math.inf
        if self.decoding:
            self.until_s = self.since_s + (self.decoding[0][0] - self.steps) * self.step_s
        return ended, begun


def simulate_apart(
    times: TimesApart, arrivals_s: Array | None, concurrency: int, generated_tokens: int | Tokens, n_requests: int
) -> Simulated:
    """`n_requests` requests that arrive at `arrivals_s`; for None `concurrency` at once, then one for each answered.

    `generated_tokens`: of each answer, or of all. In a closed loop others follow them, so that the last ones find
    engines as full as the first.
    """
    arrival = [0.0] * concurrency if arrivals_s is None else arrivals_s.tolist()
    taken, first, last = (np.full(n_requests + concurrency, np.nan) for _ in range(3))
    generated = np.broadcast_to(np.asarray(generated_tokens), (n_requests,))
    tokens = np.maximum(np.resize(generated, n_requests + concurrency) - 1, 1)
    decoders = [_Decoder(times.decode_s, tokens) for _ in range(times.decode_engines)]
    free_s = [0.0] * times.prefill_engines  # a heap: when each engine that prefills is free
    sent: list[tuple[float, int]] = []  # a heap: when each cache has arrived, and whose
    coming = answered = 0
    while answered < n_requests:
        due = max(free_s[0], arrival[coming]) if coming < len(arrival) else math.inf
        decoder = min(decoders, key=lambda each: each.until_s)
        now = decoder.until_s
        if due <= now and (not sent or due <= sent[0][0]):
            waiting = bisect_right(arrival, due, coming) - coming
            each = -(-waiting // sum(free <= due for free in free_s))
            together = range(coming, coming + min(each, len(times.prompts_s)))
            done_s = due + float(times.prompts_s[len(together) - 1])
            heapreplace(free_s, done_s)
            for request in together:
                taken[request] = due
                heappush(sent, (done_s + times.handover_s, request))
            coming = together.stop
        elif sent and sent[0][0] <= now:
            arrived_s, request = heappop(sent)
            min(decoders, key=lambda each: len(each.decoding) + len(each.waiting)).arrives(request, arrived_s)
        else:
            ended, begun = decoder.changes()
            last[ended], first[begun] = now, now
            answered += sum(request < n_requests for request in ended)
            if arrivals_s is None:
                arrival += [now] * min(len(ended), n_requests + concurrency - len(arrival))
    came_s, taken_s, first_s, last_s = (np.array(each[:n_requests]) for each in (arrival, taken, first, last))
    passed = Passed(came_s, taken_s, first_s, last_s, generated)
    return passed.after(concurrency, None if arrivals_s is not None else concurrency)
