"""The steady states of deployments by the number of requests in flight, to be read between those that were computed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from advisor.performance.demand import Array

Index = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Figures:
    """Mean times of one request in seconds, and the power of all GPUs in watts."""

    ttft_s: Array
    tpot_s: Array
    request_s: Array
    watts: Array


@dataclass(frozen=True, slots=True)
class SteadyStates:
    """Deployments, each with the states of the same one at fewer requests in flight.

    `at` says where each stands among all states, `first` where the first state of the same deployment does; `in_flight`
    and `figures` are of all states, those of one deployment together and in rising order.
    """

    at: Index
    first: Index
    in_flight: Array
    figures: Figures

    @classmethod
    def of(cls, deployment: Index, in_flight: Array, figures: Figures) -> SteadyStates:
        """All states as deployments; those with the same number in `deployment` are states of one."""
        starts = np.flatnonzero(np.diff(deployment, prepend=-1))
        first = np.repeat(starts, np.diff(starts, append=len(deployment)))
        return cls(np.arange(len(deployment)), first, in_flight, figures)

    def take(self, which: Index) -> SteadyStates:
        """Some of the deployments."""
        return SteadyStates(self.at[which], self.first[which], self.in_flight, self.figures)

    @property
    def most_in_flight(self) -> Array:
        """Requests that each deployment takes at once."""
        return self.in_flight[self.at]

    @property
    def full(self) -> Figures:
        """Figures with so many."""
        return self._read(lambda values: values[self.at])

    def seen(self, requests_per_s: Array, own: Array) -> Array:
        """Requests in flight while one is answered, the `own` ones that came with it included.

        Requests come at random, so one finds as many as there are on average, x·T(n) by Little's law, beside its own:
        n = own + x·T(n). Between two states T is linear, where this is exact (the number in flight is then negative
        binomial); the most that a replica holds at once is the limit.
        """
        request_s = self.figures.request_s
        below, above = self._around(lambda state: (self.in_flight[state] - own) / request_s[state], requests_per_s)
        n0, n1, s0, s1 = (v[state] for v in (self.in_flight, request_s) for state in (below, above))
        slope = (s1 - s0) / np.where(n1 > n0, n1 - n0, 1.0)
        between = (own + requests_per_s * (s0 - slope * n0)) / np.maximum(1 - requests_per_s * slope, 1e-12)
        return np.asarray(np.minimum(np.where(n1 > n0, np.clip(between, n0, n1), n1), self.most_in_flight))

    def at_in_flight(self, number: Array) -> Figures:
        """Figures with so many in flight, never fewer than the first state has nor more than the deployment takes."""
        below, above = self._around(lambda state: self.in_flight[state], number)
        n0, n1 = self.in_flight[below], self.in_flight[above]
        share = np.clip((number - n0) / np.where(n1 > n0, n1 - n0, 1.0), 0.0, 1.0)
        return self._read(lambda values: values[below] + share * (values[above] - values[below]))

    def _read(self, of: Callable[[Array], Array]) -> Figures:
        return Figures(*(of(getattr(self.figures, field.name)) for field in fields(Figures)))

    def _around(self, value: Callable[[Index], Array], wanted: Array) -> tuple[Index, Index]:
        """The states below and above a wanted value, which rises over the states of a deployment.

        Twice the first where even that is above it, the deployment itself and the one below it where none is.
        """
        above = self.first.copy()
        for _ in range(int(np.max(self.at - self.first, initial=0))):
            above += (above < self.at) & (value(above) < wanted)
        return np.maximum(above - 1, self.first), above
