"""Corrections applied so that order holds: of two GPUs, one better in every figure, the better one is never slower.

What all runs of a model shape on an engine have in common moves every GPU alike (`shared`). What its runs on one GPU
add (`Own`) may put that GPU above a worse one, or below a better one. Measured GPUs in conflict meet half-way: each
time is the geometric mean of the longest time of any better one and the shortest of any worse one, itself
included, which is monotone (and changes nothing without a conflict). GPUs that the user measured meet only each other:
others give way to them. Every GPU without runs is then no slower than a worse measured one and no faster than a better
measured one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from advisor.performance.corrections import MARGIN, RANGES, Correction, log_factor, terms
from advisor.performance.demand import Array, Demand, Quantity
from advisor.performance.hardware import Hardware
from advisor.performance.roofline import (
    Efficiency,
    Serving,
    at_peak,
    at_peak_s,
    decode_step_s,
    in_place,
    prefill_s,
    serving,
    shifted,
)

PEAKS = ("compute_flops_per_s", "compute_16bit_flops_per_s", "memory_bytes_per_s", "link_bytes_per_s")


Mask = NDArray[np.bool_]
"""Over deployments; of no dimension for a lone one."""


@dataclass(frozen=True, slots=True)
class Own:
    """A measured GPU: its peaks in the deployments' precision, its efficiencies there, and what its runs add.

    `here` marks deployments on it, `better` and `worse` those on GPUs that are no worse and no better than it, all of
    them in layouts that its runs cover (`covered`); `over` says which of the measured GPUs it is no worse than, itself
    included.
    """

    peaks: Hardware
    efficiency: Efficiency
    correction: Correction
    covered: Mask
    here: Mask
    better: Mask
    worse: Mask
    over: tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class OfShape:
    """What is known of a model shape on an engine in a precision.

    `covered` are deployments in a layout that the shared correction covers.
    """

    shared: Correction
    covered: Mask
    own: tuple[Own, ...]


@dataclass(frozen=True, slots=True)
class Load:
    """Requests in flight on deployments."""

    demand: Demand
    hardware: Hardware
    concurrency: Quantity
    max_sequences: Quantity = np.inf

    @property
    def held(self) -> Array:
        """Those that are answered at once."""
        return in_place(self.concurrency, self.max_sequences)

    def times(self, efficiency: Efficiency) -> Serving:
        """Of the physics with these efficiencies, without those that wait for a place."""
        return serving(self.demand, self.hardware, efficiency, self.held)


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


def fastest(load: Load, skew: Quantity) -> Logs:
    """Log TPOT and TTFT with every peak reached: a step without prompts, and the own prompt alone."""
    d, hw, perfect = load.demand, load.hardware, at_peak(skew)
    batch = np.maximum(load.held / np.asarray(hw.stages, dtype=float), 1.0)
    return np.log(decode_step_s(d, hw, perfect, batch) / d.tokens_per_step), np.log(
        np.maximum(prefill_s(d, hw, perfect), 1e-12)
    )


def in_order(load: Load, efficiency: Efficiency, plain: Serving, known: OfShape) -> Logs:
    """Log TPOT and TTFT of the deployments with all that is known of the model shape."""
    before = (np.log(plain.tpot_s), np.log(plain.ttft_s))
    shared = corrected(load, efficiency, plain, known.shared)
    logs = [np.where(known.covered, after, b) for after, b in zip(shared, before, strict=True)]
    measured = [_on(load, own) for own in known.own]
    for quantity in (0, 1):
        level = _levels([logs[quantity] for logs in measured], known.own)
        for own, value in zip(known.own, level, strict=True):
            logs[quantity] = np.where(own.here, value, logs[quantity])
        for own, value in zip(known.own, level, strict=True):
            logs[quantity] = np.where(own.better, np.minimum(logs[quantity], value), logs[quantity])
            logs[quantity] = np.where(own.worse, np.maximum(logs[quantity], value), logs[quantity])
    tpot, ttft = (np.maximum(mine, least) for mine, least in zip(logs, fastest(load, efficiency.skew), strict=True))
    return within_peak(load, tpot, ttft)


def within_peak(load: Load, tpot: Array, ttft: Array) -> Logs:
    """Log TPOT and TTFT, as much longer both that all in flight are multiplied no faster than at the peak.

    While a request is there, prompts and answers of as many as are in flight are worked on.
    """
    d, batch = load.demand, np.maximum(load.held / np.asarray(load.hardware.stages, dtype=float), 1.0)
    token_s, prompt_s = at_peak_s(d, load.hardware)
    generated = np.maximum(np.asarray(d.generated_tokens, dtype=float), 1.0)
    request_s = np.exp(ttft) + np.exp(tpot) * (generated - 1)
    longer = np.maximum(np.log(batch * (prompt_s + token_s * (generated - 1)) / request_s), 0.0)
    return tpot + longer, ttft + longer


def _on(load: Load, own: Own) -> Logs:
    """The same loads in the same layouts on a measured GPU."""
    hw = load.hardware
    peaks = {name: getattr(own.peaks, name) for name in PEAKS}
    peaks["link_bytes_per_s"] = np.where(hw.over_nodes, hw.link_bytes_per_s, peaks["link_bytes_per_s"])
    there = replace(load, hardware=replace(hw, **peaks))
    return corrected(there, own.efficiency, there.times(own.efficiency), own.correction)


def _levels(times: Sequence[Array], own: Sequence[Own]) -> list[Array]:
    """Times of the measured GPUs in order."""
    first = [i for i, each in enumerate(own) if each.correction.n_own]
    levels = list(times)
    for group in (first, [i for i in range(len(own)) if i not in first]):
        for place, level in zip(
            group, _half_way([times[i] for i in group], [own[i] for i in group], group), strict=True
        ):
            levels[place] = level
    for i in range(len(own)):
        for by in first if i not in first else ():
            if own[by].over[i]:
                levels[i] = np.where(own[by].covered, np.maximum(levels[i], levels[by]), levels[i])
            if own[i].over[by]:
                levels[i] = np.where(own[by].covered, np.minimum(levels[i], levels[by]), levels[i])
    return levels


def _half_way(times: Sequence[Array], own: Sequence[Own], places: Sequence[int]) -> list[Array]:
    """Each time half-way between the longest of those no worse and the shortest of those no better (it is both
    itself); `places` are theirs in `over`."""
    found = []
    for place, mine, time in zip(places, own, times, strict=True):
        longest = shortest = time
        for at, other, its in zip(places, own, times, strict=True):
            if other.over[place]:
                longest = np.where(other.covered, np.maximum(longest, its), longest)
            if mine.over[at]:
                shortest = np.where(other.covered, np.minimum(shortest, its), shortest)
        found.append(np.asarray((longest + shortest) / 2))
    return found
