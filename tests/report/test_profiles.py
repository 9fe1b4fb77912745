"""What `advisor profile` refuses before it starts anything; real profiles are in tests/testbed."""

from importlib.util import find_spec

import pytest

SERVER = ("--url", "http://127.0.0.1:9", "--gpu", "l4")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["qwen3-8b", *SERVER, "--time", "soon"], "--time"),
        (["qwen3-8b", *SERVER, "--within", "0"], "--within"),
        (["qwen3-8b", *SERVER, "--precision", "fp9"], "did you mean fp8"),
        (["qwen3-8b", *SERVER, "--engine", "vlm"], "did you mean vllm"),
        (["qwen3-8b", *SERVER, "--kv-precision", "fp9"], "did you mean fp8"),
        (["qwen3-8b", *SERVER, "--routing", "arithmetic"], "--routing"),
        (["qwen3-8b", "--engine-option", "kv_cache_dtype=fp8"], "--kv-precision"),
        (["qwen3-8b", "--engine-option", "tensor_parallel_size=2"], "--parallelism"),
        (["qwen3-8b", *SERVER[:2]], "--gpu"),
        (["qwen3-8b", *SERVER, "--parallelism", "many"], "no parallelism"),
        (["qwen3-8b", *SERVER, "--dummy-weights"], "tell the server itself"),
        (["nobody/knows", *SERVER], "import model"),
        (["qwen3-9b", *SERVER], "did you mean"),
    ],
)
def test_bad_input(advisor, tmp_path, arguments, message):
    code, _, err = advisor("profile", *arguments, "--workspace", tmp_path)
    assert code == 2
    assert message in err
    assert err.count("\n") == 1
    assert not list(tmp_path.rglob("*.parquet"))


def test_no_server(advisor, tmp_path):
    code, _, err = advisor("profile", "qwen3-8b", *SERVER, "--workspace", tmp_path)
    assert code == 3
    assert "vllm serve" in err


@pytest.mark.skipif(find_spec("vllm") is not None, reason="vLLM is here")
def test_no_engine(advisor, tmp_path):
    code, _, err = advisor("profile", "qwen3-8b", "--workspace", tmp_path)
    assert code == 3
    assert "pip install" in err
