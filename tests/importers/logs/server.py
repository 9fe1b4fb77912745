"""A server in OpenAI's form that answers sums, now and then wrongly, so that the real tools have something to log.

    python server.py PORT

The n-th answer to a question is right unless n and the sum are both odd; every third is cut by its limit.
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

seen: Counter[str] = Counter()


def answered(prompt: str) -> dict[str, object]:
    """What the model says to a prompt: a text, the tokens of both, and why it stopped."""
    question = re.findall(r"(\d+) plus (\d+)", prompt)[-1]
    seen[str(question)] += 1
    n, total = seen[str(question)], sum(map(int, question))
    stated = total + 1 if n % 2 and total % 2 else total
    text = f"{question[0]} and {question[1]} make {stated}.\n#### {stated}\nANSWER: {stated}"
    return {
        "text": text,
        "reason": "length" if n % 3 == 0 else "stop",
        "usage": {
            "prompt_tokens": len(prompt.split()),
            "completion_tokens": len(text.split()),
            "total_tokens": len(prompt.split()) + len(text.split()),
        },
    }


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.reply({"object": "list", "data": [{"id": "Qwen/Qwen3-8B", "object": "model"}]})

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if "messages" in request:
            contents = [message["content"] for message in request["messages"]]
            prompts = [" ".join(c if isinstance(c, str) else " ".join(p["text"] for p in c) for c in contents)]
        else:
            prompts = request["prompt"] if isinstance(request["prompt"], list) else [request["prompt"]]
        found = [answered(prompt) for prompt in prompts for _ in range(request.get("n") or 1)]
        choices = [
            {"index": i, "finish_reason": each["reason"], "logprobs": None}
            | (
                {"message": {"role": "assistant", "content": each["text"]}}
                if "messages" in request
                else {"text": each["text"]}
            )
            for i, each in enumerate(found)
        ]
        kind = "chat.completion" if "messages" in request else "text_completion"
        body = {"id": "1", "object": kind, "created": 1, "model": request["model"], "choices": choices}
        self.reply(body | {"usage": found[0]["usage"]})

    def reply(self, body: dict[str, object]) -> None:
        data = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        pass


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
