"""The verb `verify`: a running deployment against what was predicted for the load that it has."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from time import monotonic
from typing import Any

from advisor.arguments import checked_arguments
from advisor.engines.connect import Endpoint, check_url, run, timed
from advisor.engines.metrics import MetricsPage
from advisor.engines.protocol import EngineFailure
from advisor.engines.server import before
from advisor.errors import AdvisorError, MissingAbility, checked_name, unknown
from advisor.fits.speeds import Speeds
from advisor.performance.demand import KV_BYTES
from advisor.performance.deployment import Deployment
from advisor.profiler.device import Meter
from advisor.profiler.measure import measure
from advisor.profiler.plan import Load
from advisor.provenance import Provenance
from advisor.recommendation.estimate import deployment, replica_layout
from advisor.store.workspace import Workspace
from advisor.units import checked_count, checked_rate, parse_duration
from advisor.values import Rows, Value
from advisor.verification import page
from advisor.verification.causes import Cause, Planned, causes
from advisor.verification.figures import Figure, expected, figures
from advisor.verification.page import parse_page
from advisor.verification.recorded import recorded
from advisor.verification.seen import LEAST_REQUESTS, Reading, Seen, seen_by_clients, seen_on_pages

READINGS = 30
"""Of a page in a window; never more than one in LEAST_PAUSE_S."""
LEAST_PAUSE_S = 0.5
LONGEST_WINDOW_S = 86400.0
OWN_LOAD = Load(1024, 1024, 1)
"""Of our own requests where nothing is said of them, as in `estimate`."""


@dataclass(frozen=True, slots=True)
class Verified(Value):
    """Figures as predicted and seen, with the reasons; `as_predicted` is False where one is clearly worse.

    `run_id` is the load as it was kept in the workspace; None where it was not.
    """

    model: str
    gpu: str
    gpu_count: int
    parallelism: str
    precision: str
    kv_precision: str
    engine: str
    source: str
    as_predicted: bool
    seen: Seen
    figures: Rows[Figure]
    causes: Rows[Cause]
    spread: float
    provenance: Provenance
    speed_source: str
    run_id: str | None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Server:
    """Where to look, and what to send there."""

    url: str | None
    metrics: str | None
    served_model: str | None
    window_s: float
    time_s: float


@checked_arguments
def verify(
    workspace: Workspace,
    *,
    model: str | os.PathLike[str],
    gpu: str,
    metrics: str | None = None,
    window: str | float = "60s",
    url: str | None = None,
    served_model: str | None = None,
    time: str | float = "5min",
    gpu_count: int | None = None,
    parallelism: str | None = None,
    precision: str | None = None,
    kv_precision: str = "bf16",
    engine: str = "vllm",
    input_tokens: int | None = None,
    output_tokens: int | None = None,
    concurrency: int | None = None,
    rate: float | None = None,
) -> Verified:
    """Compare a running replica with what is predicted for the load that it has.

    model          name of a model, or the path of a config.json
    gpu            name of the GPU it runs on; gpu_count, parallelism, precision, kv_precision, engine: as in `estimate`
    metrics        vLLM's page of metrics, "http://host:8000/metrics", read for a window of time
    window         how long: "60s", or a number of seconds
    url            an OpenAI-compatible server that gets a short load of our own; with `metrics` its page is read then
    served_model   the model's name on the server, where it has another one, or on the page, where it has several
    time           longest time for the load of our own
    input_tokens   prompt tokens of a request, as costed; those of our own load
    output_tokens  generated tokens of a request, likewise
    concurrency    requests in flight, likewise: as many run at once at most
    rate           requests per second that were costed

    The load is stored in the workspace's folder, where it has one. Raises AdvisorError for unknown names, a page that
    is not vLLM's, too few requests; MissingAbility for a server that does not answer or a missing library.
    """
    for flag, count in (
        ("--input-tokens", input_tokens),
        ("--output-tokens", output_tokens),
        ("--concurrency", concurrency),
    ):
        if count is not None:
            checked_count(count, where=flag)
    planned = Planned(input_tokens, output_tokens, concurrency, checked_rate(rate, where="--rate"))
    _check_sources(url, metrics, planned)
    if kv_precision not in KV_BYTES:
        raise unknown("precision", kv_precision, KV_BYTES, where="--kv-precision")
    deployed = deployment(workspace, model, gpu, replica_layout(parallelism, gpu_count), precision, engine)
    deployed = replace(deployed, kv_precision=kv_precision)
    if served_model is not None:
        checked_name(served_model, where="--served-model")
    window_s = parse_duration(window, where="--window")
    if window_s > LONGEST_WINDOW_S:
        raise AdvisorError(f"{window_s:g} s is out of range", where="--window", hint="give a day at most")
    server = _Server(url, metrics, served_model, window_s, parse_duration(time, where="--time"))
    if metrics:
        page.check_installed()
    seen, row = run(_looked_at(server, deployed, planned))
    return _judged(workspace, deployed, planned, seen, row, source="own load" if url else "metrics")


def _judged(
    workspace: Workspace, deployed: Deployment, planned: Planned, seen: Seen, row: dict[str, Any], *, source: str
) -> Verified:
    """The figures of what was seen, and the load kept."""
    shape, layout = workspace.models.shape(deployed.spec.name), deployed.layout
    speeds = Speeds.read(workspace)
    speed = speeds.of(deployed.gpu.name, deployed.engine, deployed.precision, shape, data_parallel=layout.dp > 1)
    there = expected(deployed, speed, seen, planned.concurrency)
    found = figures(there, seen)
    why = causes(found, seen, there, planned)
    kept, notes = recorded(workspace, deployed, seen, row, _why_not(why)) if workspace.own else (None, ())
    return Verified(
        model=deployed.spec.name,
        gpu=deployed.gpu.name,
        gpu_count=layout.gpu_count,
        parallelism=str(layout),
        precision=deployed.precision,
        kv_precision=deployed.kv_precision,
        engine=deployed.engine,
        source=source,
        as_predicted=not any(figure.worse for figure in found),
        seen=seen,
        figures=Rows(found, Figure),
        causes=Rows(why, Cause),
        spread=there.spread,
        provenance=speed.provenance,
        speed_source=speed.source,
        run_id=kept,
        notes=notes,
    )


def _why_not(why: Sequence[Cause]) -> str:
    """What makes a load no measurement of the deployment's speed; empty where nothing does."""
    kinds = ("load changed", "prefix cache")
    return next((cause.evidence for cause in why if cause.name in kinds), "")


def _check_sources(url: str | None, metrics: str | None, planned: Planned) -> None:
    check_url(url, where="--url")
    check_url(metrics, where="--metrics", example="http://host:8000/metrics")
    if not (url or metrics):
        hint = "give --metrics http://host:8000/metrics, or --url http://host:8000 for a load of our own"
        raise AdvisorError("nothing to look at", where="verify", hint=hint)
    if url and planned.output_tokens == 1:
        hint = "give 2 or more"
        raise AdvisorError("an answer of one token has no TPOT", where="--output-tokens", hint=hint)
    if url and planned.rate is not None:
        hint = "leave it out, and give --concurrency"
        raise AdvisorError("a load of our own keeps so many requests in flight", where="--rate", hint=hint)


async def _looked_at(server: _Server, deployed: Deployment, planned: Planned) -> tuple[Seen, dict[str, Any]]:
    """What was seen, and columns of Run that only the look itself gives."""
    if server.url is None:
        assert server.metrics is not None
        return await _watched(server, asyncio.create_task(asyncio.sleep(server.window_s))), {}
    own = asyncio.create_task(_own_load(server, deployed, planned))
    if server.metrics is None:
        row = await own
        return seen_by_clients(row), row
    on_page = await _watched(server, own)
    row = own.result()
    there = (
        "running",
        "waiting",
        "most_running",
        "running_at_waits",
        "cached_tokens",
        "cache_use",
        "kv_cache_tokens",
        "preemptions",
    )
    return replace(seen_by_clients(row), **{name: getattr(on_page, name) for name in there}), row


async def _watched(server: _Server, until: asyncio.Task[Any]) -> Seen:
    """The page read while a task runs, and once more at its end; of the readings between one may fail.

    Raises AdvisorError.
    """
    assert server.metrics is not None
    pause_s = LEAST_PAUSE_S if server.url else min(max(server.window_s / READINGS, LEAST_PAUSE_S), server.window_s)
    async with MetricsPage(server.metrics) as found:
        try:
            readings = [await _reading(found, server.served_model)]
            while not (await asyncio.wait([until], timeout=pause_s))[0]:
                with contextlib.suppress(MissingAbility):
                    readings.append(await _reading(found, server.served_model))
            until.result()
            readings.append(await _reading(found, server.served_model))
        finally:
            until.cancel()
    return seen_on_pages(readings, where=found.url, least=1 if server.url else LEAST_REQUESTS)


async def _reading(found: MetricsPage, served_model: str | None) -> Reading:
    """The page now. Raises MissingAbility where there is none, AdvisorError for another page."""
    try:
        text = await found.read()
    except EngineFailure as failure:
        raise MissingAbility(f"no metrics there ({failure})", where=found.url, hint=page.HINT) from None
    return Reading(monotonic(), parse_page(text, served_model, where=found.url))


async def _own_load(server: _Server, deployed: Deployment, planned: Planned) -> dict[str, Any]:
    """Columns of Run of a load of our own. Raises AdvisorError, MissingAbility."""
    assert server.url is not None
    load = Load(
        planned.input_tokens or OWN_LOAD.prompt_tokens,
        planned.output_tokens or OWN_LOAD.generated_tokens,
        planned.concurrency or OWN_LOAD.concurrency,
    )
    endpoint = Endpoint(server.url, server.served_model or deployed.spec.name)
    async with timed(endpoint, deployed.spec, {}) as (client, facts):
        try:
            async with before(server.time_s):
                row = await measure(client, load, facts.vocabulary, Meter(None, 1))
        except EngineFailure as failure:
            hint = "give more --time, or a smaller load: --concurrency, --input-tokens, --output-tokens"
            raise AdvisorError(f"the load was not answered ({failure})", where="--url", hint=hint) from None
    return row | {"engine_version": facts.version or None}
