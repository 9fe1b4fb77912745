"""Whether a measured run can be what it says, and how many sequences it had in the batch.

Nothing beats the peaks of the GPUs it ran on, and by Little's law (1961) requests in flight, tokens per second and
times belong together. A run that fails is doubtful: it is kept and shown with the reason, and nothing is fitted to it.
A rule marks what cannot be, not what is slow: servers are slow for many reasons.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from advisor.gpus import Gpus
from advisor.models.catalog import Catalog
from advisor.performance.demand import Array
from advisor.performance.memory import kv_copies, weights_per_gpu
from advisor.performance.observed import NAMES, NUMBERS, Labels, Runs, runs_of
from advisor.performance.parallelism import Parallelism
from advisor.performance.roofline import distinct_expert_share
from advisor.units import significant

COLUMNS = (*NAMES, *NUMBERS, "offline", "replicas", "prefill_parallelism", "dummy_weights", "doubt")

LEAST_EVEN = 4.0
"""Skew of the experts' popularity that the bound on reading allows: above every fitted one."""

NOISE = 0.1
"""Share of a TPOT by which two loads may differ for reasons of the machine."""

FACTOR = 2.0
"""By which figures of one run may disagree: means of different things, the beginning and end of a load."""

FULL = 0.8
"""Share of the requests in flight that are being answered, below which the rest may be waiting for a place."""

BUSY_PREFILLS, BUSY_STEPS = 3.0, 20.0
"""TTFT up to so many times the prefill of all in flight at the peak, and so many steps, is work and not waiting."""

NOMINAL = 0.2
"""Logarithm by which lengths may differ that are nominal in one report and means in another."""

SAME, SAME_ALONE = 1e-3, 1e-6
"""Two runs of one load whose TTFT and TPOT are this close are one measurement, rounded; the latter with one time."""


@dataclass(frozen=True, slots=True)
class Reported:
    """Runs with what they report beside it, arrays of shape (n,), NaN where it was not measured.

    request_s is end to end; `together` marks whole batches that begin at once, of which it is the time until the last
    answer ends; `apart` marks runs that read prompts on other GPUs than they decode on. prefill_gpus are those that one
    prompt is read on; `random_weights` marks runs of no trained weights; `key` names what two reports of one load
    share; `doubt` is what the source says.
    """

    runs: Runs
    memory_bytes: Array
    request_s: Array
    output_tokens_per_s: Array
    together: NDArray[np.bool_]
    apart: NDArray[np.bool_]
    prefill_gpus: Array
    random_weights: NDArray[np.bool_]
    key: Labels
    doubt: Labels


def reported(columns: Mapping[str, NDArray[np.generic]], models: Catalog, gpus: Gpus) -> Reported:
    """From the columns of the table `runs` that COLUMNS names: answered loads, of models and GPUs in the tables.

    Concurrency and tokens per second are those of one replica.
    """
    number = {name: np.array(columns[name], dtype=float) for name in (*NUMBERS, "replicas", "offline")}
    number |= {name: np.where(number[name] > 0, number[name], np.nan) for name in NUMBERS if name.endswith("_s")}
    replicas = np.where(number["replicas"] > 0, number["replicas"], 1.0)
    number["concurrency"] = np.maximum(number["concurrency"] / replicas, 1e-9)
    number["output_tokens_per_s"] = number["output_tokens_per_s"] / replicas
    names = {name: np.array(columns[name], dtype=object) for name in NAMES}
    runs = runs_of({**names, **{name: number[name] for name in NUMBERS}}, models, gpus)
    prefill = [str(layout or "") for layout in columns["prefill_parallelism"].tolist()]
    own = np.asarray(runs.hardware.gpu_count) * np.asarray(runs.hardware.stages)
    pairs = zip(prefill, own.tolist(), strict=True)
    shared = [name for name in NAMES if name != "kv_precision"]  # often not said
    loads = zip(*(names[name].tolist() for name in shared), prefill, replicas.tolist(), strict=True)
    return Reported(
        runs=runs,
        memory_bytes=np.array([gpus[name].memory_bytes for name in names["gpu"].tolist()], dtype=float),
        request_s=number["request_s"],
        output_tokens_per_s=number["output_tokens_per_s"],
        together=number["offline"] > 0,
        apart=np.array([bool(layout) for layout in prefill], dtype=bool),
        prefill_gpus=np.array([float(Parallelism.parse(p).gpu_count) if p else n for p, n in pairs], dtype=float),
        random_weights=np.array([bool(is_random) for is_random in columns["dummy_weights"].tolist()], dtype=bool),
        key=np.array(["|".join(map(str, load)) for load in loads], dtype=str),
        doubt=np.array([text or "" for text in columns["doubt"].tolist()], dtype=str),
    )


def doubts(found: Reported) -> list[str]:
    """What speaks against each run, in words with the figures; empty where nothing does."""
    said: list[str] = found.doubt.tolist()
    for rule in (_times, _in_flight, _memory, _tpot, _ttft, _throughput, _routing, _repeated):
        doubtful, words = rule(found)
        for i in np.flatnonzero(doubtful).tolist():
            said[i] = said[i] or words(i)
    return said


Rule = tuple[NDArray[np.bool_], Callable[[int], str]]
"""Which runs are doubtful, and what is said of each."""


def stay_s(found: Reported) -> Array:
    """How long one request was there: as measured, else TTFT and the tokens after it."""
    runs = found.runs
    summed = runs.ttft_s + runs.tpot_s * (np.asarray(runs.demand.generated_tokens) - 1)
    return np.where(np.isfinite(found.request_s), found.request_s, summed)


def in_flight(found: Reported) -> Array:
    """Requests there at once by Little's law, requests per second times how long each stays; else as reported."""
    rate = found.output_tokens_per_s / np.asarray(found.runs.demand.generated_tokens)
    counted = np.where(found.together, np.nan, rate * stay_s(found))
    return np.where(np.isfinite(counted), counted, found.runs.concurrency)


def decoding(found: Reported) -> Array:
    """Sequences that are past their first token at once, by the share of its stay that a request is."""
    runs = found.runs
    answering = runs.tpot_s * (np.asarray(runs.demand.generated_tokens) - 1)
    share = answering / (runs.ttft_s + answering)
    return in_flight(found) * np.where(np.isfinite(share), share, 1.0)


def batch(found: Reported) -> tuple[Array, NDArray[np.bool_]]:
    """Requests in the engine's batch, and where others waited for a place in it: TTFT holds that wait.

    The number in flight as reported stands where Little's law agrees with it.
    """
    runs, there = found.runs, in_flight(found)
    work = BUSY_PREFILLS * there * prefill_s(found) + BUSY_STEPS * runs.tpot_s
    waited = (decoding(found) < FULL * there) & (runs.ttft_s > work) & ~found.apart
    agrees = np.abs(np.log(there / runs.concurrency)) <= -np.log(FULL)
    counted = np.where(waited, decoding(found), np.where(agrees, runs.concurrency, there))
    return np.maximum(counted, 1.0), waited


def prefill_s(found: Reported) -> Array:
    """The least time of one prompt: its products at the peak of all GPUs that read it."""
    d, runs = found.runs.demand, found.runs
    products = d.prompt_tokens * (np.asarray(d.dense_flops) + d.expert_flops) + np.asarray(d.prefill_core_flops)
    return np.asarray(products / (_peak(runs) * found.prefill_gpus))


def step_s(runs: Runs, sequences: Array) -> tuple[Array, Array]:
    """The least time of a step of so many sequences: (reading weights and caches, multiplying) at the peaks."""
    d, hw = runs.demand, runs.hardware
    experts = d.expert_weight_bytes * distinct_expert_share(d.expert_share, sequences, LEAST_EVEN)
    read = d.always_weight_bytes + experts + sequences * np.asarray(d.kv_read_bytes)
    gpus = np.asarray(hw.gpu_count, dtype=float)
    multiplied = sequences * _token_flops(runs) / (_peak(runs) * gpus)
    return np.asarray(read / (np.asarray(hw.memory_bytes_per_s) * gpus)), np.asarray(multiplied)


def _token_flops(runs: Runs) -> Array:
    d = runs.demand
    return np.asarray(np.asarray(d.dense_flops) + d.expert_flops + d.head_flops + np.asarray(d.decode_core_flops))


def _peak(runs: Runs) -> Array:
    """Of one GPU; attention, too, may be multiplied in the precision of the weights."""
    hw = runs.hardware
    return np.maximum(hw.compute_flops_per_s, hw.compute_16bit_flops_per_s)


def _memory(found: Reported) -> Rule:
    """Weights and the caches of what is being answered, each half grown, must lie in the memory."""
    d, hw = found.runs.demand, found.runs.hardware
    room = found.memory_bytes * np.asarray(hw.gpu_count) * np.asarray(hw.stages)
    share = np.asarray(hw.gpu_count) * np.asarray(hw.stages)
    weights = weights_per_gpu(d, hw) * share
    tokens = d.prompt_tokens + np.asarray(d.generated_tokens)
    grown = (d.prompt_tokens + np.asarray(d.generated_tokens) / 2) / tokens
    sequences = decoding(found)
    caches = sequences * grown * np.asarray(d.kv_sequence_bytes) * kv_copies(d.kv_shards, hw.attention_shards)
    known = np.isfinite(found.runs.ttft_s) & np.isfinite(found.runs.tpot_s)  # else some may have waited

    def words(i: int) -> str:
        what = f"the weights take {significant(weights[i] / 1e9)} GB"
        if weights[i] <= room[i]:
            what = f"{sequences[i]:,.0f} sequences at once take {significant((weights + caches)[i] / 1e9)} GB"
        return f"{what}, more than the {significant(room[i] / 1e9)} GB of the GPUs it names"

    return (weights > room) | (known & (weights + caches > room)), words


def _tpot(found: Reported) -> Rule:
    """Every stage works on its part of the batch, one after the other."""
    sequences = decoding(found)
    read, multiplied = step_s(found.runs, np.maximum(sequences / np.asarray(found.runs.hardware.stages), 1.0))

    def words(i: int) -> str:
        least, what = max((read[i], "reading weights and caches of"), (multiplied[i], "multiplying for"))
        return (
            f"TPOT of {_ms(found.runs.tpot_s[i])} beats the GPUs' peak: {what} {max(sequences[i], 1):,.0f} sequences"
            f" takes {_ms(least)}{_if_even(found, i)}"
        )

    return found.runs.tpot_s < np.maximum(read, multiplied), words


def _ttft(found: Reported) -> Rule:
    least = prefill_s(found)

    def words(i: int) -> str:
        tokens = float(np.asarray(found.runs.demand.prompt_tokens)[i])
        return (
            f"TTFT of {_ms(found.runs.ttft_s[i])} beats the GPUs' peak: multiplying {tokens:,.0f} prompt tokens takes"
            f" {_ms(least[i])}, if none are in a prefix cache"
        )

    return found.runs.ttft_s < least, words


def _throughput(found: Reported) -> Rule:
    """All stages work at once; with prefill elsewhere only decoding counts."""
    d, hw, runs = found.runs.demand, found.runs.hardware, found.runs
    gpus = np.asarray(hw.gpu_count) * np.asarray(hw.stages)
    generated = np.asarray(d.generated_tokens)
    prefill = np.where(found.apart, 0.0, prefill_s(found) / generated)
    multiplied = prefill + _token_flops(runs) / (_peak(runs) * gpus)
    read = step_s(runs, runs.concurrency)[0] / np.asarray(hw.stages) / runs.concurrency
    rate = np.where(np.isfinite(found.request_s), runs.concurrency * generated / found.request_s, np.nan)
    rate = np.fmax(found.output_tokens_per_s, rate)
    most = 1 / np.maximum(multiplied, read)

    def words(i: int) -> str:
        beaten = f"{significant(rate[i])} tokens/s beat the GPUs' peak, {significant(most[i])} with so many in flight"
        return beaten + _if_even(found, i)

    return rate > most, words


def _routing(found: Reported) -> Rule:
    """Random weights may send all tokens to the same experts, which trained ones do not: then several sequences take
    hardly longer than one with no longer a prompt, and all loads of several with these weights are doubtful."""
    d, hw, runs = found.runs.demand, found.runs.hardware, found.runs
    bandwidth = np.asarray(hw.memory_bytes_per_s) * np.asarray(hw.gpu_count)
    one, all_of_them = (distinct_expert_share(d.expert_share, n, LEAST_EVEN) for n in (1.0, decoding(found)))
    more_s = np.asarray(d.expert_weight_bytes * (all_of_them - one) / bandwidth)
    longer_s = np.full(len(runs), np.nan)
    measured = found.random_weights & np.isfinite(runs.tpot_s)
    several, alone = measured & (more_s > 0), measured & (runs.concurrency == 1)
    prompt = np.asarray(d.prompt_tokens)
    for i in np.flatnonzero(several).tolist():
        beside = runs.tpot_s[alone & (found.key == found.key[i]) & (prompt <= prompt[i])]
        longer_s[i] = runs.tpot_s[i] - np.min(beside, initial=np.inf)
    short = np.isfinite(longer_s) & (longer_s < more_s - NOISE * runs.tpot_s)
    doubtful = several & np.isin(found.key, found.key[short])

    def words(i: int) -> str:
        least = min(np.flatnonzero(short & (found.key == found.key[i])), key=lambda j: longer_s[j] / more_s[j])
        return (
            f"these random weights send tokens to the same experts: {runs.concurrency[least]:,.0f} sequences took"
            f" {_ms(longer_s[least])} longer than one, and reading the experts of as many takes {_ms(more_s[least])}"
        )

    return doubtful, words


def _times(found: Reported) -> Rule:
    runs, together = found.runs, found.together
    summed = runs.ttft_s + runs.tpot_s * (np.asarray(runs.demand.generated_tokens) - 1)
    apart = np.abs(np.log(found.request_s / summed)) > np.log(FACTOR)
    first = runs.ttft_s > found.request_s

    def words(i: int) -> str:
        if first[i]:
            return f"TTFT of {_ms(runs.ttft_s[i])} is longer than the whole request, {_ms(found.request_s[i])}"
        return f"a request of {_ms(found.request_s[i])} is not TTFT and the tokens after it, {_ms(summed[i])}"

    return ~together & (first | apart), words


def _in_flight(found: Reported) -> Rule:
    there = in_flight(found)
    beyond = np.abs(np.log(there / found.runs.concurrency)) > np.log(FACTOR)

    def words(i: int) -> str:
        rate = significant(found.output_tokens_per_s[i])
        return (
            f"{rate} tokens/s at these times are {significant(there[i])} requests in flight by Little's law, not"
            f" {significant(found.runs.concurrency[i])}"
        )

    return beyond, words


def _repeated(found: Reported) -> Rule:
    """Runs of one load that agree in all their times beyond what two measurements do: all but the first."""
    runs, load = found.runs, _load(found)
    d, timed = runs.demand, np.isfinite(runs.ttft_s)
    figures = (runs.decode_s, np.where(timed, runs.ttft_s, 1.0), d.prompt_tokens, d.generated_tokens)
    logs = np.log(np.stack([np.asarray(each, dtype=float) for each in figures]))
    usable = np.flatnonzero(np.isfinite(logs).all(axis=0))
    again = np.zeros(len(runs), dtype=bool)
    # of runs that agree to the last digit the first stands for all
    _, firsts = np.unique(np.vstack([load, timed, logs])[:, usable], axis=1, return_index=True)
    again[usable] = True
    again[usable[firsts]] = False
    places = usable[firsts]
    order = places[np.lexsort((logs[0, places], timed[places], load[places]))]
    for distance in range(1, len(order)):  # of those sorted by their time only neighbours can agree
        one, other = order[:-distance], order[distance:]
        near = (load[one] == load[other]) & (timed[one] == timed[other]) & (logs[0, other] - logs[0, one] <= SAME)
        if not near.any():
            break
        one, other = one[near], other[near]
        apart = np.abs(logs[:, one] - logs[:, other])
        same = (apart[:2] <= np.where(timed[one], SAME, SAME_ALONE)).all(axis=0) & (apart[2:] <= NOMINAL).all(axis=0)
        again[np.maximum(one, other)[same]] = True
    return again, lambda _: "the same measurement as another run: all its times agree"


def _load(found: Reported) -> NDArray[np.int64]:
    """A number for each load, the same for runs that share it."""
    loads = np.char.add(found.key, np.char.mod("|%r", found.runs.concurrency))
    return np.asarray(np.unique(loads, return_inverse=True)[1])


def _if_even(found: Reported, i: int) -> str:
    """What the bound supposes of a mixture."""
    is_mixture = np.asarray(found.runs.demand.expert_share)[i] > 0
    return ", if not all prompts are alike and use the same experts" if is_mixture else ""


def _ms(seconds: float) -> str:
    return f"{significant(float(seconds) * 1e3)} ms"
