"""Questions that come at random at a deployment: how long they wait, and how many a second it carries.

While every place is taken a deployment ends `servers / service_s` questions a second, and a question that comes then
waits its turn: an M/G/m queue. The chance of waiting is Sakasegawa's (1977, "An approximation formula L_q ≃
α·ρ^β/(1−ρ)"), which lies above Erlang's C up to 95 % load; the wait of those who wait is taken as exponential with the
mean of Lee and Longton (1959), so it grows with the spread of the answers' lengths. While places are free answers are
faster, the more so the fewer there are: the figures at a load are those with the number in flight that a question finds
on average.

All functions take arrays with one element a deployment.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from itertools import pairwise
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from advisor.performance.demand import Array
from advisor.performance.steady_states import Figures, Index, SteadyStates

PLANNED_RATE, PLANNED_MISSES = 0.84, 0.7
"""Shares of the rate that just keeps the limits, and of the questions that may wait longer, that are planned for: the
formulas are approximations, and a capacity must not be overstated."""
MEAN_OF_STAY = 2 / 3
"""Variance of the mean number in flight over an answer's stay, of that at a moment (M/G/∞, equal lengths)."""
ROUNDS = 12
"""Halvings of an interval: to a part in 4,000."""
ROUNDS_OF_SECONDS = 20
"""Of those that distinguish equal deployments: to a part in a million."""
EDGES = (0.0, 0.25, 0.5, 0.7, 0.8, 0.86, 0.9, 0.93, 0.95, 0.965, 0.98, 0.99, 1.0)
"""Parts of the distribution of lengths, finer towards the long answers that decide."""
WEIGHTS = np.diff(EDGES)
Z50, Z95, Z99 = (NormalDist().inv_cdf(p) for p in (0.5, 0.95, 0.99))


@dataclass(frozen=True, slots=True)
class Queue:
    """Questions answered side by side, mean seconds of one while all places are taken, and the squared coefficient of
    variation of those seconds."""

    servers: Array
    service_s: Array
    cv2: Array

    @property
    def most_per_s(self) -> Array:
        """Questions per second with every place taken: at more, the queue grows without end."""
        return self.servers / self.service_s

    def at(self, rate: Array) -> Wait:
        """The wait at so many questions a second."""
        load = np.minimum(rate / self.most_per_s, 1.0)
        return Wait(
            chance=load ** (np.sqrt(2 * (self.servers + 1)) - 1),
            ends_per_s=np.maximum(self.most_per_s - rate, 0.0) * 2 / (1 + self.cv2),
            servers=self.servers,
            service_s=self.service_s,
        )


@dataclass(frozen=True, slots=True)
class Wait:
    """How long questions wait for a place.

    `chance`: share that find none; `ends_per_s`: rate of the exponential wait of those. They wait at least until the
    first of `servers` equal answers ends that were begun at random.
    """

    chance: Array
    ends_per_s: Array
    servers: Array
    service_s: Array

    def beyond(self, wait_s: Array) -> Array:
        """Share of the questions that wait longer than `wait_s`; all where that is negative."""
        at_least = np.clip(1 - wait_s / self.service_s, 0.0, 1.0) ** self.servers
        still = np.maximum(np.exp(-self.ends_per_s * np.maximum(wait_s, 0.0)), at_least)
        return np.where(wait_s < 0, 1.0, self.chance * still)

    def within(self, share: float) -> Array:
        """Seconds that a share of the questions wait no longer than."""
        with np.errstate(divide="ignore"):
            over = np.log(self.chance / (1 - share))
            at_least = self.service_s * -np.expm1(-np.maximum(over, 0.0) / self.servers)
            return np.asarray(np.maximum(over / self.ends_per_s, at_least))


@dataclass(frozen=True, slots=True)
class Lengths:
    """Tokens that a question waits for: percentiles over questions."""

    p50: Array
    p95: Array
    p99: Array

    def at(self, share: float) -> Array:
        """Any percentile: log-normal between the known ones, and beyond them as on the nearest side."""
        z = NormalDist().inv_cdf(share)
        logs = np.log(self.p50), np.log(self.p95), np.log(self.p99)
        low, high, z0, z1 = (logs[0], logs[1], Z50, Z95) if z <= Z95 else (logs[1], logs[2], Z95, Z99)
        return np.asarray(np.exp(low + (high - low) * (z - z0) / (z1 - z0)))

    @property
    def parts(self) -> Array:
        """The length in the middle of each part of EDGES, one row a part."""
        middles = [(low + high) / 2 for low, high in pairwise(EDGES)]
        return np.stack([self.at(middle) for middle in middles])

    @property
    def edges(self) -> Array:
        """The lengths at EDGES, one row an edge; the last is that of the last part's last twentieth."""
        shares = (EDGES[1] / 20, *EDGES[1:-1], 1 - (1 - EDGES[-2]) / 20)
        return np.stack([self.at(share) for share in shares])

    @property
    def cv2(self) -> Array:
        """Squared coefficient of variation."""
        parts = self.parts
        mean = WEIGHTS @ parts
        return np.asarray(WEIGHTS @ (parts - mean) ** 2 / mean**2)


@dataclass(frozen=True, slots=True)
class Objective:
    """What has to hold for a share of the questions, in seconds; infinite: no limit."""

    share: float = 0.95
    wait_s: Array | float = math.inf
    answer_s: Array | float = math.inf
    ttft_s: Array | float = math.inf
    tpot_s: Array | float = math.inf


@dataclass(frozen=True, slots=True)
class Station:
    """Deployments and the questions they get: `n_samples` answers each, drawn side by side in `turns` turns.

    `score_s` is what a reward model, and a search that reads prefixes again, add to a question.
    """

    steady: SteadyStates
    n_samples: Array
    turns: Array
    score_s: Array
    lengths: Lengths

    def take(self, which: Index) -> Station:
        """Some of the deployments."""
        lengths = Lengths(*(getattr(self.lengths, field.name)[which] for field in fields(Lengths)))
        steady = self.steady.take(which)
        return Station(steady, self.n_samples[which], self.turns[which], self.score_s[which], lengths)

    @property
    def queue(self) -> Queue:
        """Places for whole questions; the answers of one leave theirs one by one, which this takes as at once."""
        servers = np.maximum(np.floor(self.steady.most_in_flight / self.n_samples), 1.0)
        turn_s = self.steady.full.request_s * self.n_samples / self.steady.most_in_flight + self.score_s
        return Queue(servers, servers * turn_s, self.lengths.cv2)

    @property
    def mean_answer_s(self) -> Array:
        """Mean seconds of a question without waiting while all places are taken, at most."""
        return np.asarray(self.steady.full.request_s * self.turns + self.score_s)

    def seen(self, rate: Array) -> Array:
        """Answers in flight while a question is answered, its own included, at so many questions a second."""
        own = np.minimum(self.n_samples, self.steady.most_in_flight)
        return self.steady.seen(rate * self.n_samples, own)

    def state(self, rate: Array) -> Figures:
        """Mean figures of the questions at so many a second."""
        return self.steady.at_in_flight(self.seen(rate))

    def crowded(self, rate: Array, share: float) -> Figures:
        """Figures with as many in flight as a question finds no more often: they come at random."""
        seen = self.seen(rate)
        many = seen + NormalDist().inv_cdf(share) * np.sqrt(seen * self.n_samples)
        return self.steady.at_in_flight(np.minimum(many, self.steady.most_in_flight))

    def limited(self, rate: Array, share: float) -> tuple[Array, Array]:
        """TTFT, waiting for a place included, and TPOT, that a share of the questions are planned to stay within."""
        crowd = self.crowded(rate, share)
        wait_s = self.queue.at(rate).within(1 - PLANNED_MISSES * (1 - share))
        return np.asarray(wait_s + crowd.ttft_s), crowd.tpot_s

    def service_s(self, state: Figures, tokens: Array) -> Array:
        """Seconds to an answer of so many tokens, without waiting."""
        return np.asarray((state.ttft_s + state.tpot_s * tokens) * self.turns + self.score_s)

    def crowding(self, rate: Array, share: float) -> Array:
        """Factor on the times of a percentile because the number in flight varies as well as the lengths.

        Both are taken as log-normal and independent, so their variances add up.
        """
        z = NormalDist().inv_cdf(share)
        seen, tokens = self.seen(rate), self.lengths
        more = np.minimum(seen + np.sqrt(MEAN_OF_STAY * seen * self.n_samples), self.steady.most_in_flight)
        of_number = np.log(self.steady.at_in_flight(more).request_s / self.steady.at_in_flight(seen).request_s)
        of_lengths = np.log(tokens.at(share) / tokens.p50) / z if z else np.zeros_like(seen)
        return np.asarray(np.exp(z * (np.hypot(of_lengths, of_number) - of_lengths)))

    def answer_s(self, rate: Array, share: float) -> Array:
        """Seconds to the answer, waiting included, that a share of the questions stay within; infinite at too many."""
        wait, state, crowding = self.queue.at(rate), self.state(rate), self.crowding(rate, share)
        parts, edges = (crowding * self.service_s(state, of) for of in (self.lengths.parts, self.lengths.edges))
        slow = (1 + share) / 2  # both at once are no rarer than either alone beyond these
        low = crowding * self.service_s(state, self.lengths.at(share))
        bound = crowding * self.service_s(state, self.lengths.at(slow)) + wait.within(slow)
        high = np.where(np.isfinite(bound), bound, low)
        for _ in range(ROUNDS_OF_SECONDS):
            middle = (low + high) / 2
            holds = _late(wait, middle, parts, edges) <= 1 - share
            low, high = np.where(holds, low, middle), np.where(holds, middle, high)
        return np.where(np.isfinite(bound), high, math.inf)

    def largest_rate(self, objective: Objective) -> Array:
        """Questions per second to plan for: PLANNED_RATE of the most with which it holds; 0 where it never does."""
        most = self.queue.most_per_s
        low, high = np.zeros_like(most), most
        least = most / 2**ROUNDS
        low = np.where(self.holds(objective, least), least, 0.0)
        for _ in range(ROUNDS):
            middle = (low + high) / 2
            holds = self.holds(objective, middle)
            low, high = np.where(holds, middle, low), np.where(holds, high, middle)
        return np.asarray(np.where(low > least, PLANNED_RATE * low, 0.0))

    def holds(self, objective: Objective, rate: Array) -> NDArray[np.bool_]:
        """Whether the objective holds at so many questions a second."""
        wait, share, misses = self.queue.at(rate), objective.share, PLANNED_MISSES * (1 - objective.share)
        wait_s = wait.within(1 - misses)
        held = wait_s <= objective.wait_s
        if np.isfinite(objective.ttft_s).any() or np.isfinite(objective.tpot_s).any():
            ttft_s, tpot_s = self.limited(rate, share)
            held &= (ttft_s <= objective.ttft_s) & (tpot_s <= objective.tpot_s)
        if np.isfinite(objective.answer_s).any():
            state, crowding = self.state(rate), self.crowding(rate, share)
            held &= crowding * self.service_s(state, self.lengths.at(share)) <= objective.answer_s
            parts, edges = (crowding * self.service_s(state, of) for of in (self.lengths.parts, self.lengths.edges))
            held &= _late(wait, np.full_like(rate, objective.answer_s), parts, edges) <= 1 - share
        return np.asarray(held)


def _late(wait: Wait, within_s: Array, parts: Array, edges: Array) -> Array:
    """Share of the questions whose answer and wait take longer than `within_s`, by seconds of the parts and edges.

    Lengths are even within a part: were each all in its middle, a rare wait would move a percentile by a whole part.
    """
    first, last = edges[:-1], edges[1:]
    done = np.where(
        last > first, np.clip((within_s - first) / np.maximum(last - first, 1e-12), 0, 1), within_s >= first
    )
    spare = within_s - np.minimum(parts, (first + within_s) / 2)
    return np.asarray(WEIGHTS @ (1 - done + done * wait.beyond(spare)))
