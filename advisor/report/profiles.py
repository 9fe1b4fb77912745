"""`advisor profile`: measure an engine on this machine or behind a URL, show what each load taught."""

from __future__ import annotations

import asyncio
import datetime
import gc
import math
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from advisor.engines.protocol import EngineFailure
from advisor.engines.timing import EngineFacts, Timed
from advisor.engines.vllm import require_vllm
from advisor.errors import AdvisorError, unknown
from advisor.gpus import PRECISIONS, load_gpu
from advisor.models.catalog import catalog, spec_of
from advisor.models.layers import MixtureOfExperts
from advisor.performance.demand import KV_BYTES
from advisor.performance.parallelism import Parallelism
from advisor.performance.profiles import ENGINES
from advisor.performance.roofline import distinct_expert_share
from advisor.profiler.checkpoint import stored_bytes
from advisor.profiler.cpu import know_cpu
from advisor.profiler.device import Device, Meter, device, gpu_name
from advisor.profiler.fit import read_prior
from advisor.profiler.profile import Step, Subject, profile
from advisor.profiler.routing import Routing, counted, routing_of
from advisor.report.engines import named, options, weights
from advisor.report.tables import print_table, table, to_json
from advisor.store.runs import Row
from advisor.store.workspace import Workspace
from advisor.tasks.task import load
from advisor.units import parse_duration, percent, significant

ROUTED_QUESTIONS = 64
OWN_FLAGS = {
    "kv_cache_dtype": "--kv-precision",
    "tensor_parallel_size": "--parallelism",
    "pipeline_parallel_size": "--parallelism",
}
"""Settings of the engine that are columns of a run: given past their flags, the run would be recorded as another."""

SERVER_PLACES = 256
"""Requests in flight at a server at most: what vLLM serves at once by default."""

Start = Callable[[], AbstractAsyncContextManager[tuple[Timed, EngineFacts]]]


@dataclass(frozen=True, slots=True)
class Asked:
    """What was typed."""

    model: str
    url: str | None
    served_model: str | None
    gpu: str
    parallelism: str
    precision: str
    kv_precision: str
    engine: str
    dummy_weights: bool
    routing: str
    time: str
    within: float
    engine_options: tuple[str, ...]


def show(asked: Asked, workspace: str | None, as_json: bool) -> None:
    """Measure, record and print. Raises AdvisorError, MissingAbility."""
    time_s = _checked_time_s(asked)
    ws = Workspace.open(workspace)
    folder = ws.writable_root / "measurements" / "runs"
    found = None if asked.url else device()
    subject = _subject(asked, ws, found)
    meter = Meter(found, Parallelism.parse(subject.parallelism).gpu_count)
    facts: Row = {
        "source": "advisor profile",
        "measured_at": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "driver": found.driver if found else None,
        "clock_hz": found.clock_hz if found else None,
        "weights_bytes": None if asked.dummy_weights else stored_bytes(Path(weights(asked.model, subject.model))),
    }
    gc.enable()
    routing = _routing(asked, subject) if asked.routing else None
    facts["expert_skew"] = routing.skew if routing else None
    start = _server(asked, subject) if asked.url else _in_process(asked, subject)
    try:
        path, rows, known = asyncio.run(
            profile(subject, read_prior(), start, meter, facts, folder, time_s=time_s, within=asked.within, watch=_said)
        )
    except KeyboardInterrupt:
        print("advisor: every measured load is kept; the same command goes on", file=sys.stderr)
        raise
    if as_json:
        told = {"run_id": path.stem, "path": str(path), "half_width": known.half_width, "loads": rows}
        print(to_json(told | ({"routing": asdict(routing)} if routing else {})))
        return
    _print(subject, rows)
    if routing:
        _print_routing(routing)
    print(
        f"TPOT of nine tenths of the loads it can hold is known {_within(known.half_width)} (90 % intervals, the spread of repeated runs apart)"
    )
    if subject.dummy_weights and spec_of(subject.model).is_moe:
        print(
            "Random weights route tokens evenly over the experts: trained ones touch fewer at small batches, so decoding may be faster there"
        )
    print(f"{path}. Next: advisor fit")


def _checked_time_s(asked: Asked) -> float:
    """The time to measure; flags that do not go together are refused. Raises AdvisorError, MissingAbility."""
    time_s = parse_duration(asked.time, where="--time")
    if not (math.isfinite(asked.within) and 0.005 <= asked.within <= 1):
        raise AdvisorError(
            f"{asked.within:g} is out of range", where="--within", hint="give a share from 0.005 to 1: 0.1 is ±10 %"
        )
    if asked.url and (asked.dummy_weights or asked.engine_options):
        raise AdvisorError(
            "is for vLLM in process", where="--dummy-weights, --engine-option", hint="tell the server itself"
        )
    for option in asked.engine_options:
        if flag := OWN_FLAGS.get(option.partition("=")[0]):
            raise AdvisorError(
                f"{option} has a flag of its own, which is recorded",
                where="--engine-option",
                hint=f"say it with {flag}",
            )
    if asked.routing and (asked.url or asked.dummy_weights):
        raise AdvisorError("is for vLLM in process with real weights: random ones route at random", where="--routing")
    if not asked.url:
        require_vllm()
    return time_s


def _subject(asked: Asked, ws: Workspace, found: Device | None) -> Subject:
    """What is profiled, with every name known here. Raises AdvisorError."""
    known_values = (
        (asked.precision, PRECISIONS, "--precision"),
        (asked.kv_precision, KV_BYTES, "--kv-precision"),
        (asked.engine, ENGINES, "--engine"),
    )
    for value, known, flag in known_values:
        if value and value not in known:
            raise unknown(flag.removeprefix("--"), value, known, where=flag)
    if asked.url and not asked.gpu:
        raise AdvisorError(
            "a server does not say what it runs on", where="--gpu", hint="name its GPU, see `advisor gpus`"
        )
    model = named(asked.model, ws)
    if model not in catalog():
        raise AdvisorError(
            f"{model!r} is unknown here", where="MODEL", hint="give its folder, or `advisor import model FOLDER` first"
        )
    gpu = load_gpu(asked.gpu).name if asked.gpu else gpu_name(found.vendors_name) if found else know_cpu(ws)
    layout = Parallelism.parse(asked.parallelism) if asked.parallelism else Parallelism()
    settings = " ".join(sorted(asked.engine_options))
    return Subject(
        model,
        gpu,
        str(layout),
        asked.precision or catalog()[model].checkpoint_precision,
        asked.engine,
        asked.dummy_weights,
        asked.kv_precision,
        settings,
    )


def _settings(asked: Asked, subject: Subject) -> dict[str, Any]:
    """Of vLLM's engine."""
    layout = Parallelism.parse(subject.parallelism)
    cache = {} if subject.kv_precision == "bf16" else {"kv_cache_dtype": subject.kv_precision}
    return {
        "tensor_parallel_size": layout.tp,
        "pipeline_parallel_size": layout.pp,
        **cache,
        **options(asked.engine_options),
    }


def _routing(asked: Asked, subject: Subject) -> Routing:
    """Experts taken while the model answers the task's questions. Raises AdvisorError, MissingAbility."""
    from advisor.engines.vllm import CountedPolicy

    mixture = next(
        (
            layer.feed_forward
            for layer in spec_of(subject.model).layers
            if isinstance(layer.feed_forward, MixtureOfExperts)
        ),
        None,
    )
    if mixture is None:
        raise AdvisorError(f"{subject.model} has no experts", where="--routing", hint="leave it out")
    task = load(asked.routing, kind=None, template=None, n_questions=ROUTED_QUESTIONS)
    try:
        steps = asyncio.run(
            counted(CountedPolicy(weights(asked.model, subject.model), **_settings(asked, subject)), task.questions)
        )
    except EngineFailure as failure:
        raise AdvisorError(
            f"a question was not answered ({failure})",
            where="--routing",
            hint="give shorter questions, or a longer max_model_len",
        ) from None
    return routing_of(steps, mixture.n_experts, mixture.experts_per_token)


def _in_process(asked: Asked, subject: Subject) -> Start:
    told = _settings(asked, subject)

    @asynccontextmanager
    async def start() -> AsyncIterator[tuple[Timed, EngineFacts]]:
        from advisor.engines.vllm import TimedEngine

        async with TimedEngine(
            weights(asked.model, subject.model), dummy_weights=subject.dummy_weights, **told
        ) as engine:
            yield engine, engine.facts

    return start


def _server(asked: Asked, subject: Subject) -> Start:
    @asynccontextmanager
    async def start() -> AsyncIterator[tuple[Timed, EngineFacts]]:
        from advisor.engines.timed import TimedClient

        key = os.environ.get("OPENAI_API_KEY")
        async with TimedClient(
            asked.url or "", asked.served_model or subject.model, concurrency=SERVER_PLACES, api_key=key
        ) as client:
            await client.check()
            version, context = await client.facts()
            spec = spec_of(subject.model)
            yield client, EngineFacts(version, context or spec.max_context, SERVER_PLACES, None, spec.vocabulary)

    return start


def _print_routing(routing: Routing) -> None:
    """Experts touched by steps of so many tokens, beside what even routing would touch."""
    even = [
        float(distinct_expert_share(routing.experts_per_token / routing.n_experts, t))
        for t, _ in routing.share_by_tokens
    ]
    rows = [[str(t), percent(share), percent(e)] for (t, share), e in zip(routing.share_by_tokens, even, strict=True)]
    title = f"Of {routing.n_experts} experts a layer's step touches; skew {significant(routing.skew)}"
    print_table(
        table(
            ["tokens", "counted", "if liked evenly"], rows, title=title, right=["tokens", "counted", "if liked evenly"]
        )
    )


def _said(step: Step) -> None:
    """One line a load on stderr: what was measured, what had been predicted, what is known now."""
    load = step.before.next_load
    if step.row["status"] != "ok":
        print(f"{load}: {step.row['status']} ({step.row['note']}); the engine starts anew", file=sys.stderr)
        return
    tpot = step.row.get("tpot_s")
    expected = f"{significant(step.before.predicted_tpot_s * 1e3)}, {_within(step.before.next_half_width)}"
    measured = f"{significant(tpot * 1e3) if tpot else '–'} ms TPOT (expected {expected}), {significant(step.row['ttft_s'])} s TTFT"
    print(
        f"{step.after.n_measured}. {load}: {measured}; all loads now {_within(step.after.half_width)}",
        file=sys.stderr,
        flush=True,
    )


def _within(half_width: float) -> str:
    """A 90 % interval in words."""
    return f"within ±{percent(half_width, 0)}" if half_width < 1 else f"within a factor {1 + half_width:.1f}"


def _print(subject: Subject, rows: list[Row]) -> None:
    columns = ["in flight", "prompt", "generated", "TTFT s", "TPOT ms", "request p90 s", "tokens/s", "W", "status"]
    cells = [
        [
            f"{row['concurrency']:.0f}",
            f"{row['prompt_tokens']:,.0f}",
            f"{row['generated_tokens']:,.0f}",
            significant(row.get("ttft_s")),
            significant(row["tpot_s"] * 1e3) if row.get("tpot_s") else "–",
            significant(row.get("request_p90_s")),
            significant(row.get("output_tokens_per_s")),
            significant(row.get("power_w")),
            row["status"],
        ]
        for row in sorted(rows, key=lambda row: (row["concurrency"], row["prompt_tokens"], row["generated_tokens"]))
    ]
    kind = ", dummy weights" if subject.dummy_weights else ""
    title = f"{subject.model} ({subject.precision}{kind}) on {subject.gpu} ({subject.parallelism}), {subject.engine}"
    print_table(table(columns, cells, title=title, right=columns[:-1]))
