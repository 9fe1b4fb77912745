"""vLLM replicas as actors on a Ray cluster: how a cluster is reached, and how its engines are Generate and Score."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, redirect_stdout, suppress
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from typing import Any

from advisor.engines import hosted
from advisor.engines.connect import Replicated, Settings
from advisor.engines.placement import Bundles, Node, placed
from advisor.engines.protocol import Completion, Prompting, Sampling, Scored, Served
from advisor.engines.replicas import Lost, Replicas
from advisor.engines.rewards import StepMarks
from advisor.errors import AdvisorError, MissingAbility, install
from advisor.units import counted

LOCAL = "local"
CLIENT = "ray://"
FORMS = "give local, auto, host:6379 or ray://host:10001"
REACHED_S = 5.0
"""Longest wait for the port of a cluster to answer."""
ROOM_S = 15.0
"""Longest wait for room that other work may hold."""
RUNNING_S = 180.0
"""Longest wait for an actor's process to run: after a node is gone, its replacement may wait for room."""
STOPPED_S = 15.0
AT_ONCE = 4096
"""Requests that an actor takes up at once; its engine's own batching does the rest."""
PASSED_ON = ("VLLM_", "HF_HUB_", "TRANSFORMERS_", "OMP_")
"""Beginnings of environment variables that engines elsewhere get too. HF_TOKEN does not go: a cluster shows it."""


def require_ray() -> None:
    """Raises MissingAbility where it is not installed."""
    if find_spec("ray") is None:
        raise MissingAbility("Ray is not installed", where="--ray", hint=install("ray"))


@asynccontextmanager
async def connected(address: str) -> AsyncIterator[Any]:
    """The module `ray`, connected; a connection that this process has already is used and left as it is.

    Raises MissingAbility where there is no Ray, or no cluster.
    """
    require_ray()
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    import ray

    if ray.is_initialized():
        yield ray
        return
    logging.getLogger("ray").setLevel(logging.ERROR)
    await _check_reachable(address)
    passed_on = {name: value for name, value in os.environ.items() if name.startswith(PASSED_ON)}
    options: dict[str, Any] = {"runtime_env": {"env_vars": passed_on}, "log_to_driver": False}
    local = {"include_dashboard": False} if address == LOCAL else {}
    with redirect_stdout(sys.stderr):  # where Ray says of its own accord that a node died
        try:
            # in a thread: in the main one Ray would take SIGTERM for itself
            await asyncio.to_thread(ray.init, address, logging_level=logging.ERROR, **options, **local)
        except (ConnectionError, RuntimeError, ValueError, OSError) as error:
            raise _unreachable(address, str(error).splitlines()[0][:200]) from None
        try:
            yield ray
        finally:
            await asyncio.to_thread(ray.shutdown)


async def _check_reachable(address: str) -> None:
    """Whether its port answers: Ray itself would try for a minute. Raises AdvisorError, MissingAbility."""
    if address in {LOCAL, "auto"}:
        return
    host, _, port = address.removeprefix(CLIENT).rpartition(":")
    if not host or not port.isdigit():
        raise AdvisorError(f"{address!r} is no address of a Ray cluster", where="--ray", hint=FORMS)
    try:
        await asyncio.to_thread(lambda: socket.create_connection((host, int(port)), REACHED_S).close())
    except (OSError, OverflowError) as error:
        raise _unreachable(address, getattr(error, "strerror", None) or str(error)) from None


def _unreachable(address: str, why: str) -> MissingAbility:
    hint = f"start one with `ray start --head`, or {FORMS}"
    return MissingAbility(f"no Ray cluster answers at {address} ({why})", where="--ray", hint=hint)


def nodes(ray: Any) -> list[Node]:
    """The cluster's live nodes."""
    return [Node.of(each["Resources"]) for each in ray.nodes() if each["Alive"]]


@dataclass(frozen=True, slots=True)
class Actor:
    """A running process with an engine. `facts` are what its engine says of itself."""

    ray: Any
    handle: Any
    facts: Any

    async def call(self, method: str, *arguments: Any) -> Any:
        """What a method of its engine gives. Raises Lost, EngineFailure, AdvisorError."""
        reference = self.handle.call.remote(method, arguments)
        try:
            return await _answer(self.ray, reference)
        except asyncio.CancelledError:
            self.ray.cancel(reference)  # else what nobody waits for any more is drawn all the same
            raise

    async def stop(self) -> None:
        """End its engine, then the process."""
        with suppress(Exception):  # a process that is gone has nothing to end
            await asyncio.wait_for(_answer(self.ray, self.handle.stop.remote()), STOPPED_S)
        with suppress(Exception):
            self.ray.kill(self.handle)


async def _answer(ray: Any, reference: Any) -> Any:
    """The value of a reference. Raises Lost, and an error that is the value."""
    errors = ray.exceptions
    gone = (errors.RayActorError, errors.NodeDiedError, errors.ObjectLostError, errors.ActorUnschedulableError)
    try:
        answer = await reference
    except gone as error:
        raise Lost(str(error).splitlines()[0][:200]) from None
    except errors.RuntimeEnvSetupError as error:
        raise MissingAbility(str(error).splitlines()[0][:200], where="--ray") from None
    if isinstance(answer, Exception):
        raise answer
    return answer


async def started(ray: Any, group: Any, bundles: Bundles, make: hosted.Make) -> Actor:
    """An actor with an engine in the room of a placement group. Raises Lost, and what the engine raises."""
    from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy

    place = PlacementGroupSchedulingStrategy(group, 0, placement_group_capture_child_tasks=True)
    own = bundles[0] if len(bundles) == 1 else {"CPU": bundles[0]["CPU"]}  # over nodes vLLM's own workers take the GPUs
    options = {"num_cpus": own["CPU"], "num_gpus": own.get("GPU", 0), "max_concurrency": AT_ONCE}
    handle = ray.remote(hosted.Hosted).options(scheduling_strategy=place, **options).remote()
    try:
        await asyncio.wait_for(_answer(ray, handle.process_id.remote()), RUNNING_S)
        facts = await _answer(ray, handle.start.remote(make))
    except BaseException as error:
        with suppress(Exception):
            ray.kill(handle)
        if isinstance(error, TimeoutError):
            raise Lost(f"the cluster had no room for it within {RUNNING_S:g} s") from None
        raise
    return Actor(ray, handle, facts)


@asynccontextmanager
async def room(ray: Any, wanted: Sequence[Bundles], *, least: int) -> AsyncIterator[list[Any]]:
    """Placement groups, one for each of `wanted` that there is room for now. Raises MissingAbility below `least`."""
    from ray.util import placement_group, remove_placement_group

    groups = [placement_group([dict(bundle) for bundle in bundles], strategy="PACK") for bundles in wanted]
    try:
        ready = await asyncio.to_thread(_ready, groups)
        if len(ready) < least:
            what = f"the cluster has room for {len(ready)} of {least} replicas now"
            raise MissingAbility(what, where="--replicas", hint="ask for fewer, or wait for other work to end")
        for group in groups:
            if group not in ready:
                remove_placement_group(group)
        yield ready
    finally:
        for group in groups:
            with suppress(Exception):
                remove_placement_group(group)


def _ready(groups: Sequence[Any]) -> list[Any]:
    """Those that get their room within ROOM_S of the first that does not."""
    found, left_s = [], ROOM_S
    for group in groups:
        if group.wait(left_s):
            found.append(group)
        else:
            left_s = 0.1
    return found


class Pool:
    """Replicas on a cluster; `facts` are what all of them say of themselves."""

    def __init__(self, replicas: Replicas[Actor], facts: Any) -> None:
        self._replicas = replicas
        self._facts = facts

    @property
    def notes(self) -> tuple[str, ...]:
        """What is said of them at the end."""
        n = self._replicas.n_lost
        return (f"{counted(n, 'replica')} died; {'its' if n == 1 else 'their'} requests went to others",) if n else ()

    async def _ask(self, method: str, *arguments: Any) -> Any:
        return await self._replicas.ask(lambda actor: actor.call(method, *arguments))


class ClusterPolicy(Pool):
    """Draws text on the least busy replica."""

    @property
    def served(self) -> Served:
        """What draws."""
        served: Served = self._facts
        return served

    async def generate(self, prompt: str, partial: str, sampling: Sampling) -> Completion:
        """See Generate. Raises MissingAbility once no replica can be had any more."""
        drawn: Completion = await self._ask("generate", prompt, partial, sampling)
        return drawn


class ClusterRewards(Pool):
    """Rates text on the least busy replica."""

    async def score(self, prompt: str, partial: str) -> Scored:
        """See Score. Raises as ClusterPolicy."""
        scored: Scored = await self._ask("score", prompt, partial)
        return scored


@asynccontextmanager
async def _replicas(
    source: Replicated, settings: Settings, make: Callable[[Settings], hosted.Make]
) -> AsyncIterator[tuple[Replicas[Actor], Any]]:
    """Replicas that run, and what they say of themselves. Raises MissingAbility."""
    async with connected(source.address) as ray:
        place = placed(settings, nodes(ray), source.replicas, source.engines)
        least = source.replicas or 1
        actors: dict[int, Actor] = {}
        async with room(ray, [place.bundles] * place.n_replicas, least=least) as groups:

            async def start(number: int) -> Actor:
                actor = await started(ray, groups[number], place.bundles, make({**settings, **place.settings}))
                other = next(iter(actors.values()), actor)
                if other.facts != actor.facts:  # its draws would be another engine's
                    what = f"replicas differ: {other.facts} and {actor.facts}"
                    raise MissingAbility(what, where="--ray", hint="install the same versions on every node")
                actors[number] = actor
                return actor

            try:
                async with Replicas(start, len(groups)) as replicas:
                    yield replicas, actors[0].facts
            finally:
                await asyncio.gather(*(actor.stop() for actor in actors.values()))


@asynccontextmanager
async def one_alone(
    ray: Any, bundles: Bundles, make: hosted.Make, check: Callable[[Any], None]
) -> AsyncIterator[tuple[Replicas[Actor], Any]]:
    """One replica, once there is room for it, however long that takes, and what it says of itself.

    `check` raises where that is not what was wanted.
    """
    from ray.util import placement_group, remove_placement_group

    group = placement_group([dict(bundle) for bundle in bundles], strategy="PACK")
    actors: list[Actor] = []

    async def start(_: int) -> Actor:
        actors.append(await started(ray, group, bundles, make))
        check(actors[-1].facts)
        return actors[-1]

    try:
        await group.ready()
        async with Replicas(start, 1) as replicas:
            yield replicas, actors[-1].facts
    finally:
        await asyncio.gather(*(actor.stop() for actor in actors[-1:]))
        with suppress(Exception):
            remove_placement_group(group)


@asynccontextmanager
async def replicated_policy(
    source: Replicated, settings: Settings, prompting: Prompting
) -> AsyncIterator[ClusterPolicy]:
    """See connect.policy."""

    def make(given: Settings) -> hosted.Make:
        return partial(hosted.policy, source.weights, given, prompting)

    async with _replicas(source, settings, make) as (replicas, facts):
        yield ClusterPolicy(replicas, facts)


@asynccontextmanager
async def replicated_rewards(source: Replicated, marks: StepMarks, settings: Settings) -> AsyncIterator[ClusterRewards]:
    """See connect.rewards."""

    def make(given: Settings) -> hosted.Make:
        return partial(hosted.rewards, source.weights, marks, given)

    async with _replicas(source, settings, make) as (replicas, facts):
        yield ClusterRewards(replicas, facts)
