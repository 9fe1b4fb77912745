"""The client against a real local server that misbehaves in every way a server can."""

import asyncio
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from advisor.engines import server as engine_server
from advisor.engines.openai import Client
from advisor.engines.protocol import EngineFailure, Sampling
from advisor.errors import MissingAbility

GOOD = {
    "choices": [{"text": "42\n", "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 10, "completion_tokens": 3, "prompt_tokens_details": {"cached_tokens": 8}},
}


class Server(ThreadingHTTPServer):
    """Answers the next of `script`, then well: a status, a body, or a word for a fault."""

    daemon_threads = True

    def __init__(self, *script):
        self.script, self.bodies, self.busy, self.busiest, self.lock = list(script), [], 0, 0, threading.Lock()
        super().__init__(("127.0.0.1", 0), Handler)

    def __enter__(self):
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        self.reply(200, {"data": [{"id": "tiny"}]})

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        with self.server.lock:
            self.server.bodies.append(body)
            fault = self.server.script.pop(0) if self.server.script else None
            self.server.busy += 1
            self.server.busiest = max(self.server.busiest, self.server.busy)
        try:
            self.misbehave(fault)
        finally:
            with self.server.lock:
                self.server.busy -= 1

    def misbehave(self, fault):
        if fault == "drop":
            self.connection.close()
        elif fault == "truncate":
            self.send_response(200)
            self.send_header("content-length", "5000")
            self.end_headers()
            self.wfile.write(b'{"choices": [')
            self.connection.close()
        elif fault == "no json":
            self.reply(200, b"<html>")
        elif isinstance(fault, int):
            self.reply(fault, {"error": "scripted"}, {"retry-after": "0"})
        else:
            self.reply(200, GOOD if fault is None else fault)

    def reply(self, status, content, headers=()):
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        for name, value in dict(headers).items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(engine_server, "FIRST_WAIT_S", 0.01)


def drawn(server, *, n=1, concurrency=4, timeout_s=5.0, model="tiny", **sampling):
    async def run():
        async with Client(server.url, model, concurrency=concurrency, timeout_s=timeout_s) as client:
            await client.check()
            return await asyncio.gather(*(client.generate("Q", " 1", Sampling(**sampling)) for _ in range(n)))

    return asyncio.run(run())


def test_what_is_asked_and_what_comes_back():
    with Server() as server:
        (c,) = drawn(server, stop=("\n",), seed=7, max_tokens=5, temperature=0.6)
    assert (c.text, c.generated_tokens, c.prompt_tokens, c.cached_tokens, c.finish_reason, c.stopped_at) == (
        "42\n",
        3,
        2,
        8,
        "stop",
        "\n",
    )
    (body,) = server.bodies
    assert body["prompt"] == "Q 1"
    assert (
        body["seed"],
        body["max_tokens"],
        body["temperature"],
        body["stop"],
        body["include_stop_str_in_output"],
    ) == (7, 5, 0.6, ["\n"], True)
    assert "n" not in body


@pytest.mark.parametrize("fault", [429, 500, 502, 503, "drop", "truncate", "no json"])
def test_faults_that_pass_are_retried(fault):
    with Server(fault, fault) as server:
        assert drawn(server)[0].text == "42\n"
    assert len(server.bodies) == 3


@pytest.mark.parametrize(
    ("fault", "tries"),
    [(400, 1), (404, 1), ({"choices": []}, 1), ({"choices": [{"text": "x", "finish_reason": "stop"}]}, 1), (500, 6)],
)
def test_faults_that_stay_fail_the_request(fault, tries):
    with Server(*[fault] * 9) as server, pytest.raises(EngineFailure):
        drawn(server)
    assert len(server.bodies) == tries


def test_no_more_requests_than_allowed_are_in_flight():
    with Server() as server:
        assert len(drawn(server, n=40, concurrency=3)) == 40
    assert server.busiest <= 3


def test_nobody_there_and_another_model():
    with Server() as server:
        url = server.url
        with pytest.raises(MissingAbility, match="does not serve 'other' but tiny"):
            drawn(server, model="other")

    async def check():
        async with Client(url, "tiny") as client:
            await client.check()

    with pytest.raises(MissingAbility, match="no OpenAI-compatible server answers"):
        asyncio.run(check())


CHAT = {
    "choices": [{"message": {"content": "", "reasoning": "so 42"}, "finish_reason": "length"}],
    "usage": {"prompt_tokens": 10, "completion_tokens": 3},
}


def test_a_chat_is_a_users_turn_and_the_answer_begun():
    async def run(server):
        async with Client(server.url, "tiny") as client:
            client.chat = await client.prefers_chat()
            return await client.generate("Q", "so", Sampling()), await client.generate("Q", "", Sampling())

    with Server(CHAT, CHAT, CHAT) as server:
        begun, _ = asyncio.run(run(server))
    assert (begun.text, begun.finish_reason, begun.prompt_tokens) == ("so 42", "length", 10)
    _, asked, fresh = server.bodies
    assert asked["messages"] == [{"role": "user", "content": "Q"}, {"role": "assistant", "content": "so"}]
    assert asked["continue_final_message"] is True
    assert fresh["messages"] == [{"role": "user", "content": "Q"}]
    assert "continue_final_message" not in fresh


def test_a_server_without_a_chat_template_is_asked_plainly():
    async def prefers(server):
        async with Client(server.url, "tiny") as client:
            return await client.prefers_chat()

    with Server(400) as server:
        assert not asyncio.run(prefers(server))
