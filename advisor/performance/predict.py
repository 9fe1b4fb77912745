"""Times of a deployment from fitted efficiencies: the only place where corrections apply.

The physics of roofline.py with fitted efficiencies gives every time. What the runs of its model shape add to them
(corrections.py) is applied so that the order of GPUs holds (ordered.py).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from advisor.performance.corrections import Correction, loads, within
from advisor.performance.demand import Array, Demand, Quantity
from advisor.performance.hardware import Hardware
from advisor.performance.ordered import Load, OfShape, in_order, within_peak
from advisor.performance.roofline import Efficiency, Serving, decode_step_s, shifted, together_s, waited
from advisor.provenance import Provenance

ROOFLINE_SPREAD = 1.6
"""Factor of the 90 % interval of times where nothing was fitted: the plain roofline."""
TTFT_POWER = 3.0
"""TTFT is missed by so much more than TPOT, in logarithms: in nine of ten runs by no more (docs/validation.md)."""


def ttft_spread(spread: Quantity) -> Quantity:
    """Factor of the 90 % interval of TTFT, where that of TPOT is `spread`."""
    return spread**TTFT_POWER


def answer_spread(spread: Quantity, ttft_spread: Quantity, share: Quantity) -> Array:
    """Factor of the 90 % interval of an answer's seconds, of which TTFT is a share, as if both were long together."""
    return np.asarray(np.exp((1 - share) * np.log(spread) + share * np.log(ttft_spread)))


@dataclass(frozen=True, slots=True)
class Speed:
    """The fitted speed of one deployment, or of many as arrays.

    efficiency   numbers, or arrays over the deployments
    spread       factor of the 90 % interval of TPOT, without a correction
    known        what the runs of the model shape add
    """

    efficiency: Efficiency
    spread: Quantity
    provenance: Provenance
    source: str
    known: OfShape | None = None


PLAIN_ROOFLINE = Speed(
    Efficiency(), ROOFLINE_SPREAD, Provenance.ROOFLINE, "no measured run for this GPU, engine and precision"
)


@dataclass(frozen=True, slots=True)
class Predicted:
    """Times in steady state, the factor of TPOT's 90 % interval, and where the model was measured on the GPU."""

    serving: Serving
    spread: Array
    corrected: NDArray[np.bool_]

    @property
    def ttft_spread(self) -> Array:
        """Factor of TTFT's 90 % interval."""
        return np.asarray(ttft_spread(self.spread))

    @property
    def answer_spread(self) -> Array:
        """That of seconds to a whole answer, and of what follows from them."""
        return answer_spread(self.spread, self.ttft_spread, self.serving.ttft_s / self.serving.request_s)


def predict(
    d: Demand, hw: Hardware, speed: Speed, concurrency: Quantity, max_sequences: Quantity = np.inf
) -> Predicted:
    """Times of `concurrency` requests in flight; arrays of deployments in, arrays out."""
    load = Load(d, hw, concurrency, max_sequences)
    plain = load.times(speed.efficiency)
    spread = np.broadcast_to(np.asarray(speed.spread, dtype=float), np.shape(plain.tpot_s))
    corrected = np.zeros(np.shape(plain.tpot_s), dtype=bool)
    if speed.known is None:
        tpot, ttft = within_peak(load, np.log(plain.tpot_s), np.log(plain.ttft_s))
    else:
        tpot, ttft = in_order(load, speed.efficiency, plain, speed.known)
    there = replace(plain, tpot_s=np.exp(tpot), ttft_s=np.exp(ttft))
    times = waited(there, d.generated_tokens, concurrency, load.held)
    if speed.known is None:
        return Predicted(times, spread, corrected)
    measured = loads(d, hw, concurrency)
    spread = np.where(speed.known.covered, _spread(speed.known.shared, measured, spread), spread)
    for own in speed.known.own:
        spread = np.where(own.here, _spread(own.correction, measured, np.asarray(speed.spread)), spread)
        corrected = corrected | (own.here & (own.correction.n_runs > 0))
    return Predicted(times, np.asarray(spread), corrected)


def _spread(correction: Correction, measured: Array, otherwise: Array) -> Array:
    """The correction's own factor where the load lies within its measured range; elsewhere no less than the factor
    without a correction."""
    return np.where(within(correction, measured), correction.spread, np.maximum(correction.spread, otherwise))


@dataclass(frozen=True, slots=True)
class Steps:
    """What a simulation of one deployment needs, in seconds.

    decode_s     a step that decodes b sequences, at index b − 1; of drafted tokens several of each
    prefill_s    each of k prompts that are taken in together, at index k − 1, up to as many as a step holds
    wait_steps   TPOTs that a request waits for beside prefill and steps
    delay_s      a fixed time beside all these
    ttft_factor  on TTFT with b requests in flight, at index b − 1
    """

    decode_s: Array
    prefill_s: Array
    wait_steps: float
    delay_s: float
    ttft_factor: Array


def steps(d: Demand, hw: Hardware, speed: Speed, largest_batch: int) -> Steps:
    """Step times of one deployment for batches of 1 to `largest_batch` sequences."""
    batch = np.arange(1, largest_batch + 1, dtype=float)
    load = Load(d, hw, batch)
    efficiency, ttft_factor = speed.efficiency, np.ones(largest_batch)
    decode_factor = ttft_factor
    if speed.known is not None:
        tpot, ttft = in_order(load, speed.efficiency, load.times(speed.efficiency), speed.known)
        efficiency = shifted(speed.efficiency, _correction_there(speed.known).shifts)
        physics = load.times(efficiency)
        decode_factor, ttft_factor = np.exp(tpot) / physics.tpot_s, np.exp(ttft) / physics.ttft_s
    decode = decode_step_s(d, hw, efficiency, np.maximum(batch / np.asarray(hw.stages), 1.0)) * decode_factor
    wait_steps = max(float(np.asarray(efficiency.ttft_steps)) - 1.0, 0.0)
    delay_s = float(np.asarray(efficiency.first_s))
    return Steps(decode, together_s(d, hw, efficiency), wait_steps, delay_s, ttft_factor)


def _correction_there(known: OfShape) -> Correction:
    """That of the deployment's own GPU, else the one that all GPUs share."""
    return next((own.correction for own in known.own if own.here), known.shared)
