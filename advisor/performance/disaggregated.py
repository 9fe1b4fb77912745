"""Prompts and answers on GPUs of their own (disaggregation): a closed loop of two stations and the link between them.

A request waits for one of the engines that prefill, which take in together what waits, has its cache sent to one of
those that decode, and is decoded there beside as many others as Little's law says, with no prompts in their steps.
In a closed loop a request finds the queue that the others alone make (Reiser and Lavenberg 1980, with the approximation
of Schweitzer); where prompts come faster than they are taken, the prefill engines are never idle and all others wait.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Generic, TypeVar

import numpy as np

from advisor.performance.demand import Array, Demand, Quantity
from advisor.performance.deployment import Deployment
from advisor.performance.hardware import NODE_LINK_BYTES_PER_S, Hardware, linked
from advisor.performance.memory import max_sequences
from advisor.performance.predict import Speed, predict
from advisor.performance.roofline import Efficiency, Serving, decode_step_s, prefill_s, together_s
from advisor.performance.simulation_apart import TimesApart
from advisor.performance.under_load import LARGEST_BATCH

TPOT_SPREAD = 1.55
"""Factor that held TPOT of nine in ten published runs of this kind (docs/validation.md)."""
TTFT_SPREAD = 13.1
"""That of their TTFT."""
CHECKED = (
    "prefill on GPUs of its own: on 267 published runs, none of them fitted, half of the TPOTs are predicted within"
    " 16 % and nine in ten within 46 %, half of the TTFTs within a factor of 2 and nine in ten within 13"
    " (docs/validation.md)"
)
"""What predictions of this kind rest on."""
NOISE_S = 1e-9
ROUNDS = 50
"""Halvings of the number that decodes."""


@dataclass(frozen=True, slots=True)
class Station:
    """`replicas` engines of one layout, with their speed."""

    deployment: Deployment
    speed: Speed
    replicas: int


Number = TypeVar("Number", float, Array)


@dataclass(frozen=True, slots=True)
class Disaggregated(Generic[Number]):
    """Means in steady state, in seconds; TTFT holds the three before it. Numbers, or arrays of many deployments.

    `decoding` are the requests that decode in each replica, `prefill_busy` is the share of the time that prefill
    engines work.
    """

    queue_s: Number
    prefill_s: Number
    transfer_s: Number
    ttft_s: Number
    tpot_s: Number
    request_s: Number
    output_tokens_per_s: Number
    decoding: Number
    prefill_busy: Number


@dataclass(frozen=True, slots=True)
class Loop:
    """What the closed loop is made of, as numbers or as arrays of many deployments.

    prefill_engines, decode_engines  how many there are of each
    alone_s, together_s  an engine's time for a prompt alone, and for one of as many as it takes in together
    delay_s              beside the prefill, in which the engine is free
    sent_s               sending the cache of a prompt
    burst                others' prompts that come together, over those that come alone
    room                 sequences that one replica decodes at once
    concurrency          requests in flight in all engines together
    generated_tokens     of each
    """

    prefill_engines: Quantity
    decode_engines: Quantity
    alone_s: Quantity
    together_s: Quantity
    delay_s: Quantity
    sent_s: Quantity
    burst: Quantity
    room: Quantity
    concurrency: Quantity
    generated_tokens: Quantity

    @property
    def most_per_s(self) -> Array:
        """Prompts per second that the prefill engines take."""
        return np.asarray(self.prefill_engines / np.asarray(self.together_s))

    def queue_s(self, per_s: Array) -> Array:
        """Waiting for a prefill engine with so many prompts a second."""
        c, most = np.asarray(self.concurrency, dtype=float), self.most_per_s
        busy = np.minimum(per_s / most, 1.0) * (c - 1) / c
        waits = busy ** (np.sqrt(2 * (np.asarray(self.prefill_engines, dtype=float) + 1)) - 1)
        burst = np.asarray(self.burst, dtype=float)
        return np.asarray(np.maximum(waits / most / (1 - busy) / 2, (c - 1) / most * burst / (1 + burst)))


def disaggregated(
    prefill: Station, decode: Station, prompt_tokens: int, generated_tokens: int, concurrency: int
) -> Disaggregated[float]:
    """`concurrency` requests in flight in all engines together, each answered one followed by the next."""
    d = decode.deployment.demand(prompt_tokens, generated_tokens)
    room = _room(decode, d)
    batches = np.arange(1, int(min(room, concurrency)) + 1, dtype=float)
    decode_s = _token_s(decode, d, batches)
    efficiency = prefill.speed.efficiency
    at = prefill.deployment
    alone_s, together_s = prompt_s(at.demand(prompt_tokens, 1), at.hardware, efficiency, at.layout.dp)
    loop = Loop(
        prefill_engines=prefill.replicas,
        decode_engines=decode.replicas,
        alone_s=alone_s,
        together_s=together_s,
        delay_s=efficiency.first_s,
        sent_s=transfer_s(prefill, decode, d),
        burst=efficiency.burst,
        room=room,
        concurrency=concurrency,
        generated_tokens=generated_tokens,
    )
    found = balanced(loop, lambda decoding: np.asarray(np.interp(decoding, batches, decode_s)))
    return Disaggregated(*(float(getattr(found, field.name)) for field in fields(Disaggregated)))


def _above_noise(seconds: Array) -> Array:
    """What is left of a difference of times, where it is more than rounding."""
    return np.where(seconds > NOISE_S, seconds, 0.0)


def times_apart(prefill: Station, decode: Station, prompt_tokens: int, generated_tokens: int) -> TimesApart:
    """What the simulation takes of the engines."""
    d, at, efficiency = (
        decode.deployment.demand(prompt_tokens, generated_tokens),
        prefill.deployment,
        prefill.speed.efficiency,
    )
    room = np.arange(1, int(_room(decode, d)) + 1, dtype=float)
    one = _of_group(at.demand(prompt_tokens, 1), at.layout.dp)
    each_s = together_s(one, at.hardware, efficiency)
    return TimesApart(
        prompts_s=np.arange(1, len(each_s) + 1) * each_s,
        handover_s=float(np.asarray(efficiency.first_s)) + transfer_s(prefill, decode, d),
        decode_s=np.concatenate([[0.0], _token_s(decode, d, room)]),
        prefill_engines=prefill.replicas,
        decode_engines=decode.replicas,
    )


def balanced(loop: Loop, token_s: Callable[[Array], Array]) -> Disaggregated[Array]:
    """The steady state; `token_s`: seconds for a token of each of so many sequences on one decoding replica."""
    engines, c = np.asarray(loop.decode_engines, dtype=float), np.asarray(loop.concurrency, dtype=float)
    tokens = np.maximum(np.asarray(loop.generated_tokens, dtype=float) - 1, 1)
    first_s, sent_s = np.asarray(loop.alone_s + loop.delay_s), np.asarray(loop.sent_s)
    low, high = np.zeros_like(c * engines * first_s), np.minimum(c, loop.room * engines)
    for _ in range(ROUNDS):
        middle = (low + high) / 2
        per_s = middle / (token_s(middle / engines) * tokens)
        in_flight = middle + per_s * (loop.queue_s(per_s) + first_s + sent_s)
        more = (in_flight < c) & (per_s < loop.most_per_s)
        low, high = np.where(more, middle, low), np.where(more, high, middle)
    tpot_s = token_s(low / engines)
    per_s = low / (tpot_s * tokens)
    stay_s = c / per_s
    ttft_s = stay_s - tpot_s * tokens
    return Disaggregated(
        queue_s=_above_noise(ttft_s - first_s - sent_s),
        prefill_s=first_s,
        transfer_s=sent_s,
        ttft_s=ttft_s,
        tpot_s=tpot_s,
        request_s=stay_s,
        output_tokens_per_s=per_s * loop.generated_tokens,
        decoding=low / engines,
        prefill_busy=np.minimum(per_s / loop.most_per_s, 1.0),
    )


def _room(decode: Station, d: Demand) -> float:
    """Sequences that one replica decodes at once."""
    at = decode.deployment
    held = float(max_sequences(d, at.gpu.memory_bytes, at.hardware))
    return max(min(held, at.most_sequences, LARGEST_BATCH * at.layout.dp), 1.0)


def _token_s(decode: Station, d: Demand, batches: Array) -> Array:
    """Seconds for a token of each of so many sequences on one replica."""
    at = decode.deployment
    shared = predict(d, at.hardware, decode.speed, batches).serving
    return decoding_s(d, at.hardware, decode.speed, batches, shared)


def decoding_s(d: Demand, hw: Hardware, speed: Speed, batches: Array, shared: Serving) -> Array:
    """The same of any hardware; never longer than where steps have prompts too (`shared`)."""
    each = np.maximum(batches / np.asarray(hw.stages, dtype=float), 1.0)
    step_s = decode_step_s(d, hw, speed.efficiency, each) / d.tokens_per_step
    return np.asarray(np.minimum(step_s, shared.tpot_s))


def prompt_s(d: Demand, hw: Hardware, efficiency: Efficiency, groups: Quantity) -> tuple[Array, Array]:
    """Seconds that an engine of so many data-parallel groups needs for a prompt (`d`: with one token to generate)
    alone, and for one of as many as it takes in together."""
    d = _of_group(d, groups)
    most = np.maximum(d.chunk_tokens / np.asarray(d.prompt_tokens, dtype=float), 1.0)
    alone, together = (prefill_s(d, hw, efficiency, n) for n in (1.0, most))
    return alone, np.minimum(together, alone)


def _of_group(d: Demand, groups: Quantity) -> Demand:
    """Prompts of an engine whose step holds the chunks of all its data-parallel groups."""
    return replace(d, chunk_tokens=d.chunk_tokens * np.asarray(groups, dtype=float))


def transfer_s(prefill: Station, decode: Station, d: Demand) -> float:
    """Sending a prompt's cache from the GPUs that hold it to those that will: between nodes where one does not hold all
    engines."""
    tokens = float(d.prompt_tokens) / (float(d.prompt_tokens) + float(d.generated_tokens))
    links = min(prefill.deployment.layout.tp, decode.deployment.layout.tp)
    gpu, gpus = decode.deployment.gpu, sum(of.replicas * of.deployment.layout.gpu_count for of in (prefill, decode))
    each = min(gpu.link_bytes_per_s, NODE_LINK_BYTES_PER_S) if gpus > linked(gpu) else gpu.link_bytes_per_s
    return float(d.kv_sequence_bytes) * tokens / (links * each)
