"""A local server that answers with the scripted policy, and one that rates: what `calibrate` talks to in tests."""

import asyncio
import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from advisor.engines.dialect import GREETING
from advisor.engines.protocol import Sampling
from tests.strategies.scripted import Policy

MODEL = "Qwen/Qwen3-0.6B"
REWARD_MODEL = "Qwen/Qwen3-1.7B"


def journaled(path):
    """What a journal has for the questions that are finished."""
    return [entry for line in path.read_text().splitlines() if "rows" in (entry := json.loads(line))]


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        self.reply({"data": [{"id": MODEL}, {"id": REWARD_MODEL}]})

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        answer = {"/v1/completions": self.complete, "/tokenize": self.tokenize, "/pooling": self.rate}.get(self.path)
        if answer is None or "messages" in body:
            self.reply({"error": "no chat template"}, 400)
        else:
            answer(body)

    def complete(self, body):
        if body["prompt"] == GREETING:  # what a client says when it opens
            usage = {"prompt_tokens": 1, "completion_tokens": 1}
            self.reply({"choices": [{"text": "Hi", "finish_reason": "length"}], "usage": usage})
            return
        with self.server.lock:
            self.server.completions += 1
            broken = self.server.completions > self.server.dies_after
        if broken:
            self.connection.close()
            return
        _, question, asked = body["prompt"].rpartition("Q ")  # behind a system prompt and examples
        prompt, newline, partial = (f"Q {asked}" if question else "Q 1\n").partition("\n")
        sampling = Sampling(max_tokens=body["max_tokens"], stop=tuple(body.get("stop", ())), seed=body["seed"])
        drawn = asyncio.run(Policy(0.15).generate(prompt + newline, partial, sampling))
        usage = {"prompt_tokens": drawn.prompt_tokens, "completion_tokens": drawn.generated_tokens}
        answer = {"choices": [{"text": drawn.text, "finish_reason": drawn.finish_reason}], "usage": usage}
        self.reply(self.server.spoil(answer))

    def tokenize(self, body):
        self.reply({"tokens": [ord(c) for c in body["prompt"]]})

    def rate(self, body):
        """A token is a character; every step is right with 0.7."""
        text = body["input"]
        rated = {"data": [{"data": [[0.3, 0.7]] * len(text)}], "usage": {"prompt_tokens": len(text)}}
        self.reply(self.server.spoil_rewards(rated))

    def reply(self, content, status=200):
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


class Server(ThreadingHTTPServer):
    """Breaks every connection after so many completions; `spoil` and `spoil_rewards` make nonsense of replies."""

    daemon_threads = True

    def __init__(self, handler):
        self.lock, self.completions, self.dies_after = threading.Lock(), 0, float("inf")
        self.heal()
        super().__init__(("127.0.0.1", 0), handler)

    def handle_error(self, request, client_address):
        """A client that was killed: nobody reads the answer."""

    def heal(self):
        """Answer well from now on."""
        self.spoil = self.spoil_rewards = lambda answer: answer

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"


@contextmanager
def serving(handler=Handler):
    server = Server(handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
