"""Bodies of replies, read up to a bound: a server decides neither how much memory they take nor how long they last.

Compressed bodies are not read: a megabyte of one can be a gigabyte, and none is asked for.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx

from advisor.engines.protocol import EngineFailure

PLAIN = {"Accept-Encoding": "identity"}
"""What is sent with every request."""
REASON_BYTES = 4096
"""Of the body of a refusal; what follows is not read."""
REASON_CHARACTERS = 200
"""That are shown of what a server says."""
LINE_BYTES = 1 << 20


class Unreadable(EngineFailure):
    """A body that is compressed, or longer than any honest one: it would be so the next time too."""


async def chunks(reply: httpx.Response, most_bytes: int) -> AsyncIterator[bytes]:
    """A body as it comes. Raises Unreadable, httpx.HTTPError."""
    encoding = reply.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in {"", "identity"}:
        raise Unreadable(f"a compressed answer ({encoding[:20]!a}), which was not asked for")
    read = 0
    async for chunk in reply.aiter_raw():
        read += len(chunk)
        if read > most_bytes:
            raise Unreadable(f"an answer of more than {most_bytes:,} bytes")
        yield chunk


async def decoded(reply: httpx.Response, most_bytes: int) -> Any:
    """A JSON body. Raises Unreadable, httpx.HTTPError, and ValueError or RecursionError for what is no JSON."""
    body = bytearray()
    async for chunk in chunks(reply, most_bytes):
        body += chunk
    return json.loads(body)


async def reason(reply: httpx.Response) -> str:
    """What a server says to a refusal. Raises httpx.HTTPError."""
    body = bytearray()
    try:
        async for chunk in chunks(reply, REASON_BYTES):
            body += chunk
    except Unreadable:
        body = body or bytearray(b"a long answer")
    return body.decode(errors="replace")


def brief(text: str) -> str:
    """What a server says, fit to be shown: short, on one line, without control characters."""
    line = " ".join(text.split())
    return "".join(c if c.isprintable() else "?" for c in line)[:REASON_CHARACTERS]


async def lines(reply: httpx.Response, most_bytes: int) -> AsyncIterator[str]:
    """A body line by line. Raises Unreadable, httpx.HTTPError."""
    rest = b""
    async for chunk in chunks(reply, most_bytes):
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            yield line.decode(errors="replace").rstrip("\r")
        if len(rest) > LINE_BYTES:
            raise Unreadable(f"a line of more than {LINE_BYTES:,} bytes")
    yield rest.decode(errors="replace")
