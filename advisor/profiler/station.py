"""A bench on a node of a cluster: the engine and the meter stand there, the measuring loop and its journal here.

Every request says on which engine it is meant, so that one that finds a fresh process, since the former died, starts it
again and is answered all the same.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

from advisor.engines.cluster import Actor
from advisor.engines.connect import Settings, timed
from advisor.engines.replicas import Replicas
from advisor.engines.timing import EngineFacts
from advisor.gpus import GpuSpec
from advisor.models.spec import ModelSpec
from advisor.profiler import cpu
from advisor.profiler.bench import Bench, BenchHere
from advisor.profiler.device import Device, Meter, device
from advisor.profiler.plan import Load


@dataclass(frozen=True, slots=True)
class Setup:
    """An engine to measure, on so many GPUs."""

    weights: str
    spec: ModelSpec
    settings: Settings
    dummy_weights: bool
    n_gpus: int


class Station:
    """What an actor hosts; one engine at a time."""

    def __init__(self) -> None:
        self._opened = AsyncExitStack()
        self._setup: Setup | None = None
        self._bench: BenchHere | None = None

    async def processor(self) -> GpuSpec:
        """This node's processor, measured. Raises MissingAbility without PyTorch."""
        return cpu.measured()

    async def open(self, setup: Setup) -> EngineFacts:
        """Start the engine, after the former ended. Raises as connect.timed."""
        await self.close()
        start = timed(setup.weights, setup.spec, setup.settings, dummy_weights=setup.dummy_weights)
        engine, facts = await self._opened.enter_async_context(start)
        self._setup, self._bench = setup, BenchHere(engine, facts, Meter(device(), setup.n_gpus))
        return facts

    async def warm_up(self, setup: Setup) -> None:
        """See Bench."""
        await (await self._of(setup, is_warm=False)).warm_up()

    async def measure(self, setup: Setup, load: Load, repeat: int) -> dict[str, Any]:
        """See Bench."""
        return await (await self._of(setup, is_warm=True)).measure(load, repeat)

    async def _of(self, setup: Setup, *, is_warm: bool) -> BenchHere:
        if self._bench is None or self._setup != setup:
            await self.open(setup)
            if is_warm and self._bench:
                await self._bench.warm_up()
        assert self._bench is not None
        return self._bench

    async def close(self) -> None:
        """End the engine."""
        self._setup = self._bench = None
        await self._opened.aclose()


@asynccontextmanager
async def station() -> AsyncIterator[tuple[Station, Device | None]]:
    """As hosted.Make: a station, and the GPUs that it has."""
    made, found = Station(), device()
    try:
        yield made, replace(found, handles=()) if found else None
    finally:
        await made.close()


@dataclass(frozen=True, slots=True)
class BenchThere:
    """A Bench whose engine is in an actor, and in the next one where that is lost."""

    replicas: Replicas[Actor]
    setup: Setup

    async def warm_up(self) -> None:
        """See Bench."""
        await self.replicas.ask(lambda actor: actor.call("warm_up", self.setup))

    async def measure(self, load: Load, repeat: int) -> dict[str, Any]:
        """See Bench."""
        columns: dict[str, Any] = await self.replicas.ask(lambda actor: actor.call("measure", self.setup, load, repeat))
        return columns


def bench_there(
    replicas: Replicas[Actor], setup: Setup
) -> Callable[[], AbstractAsyncContextManager[tuple[Bench, EngineFacts]]]:
    """Starts the engine there; the station ends the former one."""

    @asynccontextmanager
    async def begun() -> AsyncIterator[tuple[Bench, EngineFacts]]:
        yield BenchThere(replicas, setup), await replicas.ask(lambda actor: actor.call("open", setup))

    return begun
