"""The verb `profile`: what it refuses before it starts anything, and a profile of a local server.

Real engines are in tests/testbed.
"""

from importlib.util import find_spec

import pytest

from advisor.errors import AdvisorError, MissingAbility
from advisor.performance.parallelism import Parallelism
from advisor.profiler.profile import _quantized, profile
from advisor.store.workspace import Workspace
from tests.profiler.streaming import TOKEN_S, streaming

SERVER = {"url": "http://127.0.0.1:9", "gpu": "l4"}


@pytest.fixture
def ws(tmp_path):
    return Workspace(tmp_path / "ws")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({**SERVER, "time": "soon"}, "--time: 'soon' is not a duration"),
        ({**SERVER, "time": -1.0}, "--time"),
        ({**SERVER, "within": 0.0}, "--within: 0 is out of range"),
        ({**SERVER, "precision": "fp9"}, "--precision: unknown precision 'fp9'; did you mean fp8"),
        ({**SERVER, "engine": "vlm"}, "--engine: unknown engine 'vlm'; did you mean vllm"),
        ({**SERVER, "kv_precision": "fp9"}, "--kv-precision: unknown kv-precision 'fp9'; did you mean fp8"),
        ({**SERVER, "routing": "arithmetic"}, "--routing: .*cannot be combined with --url"),
        ({"routing": "arithmetic", "dummy_weights": True}, "--routing: .*cannot be combined with --dummy-weights"),
        ({"engine_option": "kv_cache_dtype=fp8"}, "--engine-option: .* give --kv-precision"),
        ({"engine_option": ["a=1", "tensor_parallel_size=2"]}, "--engine-option: .* give --parallelism"),
        ({"engine_option": "fast"}, "--engine-option: 'fast' is no setting"),
        ({"url": SERVER["url"]}, "--gpu: a server does not report what it runs on"),
        ({**SERVER, "gpu": "l5"}, "--gpu: unknown GPU 'l5'"),
        ({**SERVER, "parallelism": "many"}, "--parallelism: 'many' is no parallelism"),
        ({**SERVER, "dummy_weights": True}, "--dummy-weights: .*cannot be combined with --url"),
        ({**SERVER, "engine_option": "a=1"}, "--engine-option: .*cannot be combined with --url"),
        ({**SERVER, "model": "nobody/knows"}, "MODEL: .*import model"),
        ({"model": "nope"}, "MODEL: unknown model 'nope'"),
        ({**SERVER, "url": "localhost:1"}, "--url: 'localhost:1' is no address of a server; give http://host:port/v1"),
        ({**SERVER, "model": "qwen3-9b"}, "MODEL: .*did you mean"),
    ],
)
def test_options_that_make_no_sense_name_their_flag(ws, options, message):
    with pytest.raises(AdvisorError, match=f"^{message}") as raised:
        profile(ws, **{"model": "qwen3-8b"} | options)
    assert type(raised.value) is AdvisorError
    assert not ws.own.exists()


@pytest.mark.parametrize(
    ("settings", "precision", "stored", "expected"),
    [
        ((), "bf16", "bf16", ()),
        (("b=1", "a=2"), "fp8", "fp8", ("a=2", "b=1")),
        (("seed=1",), "fp8", "bf16", ("quantization=fp8", "seed=1")),
        (("quantization=bitsandbytes",), "int4", "bf16", ("quantization=bitsandbytes",)),
    ],
)
def test_vllm_runs_in_the_precision_that_is_recorded(settings, precision, stored, expected):
    assert _quantized(settings, precision, stored) == expected


@pytest.mark.parametrize(
    ("settings", "precision", "message"),
    [
        ((), "int4", "--precision: vLLM does not make int4 of bf16 weights"),
        (("quantization=fp8",), "bf16", "--engine-option: would be recorded as bf16; give --precision"),
    ],
)
def test_a_precision_that_vllm_would_not_run_in_is_refused(settings, precision, message):
    with pytest.raises(AdvisorError, match=f"^{message}"):
        _quantized(settings, precision, "bf16")


def test_data_parallel_groups_need_a_server(ws, monkeypatch):
    monkeypatch.setattr("advisor.profiler.profile.require_vllm", lambda: None)
    with pytest.raises(AdvisorError, match=r"--parallelism: dp2: .*give --url"):
        profile(ws, model="qwen3-30b-a3b", gpu="l4", parallelism=Parallelism(dp=2))


def test_no_server(ws):
    with pytest.raises(MissingAbility, match="vllm serve"):
        profile(ws, model="qwen3-8b", **SERVER)


@pytest.mark.skipif(find_spec("vllm") is not None, reason="vLLM is here")
def test_no_engine(ws):
    with pytest.raises(MissingAbility, match=r"pip install 'frontier-advisor\[vllm\]'"):
        profile(ws, model="qwen3-8b")


@pytest.fixture
def server():
    with streaming() as server:
        yield server


@pytest.mark.slow
def test_a_server_is_profiled(ws, server):
    steps = []
    done = profile(
        ws,
        model="qwen3-0.6b",
        url=f"http://127.0.0.1:{server.server_port}",
        served_model="served",
        gpu="H200-SXM",
        kv_precision="fp8",
        time=6.0,
        within=0.3,
        progress=steps.append,
    )
    told = done.to_dict()
    names = {"run_id", "path", "half_width", "coverage", "repeat_half_width", "loads", "routing", "notes"}
    assert set(told) == names
    assert set(told["coverage"]) == {"n_predicted", "n_held", "n_recent", "n_recent_held"}
    assert 0 < told["coverage"]["n_predicted"] <= len(done.loads)
    assert done.path == str(ws.own / "measurements" / "runs" / f"{done.run_id}.parquet")
    assert [step.run for step in steps] == list(done.loads)
    assert done.half_width == steps[-1].half_width
    assert done.routing is None
    assert done.notes == ("a server does not show the precision of its weights and cache: recorded as given",)
    first = done.loads[0]
    assert (first.model, first.gpu, first.precision, first.engine) == ("Qwen/Qwen3-0.6B", "h200-sxm", "bf16", "vllm")
    assert (first.kv_precision, first.parallelism, first.engine_version) == ("fp8", "tp1", "9.9")
    assert (first.source, first.run_id, first.dummy_weights, first.power_w) == (
        "advisor profile",
        done.run_id,
        False,
        None,
    )
    assert min(run.tpot_s for run in done.loads if run.tpot_s) == pytest.approx(TOKEN_S, rel=1.0)
    assert max(server.prompts) <= 256 * 3 // 4
    frame = ws.runs.to_frame()
    assert set(frame[frame.own].concurrency) == {run.concurrency for run in done.loads}
    assert list(done.loads.to_frame().status) == [run.status for run in done.loads]
