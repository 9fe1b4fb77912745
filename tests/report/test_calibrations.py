"""`advisor calibrate` as a user types it, against a local server that answers with the scripted policy."""

import asyncio
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from advisor.engines import server as engine_server
from advisor.engines.protocol import Sampling
from tests.strategies.scripted import Policy


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        self.reply({"data": [{"id": "Qwen/Qwen3-0.6B"}]})

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if self.path != "/v1/completions":
            self.reply({"error": "no chat template"}, 400)
            return
        prompt, newline, partial = body["prompt"].partition("\n")
        sampling = Sampling(max_tokens=body["max_tokens"], stop=tuple(body.get("stop", ())), seed=body["seed"])
        drawn = asyncio.run(Policy(0.15).generate(prompt + newline, partial, sampling))
        usage = {"prompt_tokens": drawn.prompt_tokens, "completion_tokens": drawn.generated_tokens}
        self.reply({"choices": [{"text": drawn.text, "finish_reason": drawn.finish_reason}], "usage": usage})

    def reply(self, content, status=200):
        data = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


@pytest.fixture
def url():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_calibrate_fit_curve_frontier_recommend(advisor, url, tmp_path):
    common = ["--workspace", tmp_path]
    arguments = [
        "calibrate",
        "qwen3-0.6b",
        "--task",
        "arithmetic",
        "--questions",
        25,
        "--samples",
        8,
        "--url",
        url,
        *common,
    ]
    code, out, err = advisor(*arguments, "--json")
    assert code == 0, err
    told = json.loads(out)
    assert (told["questions"], told["failed"], told["answers"]) == (25, 0, 200)
    assert "of 25 questions" in err
    assert (
        advisor(
            "calibrate",
            "qwen3-0.6b",
            "--task",
            "arithmetic",
            "--questions",
            25,
            "--strategy",
            "greedy",
            "--samples",
            1,
            "--url",
            url,
            *common,
        )[0]
        == 0
    )
    assert advisor("fit", *common)[0] == 0
    curve = json.loads(
        advisor("curve", "qwen3-0.6b", "--task", "arithmetic", "--strategy", "majority", *common, "--json")[1]
    )
    assert [p["n_samples"] for p in curve["points"]] == [1, 4, 8]
    assert curve["points"][0]["accuracy"] == pytest.approx(told["accuracy"], abs=1e-4)
    assert curve["points"][2]["accuracy"] > curve["points"][0]["accuracy"]
    assert json.loads(advisor("frontier", "--task", "arithmetic", *common, "--json")[1])["frontier"]
    pick = json.loads(advisor("recommend", "--task", "arithmetic", "--budget", "1usd", *common, "--json")[1])[
        "recommended"
    ]
    assert pick["model"] == "Qwen/Qwen3-0.6B"
    code, _, err = advisor(*arguments)
    assert code == 2
    assert "recorded in full" in err


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--strategy", "majorty"], 2, "did you mean majority"),
        (["--samples", 0], 2, "--samples: 0 is out of range"),
        (["--strategy", "rebase"], 3, "needs rewards"),
        (["--answers", "maths"], 2, "did you mean math"),
        (["--task", "nofile.jsonl"], 2, "no such task file"),
        (["--task", "gsm9k"], 2, "gsm8k"),
        (["--served-model", "other"], 3, "does not serve"),
        (["--temperature", "nan"], 2, "is no temperature"),
    ],
)
def test_what_cannot_run(advisor, url, tmp_path, arguments, code, message):
    typed = ["calibrate", "qwen3-0.6b", "--task", "arithmetic", "--url", url, "--workspace", tmp_path, *arguments]
    got, out, err = advisor(*typed)
    assert (got, out) == (code, "")
    assert message in err
    assert "Traceback" not in err


def test_a_task_file_that_cannot_be_used(advisor, url, tmp_path):
    for content, message in [
        ('{"question": "1+1?"}', "line 1: has no answer"),
        ('{"question": "a", "answer": 1, "id": 7}\n{"question": "b", "answer": 2, "id": 7}', "line 2: repeats the id"),
        ("{", "line 1: is no JSON"),
        ("", "holds no questions"),
    ]:
        (tmp_path / "t.jsonl").write_text(content)
        code, _, err = advisor(
            "calibrate", "qwen3-0.6b", "--task", tmp_path / "t.jsonl", "--url", url, "--workspace", tmp_path
        )
        assert code == 2
        assert message in err


def test_a_server_that_dies_loses_nothing(advisor, url, tmp_path, monkeypatch):
    monkeypatch.setattr(engine_server, "FIRST_WAIT_S", 0.001)
    answered = []
    whole = Handler.do_POST

    def dying(self):
        if self.path == "/v1/completions":
            answered.append(1)
            if len(answered) > 30:
                self.connection.close()
                return
        whole(self)

    monkeypatch.setattr(Handler, "do_POST", dying)
    asked = [
        "calibrate",
        "qwen3-0.6b",
        "--task",
        "arithmetic",
        "--questions",
        12,
        "--samples",
        4,
        "--in-flight",
        2,
        "--url",
        url,
        "--workspace",
        tmp_path,
    ]
    code, out, _ = advisor(*asked)
    assert code == 0
    assert "questions failed and are tried again by the same command" in out
    assert "failures: " in out
    kept = sum(
        json.loads(line)["rows"][0]["finish_reason"] != "error"
        for line in next(tmp_path.rglob(".*.jsonl")).read_text().splitlines()
    )
    assert 0 < kept < 12
    monkeypatch.setattr(Handler, "do_POST", whole)
    code, out, _ = advisor(*asked, "--json")
    told = json.loads(out)
    assert (code, told["failed"], told["questions"]) == (0, 0, 12)
    assert told["generated_tokens"] > 0
    assert told["path"].endswith(".parquet")
