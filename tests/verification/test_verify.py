"""The verb and the command before servers that show pages, honest and hostile ones."""

import json
import re

import duckdb
import pytest

import advisor
from advisor.engines import metrics
from advisor.errors import AdvisorError, MissingAbility
from advisor.verification import verify as module
from tests.engines.serving import serving
from tests.engines.test_bounds import HEAD, dripping, endless
from tests.known import SHIPPED
from tests.verification.made import Answered, State, showing, text

pytest.importorskip("prometheus_client")
MODEL, GPU = "Qwen/Qwen3-8B", "h100-sxm"
DEPLOYED = {"model": MODEL, "gpu": GPU}


@pytest.fixture(autouse=True)
def short(monkeypatch):
    """A window of a second has three readings."""
    monkeypatch.setattr(module, "LEAST_PAUSE_S", 0.02)


N = 120
ONE = advisor.estimate(SHIPPED, **DEPLOYED, concurrency=8, input_tokens=1024, output_tokens=101)


def pages(factor=1.0):
    """Before and after answers that take `factor` times what is predicted."""
    there = {"running": 8, "cache_use": 0.03, "blocks": 20000}
    answers = [Answered(ttft_s=ONE.ttft_s * factor, tpot_s=ONE.tpot_s * factor)] * N
    return text(State(**there)), text(State(answers, **there))


@pytest.fixture
def steady_clock(monkeypatch):
    """A clock on which the readings are so far apart that eight requests are in flight by Little's law."""

    def tick(factor=1.0):
        whole = N * (ONE.ttft_s + 100 * ONE.tpot_s) * factor / 8
        ticks = iter([0.0, *[whole] * 100])
        monkeypatch.setattr(module, "monotonic", lambda: next(ticks))

    return tick


def shown(*texts):
    return {"/metrics": showing(*texts)}


def test_a_deployment_as_predicted_is_said_to_be(steady_clock):
    steady_clock()
    with serving(gets=shown(*pages())) as server:
        done = advisor.verify(SHIPPED, **DEPLOYED, metrics=server.url, window="0.05s")
    figures = {f.name: f for f in done.figures}
    assert done.as_predicted
    assert done.seen.in_flight == pytest.approx(8)
    assert {figures[n].verdict for n in ("TTFT", "TPOT", "requests", "generated tokens")} == {"inside"}
    assert figures["TPOT"].seen == pytest.approx(figures["TPOT"].predicted)
    assert done.run_id is None  # what ships has no room for it


def test_a_slow_one_is_an_alarm_for_scripts(steady_clock, advisor):
    steady_clock(4.0)
    with serving(gets=shown(*pages(4.0))) as server:
        words = ("verify", MODEL, "--gpu", GPU, "--metrics", f"{server.url}/metrics", "--window", "0.05s")
        code, out, _ = advisor(*words)
    assert code == 1
    assert "clearly worse" in out
    assert "slower: tokens come more slowly" in out


def test_json_is_one_object_with_the_fields_of_the_value(steady_clock, advisor):
    steady_clock()
    with serving(gets=shown(*pages())) as server:
        code, out, _ = advisor(
            "verify", MODEL, "--gpu", GPU, "--metrics", server.url, "--window", "0.05s", "--rate", 900, "--json"
        )
    answer = json.loads(out)
    assert code == 0
    assert answer["as_predicted"] is True
    assert {f["name"]: f["verdict"] for f in answer["figures"]}["TPOT"] == "inside"
    assert set(answer["seen"]["ttft_s"]) == {"mean", "p50", "p90", "p99", "noise"}
    assert [c["name"] for c in answer["causes"]] == ["less load"]


def test_the_load_is_kept_and_the_next_fit_knows_it(steady_clock, tmp_path):
    ws = advisor.Workspace(tmp_path)
    steady_clock()
    with serving(gets=shown(*pages())) as server:
        done = advisor.verify(ws, **DEPLOYED, metrics=server.url, window="0.05s")
    file = tmp_path / "measurements" / "runs" / f"{done.run_id}.parquet"
    (row,) = duckdb.sql(f"from '{file}'").df().to_dict("records")
    assert (row["source"], row["model"], row["gpu"], row["n_requests"]) == ("advisor verify", MODEL, GPU, 120)
    assert row["concurrency"] == pytest.approx(8)
    assert row["tpot_s"] == pytest.approx(done.seen.tpot_s.mean)
    assert done.notes == ()
    advisor.fit(ws)
    assert advisor.check(ws).damaged == ()


def test_what_cannot_be_is_kept_and_doubted(steady_clock, tmp_path):
    steady_clock(0.01)
    with serving(gets=shown(*pages(0.01))) as server:
        done = advisor.verify(advisor.Workspace(tmp_path), **DEPLOYED, metrics=server.url, window="0.05s")
    assert done.run_id
    assert "doubtful, kept and not fitted" in done.notes[0]
    assert "beats the GPUs' peak" in done.notes[0]


def test_loads_that_no_column_describes_are_doubted(steady_clock, tmp_path):
    steady_clock()
    first, _ = pages()
    state = State(queries=1000, hits=600, running=8, cache_use=0.03, blocks=20000)
    state.answered = [Answered(ttft_s=0.02, tpot_s=0.01)] * 120
    with serving(gets=shown(first, text(state))) as server:
        done = advisor.verify(advisor.Workspace(tmp_path), **DEPLOYED, metrics=server.url, window="0.05s")
    assert "60 % of the prompt tokens come from the prefix cache" in done.notes[0]


def test_a_config_that_is_no_model_of_the_workspace_is_judged_and_not_kept(steady_clock, tmp_path):
    config = tmp_path / "config.json"
    config.write_text((SHIPPED.profiles[0] / "models" / SHIPPED.models[MODEL].config / "config.json").read_text())
    steady_clock()
    with serving(gets=shown(*pages())) as server:
        ws = advisor.Workspace(tmp_path / "ours")
        done = advisor.verify(ws, model=config, gpu=GPU, metrics=server.url, window="0.05s")
    assert done.run_id is None
    assert "advisor import model" in done.notes[0]


HOSTILE = {
    "404": (404, "HTTP 404", 3),
    "500": (500, "HTTP 500", 3),
    "nothing": (HEAD + b"content-length: 0\r\n\r\n", "no metrics of vLLM", 2),
    "html": (HEAD + b"\r\n<html><body>hello</body></html>", "no page of metrics", 2),
    "another program's": (HEAD + b"\r\nnode_load1 0.3\n", "no metrics of vLLM", 2),
    "binary": (HEAD + b"\r\n" + bytes(range(256)), "no page of metrics|no metrics of vLLM", 2),
    "no HTTP": (b"SSH-2.0-OpenSSH_9.2\r\n", "RemoteProtocolError", 3),
    "giant": (endless(HEAD + b"\r\n", b"vllm:x 1\n" * 8192), "more than|no whole answer", 3),
    "drips": (dripping(HEAD + b"\r\n", b"#"), r"within 0\.5 s", 3),
    "compressed": (HEAD + b"content-encoding: gzip\r\n\r\nxx", "compressed", 3),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_what_is_no_page_of_vllm_is_one_line(kind, monkeypatch, advisor):
    given, said, expected_code = HOSTILE[kind]
    if kind == "drips":
        monkeypatch.setattr(metrics, "PAGE_S", 0.5)
    monkeypatch.setattr(metrics, "PAGE_BYTES", 1 << 20)
    with serving(gets={"/metrics": given}) as server:
        code, out, err = advisor("verify", MODEL, "--gpu", GPU, "--metrics", server.url, "--window", "0.05s")
    assert (code, out) == (expected_code, "")
    assert len(err.splitlines()) == 1
    assert f"{server.url}/metrics" in err
    assert re.search(said, err), err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "nothing to look at; give --metrics"),
        ({"metrics": "ftp://host"}, "--metrics: 'ftp://host' is no address of a server; give http://host:8000/metrics"),
        ({"metrics": "http://me:secret@host/x?key=1"}, r"\*\*\*"),
        ({"url": "nowhere"}, "--url: 'nowhere' is no address"),
        ({"url": "http://h", "rate": 2.0}, "--rate: a load of our own"),
        ({"url": "http://h", "output_tokens": 1}, "--output-tokens: an answer of one token has no TPOT"),
        ({"metrics": "http://h", "window": "0s"}, "--window"),
        ({"metrics": "http://h", "window": "2000min"}, "--window"),
        ({"metrics": "http://h", "concurrency": 0}, "--concurrency"),
        ({"metrics": "http://h", "kv_precision": "int3"}, "--kv-precision"),
        ({"metrics": "http://h", "rate": -1.0}, "--rate"),
    ],
)
def test_options_that_make_no_sense_are_refused(options, said):
    with pytest.raises(AdvisorError, match=said) as refused:
        advisor.verify(SHIPPED, **DEPLOYED, **options)
    assert "secret" not in str(refused.value)


def test_a_server_that_is_not_there():
    with pytest.raises(MissingAbility, match=r"no metrics there .*; give the address of a vLLM server's own metrics"):
        advisor.verify(SHIPPED, **DEPLOYED, metrics="http://127.0.0.1:9")
    with pytest.raises(MissingAbility, match="no OpenAI-compatible server answers"):
        advisor.verify(SHIPPED, **DEPLOYED, url="http://127.0.0.1:9")


def test_a_password_of_the_page_is_sent_and_never_shown():
    with serving(gets={"/metrics": 401}) as server:
        address = server.url.replace("http://", "http://me:secret@")
        with pytest.raises(MissingAbility, match="HTTP 401") as refused:
            advisor.verify(SHIPPED, **DEPLOYED, metrics=address)
    assert "secret" not in str(refused.value)
    assert server.headers[0]["Authorization"].startswith("Basic ")


def stream(n):
    """A streamed answer of n tokens."""
    events = [json.dumps({"choices": [{"text": "a"}]})] * n
    events.append(json.dumps({"choices": [], "usage": {"completion_tokens": n}}))
    return HEAD + b"\r\n" + b"".join(b"data: " + e.encode() + b"\n\n" for e in [*events, "[DONE]"])


OWN = {"input_tokens": 20, "output_tokens": 8, "concurrency": 4}


def test_a_load_of_our_own_is_sent_and_judged():
    listed = {"/v1/models": {"data": [{"id": MODEL, "max_model_len": 4096}]}}
    with serving(lambda path, body: stream(body["max_tokens"]), listed) as server:
        done = advisor.verify(SHIPPED, **DEPLOYED, url=server.url, **OWN)
    assert {len(body["prompt"]) for body in server.bodies} == {20}
    assert len(server.bodies) >= 12  # three of each place
    assert (done.source, done.seen.in_flight, done.seen.n_requests) == ("own load", 4.0, 8)
    assert {f.name: f.verdict for f in done.figures}["waiting requests"] == "not seen"


def test_a_load_of_our_own_with_the_page_read_meanwhile():
    first, last = text(State()), text(State([Answered(queue_s=0.05)] * 30, running=2, waiting=1))
    listed = {"/v1/models": {"data": [{"id": "tiny", "max_model_len": 4096}]}, **shown(first, last)}
    with serving(lambda path, body: stream(body["max_tokens"]), listed) as server:
        done = advisor.verify(SHIPPED, **DEPLOYED, url=server.url, metrics=server.url, served_model="tiny", **OWN)
    assert done.seen.n_requests == 8  # as our clients counted
    assert done.seen.waiting > 0
    assert done.seen.most_running == 2


def test_a_load_that_is_refused_or_takes_too_long_is_one_line():
    listed = {"/v1/models": {"data": [{"id": MODEL}]}}
    with (
        serving(lambda path, body: 400, listed) as server,
        pytest.raises(AdvisorError, match=r"not answered .*HTTP 400"),
    ):
        advisor.verify(SHIPPED, **DEPLOYED, url=server.url, **OWN)
    with (
        serving(lambda path, body: dripping(HEAD + b"\r\n", b": wait\n\n"), listed) as server,
        pytest.raises(AdvisorError, match=r"not answered .*within 0\.5 s.*; give more --time"),
    ):
        advisor.verify(SHIPPED, **DEPLOYED, url=server.url, time=0.5, **OWN)


def test_one_reading_of_many_may_fail(steady_clock):
    first, last = pages()
    steady_clock()
    broken = iter([False, True, True])
    give = showing(first, last)

    def sometimes(wire, closing):
        if not next(broken, False):
            give(wire, closing)

    with serving(gets={"/metrics": sometimes}) as server:
        done = advisor.verify(SHIPPED, **DEPLOYED, metrics=server.url, window="0.2s")
    assert done.as_predicted
