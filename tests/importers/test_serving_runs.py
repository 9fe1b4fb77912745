"""Reports of real tools, made by vLLM 0.32 and GuideLLM 0.8 on a CPU, and what can be wrong with them."""

import json
import shutil
from pathlib import Path

import duckdb
import pytest

REPORTS = Path(__file__).parent / "reports"
LENGTHS = ("--input-tokens", 64, "--output-tokens", 32)


@pytest.fixture
def own(advisor, tmp_path):
    ws = tmp_path / "ws"
    assert advisor("import", "model", REPORTS / "tiny", "--workspace", ws)[0] == 0
    return ws


def rows(ws):
    found = duckdb.sql(f"from '{ws}/measurements/runs/*.parquet'")
    return [dict(zip(found.columns, row, strict=True)) for row in found.fetchall()]


def test_serve(advisor, own):
    report = json.loads((REPORTS / "vllm_serve.json").read_text())
    code, _, err = advisor("import", "vllm-bench", REPORTS / "vllm_serve.json", "--gpu", "l4", "--workspace", own)
    assert code == 0, err
    (row,) = rows(own)
    assert (row["model"], row["gpu"], row["source"], row["status"]) == ("tiny", "l4", "vllm bench serve", "ok")
    assert (row["prompt_tokens"], row["generated_tokens"], row["concurrency"], row["n_requests"]) == (64, 32, 8, 40)
    assert row["request_rate"] is None
    assert row["tpot_s"] == pytest.approx(report["mean_tpot_ms"] / 1000)
    assert row["tpot_p50_s"] == pytest.approx(report["median_tpot_ms"] / 1000)
    assert row["output_tokens_per_s"] == pytest.approx(report["output_throughput"])
    assert row["power_w"] is None


def test_at_a_rate_concurrency_is_littles_law(advisor, own, tmp_path):
    report = json.loads((REPORTS / "vllm_serve.json").read_text()) | {
        "request_rate": 5.0,
        "max_concurrency": None,
        "duration": 8.0,
    }
    path = tmp_path / "rate.json"
    path.write_text(json.dumps(report))
    assert advisor("import", "vllm-bench", path, "--gpu", "l4", "--workspace", own)[0] == 0
    (row,) = rows(own)
    stay = row["ttft_s"] + row["tpot_s"] * 31
    assert row["concurrency"] == pytest.approx(40 / 8 * stay)
    assert row["request_rate"] == 5


def test_a_time_of_zero_is_no_time(advisor, own, tmp_path):
    """vLLM gives a TPOT of zero for answers of one token; the fit goes by the rest."""
    report = json.loads((REPORTS / "vllm_serve.json").read_text())
    path = tmp_path / "one.json"
    path.write_text(
        json.dumps(
            report
            | {
                "mean_tpot_ms": 0.0,
                "median_tpot_ms": 0.0,
                "p99_tpot_ms": 0.0,
                "total_output_tokens": 40,
                "output_throughput": 14.0,
            }
        )
    )
    for file in (path, REPORTS / "vllm_serve.json"):
        assert advisor("import", "vllm-bench", file, "--gpu", "l4", "--workspace", own)[0] == 0
    code, _, err = advisor("fit", "--workspace", own)
    assert code == 0, err
    told = json.loads(advisor("estimate", "tiny", "--gpu", "l4", "--workspace", own, "--json")[1])
    assert 0 < told["tpot_s"] < 1


def test_sweep(advisor, own):
    assert advisor("import", "vllm-bench", REPORTS / "sweep", "--gpu", "l4", "--workspace", own)[0] == 0
    assert sorted(row["concurrency"] for row in rows(own)) == [2, 2, 8, 8]


def test_throughput_and_latency_need_to_be_told(advisor, own):
    flags = ("--gpu", "l4", "--model", "tiny", "--workspace", own)
    for name in ("vllm_throughput.json", "vllm_latency.json"):
        code, _, err = advisor("import", "vllm-bench", REPORTS / name, *flags)
        assert code == 2
        assert "--input-tokens" in err
    assert (
        advisor("import", "vllm-bench", REPORTS / "vllm_throughput.json", *flags, *LENGTHS, "--concurrency", 64)[0] == 0
    )
    assert advisor("import", "vllm-bench", REPORTS / "vllm_latency.json", *flags, *LENGTHS, "--concurrency", 8)[0] == 0
    by_source = {row["source"]: row for row in rows(own)}
    report = json.loads((REPORTS / "vllm_throughput.json").read_text())
    assert by_source["vllm bench throughput"]["output_tokens_per_s"] == pytest.approx(report["tokens_per_second"] / 3)
    assert by_source["vllm bench latency"]["request_s"] == pytest.approx(
        json.loads((REPORTS / "vllm_latency.json").read_text())["avg_latency"]
    )
    assert by_source["vllm bench latency"]["request_p90_s"] > by_source["vllm bench latency"]["request_p50_s"]
    code, _, err = advisor(
        "import", "vllm-bench", REPORTS / "vllm_throughput.json", *flags, "--input-tokens", 100, "--output-tokens", 32
    )
    assert code == 2
    assert "6144 tokens in 64 requests" in err


def test_guidellm(advisor, own):
    path = REPORTS / "guidellm.json"
    assert advisor("import", "guidellm", path, "--gpu", "l4", "--workspace", own)[0] == 0
    benchmarks = json.loads(path.read_text())["benchmarks"]
    found = sorted(rows(own), key=lambda row: row["concurrency"])
    assert [row["concurrency"] for row in found] == [2, 4]
    for row, benchmark in zip(found, benchmarks, strict=True):
        assert row["model"] == "tiny"
        ours = (row["request_s"] - row["ttft_s"]) / (row["generated_tokens"] - 1)
        per_token = benchmark["metrics"]["time_per_output_token_ms"]["successful"]["mean"] / 1000
        assert per_token == pytest.approx(row["request_s"] / row["generated_tokens"], rel=0.06)
        assert abs(row["tpot_s"] - ours) < abs(row["tpot_s"] - per_token)


def test_twice_changes_nothing(advisor, own):
    asked = ("import", "vllm-bench", REPORTS / "vllm_serve.json", "--gpu", "l4", "--workspace", own, "--json")
    first, second = (json.loads(advisor(*asked)[1]) for _ in range(2))
    assert (first["added"], second["added"]) == (True, False)
    assert len(rows(own)) == 1


def test_a_plain_table(advisor, tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text(
        "model,gpu,parallelism,prompt_tokens,generated_tokens,concurrency,tpot_s\nqwen3-8b,H100-SXM,tp1,1024,256,16,0.009\n"
    )
    code, _, err = advisor("import", "runs", path, "--workspace", tmp_path / "ws")
    assert code == 0, err
    (row,) = rows(tmp_path / "ws")
    assert (row["model"], row["gpu"], row["engine"], row["precision"]) == ("Qwen/Qwen3-8B", "h100-sxm", "vllm", "bf16")
    assert row["kv_precision"] is None


def test_the_precision_of_the_cache_is_told_or_read(advisor, tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text(
        "model,gpu,kv_precision,prompt_tokens,generated_tokens,concurrency,tpot_s\nqwen3-8b,l4,,9,9,1,1\nqwen3-8b,l4,bf16,9,9,2,1\n"
    )
    assert advisor("import", "runs", path, "--kv-precision", "fp8", "--workspace", tmp_path / "ws")[0] == 0
    assert [row["kv_precision"] for row in rows(tmp_path / "ws")] == ["fp8", "bf16"]
    code, _, err = advisor("import", "runs", path, "--kv-precision", "fp3", "--workspace", tmp_path / "ws")
    assert (code, "fp3" in err, "did you mean fp8" in err) == (2, True, True)


def test_a_table_of_decimals(advisor, tmp_path):
    path = tmp_path / "mine.parquet"
    columns = "'qwen3-8b' as model, 'l4' as gpu, 9.5 as prompt_tokens, 9 as generated_tokens, 1 as concurrency, 0.01 as tpot_s"
    duckdb.execute(f"copy (select {columns}) to '{path}'")
    assert advisor("import", "runs", path, "--workspace", tmp_path / "ws")[0] == 0
    assert rows(tmp_path / "ws")[0]["prompt_tokens"] == 9.5


def test_a_run_sealed_before_a_column_was_known(advisor, own):
    asked = ("import", "vllm-bench", REPORTS / "vllm_serve.json", "--gpu", "l4", "--workspace", own, "--json")
    run_id = json.loads(advisor(*asked)[1])["run_id"]
    file = own / "measurements" / "runs" / f"{run_id}.parquet"
    older = file.with_name("older.parquet")
    duckdb.execute(f"copy (select * exclude (kv_precision) from '{file}') to '{older}'")
    older.replace(file)
    assert json.loads(advisor(*asked)[1])["added"] is False
    assert advisor("fit", "--workspace", own)[0] == 0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("model,gpu\nqwen3-8b,l4\n", "does not say prompt_tokens"),
        ("model,gpu,prompt_tokens,generated_tokens,concurrency,tpot_s\nqwen3-8b,l4,10,10,1,-1\n", "tpot_s is -1"),
        ("model,gpu,prompt_tokens,generated_tokens,concurrency,tpot_s\nqwen3-8b,l9000,10,10,1,1\n", "unknown GPU"),
        ("model,gpu,prompt_tokens,generated_tokens,concurrency,tpot_s\nnobody/knows,l4,10,10,1,1\n", "unknown model"),
        ("model,gpu,prompt_tokens,generated_tokens,concurrency\nqwen3-8b,l4,10,10,1\n", "no measured time"),
        (
            "model,gpu,prompt_tokens,generated_tokens,concurrency,tpot_s\nqwen3-8b,l4,10,10,0,1\n",
            "no tokens or no requests",
        ),
        (
            "model,gpu,prompt_tokens,generated_tokens,concurrency,tpot_s,speed\nqwen3-8b,l4,10,10,1,1,1\n",
            "unknown column 'speed'",
        ),
        (
            "model,gpu,parallelism,prompt_tokens,generated_tokens,concurrency,tpot_s\nqwen3-8b,l4,many,10,10,1,1\n",
            "no parallelism",
        ),
        ("model,gpu,prompt_tokens,generated_tokens,concurrency,tpot_s\nqwen3-8b,l4,10,10,1,fast\n", "tpot_s is 'fast'"),
        ("model,gpu,prompt_tokens,generated_tokens,concurrency,tpot_s\n", "holds no run"),
        (
            "model,gpu,run_id,prompt_tokens,generated_tokens,concurrency,tpot_s\nqwen3-8b,l4,../x,10,10,1,1\n",
            "cannot name a file",
        ),
    ],
)
def test_bad_tables_leave_nothing_behind(advisor, tmp_path, text, message):
    path = tmp_path / "mine.csv"
    path.write_text(text)
    code, _, err = advisor("import", "runs", path, "--workspace", tmp_path / "ws")
    assert code == 2
    assert message in err
    assert err.count("\n") == 1
    assert not list((tmp_path / "ws").rglob("*.parquet"))


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        "{}",
        '{"benchmarks": 3}',
        '{"benchmarks": [{}]}',
        '{"output_throughput": 1}',
        '{"avg_latency": "x"}',
    ],
)
@pytest.mark.parametrize("kind", ["vllm-bench", "guidellm"])
def test_what_is_no_report(advisor, tmp_path, content, kind):
    path = tmp_path / "report.json"
    path.write_text(content)
    code, _, err = advisor(
        "import",
        kind,
        path,
        "--gpu",
        "l4",
        "--model",
        "qwen3-8b",
        *LENGTHS,
        "--concurrency",
        2,
        "--workspace",
        tmp_path / "ws",
    )
    assert code == 2
    assert err.count("\n") == 1


def test_an_empty_folder_is_no_sweep(advisor, tmp_path):
    assert advisor("import", "vllm-bench", tmp_path, "--gpu", "l4", "--workspace", tmp_path / "ws")[0] == 2
    assert (
        advisor("import", "vllm-bench", tmp_path / "nowhere.json", "--gpu", "l4", "--workspace", tmp_path / "ws")[0]
        == 2
    )


def test_own_runs_change_the_estimate_and_say_so(advisor, tmp_path):
    """Half as fast as what ships says: after the fit the estimate is near what was measured, with its source."""
    ws = tmp_path / "ws"
    asked = (
        "estimate",
        "qwen3-8b",
        "--gpu",
        "h100-sxm",
        "--input-tokens",
        1024,
        "--output-tokens",
        256,
        "--concurrency",
        16,
        "--json",
        "--workspace",
        ws,
    )
    before = json.loads(advisor(*asked)[1])["tpot_s"]
    lines = [
        f"qwen3-8b,h100-sxm,1024,256,{c},{2 * json.loads(advisor(*asked[:8], '--concurrency', c, '--json')[1])['tpot_s']}"
        for c in (1, 4, 16, 64)
    ]
    path = tmp_path / "mine.csv"
    path.write_text("\n".join(["model,gpu,prompt_tokens,generated_tokens,concurrency,tpot_s", *lines]))
    assert advisor("import", "runs", path, "--workspace", ws)[0] == 0
    assert "run `advisor fit`" in advisor("recommend", "--workspace", ws)[2]
    assert advisor("fit", "--workspace", ws)[0] == 0
    after = json.loads(advisor(*asked)[1])
    assert after["tpot_s"] == pytest.approx(2 * before, rel=0.25)
    assert after["provenance"]["performance"] == "fitted"
    assert "4 runs of this model shape on this GPU" in after["provenance"]["source"]
    assert json.loads(advisor(*asked[:-2])[1])["tpot_s"] == before
    shutil.rmtree(ws / "measurements")
