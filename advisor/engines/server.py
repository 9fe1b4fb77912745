"""Requests to an OpenAI-compatible server: retries, backoff, bounded concurrency."""

from __future__ import annotations

import asyncio
import random
from types import TracebackType
from typing import Any, Self

import httpx

from advisor.engines.protocol import EngineFailure
from advisor.errors import MissingAbility

ATTEMPTS = 6
FIRST_WAIT_S = 0.5
LONGEST_WAIT_S = 30.0
RETRIED = {408, 409, 429, 500, 502, 503, 504}
IDLE_S = 1.0
"""A connection unused for so long is not used again: servers close them after a few seconds (uvicorn after five), and
a request sent in that moment breaks."""


class Refused(EngineFailure):
    """The server answered that it does not take the request; it would not take it the next time either."""


class Server:
    """A server at `url` (with or without /v1) serving `model`; use as an async context manager."""

    def __init__(
        self, url: str, model: str, *, concurrency: int = 64, timeout_s: float = 600.0, api_key: str | None = None
    ) -> None:
        self.root = url.rstrip("/").removesuffix("/v1")
        self.model = model
        headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        limits = httpx.Limits(
            max_connections=concurrency, max_keepalive_connections=concurrency, keepalive_expiry=IDLE_S
        )
        self._http = httpx.AsyncClient(timeout=httpx.Timeout(timeout_s, connect=10.0), limits=limits, headers=headers)
        self.room = asyncio.Semaphore(concurrency)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.aclose()

    async def check(self) -> None:
        """Is there a server, and does it serve the model? Raises MissingAbility."""
        where = f"{self.root}/v1"
        try:
            answer = await self._http.get(f"{where}/models")
            served = [str(entry["id"]) for entry in answer.json()["data"]]
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError, TypeError, RecursionError) as error:
            raise MissingAbility(
                f"no OpenAI-compatible server answers ({type(error).__name__})",
                where=where,
                hint="start one: vllm serve MODEL",
            ) from None
        if self.model not in served:
            raise MissingAbility(
                f"does not serve {self.model!r} but {', '.join(served)}",
                where=where,
                hint="name it with --served-model",
            )

    async def post(self, path: str, body: dict[str, Any]) -> Any:
        """The decoded answer. Raises EngineFailure, Refused where the server does not take such requests.

        Retried with growing, jittered waits, longer where the server says so.
        """
        problem = "nothing"
        for attempt in range(ATTEMPTS):
            wait = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2**attempt) * random.uniform(0.5, 1.5)
            try:
                answer = await self._http.post(f"{self.root}{path}", json={"model": self.model, **body})
                if answer.status_code == 200:
                    return answer.json()
                problem = f"HTTP {answer.status_code}: {' '.join(answer.text.split())[:200]}"
                if answer.status_code not in RETRIED:
                    raise Refused(problem)
                wait = max(wait, _seconds(answer.headers.get("retry-after")))
            except (httpx.RequestError, ValueError, RecursionError) as error:  # the last two: an answer that is no JSON
                problem = f"{type(error).__name__}: {error}"
            if attempt + 1 < ATTEMPTS:
                await asyncio.sleep(wait)
        raise EngineFailure(problem)


def _seconds(text: str | None) -> float:
    """A Retry-After header in seconds; zero where it is absent or a date."""
    try:
        return min(float(text or 0), LONGEST_WAIT_S)
    except ValueError:
        return 0.0
