"""Servers that would hang, bomb or fool the clients: every reply is bounded in time and memory."""

import asyncio
import gzip
import json
import tracemalloc

import pytest

from advisor.engines import bounded
from advisor.engines import server as engine_server
from advisor.engines.openai import Client
from advisor.engines.protocol import EngineFailure, Sampling
from advisor.engines.replies import shown
from advisor.engines.reward_client import RewardClient
from advisor.engines.timed import TimedClient
from advisor.errors import MissingAbility
from tests.engines.serving import GOOD, in_turn, serving

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n"


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(engine_server, "FIRST_WAIT_S", 0.01)
    monkeypatch.setattr(engine_server, "SECONDS_A_TOKEN", 0.0)
    monkeypatch.setattr(engine_server, "CHECK_S", 0.3)


def dripping(head, piece):
    """Goes on and on, a piece at a time."""

    def write(file, closing):
        file.write(head)
        while not closing.wait(0.02):
            file.write(piece)

    return write


def endless(head, piece):
    """As much as the client takes."""

    def write(file, closing):
        file.write(head)
        while not closing.is_set():
            file.write(piece)

    return write


def bomb(megabytes):
    packed = gzip.compress(b"[" + b" " * (megabytes << 20))
    return HEAD + b"content-encoding: gzip\r\ncontent-length: %d\r\n\r\n" % len(packed) + packed


async def _completion(server):
    async with Client(server.url, "tiny", timeout_s=0.5) as client:
        await client.generate("Q", "", Sampling(max_tokens=8))


async def _timing(server):
    async with TimedClient(server.url, "tiny", timeout_s=0.5) as client:
        await client.timed([1, 2], 3)


async def _reward(server):
    async with RewardClient(server.url, "tiny", timeout_s=0.5) as client:
        await client.score("Q", "a\n")


SERVERS = {
    "drips a body": (dripping(HEAD + b"\r\n", b" "), r"within 0\.5 s"),
    "drips headers": (dripping(b"HTTP/1.1 200 OK\r\n", b"x: y\r\n"), r"within 0\.5 s|RemoteProtocolError"),
    "drips 1xx": (dripping(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), r"within 0\.5 s"),
    "drips a refusal": (dripping(b"HTTP/1.1 400 No\r\n\r\n", b" "), r"within 0\.5 s"),
    "says nothing": (dripping(b"", b""), r"within 0\.5 s"),
    "never ends": (endless(HEAD + b"\r\n", b" " * 65536), "more than|no token|whole answer"),
    "never ends its headers": (
        endless(b"HTTP/1.1 200 OK\r\n", b"x: " + b"y" * 65536),
        r"RemoteProtocolError|within 0\.5 s",
    ),
    "gzip bomb": (bomb(200), "compressed answer"),
    "a strange encoding": (HEAD + b"content-encoding: zebra\r\n\r\n{}", "compressed answer"),
}


@pytest.mark.parametrize("client", [_completion, _timing, _reward])
@pytest.mark.parametrize("kind", SERVERS)
def test_a_request_ends_in_time_and_memory(kind, client):
    answer, message = SERVERS[kind]
    tracemalloc.start()
    with serving(in_turn(then=answer)) as server, pytest.raises(EngineFailure, match=message):
        asyncio.run(client(server))
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak_bytes < 160 << 20


@pytest.mark.parametrize("kind", SERVERS)
def test_the_question_whether_a_server_is_there_ends_too(kind):
    async def check(server):
        async with Client(server.url, "tiny") as client:
            assert await client.version() == ""
            await client.check()

    gets = {"/v1/models": SERVERS[kind][0], "/version": SERVERS[kind][0]}
    with serving(gets=gets) as server, pytest.raises(MissingAbility, match="no OpenAI-compatible server answers"):
        asyncio.run(check(server))


def test_the_bound_grows_with_the_tokens_of_an_answer():
    text = "x" * 3_000_000
    reply = GOOD | {"choices": [{"text": text, "finish_reason": "stop"}]}

    async def drawn(server, max_tokens):
        async with Client(server.url, "tiny") as client:
            return await client.generate("Q", "", Sampling(max_tokens=max_tokens))

    with serving(in_turn(then=reply)) as server:
        assert asyncio.run(drawn(server, 4096)).text == text
        with pytest.raises(EngineFailure, match="more than 1,056,768 bytes"):
            asyncio.run(drawn(server, 8))
    assert len(server.bodies) == 2  # it would be as long the next time


def test_a_long_answer_has_longer(monkeypatch):
    monkeypatch.setattr(engine_server, "SECONDS_A_TOKEN", 0.1)

    def slow(file, closing):
        closing.wait(1.5)
        body = json.dumps(GOOD).encode()
        file.write(HEAD + b"content-length: %d\r\n\r\n" % len(body) + body)

    async def drawn(server, max_tokens):
        async with Client(server.url, "tiny", timeout_s=0.2) as client:
            return await client.generate("Q", "", Sampling(max_tokens=max_tokens))

    with serving(in_turn(then=slow)) as server:
        assert asyncio.run(drawn(server, 300)).text == "42\n"
        with pytest.raises(EngineFailure, match=r"within 0\.5 s"):
            asyncio.run(drawn(server, 3))


def test_tries_that_come_to_nothing_end_in_time_together(monkeypatch):
    monkeypatch.setattr(engine_server, "FIRST_WAIT_S", 30.0)
    with serving(in_turn(then=503)) as server, pytest.raises(EngineFailure, match=r"within 0\.5 s"):
        asyncio.run(_completion(server))
    assert len(server.bodies) == 1


@pytest.mark.parametrize("after", ["nan", "inf", "-5", "1e999", "x" * 5000, "Wed, 21 Oct 2037 07:28:00 GMT", "1_000"])
def test_absurd_retry_after_headers(monkeypatch, after):
    monkeypatch.setattr(engine_server, "LONGEST_WAIT_S", 0.01)
    with serving(in_turn((429, {"error": "busy"}, {"retry-after": after}))) as server:
        asyncio.run(_completion(server))
    assert len(server.bodies) == 2


def test_what_a_server_writes_in_place_of_http_is_cut():
    with serving(in_turn(then=b"\x1b[31m" + b"x" * 60_000 + b"\r\n\r\n")) as server:
        with pytest.raises(EngineFailure, match="RemoteProtocolError") as raised:
            asyncio.run(_completion(server))
        assert len(str(raised.value)) < 300
        assert str(raised.value).isprintable()


def test_a_redirect_is_not_followed():
    with serving() as other, serving(in_turn(then=(307, {}, {"location": other.url}))) as server:
        with pytest.raises(EngineFailure, match="HTTP 307"):
            asyncio.run(_completion(server))
        assert not other.bodies


@pytest.mark.parametrize("depth", [100, 900, 100_000])
def test_deeply_nested_replies(depth):
    nested = b'{"choices": ' + b"[" * depth + b"]" * depth + b"}"

    async def check(server):
        async with Client(server.url, "tiny") as client:
            await client.check()

    with serving(in_turn(then=(200, nested)), {"/v1/models": (200, nested)}) as server:
        with pytest.raises(EngineFailure):
            asyncio.run(_completion(server))
        with pytest.raises(MissingAbility):
            asyncio.run(check(server))


def test_what_is_shown_of_a_reply_is_short_and_on_one_line():
    deep = []
    for _ in range(100_000):
        deep = [deep]
    assert shown(deep) == "[[[[...]]]]"
    assert len(shown({"a" * 10**6: ["b\n" * 10**6] * 10**5})) < 70
    assert shown("é\n") == r"'\xe9\n'"
    assert shown([1]) == "[1]"
    assert shown(None) == "None"


def test_a_list_of_very_many_models_is_cut():
    entries = [{"id": f"model-{i}\x1b[31m"} for i in range(5000)] + [{"id": 7}, 8, {}]

    async def check(server, model):
        async with Client(server.url, model) as client:
            await client.check()

    with serving(gets={"/v1/models": {"data": entries}}) as server:
        with pytest.raises(MissingAbility) as raised:
            asyncio.run(check(server, "other"))
        asyncio.run(check(server, "model-4999\x1b[31m"))
    assert "model-19" in str(raised.value)
    assert len(str(raised.value)) < 1000
    assert "\x1b" not in str(raised.value)


@pytest.mark.parametrize(
    "models",
    [{"data": 5}, {"data": None}, {}, [], None, "tiny", {"data": {"id": "tiny"}}, {"data": [["tiny"]]}, {"data": []}],
)
def test_what_is_no_list_of_models(models):
    async def check(server):
        async with Client(server.url, "tiny") as client:
            await client.check()

    with serving(gets={"/v1/models": (200, models)}) as server, pytest.raises(MissingAbility):
        asyncio.run(check(server))


def test_a_stream_s_lines_are_bounded(monkeypatch):
    monkeypatch.setattr(bounded, "LINE_BYTES", 1000)
    endless_line = HEAD + b"\r\n" + b"x" * 5000
    with serving(in_turn(then=endless_line)) as server, pytest.raises(EngineFailure, match="a line of more than 1,000"):
        asyncio.run(_timing(server))
    event = b"data: " + json.dumps({"choices": [{"text": "a"}], "usage": {"completion_tokens": 3}}).encode()
    pieces = HEAD + b"\r\n" + b"\r\n\r\n".join([event, b": comment", event, b"data: [DONE]"])
    with serving(in_turn(then=pieces)) as server:
        asyncio.run(_timing(server))
    assert server.bodies[0]["temperature"] == 1.0
