"""Times of a deployment from fitted efficiencies: the only place where corrections apply.

The physics of roofline.py with fitted efficiencies gives every time. Where a model's own runs were measured on a GPU,
its own efficiencies take their place and smooth terms in the logarithm of TPOT and TTFT (corrections.py) fill the rest.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from advisor.performance.corrections import EDGE, Correction, log_factor, terms
from advisor.performance.demand import Array, Demand, Quantity
from advisor.performance.hardware import Hardware
from advisor.performance.roofline import Efficiency, Serving, decode_step_s, prefill_s, serving
from advisor.provenance import Provenance

Mask = NDArray[np.bool_] | bool

ROOFLINE_SPREAD = 1.6
"""Factor of the 90 % interval of times where nothing was fitted: the plain roofline."""


@dataclass(frozen=True, slots=True)
class Speed:
    """The fitted speed of one deployment, or of many as arrays.

    efficiency   numbers, or arrays over the deployments
    spread       factor of the 90 % interval of times, without a correction
    corrections  (where, correction) pairs: a correction and the deployments it covers, all for True
    """

    efficiency: Efficiency
    spread: Quantity
    provenance: Provenance
    source: str
    corrections: tuple[tuple[Mask, Correction], ...] = ()


PLAIN_ROOFLINE = Speed(
    Efficiency(), ROOFLINE_SPREAD, Provenance.ROOFLINE, "no measured run for this GPU, engine and precision"
)


@dataclass(frozen=True, slots=True)
class Predicted:
    """Times in steady state, the factor of their 90 % interval, and where a correction was applied."""

    serving: Serving
    spread: Array
    corrected: NDArray[np.bool_]


def predict(
    d: Demand, hw: Hardware, speed: Speed, concurrency: Quantity, max_sequences: Quantity = np.inf
) -> Predicted:
    """Times of `concurrency` requests in flight; arrays of deployments in, arrays out."""
    result = serving(d, hw, speed.efficiency, concurrency, max_sequences)
    spread = np.broadcast_to(np.asarray(speed.spread, dtype=float), np.shape(result.tpot_s))
    corrected = np.zeros(np.shape(result.tpot_s), dtype=bool)
    for where, correction in speed.corrections:
        own = _corrected(d, hw, correction, concurrency, max_sequences)
        result = Serving(*(np.where(where, getattr(own, f.name), getattr(result, f.name)) for f in fields(Serving)))
        spread = np.where(where, _spread(correction, terms(d, hw, concurrency), spread), spread)
        corrected = corrected | where
    return Predicted(result, np.asarray(spread), corrected)


def _corrected(
    d: Demand, hw: Hardware, correction: Correction, concurrency: Quantity, max_sequences: Quantity
) -> Serving:
    result = serving(d, hw, correction.efficiency, concurrency, max_sequences)
    features = terms(d, hw, concurrency)
    tpot = result.tpot_s * np.exp(log_factor(correction.tpot, features, correction))
    ttft = result.ttft_s * np.exp(log_factor(correction.ttft, features, correction))
    request = ttft + tpot * (np.maximum(d.generated_tokens, 1.0) - 1)
    throughput = result.output_tokens_per_s * result.request_s / request
    return replace(result, ttft_s=ttft, tpot_s=tpot, request_s=request, output_tokens_per_s=throughput)


def _spread(correction: Correction, features: Array, otherwise: Quantity) -> Array:
    """The correction's own factor where every term lies within its measured range; elsewhere no less than the factor
    without a correction."""
    measured = np.all((features >= correction.low - EDGE) & (features <= correction.high + EDGE), axis=-1)
    return np.where(measured, correction.spread, np.maximum(correction.spread, otherwise))


@dataclass(frozen=True, slots=True)
class Steps:
    """What a simulation of one deployment needs, in seconds.

    decode_s     a step that decodes b sequences, at index b − 1
    prefill_s    one prompt alone
    wait_steps   TPOTs that a request waits for beside prefill and steps
    delay_s      a fixed time beside all these
    ttft_factor  on TTFT with b requests in flight, at index b − 1
    """

    decode_s: Array
    prefill_s: float
    wait_steps: float
    delay_s: float
    ttft_factor: Array


def steps(d: Demand, hw: Hardware, speed: Speed, largest_batch: int) -> Steps:
    """Step times of one deployment for batches of 1 to `largest_batch` sequences."""
    batch = np.arange(1, largest_batch + 1, dtype=float)
    known = next((correction for where, correction in speed.corrections if where is True), None)
    efficiency = known.efficiency if known else speed.efficiency
    decode = decode_step_s(d, hw, efficiency, np.maximum(batch / np.asarray(hw.stages), 1.0))
    ttft_factor = np.ones(largest_batch)
    if known:
        features = terms(d, hw, batch)
        decode = decode * np.exp(log_factor(known.tpot, features, known))
        ttft_factor = np.exp(log_factor(known.ttft, features, known))
    wait_steps = max(float(np.asarray(efficiency.ttft_steps)) - 1.0, 0.0)
    return Steps(
        decode, float(prefill_s(d, hw, efficiency)), wait_steps, float(np.asarray(efficiency.first_s)), ttft_factor
    )
