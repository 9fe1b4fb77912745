"""An engine and a meter that loads are measured on, in this process or elsewhere."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from advisor.engines.timing import EngineFacts, Timed
from advisor.profiler.device import Meter
from advisor.profiler.measure import measure, warm_up
from advisor.profiler.plan import Load


class Bench(Protocol):
    """An engine that loads are measured on, wherever it runs."""

    async def warm_up(self) -> None:
        """Have it do what it does only once. Raises AdvisorError where it answers nothing."""
        ...

    async def measure(self, load: Load, repeat: int) -> dict[str, Any]:
        """See measure.measure."""
        ...


@dataclass(frozen=True, slots=True)
class BenchHere:
    """An engine that this process sends its requests to."""

    engine: Timed
    facts: EngineFacts
    meter: Meter

    async def warm_up(self) -> None:
        """See Bench."""
        await warm_up(self.engine, self.facts)

    async def measure(self, load: Load, repeat: int) -> dict[str, Any]:
        """See Bench."""
        return await measure(self.engine, load, self.facts.vocabulary, self.meter, repeat)


Start = Callable[[], AbstractAsyncContextManager[tuple[Timed, EngineFacts]]]
"""Starts an engine."""


def bench_here(start: Start, meter: Meter) -> Callable[[], AbstractAsyncContextManager[tuple[Bench, EngineFacts]]]:
    """The same start, of an engine that loads can be measured on."""

    @asynccontextmanager
    async def started() -> AsyncIterator[tuple[Bench, EngineFacts]]:
        async with start() as (engine, facts):
            yield BenchHere(engine, facts, meter), facts

    return started
