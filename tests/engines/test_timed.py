"""Streams of a local server: what is timed, what is tried once more, what fails."""

import asyncio
import json

import pytest

from advisor.engines.protocol import EngineFailure
from advisor.engines.timed import TimedClient

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"


def event(**fields):
    return f"data: {json.dumps(fields)}\n\n".encode()


def timed(behaviours, generated_tokens=3):
    """The Timing, or the failure, of a request to a server whose connections behave so in turn; how many it saw."""
    seen = []

    async def handle(reader, writer):
        seen.append(await reader.readuntil(b"\r\n\r\n"))
        behaviour = behaviours[len(seen) - 1]
        if behaviour != "drop":
            writer.write(HEAD + event(choices=[{"text": "a"}]))
            await writer.drain()
        if behaviour == "answer":
            await asyncio.sleep(0.05)
            writer.write(
                event(choices=[{"text": "b"}]) + event(choices=[], usage={"completion_tokens": 3}) + b"data: [DONE]\n\n"
            )
            await writer.drain()
            writer.close()
        else:
            writer.transport.abort()

    async def ask():
        server = await asyncio.start_server(handle, "127.0.0.1", 0)
        async with server, TimedClient(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", "m") as client:
            return await client.timed([1, 2], generated_tokens)

    try:
        return asyncio.run(ask()), len(seen)
    except EngineFailure as failure:
        return str(failure), len(seen)


def test_first_and_last_token_are_timed_and_tokens_are_the_servers_count():
    timing, connections = timed(["answer"])
    assert connections == 1
    assert timing.generated_tokens == 3
    assert 0 < timing.ttft_s < timing.request_s - 0.04


def test_a_connection_that_breaks_unanswered_is_opened_once_more_and_timed_anew():
    timing, connections = timed(["drop", "answer"])
    assert connections == 2
    assert timing.generated_tokens == 3


@pytest.mark.parametrize(("behaviours", "connections"), [(["drop", "drop", "answer"], 2), (["half", "answer"], 1)])
def test_twice_or_in_the_middle_it_is_a_failure(behaviours, connections):
    failure, seen = timed(behaviours)
    assert isinstance(failure, str)
    assert seen == connections


def test_fewer_tokens_than_asked_for_are_a_failure():
    assert timed(["answer"], generated_tokens=5)[0] == "the server generated 3 tokens, not 5"
