"""Where steps are rated, and a reward model over HTTP on a real local server."""

import asyncio
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor.engines import server as engine_server
from advisor.engines.protocol import EngineFailure
from advisor.engines.reward_client import RewardClient
from advisor.engines.rewards import StepMarks, marked_positions, step_positions, step_rewards
from advisor.errors import MissingAbility

MARK = 9
plain = st.lists(st.integers(0, MARK), max_size=12)
unmarked = st.lists(st.integers(0, MARK - 1), min_size=1, max_size=5)


@given(plain, st.lists(unmarked, min_size=1, max_size=5))
def test_every_step_of_an_answer_is_found_whatever_the_prompt_holds(prompt, steps):
    answer = [token for step in steps for token in [*step, MARK]]
    ends = [len(prompt) + sum(len(s) + 1 for s in steps[: i + 1]) - 1 for i in range(len(steps))]
    assert step_positions(prompt, prompt + answer, MARK) == ends


def test_marks_of_a_chat_template_after_the_answer_do_not_count():
    head, tail = [1, MARK, 2], [3, MARK]
    assert step_positions(head + tail, [*head, 5, MARK, 6, MARK, *tail], MARK) == [4, 6]


def test_a_mark_of_its_own_follows_every_step():
    marks = StepMarks("\n", "<m>")
    assert marks.marked("a\nb\n") == "a\n<m>b\n<m>"
    assert marks.marked("a\nb") == "a\n<m>b<m>"
    assert marks.marked("") == ""
    assert StepMarks("\n").marked("a\nb") == "a\nb"


def test_models_of_another_kind_and_hidden_marks_are_told():
    with pytest.raises(EngineFailure, match="no process reward model: it gave 1 rows of 3 for 4 tokens"):
        step_rewards([[0.1, 0.2, 0.7]], [0], 4)
    with pytest.raises(EngineFailure, match="hides"):
        marked_positions([1, 2], [1, 2, 3, 4], MARK, "a\n", StepMarks())
    assert marked_positions([1, 2], [1, 2, 3, 4], MARK, "no step ended", StepMarks()) == []


class Handler(BaseHTTPRequestHandler):
    """A token is a character; a digit is wrong."""

    def log_message(self, *_):
        pass

    def do_GET(self):
        self.reply({"data": [{"id": "prm"}]})

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if "messages" in body and not self.server.chat:
            self.reply({"error": "no template"}, 400)
            return
        text = body.get("prompt", body.get("input")) or "".join(
            f"<{m['role']}>{m['content']}\n" for m in body["messages"]
        )
        if self.path == "/tokenize":
            self.reply({"tokens": [ord(c) for c in text]})
        else:
            rows = [[0.9, 0.1] if text[: i + 1].rstrip("\n")[-1:].isdigit() else [0.2, 0.8] for i in range(len(text))]
            self.reply(
                {"data": [{"data": rows if self.server.prm else [[0.5]]}], "usage": {"prompt_tokens": len(text)}}
            )

    def reply(self, content, status=200):
        data = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


@pytest.fixture
def served(monkeypatch):
    monkeypatch.setattr(engine_server, "FIRST_WAIT_S", 0.01)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads, server.chat, server.prm = True, False, True
    threading.Thread(target=server.serve_forever, daemon=True).start()

    def scored(prompt, partial, marks=StepMarks()):  # noqa: B008
        async def ask():
            async with RewardClient(f"http://127.0.0.1:{server.server_port}", "prm") as client:
                await client.check()
                await client.prepare(marks)
                return await client.score(prompt, partial)

        return asyncio.run(ask())

    yield server, scored
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("chat", [False, True])
def test_a_reward_model_over_http(served, chat):
    server, scored = served
    server.chat = chat
    found = scored("how?\n\n", "a\n2\nb\n")
    assert found.rewards == (0.8, 0.1, 0.8)
    assert found.tokens >= len("how?\n\na\n2\nb\n")


def test_what_is_no_reward_model_and_a_mark_of_several_tokens(served):
    server, scored = served
    server.prm = False
    with pytest.raises(EngineFailure, match="no process reward model"):
        scored("p", "a\n")
    with pytest.raises(MissingAbility, match="no single token for '<m>'"):
        scored("p", "a\n", StepMarks("\n", "<m>"))
