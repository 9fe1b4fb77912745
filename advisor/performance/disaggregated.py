"""Prompts and answers on GPUs of their own (disaggregation): a closed loop of two stations and the link between them.

A request waits for one of the engines that prefill, which take prompts one after the other, has its cache sent to one
of those that decode, and is decoded there beside as many others as Little's law says, with no prompts in their steps.
In a closed loop a request finds the queue that the others alone make (Reiser and Lavenberg 1980, with the approximation
of Schweitzer); where prompts come faster than they are taken, the prefill engines are never idle and all others wait.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from advisor.performance.demand import Array, Demand
from advisor.performance.deployment import Deployment
from advisor.performance.hardware import NODE_LINK_BYTES_PER_S, linked
from advisor.performance.memory import max_sequences
from advisor.performance.predict import Speed, predict
from advisor.performance.roofline import decode_step_s, prefill_s

LARGEST_GROUP = 4096
"""Sequences of one data-parallel group at most for which steps are computed."""
ROUNDS = 50
"""Halvings of the number that decodes."""


@dataclass(frozen=True, slots=True)
class Station:
    """`replicas` engines of one layout, with their speed."""

    deployment: Deployment
    speed: Speed
    replicas: int


@dataclass(frozen=True, slots=True)
class Disaggregated:
    """Means in steady state, in seconds; TTFT holds the three before it.

    `decoding` are the requests that decode in each replica, `prefill_busy` is the share of the time that prefill
    engines work.
    """

    queue_s: float
    prefill_s: float
    transfer_s: float
    ttft_s: float
    tpot_s: float
    request_s: float
    output_tokens_per_s: float
    decoding: float
    prefill_busy: float


def disaggregated(
    prefill: Station, decode: Station, prompt_tokens: int, generated_tokens: int, concurrency: int
) -> Disaggregated:
    """`concurrency` requests in flight in all engines together, each answered one followed by the next."""
    d = decode.deployment.demand(prompt_tokens, generated_tokens)
    room = _room(decode, d)
    batches = np.arange(1, int(min(room, concurrency)) + 1, dtype=float)
    decode_s = _token_s(decode, d, batches)
    alone_s, together_s = _prompt_s(prefill, prompt_tokens)
    efficiency = prefill.speed.efficiency
    first_s = alone_s + float(np.asarray(efficiency.first_s))
    burst = float(np.asarray(efficiency.burst))
    sent_s = transfer_s(prefill.deployment, decode.deployment, d)
    tokens = max(generated_tokens - 1, 1)
    most_per_s = prefill.replicas / together_s

    def tpot_s(decoding: float) -> float:
        return float(np.interp(decoding / decode.replicas, batches, decode_s))

    def queue_s(per_s: float) -> float:
        others = (concurrency - 1) / concurrency
        busy = min(per_s / most_per_s, 1.0) * others
        waits = busy ** (np.sqrt(2 * (prefill.replicas + 1)) - 1)
        at_random = waits / most_per_s / (1 - busy) / 2
        together = (concurrency - 1) / most_per_s * burst / (1 + burst)
        return float(max(at_random, together))

    low, high = 0.0, float(min(concurrency, room * decode.replicas))
    for _ in range(ROUNDS):
        middle = (low + high) / 2
        per_s = middle / (tpot_s(middle) * tokens)
        in_flight = middle + per_s * (queue_s(per_s) + first_s + sent_s)
        low, high = (middle, high) if in_flight < concurrency and per_s < most_per_s else (low, middle)
    tpot = tpot_s(low)
    per_s = low / (tpot * tokens)
    stay_s = concurrency / per_s
    ttft = stay_s - tpot * tokens
    return Disaggregated(
        queue_s=max(ttft - first_s - sent_s, 0.0),
        prefill_s=first_s,
        transfer_s=sent_s,
        ttft_s=ttft,
        tpot_s=tpot,
        request_s=stay_s,
        output_tokens_per_s=per_s * generated_tokens,
        decoding=low / decode.replicas,
        prefill_busy=min(per_s / most_per_s, 1.0),
    )


def _room(decode: Station, d: Demand) -> float:
    """Sequences that one replica decodes at once."""
    at = decode.deployment
    held = float(max_sequences(d, at.gpu.memory_bytes, at.hardware))
    return max(min(held, at.most_sequences, LARGEST_GROUP * at.layout.dp), 1.0)


def _token_s(decode: Station, d: Demand, batches: Array) -> Array:
    """Seconds for a token of each of so many sequences on one replica."""
    at, stages = decode.deployment, decode.deployment.layout.pp
    each = np.maximum(batches / stages, 1.0)
    step_s = decode_step_s(d, at.hardware, decode.speed.efficiency, each) / d.tokens_per_step
    return np.asarray(np.minimum(step_s, predict(d, at.hardware, decode.speed, batches).serving.tpot_s))


def _prompt_s(prefill: Station, prompt_tokens: int) -> tuple[float, float]:
    """Seconds that an engine needs for a prompt alone, and for one of as many as it takes in together."""
    at = prefill.deployment
    d = at.demand(prompt_tokens, 1)
    d = replace(d, chunk_tokens=d.chunk_tokens * at.layout.dp)
    most = max(d.chunk_tokens / prompt_tokens, 1.0)
    alone, together = (float(prefill_s(d, at.hardware, prefill.speed.efficiency, n)) for n in (1.0, most))
    return alone, min(together, alone)


def transfer_s(prefill: Deployment, decode: Deployment, d: Demand) -> float:
    """Sending a prompt's cache from the GPUs that hold it to those that will."""
    tokens = float(d.prompt_tokens) / (float(d.prompt_tokens) + float(d.generated_tokens))
    links = min(prefill.layout.tp, decode.layout.tp)
    apart = prefill.layout.gpu_count + decode.layout.gpu_count > linked(decode.gpu)
    each = min(decode.gpu.link_bytes_per_s, NODE_LINK_BYTES_PER_S) if apart else decode.gpu.link_bytes_per_s
    return float(d.kv_sequence_bytes) * tokens / (links * each)
