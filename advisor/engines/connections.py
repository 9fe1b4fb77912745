"""Connections of a client to one server, or to the load balancer before a fleet.

HTTP/1.1 carries one request at a time on a connection, and many balancers (a Kubernetes Service, say) choose a replica
for a connection, not for a request. So some connections are closed after use: a replica that comes later is found.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count
from typing import Any

import httpx

CONNECT_S = 10.0
IDLE_S = 1.0
"""A connection unused for so long is not used again: servers close them after a few seconds (uvicorn after five), and
a request sent in that moment breaks."""
A_POOL = 64
"""Connections that httpx is given to look through at every request: one pool of 1 024 takes 8 ms of a processor for
each request, 16 of 64 a quarter of that (httpx 0.28)."""
LAST = 16
"""Every so manieth request is the last of its connection."""


@dataclass(slots=True)
class Pool:
    """One of httpx, and the requests that are open in it."""

    http: httpx.AsyncClient
    n_open: int = 0


class Connections:
    """As many as there are requests in flight, which are bounded before they come here."""

    def __init__(self, headers: Mapping[str, str], login: tuple[str, str] | None) -> None:
        self._trust = httpx.create_ssl_context()  # takes longer to read than many a request
        self.headers, self._login = headers, login
        self._pools: list[Pool] = []
        self._turns = count(1)

    @asynccontextmanager
    async def stream(self, method: str, url: str, json: Any = None) -> AsyncIterator[httpx.Response]:
        """The reply to a request, whose body is still to be read. Raises httpx.HTTPError, httpx.InvalidURL."""
        pool = next((pool for pool in self._pools if pool.n_open < A_POOL), None) or self._another()
        headers = {"Connection": "close"} if next(self._turns) % LAST == 0 else None
        pool.n_open += 1
        try:
            async with pool.http.stream(method, url, json=json, headers=headers) as reply:
                yield reply
        finally:
            pool.n_open -= 1

    def _another(self) -> Pool:
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=None, keepalive_expiry=IDLE_S)
        timeout = httpx.Timeout(None, connect=CONNECT_S)  # the whole request has a deadline
        pool = Pool(
            httpx.AsyncClient(
                timeout=timeout, limits=limits, headers=self.headers, auth=self._login, verify=self._trust
            )
        )
        self._pools.append(pool)
        return pool

    async def aclose(self) -> None:
        """All of them."""
        for pool in self._pools:
            await pool.http.aclose()
