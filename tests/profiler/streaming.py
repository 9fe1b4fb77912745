"""A local server that streams a token every few milliseconds: what `profile` measures in tests."""

import json
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TOKEN_S = 0.002


class Handler(BaseHTTPRequestHandler):
    """Streams a token every TOKEN_S."""

    def log_message(self, *_):
        pass

    def do_GET(self):
        served = {"data": [{"id": "served", "max_model_len": 256}]}
        self.reply(json.dumps({"version": "9.9"} if self.path == "/version" else served).encode())

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.prompts.append(len(body["prompt"]))
        self.send_response(200)
        self.end_headers()
        for _ in range(body["max_tokens"]):
            time.sleep(TOKEN_S)
            self.wfile.write(b'data: {"choices": [{"text": "a"}]}\n\n')
        usage = {"completion_tokens": body["max_tokens"]}
        self.wfile.write(f"data: {json.dumps({'choices': [], 'usage': usage})}\n\ndata: [DONE]\n\n".encode())

    def reply(self, content):
        self.send_response(200)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


@contextmanager
def streaming():
    """The server, with the lengths of the `prompts` that it was sent."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads, server.prompts, server.handle_error = True, [], lambda *_: None
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
