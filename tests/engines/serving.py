"""A local server for the clients: it answers as a test sets it up, keeps every request, and misbehaves on the wire."""

import json
import threading
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

USAGE = {"prompt_tokens": 10, "completion_tokens": 3, "prompt_tokens_details": {"cached_tokens": 8}}
GOOD = {"choices": [{"text": "42\n", "finish_reason": "stop"}], "usage": USAGE}
MODELS = {"data": [{"id": "tiny"}]}


def said(content, reason="stop", usage=USAGE, **beside):
    """A chat's reply; `beside` stands in its message, or in the choice where it names a stop."""
    choice = {name: beside.pop(name) for name in ("stop_reason", "matched_stop") if name in beside}
    return {
        "choices": [{"message": {"content": content, **beside}, "finish_reason": reason, **choice}],
        "usage": usage,
    }


def refusing(*names, chat=True):
    """Answers well, but for requests that have any of these keys; without `chat` there is no chat template."""

    def answer(path, body):
        if "messages" in body and not chat:
            return 400
        for name in names:
            if name in body:
                return 422, {"error": f"extra inputs are not permitted: {name}"}
        return said("42\n") if "messages" in body else GOOD

    return answer


class Server(ThreadingHTTPServer):
    """`answer` makes of (path, body) a JSON value, a status, (status, value[, headers]), bytes for the wire as they
    are, or a word for a fault; `gets` has what GET answers by path."""

    daemon_threads = True

    def __init__(self, answer, gets):
        self.answer, self.gets = answer, gets
        self.paths, self.bodies, self.headers = [], [], []
        self.busy, self.busiest, self.lock, self.closing = 0, 0, threading.Lock(), threading.Event()
        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        self.server.headers.append(dict(self.headers))
        self.give(self.server.gets.get(self.path, 404))

    def handle(self):
        with suppress(ConnectionError):  # a client that has had enough
            super().handle()

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        with self.server.lock:
            self.server.paths.append(self.path)
            self.server.bodies.append(body)
            self.server.headers.append(dict(self.headers))
            given = self.server.answer(self.path, body)
            self.server.busy += 1
            self.server.busiest = max(self.server.busiest, self.server.busy)
        try:
            self.give(given)
        finally:
            with self.server.lock:
                self.server.busy -= 1

    def give(self, given):
        if given == "drop":
            self.close_connection = True
        elif given == "truncate":
            self.wire(b'HTTP/1.1 200 OK\r\ncontent-length: 5000\r\n\r\n{"choices": [')
        elif callable(given):
            self.close_connection = True
            given(self.wfile, self.server.closing)
        elif isinstance(given, bytes):
            self.wire(given)
        elif isinstance(given, int):
            self.reply(given, {"error": "scripted"}, {"retry-after": "0"})
        elif isinstance(given, tuple):
            self.reply(*given)
        else:
            self.reply(200, given)

    def wire(self, data):
        self.close_connection = True
        self.wfile.write(data)

    def reply(self, status, content, headers=()):
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        for name, value in dict(headers).items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


@contextmanager
def serving(answer=refusing(), gets=None):  # noqa: B008
    """A running Server."""
    server = Server(answer, {"/v1/models": MODELS} | (gets or {}))
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield server
    finally:
        server.closing.set()
        server.shutdown()
        server.server_close()


def in_turn(*script, then=GOOD):
    """Gives these one after another, then always the last."""
    left = list(script)
    return lambda path, body: left.pop(0) if left else then
