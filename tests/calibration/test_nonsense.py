"""A server that answers nonsense: nothing of it is recorded, and a healthy server finishes the same run."""

import json
from pathlib import Path

import duckdb
import pytest

from advisor.calibration.calibrate import calibrate
from advisor.engines import server as engine_server
from advisor.errors import MissingAbility
from advisor.store.workspace import Workspace
from tests.calibration.serving import REWARD_MODEL, journaled, serving


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(engine_server, "FIRST_WAIT_S", 0.001)


@pytest.fixture
def server():
    with serving() as server:
        yield server


def drawn(folder, server, **options):
    common = {"model": "qwen3-0.6b", "task": "arithmetic", "questions": 4, "samples": 2, "url": server.url}
    return calibrate(Workspace(folder), **common | options)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The run that never saw nonsense."""
    with serving() as server:
        return drawn(tmp_path_factory.mktemp("whole"), server)


def rows(path):
    return duckdb.connect().execute(f"from '{path}' order by question_id, sample_index").fetchall()


def choice(**changed):
    return lambda answer: answer | {"choices": [answer["choices"][0] | changed]}


def usage(**changed):
    return lambda answer: answer | {"usage": answer["usage"] | changed}


def cached(n):
    return usage(prompt_tokens_details={"cached_tokens": n})


ANSWERS = {
    "negative tokens": (usage(completion_tokens=-100), "completion_tokens is -100"),
    "10^12 tokens": (usage(completion_tokens=10**12), "completion_tokens is 1000000000000"),
    "10^30 tokens": (usage(completion_tokens=10**30), "completion_tokens is a number of more than 64 bits"),
    "more tokens than asked for": (usage(completion_tokens=2050), "completion_tokens is 2050"),
    "infinite tokens": (usage(completion_tokens=float("inf")), "completion_tokens is inf"),
    "NaN tokens": (usage(completion_tokens=float("nan")), "completion_tokens is nan"),
    "tokens as true": (usage(completion_tokens=True), "completion_tokens is True"),
    "tokens as text": (usage(completion_tokens="12"), "completion_tokens is '12'"),
    "half a token": (usage(completion_tokens=1.5), "completion_tokens is 1.5"),
    "text of no token": (usage(completion_tokens=0), "completion_tokens is 0"),
    "negative prompt": (usage(prompt_tokens=-1), "prompt_tokens is -1"),
    "10^30 of a prompt": (usage(prompt_tokens=10**30), "prompt_tokens is a number"),
    "more cached than prompt": (cached(10**6), "cached_tokens is 1000000"),
    "negative cached": (cached(-5), "cached_tokens is -5"),
    "details as a list": (usage(prompt_tokens_details=[1]), "prompt_tokens_details is [1]"),
    "no usage": (lambda answer: {"choices": answer["choices"]}, "usage is None"),
    "null text": (choice(text=None), "text is None"),
    "a list as text": (choice(text=["12"]), "text is ['12']"),
    "a number as text": (choice(text=12), "text is 12"),
    "half a character": (choice(text="12\ud800"), "no valid text"),
    "a call of a tool": (choice(finish_reason="tool_calls"), "finish_reason is 'tool_calls'"),
    "a filter": (choice(finish_reason="content_filter"), "finish_reason is 'content_filter'"),
    "no finish reason": (choice(finish_reason=None), "finish_reason is None"),
    "a list as finish reason": (choice(finish_reason=["stop"]), "finish_reason is ['stop']"),
    "a tool in a chat": (
        lambda a: a | {"choices": [{"message": {"content": None, "tool_calls": [{}]}, "finish_reason": "stop"}]},
        "calls a tool",
    ),
    "no text in a chat": (choice(message={"content": None}), "content is None"),
    "no choice": (lambda answer: answer | {"choices": []}, "choices is []"),
    "two choices": (lambda answer: answer | {"choices": answer["choices"] * 2}, "not a list of one"),
    "choices as an object": (lambda answer: answer | {"choices": {"0": 1}}, "choices is {'0': 1}"),
    "null": (lambda _: None, "body is None"),
    "a list": (lambda answer: [answer], "body is [{"),
    "an error with 200": (lambda _: {"error": "overloaded"}, "choices is None"),
    "html": (lambda _: b"<html>", "JSONDecodeError"),
    "no bytes": (lambda _: b"", "JSONDecodeError"),
    "no UTF-8": (lambda _: b'"\xff\xfe"', "UnicodeDecodeError"),
    "a number of many digits": (lambda _: b'{"usage": ' + b"9" * 5000 + b"}", "ValueError"),
    "too deep": (lambda _: b"[" * 200_000, "RecursionError"),
}


@pytest.mark.parametrize("kind", ANSWERS)
def test_nonsense_fails_its_question_and_the_next_try_finishes(tmp_path, server, whole, kind):
    spoil, reason = ANSWERS[kind]
    calls = []

    def sometimes(answer):
        calls.append(1)
        return spoil(answer) if len(calls) > 2 else answer  # the first question is answered well

    server.spoil = sometimes
    cut = drawn(tmp_path / "once", server, in_flight=1)
    assert (cut.questions, cut.failed, cut.answers) == (4, 3, 2)
    assert reason in cut.most_common_failure
    kept = [entry["rows"] for entry in journaled(Path(cut.path))]
    assert [[row["finish_reason"] for row in each] for each in kept].count(["error"]) == 3
    server.heal()
    healed = drawn(tmp_path / "once", server, in_flight=1)
    assert (healed.failed, healed.answers, healed.run_id) == (0, 8, whole.run_id)
    assert rows(healed.path) == rows(whole.path)


def rewarded(change):
    return lambda answer: answer | {"data": [{"data": [change(row) for row in answer["data"][0]["data"]]}]}


REWARDS = {
    "NaN": (rewarded(lambda row: [0.3, float("nan")]), "reward is nan"),
    "infinite": (rewarded(lambda row: [0.3, float("inf")]), "reward is inf"),
    "negative": (rewarded(lambda row: [0.3, -0.1]), "reward is -0.1"),
    "logits": (rewarded(lambda row: [-3.0, 4.5]), "reward is 4.5"),
    "null": (rewarded(lambda row: [0.3, None]), "without rewards"),
    "huge": (rewarded(lambda row: [0.3, 10**400]), "without rewards"),
    "negative tokens": (lambda answer: answer | {"usage": {"prompt_tokens": -1}}, "prompt_tokens is -1"),
    "null usage": (lambda answer: answer | {"usage": None}, "usage is None"),
}


@pytest.mark.parametrize("kind", REWARDS)
def test_rewards_that_are_none_are_never_recorded(tmp_path, server, kind):
    server.spoil_rewards, reason = REWARDS[kind]
    rated = {"strategy": "best-of-n", "reward_model": REWARD_MODEL, "reward_url": server.url}
    with pytest.raises(MissingAbility, match=f"4 questions failed, all of them: .*{reason}"):
        drawn(tmp_path, server, **rated)
    server.heal()
    healed = drawn(tmp_path, server, **rated)
    scores = duckdb.connect().execute(f"select distinct score from '{healed.path}'").fetchall()
    assert (healed.failed, scores) == (0, [(0.7,)])


def test_a_server_that_breaks_while_it_is_asked_for_a_chat_draws_nothing(tmp_path, server, monkeypatch):
    """Taken for a server without chat template, it would draw half a run with other prompts."""
    refuse = server.RequestHandlerClass.do_POST
    monkeypatch.setattr(server.RequestHandlerClass, "do_POST", lambda self: self.reply({"error": "busy"}, 503))
    with pytest.raises(MissingAbility, match=r"does not answer \(HTTP 503"):
        drawn(tmp_path, server)
    assert not list(tmp_path.rglob("*.jsonl"))
    monkeypatch.setattr(server.RequestHandlerClass, "do_POST", refuse)
    assert drawn(tmp_path, server).failed == 0


IMPOSSIBLE = {
    "generated_tokens": (-100, "generated_tokens is -100"),
    "correct": (5, "correct is 5; correct is a true or false"),
    "answer": ([1], "answer is [1]; answer is a text"),
    "score": (float("nan"), "score is nan"),
    "prompt_tokens": (10**30, "prompt_tokens is 1000000000000000000000000000000"),
    "finish_reason": ("tool_calls", "finish_reason is 'tool_calls'"),
    "question_id": ("other", "question_id differs between its rows"),
    "sample_index": (1, "sample_index 1 is there twice"),
    "run_id": ("other", "run_id differs"),
    "colour": ("red", "unknown column 'colour'"),
}


@pytest.mark.parametrize("column", IMPOSSIBLE)
def test_an_impossible_line_of_a_journal_is_set_aside_and_its_question_asked_again(tmp_path, server, whole, column):
    """As an older version, or a damaged disk, left it."""
    value, reason = IMPOSSIBLE[column]
    calls = []

    def fails_late(answer):
        calls.append(1)
        return answer if len(calls) <= 6 else None

    server.spoil = fails_late
    cut = drawn(tmp_path / "cut", server, in_flight=1)
    server.heal()
    lines = [json.loads(line) for line in Path(cut.path).read_text().splitlines()]
    second_question = [place for place, line in enumerate(lines) if "rows" in line][1]
    lines[second_question]["rows"][0][column] = value
    text = [json.dumps(line) for line in lines]
    Path(cut.path).write_text("\n".join([text[0], "{half a line", *text[1:]]) + "\n")
    healed = drawn(tmp_path / "cut", server)
    assert rows(healed.path) == rows(whole.path)
    first, second = healed.notes
    assert first == f"{cut.path}, line 2: is no line of a journal; set aside in .{cut.run_id}.set-aside; drawn again"
    assert second.startswith(f"{cut.path}, line {second_question + 2}: {reason}")
    aside = (tmp_path / "cut" / "measurements" / "samples" / f".{cut.run_id}.set-aside").read_text().splitlines()
    assert aside == ["{half a line", text[second_question]]


def test_an_empty_sealed_file_is_named(tmp_path, server):
    done = drawn(tmp_path, server)
    duckdb.connect().execute(f"copy (select * from '{done.path}' limit 0) to '{done.path}' (format parquet)")
    with pytest.raises(Exception, match="is recorded already and cannot be read; move it away"):
        drawn(tmp_path, server)
