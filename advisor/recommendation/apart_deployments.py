"""Deployments with prompts on GPUs of their own, beside the usual ones: engines of both kinds in a few ratios."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from advisor.errors import AdvisorError, unknown
from advisor.fits.speeds import Speeds
from advisor.gpus import GpuSpec
from advisor.models.attention import Attention
from advisor.models.latent_attention import LatentAttention
from advisor.models.spec import ModelSpec
from advisor.performance.disaggregated import (
    TPOT_SPREAD,
    TTFT_SPREAD,
    Disaggregated,
    Loop,
    balanced,
    decoding_s,
    prompt_s,
)
from advisor.performance.feasibility import holds
from advisor.performance.hardware import NODE_LINK_BYTES_PER_S, RACKS
from advisor.performance.memory import max_sequences
from advisor.performance.parallelism import Parallelism
from advisor.performance.power import IDLE, MULTIPLYING, watts
from advisor.performance.predict import predict
from advisor.performance.roofline import at_peak_s
from advisor.performance.steady_states import Index
from advisor.performance.under_load import LARGEST_BATCH
from advisor.provenance import Provenance
from advisor.recommendation.deployments import USUAL, Answers, Columns, Fleet, Numbers, Sizes, fleet
from advisor.recommendation.served import SAME, Served

RATIOS = ((3, 1), (2, 1), (1, 1), (1, 2), (1, 3), (1, 7))
"""Engines that prefill and that decode, in one deployment."""
BATCHES = (*range(1, 9), *(round(2 ** (quarter / 4)) for quarter in range(13, 49)))
"""Sequences on a decoding engine that the time of a step is computed for; between them it is read off a line."""
LAYOUTS = (SAME, *(str(layout) for layout in USUAL.layouts))
"""Of engines that prefill: that of those that decode, or one of these."""
WHERE = "--prefill-parallelism"


@dataclass(frozen=True, slots=True)
class Pairs:
    """Engines that prefill and that decode, as arrays over the deployments that they make.

    `grid` has a row for each of its layouts and each of BATCHES; `prefill` and `decode` are places in its layouts.
    Engines of one deployment share a machine, or each fills one (`machines`).
    """

    grid: Fleet
    prefill: Index
    decode: Index
    prefill_engines: Index
    decode_engines: Index
    machines: Index
    link_bytes_per_s: Numbers

    @property
    def gpu_count(self) -> Index:
        """GPUs of all engines together."""
        each = self.grid.gpu_count[:: len(BATCHES)].astype(np.int64)
        return np.asarray(each[self.decode] * (self.prefill_engines + self.decode_engines))


def checked_layouts(
    given: str | None, engine: str, cached_prompt_tokens: int | None, speculative_tokens: int | None
) -> str | None:
    """`same` or a layout, None without the option. Raises AdvisorError for what has no command or no cost."""
    if given is None:
        return None
    if given.lower() not in LAYOUTS:
        raise unknown("layout", given, LAYOUTS, where=WHERE)
    refused = {
        "leave --cached-prompt-tokens out": cached_prompt_tokens is not None
        and "hits of the prefix cache are not costed",
        "leave --speculative-tokens out": speculative_tokens is not None and "drafted tokens are not costed",
        "take --engine vllm": engine != "vllm" and f"no command of {engine} is written",
    }
    for hint, what in refused.items():
        if what:
            raise AdvisorError(f"{what} with prefill apart", where=WHERE, hint=hint)
    return given.lower()


def pairs(
    gpus: list[GpuSpec], most: Mapping[str, int], speeds: Speeds, at: tuple[str, str], sizes: Sizes, prefill: str
) -> Pairs:
    """Every GPU × layout of decoding engines × ratio, with engines of as many GPUs that prefill.

    `at`: engine and precision of the weights. Prefilling engines have the layout `prefill`, or the same; GPUs are
    NVIDIA's, which the connector is packaged for.
    """
    grid = fleet(gpus, most, speeds, *at, sizes=Sizes(sizes.layouts, BATCHES, busy_per_group=0))
    places = {(gpu.name, layout): place for place, (gpu, layout) in enumerate(grid.layouts)}
    found = []
    for place, (gpu, layout) in enumerate(grid.layouts):
        other = layout if prefill == SAME else Parallelism.parse(prefill)
        prefilling = places.get((gpu.name, other))
        if gpu.vendor != "NVIDIA" or prefilling is None or other.gpu_count != layout.gpu_count:
            continue
        for ratio in RATIOS:
            machines = _machines(gpu, layout.gpu_count, sum(ratio), most.get(gpu.name, math.inf))
            if machines:
                near = gpu.link_bytes_per_s
                joined = machines == 1 or layout.gpu_count <= RACKS.get(gpu.name, 0)
                link = near if joined else min(near, NODE_LINK_BYTES_PER_S)
                links = min(layout.tp, other.tp)
                found.append((prefilling, place, *ratio, machines, link * links))
    table = np.array(found, dtype=float).reshape(-1, 6).T
    prefill_at, decode_at, prefill_engines, decode_engines, several = (column.astype(np.int64) for column in table[:5])
    return Pairs(grid, prefill_at, decode_at, prefill_engines, decode_engines, several, table[5])


def _machines(gpu: GpuSpec, each: int, engines: int, most: float) -> int:
    """Machines that the engines lie in; 0 where there are too few GPUs, or some would share one and others not."""
    if each * engines > most:
        return 0
    return 1 if each * engines <= gpu.node_gpus else engines if each == gpu.node_gpus else 0


def can_send(spec: ModelSpec, answers: Answers, n_samples: int) -> bool:
    """Whether the cache of a prompt can be sent: of text models that attend, for one answer without a search.

    vLLM's connector does not know models with encoders; states of recurrent layers are no cache that grows by the token
    (docs/features/nixl_connector_compatibility.md).
    """
    attends = all(isinstance(layer.mixer, Attention | LatentAttention) for layer in spec.layers if layer.mixer)
    alone = n_samples == 1 and answers.rewards is None and answers.read_again_tokens == 0
    return attends and alone and not spec.encoder_parameters


@dataclass(frozen=True, slots=True)
class Engines:
    """What engines of every layout of the grid do, shape (layouts, BATCHES) or (layouts,)."""

    token_s: Numbers
    watts: Numbers
    alone_s: Numbers
    together_s: Numbers
    prompt_at_peak_s: Numbers
    room: Numbers
    groups: Numbers
    starts: NDArray[np.bool_]


def _engines(answers: Answers, grid: Fleet, start: NDArray[np.bool_], lengths: tuple[int, int]) -> Engines:
    of, spec, shape = answers.served, answers.spec, (-1, len(BATCHES))
    d = of.demand(spec, grid.precision, *lengths)
    known = grid.speeds.of_shape(answers.shape, grid.engine, grid.precision, grid.gpu, grid.groups > 1)
    speed = replace(grid.speed, known=known)
    shared = predict(d, grid.hardware, speed, grid.concurrency).serving
    token_s = decoding_s(d, grid.hardware, speed, grid.concurrency, shared)
    without_prompts = replace(
        shared,
        tpot_s=token_s,
        output_tokens_per_s=grid.concurrency / token_s,
        prompt_at_peak_s=np.zeros_like(token_s),
    )
    prompts = of.demand(spec, grid.precision, lengths[0], 1)
    prompt = prompt_s(prompts, grid.hardware, speed.efficiency, grid.groups)
    _, at_peak = at_peak_s(prompts, grid.hardware)
    longest = of.demand(spec, grid.precision, lengths[0], max(answers.context_tokens - lengths[0], 1))
    of_context, room = (max_sequences(each, grid.memory_bytes, grid.hardware) for each in (longest, d))
    alone_s, together_s, held, room, groups, prompt_at_peak_s = (
        np.asarray(each).reshape(shape)[:, 0] for each in (*prompt, of_context, room, grid.groups, at_peak)
    )
    power = watts(without_prompts, grid.tdp_w, grid.gpu_count)
    starts = start & (held >= groups)
    alike = alone_s, together_s, prompt_at_peak_s, room, groups
    return Engines(token_s.reshape(shape), power.reshape(shape), *alike, starts)


def apart(point_id: int, answers: Answers, p: Pairs, start: NDArray[np.bool_], sizes: Sizes) -> Columns:
    """Columns of the `deployments` table for one strategy point, as `deployments` has them; none where none can run.

    `start`: which layouts of the grid can. As many requests as each decoding engine may have, times those engines.
    """
    prompt_tokens, generated_tokens = (max(round(n), 1) for n in (answers.prompt_tokens, answers.generated_tokens))
    e = _engines(answers, p.grid, start, (prompt_tokens, generated_tokens))
    which, each = _loads(p, e, answers.served, sizes)
    if not holds(answers.spec, answers.prompt_tokens + answers.generated_tokens):
        which, each = which[:0], each[:0]
    row, other = p.decode[which], p.prefill[which]
    d = answers.served.demand(answers.spec, p.grid.precision, prompt_tokens, generated_tokens)
    efficiency, prefilling = p.grid.speed.efficiency, other * len(BATCHES)
    share = prompt_tokens / (prompt_tokens + generated_tokens)
    loop = Loop(
        prefill_engines=p.prefill_engines[which].astype(float),
        decode_engines=p.decode_engines[which].astype(float),
        alone_s=e.alone_s[other],
        together_s=e.together_s[other],
        delay_s=np.asarray(efficiency.first_s)[prefilling],
        sent_s=float(d.kv_sequence_bytes) * share / p.link_bytes_per_s[which],
        burst=np.asarray(efficiency.burst)[prefilling],
        room=each,
        concurrency=each * p.decode_engines[which],
        generated_tokens=generated_tokens,
    )
    found = balanced(loop, lambda decoding: _between(e.token_s, row, decoding))
    return _columns(point_id, p, which, loop, found) | {
        "watts": _watts(p, which, found.output_tokens_per_s / generated_tokens * e.prompt_at_peak_s[other])
        + _between(e.watts, row, found.decoding) * p.decode_engines[which]
    }


def _loads(p: Pairs, e: Engines, served: Served, sizes: Sizes) -> tuple[Index, Numbers]:
    """Which deployments, each once for every number of requests that one of its decoding engines may have.

    These are the levels of `deployments`, under the same limits.
    """
    room, groups = e.room[p.decode], e.groups[p.decode]
    most = np.minimum((served.max_num_seqs or LARGEST_BATCH) * groups, np.maximum(np.floor(room), 1.0))
    level = np.minimum(np.array(sizes.concurrencies, dtype=float)[None, :], most[:, None])
    fits = (np.diff(level, prepend=0.0) > 0) & (level <= room[:, None])
    fits &= (e.starts[p.prefill] & e.starts[p.decode])[:, None]
    fits &= (groups[:, None] == 1) | (level >= np.minimum(sizes.busy_per_group * groups, most)[:, None])
    fits &= level <= BATCHES[-1]
    fits &= level <= (served.max_num_batched_tokens or math.inf) * groups[:, None]
    which, at = np.nonzero(fits)
    return which, level[which, at]


def _between(table: Numbers, row: Index, batch: Numbers) -> Numbers:
    """What a table says of one layout each, at numbers of sequences between BATCHES."""
    grid = np.array(BATCHES, dtype=float)
    below = np.clip(np.searchsorted(grid, batch, side="right") - 1, 0, len(grid) - 2)
    share = np.clip((batch - grid[below]) / (grid[below + 1] - grid[below]), 0.0, 1.0)
    return np.asarray(table[row, below] * (1 - share) + table[row, below + 1] * share)


def _watts(p: Pairs, which: Index, at_peak: Numbers) -> Numbers:
    """Of the GPUs that prefill, whose products take `at_peak` seconds a second at the peak of one engine."""
    rows = p.decode[which] * len(BATCHES)
    gpus = p.grid.gpu_count[rows] * p.prefill_engines[which]
    return np.asarray(
        p.grid.tdp_w[rows] * gpus * np.minimum(IDLE + MULTIPLYING * at_peak / p.prefill_engines[which], 1.0)
    )


def _columns(point_id: int, p: Pairs, which: Index, loop: Loop, found: Disaggregated[Numbers]) -> Columns:
    rows, n = p.decode[which] * len(BATCHES), len(which)
    return {
        "point_id": np.full(n, point_id),
        "deployment": -2 - (point_id * len(p.decode) + which),  # below all that are not apart
        "gpu": p.grid.gpu[rows],
        "gpu_count": p.gpu_count[which],
        "parallelism": p.grid.parallelism[rows],
        "precision": np.full(n, p.grid.precision),
        "concurrency": np.asarray(loop.concurrency).astype(np.int64),
        "ttft_s": found.ttft_s,
        "tpot_s": found.tpot_s,
        "request_s": found.request_s,
        "score_s": np.zeros(n),
        "performance": np.full(n, Provenance.POOLED.value),
        "spread": np.maximum(np.asarray(p.grid.speed.spread)[rows], TPOT_SPREAD),
        "ttft_spread": np.full(n, TTFT_SPREAD),
        "prefill_engines": p.prefill_engines[which],
        "decode_engines": p.decode_engines[which],
        "machines": p.machines[which],
    }
