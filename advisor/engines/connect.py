"""Which engine a command uses: vLLM in this process or on a Ray cluster, or a server over HTTP where a URL is given.

Each of `policy`, `rewards` and `timed` is an async context manager around one engine. Heavy libraries are imported when
an engine is first opened.
"""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import AsyncIterator, Coroutine, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar
from urllib.parse import urlsplit

from advisor.engines.adaptive import FixedLimit, Limit
from advisor.engines.address import key_in, shown_url
from advisor.engines.protocol import Engine, Prompting, Score
from advisor.engines.rate_limits import Rates
from advisor.engines.rewards import StepMarks
from advisor.engines.timing import EngineFacts, Timed
from advisor.errors import AdvisorError
from advisor.models.spec import ModelSpec

Result = TypeVar("Result")
Settings = Mapping[str, Any]
"""Arguments of vLLM's engine."""

SERVER_PLACES = 256
"""Requests in flight at a server at most while it is timed: what vLLM serves at once by default."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An OpenAI-compatible server, and the name that it serves a model under.

    Its key is in the environment variable `key_variable`, so that one server's key is never sent to another.
    """

    url: str = field(repr=False)  # it may hold a password
    served_model: str
    key_variable: str = "OPENAI_API_KEY"


@dataclass(frozen=True, slots=True)
class Replicated:
    """Weights of an id or folder, in vLLM replicas on a Ray cluster.

    address   `local`: a cluster of this machine alone, for as long as the command runs; else as Ray takes it: auto,
              host:6379 or ray://host:10001
    replicas  None: as many as the cluster has room for
    engines   kinds of engines that share the room: 2 where a reward model runs beside
    """

    weights: str
    address: str
    replicas: int | None = None
    engines: int = 1


Source = Endpoint | Replicated | str
"""A server, weights on a Ray cluster, or weights for vLLM in this process."""


@asynccontextmanager
async def policy(
    source: Source,
    settings: Settings,
    *,
    prompting: Prompting = Prompting(),
    limit: Limit | None = None,
    rates: Rates | None = None,
) -> AsyncIterator[Engine]:
    """What draws text: a server, or vLLM with the weights of an id or folder, here or on a cluster.

    `limit` is of a server's requests in flight, `rates` of those by the minute.

    Raises MissingAbility where it cannot be had, or does not take what stands around a prompt; AdvisorError for unknown
    settings.
    """
    if isinstance(source, Endpoint):
        from advisor.engines.openai import Client

        key = key_in(source.key_variable)
        async with Client(source.url, source.served_model, limit=limit, rates=rates, api_key=key) as client:
            await client.check()
            await client.open(prompting)
            yield client
        return
    if isinstance(source, Replicated):
        from advisor.engines.cluster import replicated_policy

        async with replicated_policy(source, settings, prompting) as engine:
            yield engine
        return
    from advisor.engines.vllm import Policy

    async with Policy(source, **settings) as engine:
        engine.open(prompting)
        yield engine


@asynccontextmanager
async def rewards(
    source: Source, marks: StepMarks, settings: Settings, *, limit: Limit | None = None
) -> AsyncIterator[Score]:
    """A process reward model: a server, or vLLM as for `policy`. Raises as that."""
    if isinstance(source, Endpoint):
        from advisor.engines.reward_client import RewardClient

        key = key_in(source.key_variable)
        async with RewardClient(source.url, source.served_model, limit=limit, api_key=key) as client:
            await client.check()
            await client.prepare(marks)
            yield client
        return
    if isinstance(source, Replicated):
        from advisor.engines.cluster import replicated_rewards

        async with replicated_rewards(source, marks, settings) as score:
            yield score
        return
    from advisor.engines.vllm import RewardModel

    async with RewardModel(source, marks, **settings) as engine:
        yield engine


@asynccontextmanager
async def timed(
    source: Endpoint | str, spec: ModelSpec, settings: Settings, *, dummy_weights: bool = False
) -> AsyncIterator[tuple[Timed, EngineFacts]]:
    """What times requests, and what it reports of itself: a server, or vLLM. Raises as `policy`."""
    if isinstance(source, Endpoint):
        from advisor.engines.timed import TimedClient

        key = key_in(source.key_variable)
        places = FixedLimit(SERVER_PLACES)
        async with TimedClient(source.url, source.served_model, limit=places, api_key=key) as client:
            await client.check()
            context = client.context_tokens or spec.max_context
            yield client, EngineFacts(await client.version(), context, SERVER_PLACES, None, spec.vocabulary)
        return
    from advisor.engines.vllm import TimedEngine

    async with TimedEngine(source, dummy_weights=dummy_weights, **settings) as engine:
        weights_bytes, kv_cache_bytes = await engine.held_bytes()
        yield engine, replace(engine.facts, weights_bytes=weights_bytes, kv_cache_bytes=kv_cache_bytes)


def check_url(url: str | None, *, where: str, example: str = "http://host:port/v1") -> None:
    """Raises AdvisorError for what is no address of a server."""
    if url is None:
        return
    try:
        parts = urlsplit(url)
        sound = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
        sound = sound and not parts.query and not parts.fragment
    except ValueError:
        sound = False
    if not sound:
        raise AdvisorError(f"{shown_url(url)!r} is no address of a server", where=where, hint=f"give {example}")


def weights(given: str, model: str) -> str:
    """What vLLM loads: the folder where one was given, else the model by its full id."""
    return given if os.path.isdir(given) else model


def options(
    texts: Iterable[str], *, where: str = "--engine-option", example: str = "max_model_len=8192"
) -> dict[str, str | int | float | bool]:
    """`name=value` settings, of vLLM's engine for example, numbers and booleans read as such. Raises AdvisorError.

    >>> options(("dtype=float32", "max_model_len=512", "enforce_eager=true"))
    {'dtype': 'float32', 'max_model_len': 512, 'enforce_eager': True}
    """
    found: dict[str, str | int | float | bool] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name.isidentifier():
            raise AdvisorError(f"{text!r} is no setting", where=where, hint=f"accepted: name=value, e.g. {example}")
        found[name] = _value(value)
    return found


def _value(text: str) -> str | int | float | bool:
    if text.lower() in {"true", "false"}:
        return text.lower() == "true"
    if "_" in text or not text.isascii():
        return text
    for number in (int, float):
        try:
            return number(text)
        except ValueError:
            continue
    return text


def _alone(work: Coroutine[Any, Any, Result]) -> Result:
    """In an event loop of its own, which a SIGTERM ends as it ends by Ctrl-C: where it waits, not anywhere."""
    before = signal.getsignal(signal.SIGTERM)

    async def watched() -> Result:
        task = asyncio.current_task()
        assert task is not None
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        return await work

    if before is signal.SIG_IGN or threading.current_thread() is not threading.main_thread():
        return asyncio.run(work)
    try:
        return asyncio.run(watched())
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None
    finally:
        signal.signal(signal.SIGTERM, before)


def run(work: Coroutine[Any, Any, Result]) -> Result:
    """The result of a coroutine, also where an event loop runs already, as in a notebook: there in a thread of its own.

    An interrupt cancels the coroutine and waits for its engines to close.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return _alone(work)
    started: list[tuple[asyncio.AbstractEventLoop, asyncio.Task[Any]]] = []

    async def watched() -> Result:
        task = asyncio.current_task()
        assert task is not None
        started.append((asyncio.get_running_loop(), task))
        return await work

    with ThreadPoolExecutor(max_workers=1) as pool:
        future = pool.submit(asyncio.run, watched())
        try:
            return future.result()
        except KeyboardInterrupt:
            if not future.done():
                for loop, task in started:
                    loop.call_soon_threadsafe(task.cancel)
            raise
