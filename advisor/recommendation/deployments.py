"""Which deployments a strategy point can run on, and how fast: the roofline over all of them at once."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from advisor.fits.speeds import Speeds
from advisor.gpus import GpuSpec
from advisor.models.spec import ModelSpec
from advisor.performance.demand import Demand, demand
from advisor.performance.feasibility import holds, startable
from advisor.performance.hardware import Hardware, hardware
from advisor.performance.memory import OVERHEAD_BYTES, UTILISATION, max_sequences, weights_per_gpu
from advisor.performance.parallelism import Parallelism
from advisor.performance.power import watts
from advisor.performance.predict import Speed, predict
from advisor.performance.roofline import Efficiency, prefill_s
from advisor.performance.under_load import LARGEST_BATCH
from advisor.provenance import Provenance
from advisor.recommendation.served import USUALLY, Served
from advisor.support import Part, SupportTable

Numbers = NDArray[np.float64]
Columns = dict[str, NDArray[Any]]

GPU_COUNTS = (1, 2, 4, 8, 16)
BUSY_PER_GROUP = 4
"""Data-parallel attention is considered from so many requests a group on; with fewer, groups idle."""
CONCURRENCIES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)


@dataclass(frozen=True, slots=True)
class Sizes:
    """Layouts and requests in flight to consider, data-parallel attention from `busy_per_group` a group on.

    With `most_per_group` none beyond that are, and exactly as many are, or as many as the cache holds.
    """

    layouts: tuple[Parallelism, ...]
    concurrencies: tuple[float, ...] = CONCURRENCIES
    busy_per_group: int = BUSY_PER_GROUP
    most_per_group: int | None = None

    def limited(self, most_per_group: int | None) -> Sizes:
        """The same for engines that run so many sequences at once in each data-parallel group; None: LARGEST_BATCH."""
        most = most_per_group or LARGEST_BATCH
        levels, busy = (*self.concurrencies, math.inf), min(self.busy_per_group, most)
        return replace(self, concurrencies=levels, most_per_group=most, busy_per_group=busy)


USUAL = Sizes((*(Parallelism(tp=n) for n in GPU_COUNTS), *(Parallelism(dp=n) for n in GPU_COUNTS if n > 1)))
"""What is considered where nothing else is said."""


@dataclass(frozen=True, slots=True)
class Fleet:
    """All deployments to consider for one weight precision, as parallel arrays.

    `layout` says which of `layouts` each is; `groups` share the experts, each with its own cache; `corrections` are
    those of this engine and precision, by model shape, then GPU.
    """

    engine: str
    precision: str
    layouts: tuple[tuple[GpuSpec, Parallelism], ...]
    layout: NDArray[np.int64]
    gpu: NDArray[np.str_]
    gpu_count: Numbers
    parallelism: NDArray[np.str_]
    groups: Numbers
    concurrency: Numbers
    memory_bytes: Numbers
    tdp_w: Numbers
    provenance: NDArray[np.str_]
    speed: Speed
    hardware: Hardware
    speeds: Speeds


def fleet(
    gpus: list[GpuSpec], most: Mapping[str, int], speeds: Speeds, engine: str, precision: str, *, sizes: Sizes = USUAL
) -> Fleet:
    """Every GPU × layout × concurrency; layouts of all counts that one fast link joins, up to `most` of a GPU."""
    layouts = [
        (gpu, layout)
        for gpu, layout in product(gpus, sizes.layouts)
        if layout.gpu_count <= min(gpu.node_gpus, most.get(gpu.name, layout.gpu_count))
    ]
    fitted = [speeds.of(gpu.name, engine, precision) for gpu, _ in layouts]
    peaks = [hardware(gpu, layout, precision) for gpu, layout in layouts]
    at = np.repeat(np.arange(len(layouts)), len(sizes.concurrencies))
    concurrency = np.tile(np.array(sizes.concurrencies, dtype=float), len(layouts))
    groups = np.array([layout.dp for _, layout in layouts], dtype=float)
    if sizes.most_per_group is not None:
        concurrency = np.minimum(concurrency, sizes.most_per_group * groups[at])
    busy = (groups[at] == 1) | (concurrency >= sizes.busy_per_group * groups[at])
    at, concurrency = at[busy], concurrency[busy]

    def numbers(values: Iterable[float]) -> Numbers:
        return np.asarray(np.array(list(values), dtype=float)[at])

    def texts(values: Iterable[str]) -> NDArray[np.str_]:
        return np.asarray(np.array(list(values), dtype=str)[at])

    efficiency = (numbers(getattr(speed.efficiency, field.name) for speed in fitted) for field in fields(Efficiency))
    spread = numbers(float(speed.spread) for speed in fitted)
    return Fleet(
        engine=engine,
        precision=precision,
        layouts=tuple(layouts),
        layout=at,
        gpu=texts(gpu.name for gpu, _ in layouts),
        gpu_count=numbers(layout.gpu_count for _, layout in layouts),
        parallelism=texts(str(layout) for _, layout in layouts),
        groups=groups[at],
        concurrency=concurrency,
        memory_bytes=numbers(gpu.memory_bytes for gpu, _ in layouts),
        tdp_w=numbers(gpu.tdp_w for gpu, _ in layouts),
        provenance=texts(speed.provenance.value for speed in fitted),
        speed=Speed(Efficiency(*efficiency), spread, Provenance.FITTED, ""),
        hardware=Hardware(*(numbers(getattr(peak, field.name) for peak in peaks) for field in fields(Hardware))),
        speeds=speeds,
    )


def able(f: Fleet, spec: ModelSpec, rewards: ModelSpec | None, support: SupportTable) -> NDArray[np.bool_]:
    """Which deployments GPU, engine and split let start, with a reward model in 16 bit beside the policy."""
    start = np.array(startable(spec, f.layouts, f.engine, f.precision, support), dtype=bool)
    if rewards:
        start &= np.array(startable(rewards, f.layouts, f.engine, "bf16", support), dtype=bool)
    return np.asarray(start[f.layout])


def holds_cache(f: Fleet, spec: ModelSpec, kv_precision: str, support: SupportTable) -> NDArray[np.bool_]:
    """On which deployments the engine holds a cache in that precision."""
    if kv_precision == "bf16":
        return np.ones(len(f.layout), dtype=bool)
    known = [support.runs(f.engine, Part.KV_CACHE, kv_precision, gpu, spec.family) for gpu, _ in f.layouts]
    return np.asarray(np.array(known, dtype=bool)[f.layout])


@dataclass(frozen=True, slots=True)
class Rewards:
    """A reward model beside the policy: the tokens it passes for a question, at most `pass_tokens` at a time."""

    spec: ModelSpec
    scored_tokens: float
    pass_tokens: float

    @property
    def demand(self) -> Demand:
        """One pass, in 16 bit."""
        return demand(self.spec, "bf16", round(self.pass_tokens), 1)

    def seconds(self, f: Fleet) -> Numbers:
        """Time of all GPUs that it takes from the policy for one question: prefills alone, in 16 bit."""
        in_16bit = replace(f.hardware, compute_flops_per_s=f.hardware.compute_16bit_flops_per_s)
        passes = self.scored_tokens / self.pass_tokens
        return passes * prefill_s(self.demand, in_16bit, f.speed.efficiency)

    def memory_bytes(self, f: Fleet) -> Numbers:
        """What it takes of each GPU's memory."""
        return np.asarray((weights_per_gpu(self.demand, f.hardware) + OVERHEAD_BYTES) / UTILISATION)


@dataclass(frozen=True, slots=True)
class Answers:
    """The work of a strategy point for its model: `shape` names the model's config, tokens are means of one answer.

    `context_tokens` is the longest sequence that is served; `cached_tokens` of the prompt are in the prefix cache;
    `served` says how, beside the layout; `read_again_tokens` of a question are prefixes that its search computes beyond
    the prompts of its answers.
    """

    spec: ModelSpec
    shape: str
    prompt_tokens: float
    generated_tokens: float
    context_tokens: int
    rewards: Rewards | None = None
    cached_tokens: float = 0.0
    read_again_tokens: float = 0.0
    served: Served = USUALLY

    def read_again_s(self, f: Fleet) -> Numbers:
        """Time of all GPUs that these prefills take for one question, in passes of a prompt and one answer."""
        text_tokens = max(round(self.prompt_tokens + self.generated_tokens), 1)
        passed = demand(self.spec, f.precision, text_tokens, 1)
        return self.read_again_tokens / text_tokens * prefill_s(passed, f.hardware, f.speed.efficiency)


def in_flight(f: Fleet, room: Numbers) -> Numbers:
    """Requests in flight of each deployment, as many as its cache holds at most."""
    return np.minimum(f.concurrency, np.maximum(np.floor(room), 1.0))


def may_run(f: Fleet, served: Served, concurrency: Numbers) -> NDArray[np.bool_]:
    """Which the limits of the engine let it run, each number of requests in flight once.

    A step has a token of every sequence, or the engine does not start.
    """
    most_tokens = served.max_num_batched_tokens or math.inf
    again = (np.diff(concurrency, prepend=0.0) == 0) & (np.diff(f.layout, prepend=-1) == 0)
    return np.asarray((concurrency <= most_tokens * f.groups) & ~again)


def deployments(point_id: int, answers: Answers, f: Fleet, start: NDArray[np.bool_]) -> Columns:
    """Columns of the `deployments` table for one strategy point; a reward model lies on the same GPUs.

    Only deployments that can start (`start`, see `able`) with all requests in flight are listed. An engine refuses to
    start where the cache of a group does not hold one sequence of the whole context.
    """
    spec, rewards = answers.spec, answers.rewards
    prompt_tokens = round(answers.prompt_tokens)
    generated_tokens = max(round(answers.generated_tokens), 1)
    cached_tokens = min(round(answers.cached_tokens), max(prompt_tokens - 1, 0))
    d = answers.served.demand(spec, f.precision, prompt_tokens, generated_tokens, cached_tokens=cached_tokens)
    longest = answers.served.demand(spec, f.precision, prompt_tokens, max(answers.context_tokens - prompt_tokens, 1))
    free = f.memory_bytes - (rewards.memory_bytes(f) if rewards else 0.0)
    room = max_sequences(d, free, f.hardware)
    concurrency = in_flight(f, room)
    within = holds(spec, answers.prompt_tokens + answers.generated_tokens)
    fits = (room >= concurrency) & (max_sequences(longest, free, f.hardware) >= f.groups) & start & within
    fits &= may_run(f, answers.served, concurrency)
    known = f.speeds.of_shape(answers.shape, f.engine, f.precision, f.gpu, f.groups > 1)
    speed = replace(f.speed, known=known)
    predicted = predict(d, f.hardware, speed, concurrency, np.maximum(room, 1.0))
    times = predicted.serving
    columns: Columns = {
        "point_id": np.full(len(fits), point_id),
        "deployment": point_id * len(f.layouts) + f.layout,
        "gpu": f.gpu,
        "gpu_count": f.gpu_count.astype(np.int64),
        "parallelism": f.parallelism,
        "precision": np.full(len(fits), f.precision),
        "concurrency": concurrency.astype(np.int64),
        "ttft_s": times.ttft_s,
        "tpot_s": times.tpot_s,
        "request_s": times.request_s,
        "score_s": (rewards.seconds(f) if rewards else 0.0) + answers.read_again_s(f),
        "watts": watts(times, f.tdp_w, f.gpu_count),
        "performance": np.where(predicted.corrected, Provenance.FITTED.value, f.provenance),
        "spread": predicted.answer_spread,
        "ttft_spread": predicted.ttft_spread,
        "prefill_engines": np.zeros(len(fits), dtype=np.int64),
        "decode_engines": np.ones(len(fits), dtype=np.int64),
        "machines": np.ones(len(fits), dtype=np.int64),
    }
    return {name: column[fits] for name, column in columns.items()}
