"""The page of metrics that a server shows to Prometheus, read as text."""

from __future__ import annotations

from types import TracebackType
from typing import Self

import httpx

from advisor.engines.address import Address
from advisor.engines.bounded import PLAIN, brief, chunks, reason
from advisor.engines.connections import CONNECT_S
from advisor.engines.protocol import EngineFailure
from advisor.engines.server import Refused, before

PAGE = "/metrics"
PAGE_BYTES = 16 << 20
"""Of a page: some hundred kilobytes in practice."""
PAGE_S = 10.0
"""That a page may take."""


class MetricsPage:
    """The page at a checked URL; without a path /metrics is meant. Use as an async context manager."""

    def __init__(self, url: str) -> None:
        address = Address.parse(url)
        has_path = address.root.partition("://")[2].count("/") > 0
        self.url = address.root if has_path else f"{address.root}{PAGE}"
        timeout = httpx.Timeout(None, connect=CONNECT_S)  # the whole answer has a deadline
        limits = httpx.Limits(max_keepalive_connections=0)  # servers close what is idle between two readings
        self._http = httpx.AsyncClient(timeout=timeout, limits=limits, headers=PLAIN, auth=address.login)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.aclose()

    async def read(self) -> str:
        """Its text now. Raises EngineFailure, Refused where the server shows none there."""
        body = bytearray()
        try:
            async with before(PAGE_S), self._http.stream("GET", self.url) as reply:
                if reply.status_code != 200:
                    raise Refused(f"HTTP {reply.status_code}: {brief(await reason(reply))}", reply.status_code)
                async for chunk in chunks(reply, PAGE_BYTES):
                    body += chunk
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise EngineFailure(brief(f"{type(error).__name__}: {error}")) from None
        return body.decode(errors="replace")
