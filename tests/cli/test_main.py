import json
import subprocess
import sys

import pytest

HEAVY = ["torch", "vllm", "ray", "scipy", "sklearn", "pandas", "matplotlib"]


def test_estimate_keeps_its_keys(advisor):
    code, out, _ = advisor("estimate", "qwen3-8b", "--gpu", "h100-sxm", "--concurrency", 8, "--json")
    answer = json.loads(out)
    assert code == 0
    assert answer["fits"] is True
    assert set(answer["memory"]) >= {"weights_bytes", "kv_cache_bytes", "overhead_bytes", "total_bytes"}
    assert set(answer) >= {
        "ttft_s",
        "tpot_s",
        "output_tokens_per_s",
        "usd_per_million_output_tokens",
        "provenance",
        "interval",
    }
    assert answer["interval"]["tpot_s"]["low"] < answer["tpot_s"] < answer["interval"]["tpot_s"]["high"]


def test_a_cache_in_fp8_takes_half_the_room_and_says_so(advisor):
    wide, narrow = (
        json.loads(advisor("estimate", "qwen3-8b", "--gpu", "h100-sxm", "--kv-precision", p, "--json")[1])
        for p in ("bf16", "fp8")
    )
    assert narrow["kv_precision"] == "fp8"
    assert narrow["memory"]["kv_cache_bytes"] == wide["memory"]["kv_cache_bytes"] / 2
    assert narrow["tpot_s"] < wide["tpot_s"]
    assert "KV cache in fp8" in advisor("estimate", "qwen3-8b", "--gpu", "h100-sxm", "--kv-precision", "fp8")[1]
    assert advisor("estimate", "qwen3-8b", "--gpu", "h100-sxm", "--kv-precision", "int4")[0] == 2


def test_an_estimate_far_from_what_was_measured_says_less(advisor):
    asked = (
        "estimate",
        "Meta-Llama-3.1-70B",
        "--gpu",
        "h200-sxm",
        "--gpu-count",
        4,
        "--precision",
        "fp8",
        "--engine",
        "trtllm",
        "--json",
    )
    near, far = (json.loads(advisor(*asked, "--concurrency", c)[1]) for c in (32, 512))
    width = [answer["interval"]["tpot_s"]["high"] / answer["tpot_s"] for answer in (near, far)]
    assert width[0] < width[1]


def test_estimate_reads_for_a_person(advisor):
    code, out, _ = advisor("estimate", "qwen3-8b", "--gpu", "h100-sxm")
    assert code == 0
    assert "Qwen/Qwen3-8B (bf16) on 1 × h100-sxm" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["estimate", "qwen3-9b", "--gpu", "h100-sxm"], "did you mean"),
        (["estimate", "qwen3-8b", "--gpu", "h200sxm"], "did you mean h200-sxm"),
        (["estimate", "qwen3-8b", "--gpu", "l4", "--precision", "fp9"], "did you mean fp8"),
        (["estimate", "qwen3-8b", "--gpu", "l4", "--concurrency", "0"], "--concurrency: 0 is out of range"),
        (["estimate", "qwen3-8b"], "--gpu"),
        (["nope"], "nope"),
    ],
)
def test_bad_input_is_one_line_and_exit_2(advisor, arguments, message):
    code, out, err = advisor(*arguments)
    assert (code, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1


@pytest.mark.parametrize("command", ["models", "gpus"])
def test_listings(advisor, command):
    code, out, _ = advisor(command, "--json")
    assert code == 0
    assert len(json.loads(out)[command]) >= 20
    assert advisor(command)[0] == 0


@pytest.mark.parametrize(
    "arguments", [["--help"], ["estimate", "qwen3-8b", "--gpu", "h100-sxm", "--price", "h100-sxm=2", "--json"]]
)
def test_cold_start_loads_nothing_heavy(arguments):
    script = (
        f"import sys\nfrom advisor.cli.main import run\nrun({arguments!r})\n"
        f"print([m for m in {HEAVY!r} if m in sys.modules], file=sys.stderr)"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert result.stderr.strip() == "[]"


def test_the_package_says_that_it_is_typed():
    from importlib.resources import files

    assert files("advisor").joinpath("py.typed").is_file()
