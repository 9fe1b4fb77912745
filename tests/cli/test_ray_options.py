"""What `--ray` refuses before anything is started."""

from importlib.util import find_spec

import pytest


@pytest.mark.parametrize(
    ("words", "code", "line"),
    [
        (["profile", "qwen3-8b", "qwen3-4b"], 2, "MODEL: several are measured on a Ray cluster alone; give --ray too"),
        (
            ["profile", "qwen3-8b", "--gpu", "l4", "--gpu", "t4"],
            2,
            "--gpu: several are measured on a Ray cluster alone",
        ),
        (["profile", "qwen3-8b", "--ray", "local", "--url", "http://h:1/v1"], 2, "--url: does not go with --ray"),
        (["profile", "qwen3-8b", "--ray", "local", "--routing", "gsm8k"], 2, "--routing: does not go with --ray"),
        (["calibrate", "qwen3-8b", "--task", "arithmetic", "--replicas", "2"], 2, "--replicas: is for --ray"),
        (
            ["calibrate", "qwen3-8b", "--task", "arithmetic", "--ray", "local", "--url", "http://h:1/v1"],
            2,
            "--ray: runs vLLM itself and does not go with --url",
        ),
    ],
)
def test_what_makes_no_sense(advisor, tmp_path, words, code, line):
    got, out, err = advisor(*words, "--workspace", tmp_path)
    assert (got, out) == (code, "")
    assert err.startswith(f"advisor: {line}")


@pytest.mark.skipif(find_spec("ray") is not None, reason="Ray is here")
@pytest.mark.parametrize("words", [["calibrate", "qwen3-8b", "--task", "arithmetic"], ["profile", "qwen3-8b"]])
def test_without_ray(advisor, tmp_path, words):
    got, out, err = advisor(*words, "--ray", "local", "--json", "--workspace", tmp_path)
    assert (got, out) == (3, "")
    assert err == "advisor: --ray: Ray is not installed; pip install 'frontier-advisor[ray]'\n"
