"""Corrections applied so that order holds: of two GPUs, one better in every figure, the better one is never slower.

What all runs of a model shape on an engine have in common moves every GPU alike (`shared`). What its runs on one GPU
add (`Own`) may put that GPU above a worse one, or below a better one. Measured GPUs in conflict meet half-way: each
time is the geometric mean of the longest time of any better one and the shortest of any worse one, itself
included, which is monotone (and changes nothing without a conflict). Every other GPU is then no slower than a
worse measured one and no faster than a better measured one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from advisor.performance.corrections import MARGIN, RANGES, Correction, log_factor, terms
from advisor.performance.demand import Array, Demand, Quantity
from advisor.performance.hardware import Hardware
from advisor.performance.roofline import Efficiency, Serving, serving, shifted

PEAKS = ("compute_flops_per_s", "compute_16bit_flops_per_s", "memory_bytes_per_s", "link_bytes_per_s")


@dataclass(frozen=True, slots=True)
class Own:
    """A measured GPU: its peaks in the deployment's precision, its efficiencies there, what its runs add, and which
    deployments may be compared with it: those of its vendor in a layout that its runs cover."""

    gpu: str
    peaks: Hardware
    efficiency: Efficiency
    correction: Correction
    comparable: NDArray[np.bool_] | bool


@dataclass(frozen=True, slots=True)
class OfShape:
    """What is known of a model shape on an engine in a precision; `is_own` says which deployments are on each of `own`.

    `covered` are those in a layout that the shared correction covers.
    """

    shared: Correction
    covered: NDArray[np.bool_] | bool
    own: tuple[Own, ...]
    is_own: tuple[NDArray[np.bool_] | bool, ...]


@dataclass(frozen=True, slots=True)
class Load:
    """Requests in flight on deployments."""

    demand: Demand
    hardware: Hardware
    concurrency: Quantity
    max_sequences: Quantity = np.inf

    def times(self, efficiency: Efficiency) -> Serving:
        """Of the physics with these efficiencies."""
        return serving(self.demand, self.hardware, efficiency, self.concurrency, self.max_sequences)


Logs = tuple[Array, Array]
"""Logarithms of TPOT and TTFT."""


def corrected(load: Load, efficiency: Efficiency, plain: Serving, correction: Correction) -> Logs:
    """With a correction on the efficiencies; `plain` are the times without it."""
    gpus = RANGES.index("gpus")
    features = terms(load.hardware, correction.low[gpus], correction.high[gpus])
    own = load.times(shifted(efficiency, correction.shifts))
    logs = []
    for place, (name, coefficients) in enumerate((("tpot_s", correction.tpot), ("ttft_s", correction.ttft))):
        before = np.log(getattr(plain, name))
        after = np.log(getattr(own, name)) + log_factor(coefficients, features)
        low, high = correction.least[place] - MARGIN, correction.most[place] + MARGIN
        logs.append(np.clip(after, before + low, before + high))
    return logs[0], logs[1]


def in_order(load: Load, efficiency: Efficiency, plain: Serving, known: OfShape) -> Logs:
    """Log TPOT and TTFT of the deployments with all that is known of the model shape."""
    before = (np.log(plain.tpot_s), np.log(plain.ttft_s))
    shared = corrected(load, efficiency, plain, known.shared)
    logs = [np.where(known.covered, after, b) for after, b in zip(shared, before, strict=True)]
    anchors = [_on(load, own) for own in known.own]
    for quantity in (0, 1):
        times = [anchor[quantity] for anchor in anchors]
        level = [_level(i, times, known.own) for i in range(len(times))]
        for here, own, value in zip(known.is_own, known.own, level, strict=True):
            logs[quantity] = np.where(np.asarray(here) & own.comparable, value, logs[quantity])
        for own, value in zip(known.own, level, strict=True):
            better, worse = _at_least(load.hardware, own.peaks), _at_least(own.peaks, load.hardware)
            logs[quantity] = np.where(own.comparable & better, np.minimum(logs[quantity], value), logs[quantity])
            logs[quantity] = np.where(own.comparable & worse, np.maximum(logs[quantity], value), logs[quantity])
    return logs[0], logs[1]


def _on(load: Load, own: Own) -> Logs:
    """The same loads in the same layouts on a measured GPU."""
    peaks = {name: getattr(own.peaks, name) for name in PEAKS}
    there = replace(load, hardware=replace(load.hardware, **peaks))
    return corrected(there, own.efficiency, there.times(own.efficiency), own.correction)


def _level(place: int, times: Sequence[Array], own: Sequence[Own]) -> Array:
    """The time of one measured GPU, half-way between the longest of those no worse and the shortest of those no better
    (it is both itself)."""
    longest, shortest, one = times[place], times[place], own[place]
    for time, other in zip(times, own, strict=True):
        if _at_least(other.peaks, one.peaks):
            longest = np.where(other.comparable, np.maximum(longest, time), longest)
        if _at_least(one.peaks, other.peaks):
            shortest = np.where(other.comparable, np.minimum(shortest, time), shortest)
    return np.asarray((longest + shortest) / 2)


def _at_least(one: Hardware, other: Hardware) -> NDArray[np.bool_]:
    """Whether it is no worse in any peak."""
    return np.asarray(
        np.logical_and.reduce([np.asarray(getattr(one, name)) >= np.asarray(getattr(other, name)) for name in PEAKS])
    )


def finished(plain: Serving, logs: Logs, generated_tokens: Quantity) -> Serving:
    """The steady state with these TPOT and TTFT in place of the plain ones."""
    tpot, ttft = (np.exp(log) for log in logs)
    request = ttft + tpot * (np.maximum(generated_tokens, 1.0) - 1)
    throughput = plain.output_tokens_per_s * plain.request_s / request
    return replace(plain, ttft_s=ttft, tpot_s=tpot, request_s=request, output_tokens_per_s=throughput)
