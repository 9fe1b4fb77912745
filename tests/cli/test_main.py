import json
import subprocess
import sys

import pytest

from advisor.units import significant

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


def test_times_in_the_table_are_those_of_the_json(advisor):
    words = ("estimate", "qwen3-8b", "--gpu", "h100-sxm", "--rate", 4, "--max-tpot", "30ms")
    answer, shown = json.loads(advisor(*words, "--json")[1]), " ".join(advisor(*words)[1].split())
    for name, scale, unit in (("ttft_s", 1, "s"), ("tpot_s", 1e3, "ms")):
        ends, of_load = answer["interval"][name], answer["load"][name]
        low, value, high = (significant(scale * x) for x in (ends["low"], answer[name], ends["high"]))
        assert f"{name[:4].upper()} {value} {unit} ({low} – {high})" in shown
        percentiles = " / ".join(significant(scale * of_load[p]) for p in ("p50", "p90", "p99"))
        assert f"{percentiles} {unit}" in shown.split(f"{name[:4].upper()} of 50 / 90 / 99 %")[1]
    assert "simulated at 4.00 requests/s, one replica" in shown


def test_traffic_is_shared_out_over_the_replicas_that_it_takes(advisor):
    """Percentiles are those of one replica at its part of the traffic, not of an idle one."""
    words = ("estimate", "qwen3-8b", "--gpu", "h100-sxm", "--max-ttft", "1s", "--json")
    found = json.loads(advisor(*words, "--qps", 20)[1])
    replicas = found["within_limits"]["replicas"]
    assert replicas > 1
    assert found["rate"] == pytest.approx(20 / replicas)
    assert found["load"] == json.loads(advisor(*words, "--rate", 20 / replicas)[1])["load"]


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
