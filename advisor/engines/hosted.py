"""An engine in a process of its own on a node of a cluster: what the actors of Ray run.

A failed request and what users can mend come back as values, so that they are never taken for a lost process. An engine
that died takes its process with it: its requests go to another.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Any

from advisor.engines import connect
from advisor.engines.protocol import EngineFailure, Prompting, Score, Served
from advisor.engines.rewards import StepMarks
from advisor.engines.vllm import InProcess
from advisor.errors import AdvisorError

Make = Callable[[], AbstractAsyncContextManager[tuple[Any, Any]]]
"""Starts an engine; gives it and what it says of itself."""


class Hosted:
    """The engine that `start` makes, until `stop`."""

    def __init__(self) -> None:
        self._opened = AsyncExitStack()
        self._engine: Any = None

    async def process_id(self) -> int:
        """Answers as soon as the process runs."""
        return os.getpid()

    async def start(self, make: Make) -> Any:
        """What the engine says of itself; an AdvisorError as a value where it does not start."""
        try:
            self._engine, facts = await self._opened.enter_async_context(make())
        except AdvisorError as error:
            return error
        return facts

    async def call(self, method: str, arguments: tuple[Any, ...]) -> Any:
        """What a method of the engine gives; an EngineFailure or AdvisorError as a value."""
        try:
            return await getattr(self._engine, method)(*arguments)
        except EngineFailure as failure:
            if isinstance(self._engine, InProcess) and self._engine.is_dead:
                os._exit(1)
            return failure
        except AdvisorError as error:
            return error

    async def stop(self) -> None:
        """End the engine and the processes that it started."""
        await self._opened.aclose()


@asynccontextmanager
async def policy(weights: str, settings: connect.Settings, prompting: Prompting) -> AsyncIterator[tuple[Any, Served]]:
    """What draws text, as a Make. Raises as connect.policy."""
    async with connect.policy(weights, settings, prompting=prompting) as engine:
        yield engine, engine.served


@asynccontextmanager
async def rewards(weights: str, marks: StepMarks, settings: connect.Settings) -> AsyncIterator[tuple[Score, None]]:
    """What rates steps, as a Make. Raises as connect.rewards."""
    async with connect.rewards(weights, marks, settings) as engine:
        yield engine, None
