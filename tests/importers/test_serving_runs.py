"""Reports of real tools, made by vLLM 0.32 and GuideLLM 0.8 on a CPU, and what can be wrong with them."""

import json
from dataclasses import fields
from pathlib import Path

import duckdb
import pytest

from advisor.errors import AdvisorError
from advisor.importers.guidellm import import_guidellm
from advisor.importers.own_model import import_model
from advisor.importers.serving_runs import Defaults, ImportedRuns, import_runs
from advisor.importers.vllm_bench import import_vllm_bench
from advisor.store.runs import Run
from advisor.store.workspace import Workspace
from advisor.tables import columns

REPORTS = Path(__file__).parent / "reports"
LENGTHS = {"input_tokens": 64, "output_tokens": 32}
HEAD = "model,gpu,prompt_tokens,generated_tokens,concurrency,tpot_s"


@pytest.fixture
def ws(tmp_path):
    return Workspace(tmp_path / "ws")


@pytest.fixture
def own(ws):
    import_model(ws, REPORTS / "tiny")
    return ws


@pytest.fixture
def table(tmp_path):
    def write(text):
        path = tmp_path / "mine.csv"
        path.write_text(text)
        return path

    return write


def rows(ws):
    found = duckdb.sql(f"from '{ws.own}/measurements/runs/*.parquet'")
    return [dict(zip(found.columns, row, strict=True)) for row in found.fetchall()]


def test_the_defaults_are_columns():
    assert {f.name for f in fields(Defaults)} < {c.name for c in columns(Run)}


def test_serve(own):
    report = json.loads((REPORTS / "vllm_serve.json").read_text())
    done = import_vllm_bench(own, REPORTS / "vllm_serve.json", gpu="l4")
    (row,) = rows(own)
    assert done == ImportedRuns(1, row["run_id"], added=True)
    assert set(done.to_dict()) == {"rows", "run_id", "added", "doubtful", "notes"}
    assert (row["model"], row["gpu"], row["source"], row["status"]) == ("tiny", "l4", "vllm bench serve", "ok")
    assert (row["prompt_tokens"], row["generated_tokens"], row["concurrency"], row["n_requests"]) == (64, 32, 8, 40)
    assert (row["request_rate"], row["parallelism"], row["engine"]) == (None, "tp1", "vllm")
    assert row["tpot_s"] == pytest.approx(report["mean_tpot_ms"] / 1000)
    assert row["tpot_p50_s"] == pytest.approx(report["median_tpot_ms"] / 1000)
    assert row["output_tokens_per_s"] == pytest.approx(report["output_throughput"])
    assert row["power_w"] is None


def test_drafted_answers_are_kept_and_not_fitted(own, tmp_path):
    """As vLLM 0.32 reports speculative decoding."""
    drafted = {"spec_decode_num_drafts": 90, "spec_decode_acceptance_length": 2.1}
    path = tmp_path / "drafted.json"
    path.write_text(json.dumps(json.loads((REPORTS / "vllm_serve.json").read_text()) | drafted))
    done = import_vllm_bench(own, path, gpu="h100-sxm")
    (row,) = rows(own)
    assert (done.rows, done.doubtful) == (1, 1)
    assert "speculative decoding" in row["doubt"]
    assert row["doubt"] in done.notes[0]


def test_columns_of_engines_that_share_the_work(ws, table):
    head = f"{HEAD},parallelism,replicas,prefill_parallelism,prefill_replicas,ttft_s"
    import_runs(ws, table(f"{head}\nqwen3-30b-a3b,h100-sxm,1024,256,64,0.03,tp2ep,4,TP4,1,0.5\n"))
    (row,) = rows(ws)
    found = [row[name] for name in ("parallelism", "replicas", "prefill_parallelism", "prefill_replicas")]
    assert found == ["tp2ep", 4, "tp4", 1]
    with pytest.raises(AdvisorError, match="tp8ep"):
        import_runs(ws, table(f"{head}\nqwen3-30b-a3b,h100-sxm,1024,256,64,0.03,tp2,4,many,1,0.5\n"))


def test_at_a_rate_concurrency_is_arrivals_times_the_time_each_stays(own, tmp_path):
    at_rate = {"request_rate": 5.0, "max_concurrency": None, "duration": 8.0}
    report = json.loads((REPORTS / "vllm_serve.json").read_text()) | at_rate
    path = tmp_path / "rate.json"
    path.write_text(json.dumps(report))
    import_vllm_bench(own, path, gpu="l4")
    (row,) = rows(own)
    stay_s = (report["mean_ttft_ms"] + report["mean_tpot_ms"] * 31) / 1000
    assert row["concurrency"] == pytest.approx(40 / 8 * stay_s)
    assert row["request_rate"] == 5


def test_sweep(own):
    done = import_vllm_bench(own, REPORTS / "sweep", gpu="l4")
    assert done.rows == 4
    assert sorted(row["concurrency"] for row in rows(own)) == [2, 2, 8, 8]
    assert {row["run_id"] for row in rows(own)} == {done.run_id}


def test_throughput_and_latency_say_what_they_lack(own):
    for name in ("vllm_throughput.json", "vllm_latency.json"):
        with pytest.raises(AdvisorError, match="--input-tokens"):
            import_vllm_bench(own, REPORTS / name, gpu="l4", model="tiny")
    import_vllm_bench(own, REPORTS / "vllm_throughput.json", gpu="l4", model="tiny", **LENGTHS, concurrency=64)
    import_vllm_bench(own, REPORTS / "vllm_latency.json", gpu="l4", model="tiny", **LENGTHS, concurrency=8)
    by_source = {row["source"]: row for row in rows(own)}
    throughput, latency = by_source["vllm bench throughput"], by_source["vllm bench latency"]
    report = json.loads((REPORTS / "vllm_throughput.json").read_text())
    assert throughput["output_tokens_per_s"] == pytest.approx(report["tokens_per_second"] / 3)
    assert (throughput["prompt_tokens"], throughput["generated_tokens"], throughput["concurrency"]) == (64, 32, 64)
    report = json.loads((REPORTS / "vllm_latency.json").read_text())
    assert latency["request_s"] == pytest.approx(report["avg_latency"])
    assert latency["request_p90_s"] == pytest.approx(report["percentiles"]["90"])
    assert latency["output_tokens_per_s"] == pytest.approx(8 * 32 / report["avg_latency"])
    others = {"gpu": "l4", "model": "tiny", "input_tokens": 100, "output_tokens": 32}
    with pytest.raises(AdvisorError, match="6144 tokens in 64 requests"):
        import_vllm_bench(own, REPORTS / "vllm_throughput.json", **others)


def test_guidellm(own):
    path = REPORTS / "guidellm.json"
    assert import_guidellm(own, path, gpu="l4").rows == 2
    benchmarks = json.loads(path.read_text())["benchmarks"]
    found = sorted(rows(own), key=lambda row: row["concurrency"])
    assert [row["concurrency"] for row in found] == [2, 4]
    for row, benchmark in zip(found, benchmarks, strict=True):
        assert row["model"] == "tiny"
        ours = (row["request_s"] - row["ttft_s"]) / (row["generated_tokens"] - 1)
        per_token = benchmark["metrics"]["time_per_output_token_ms"]["successful"]["mean"] / 1000
        assert per_token == pytest.approx(row["request_s"] / row["generated_tokens"], rel=0.06)
        assert abs(row["tpot_s"] - ours) < abs(row["tpot_s"] - per_token)


def test_twice_changes_nothing(own):
    first, second = (import_vllm_bench(own, REPORTS / "vllm_serve.json", gpu="l4") for _ in range(2))
    assert (first.added, second.added, second.run_id) == (True, False, first.run_id)
    assert len(rows(own)) == 1
    assert import_vllm_bench(own, REPORTS / "vllm_serve.json", gpu="a10").added


def test_names_of_imports_are_held_fixed(ws, table):
    """A change of this name would make every import count twice, but for the comparison of rows."""
    done = import_runs(ws, table(f"{HEAD}\nqwen3-8b,,1024,256,16,0.009\n"), gpu="l4")
    assert done.run_id == "runs-5a73d42f96ff"


def test_the_same_rows_under_another_name_do_not_count_twice(ws, table):
    """Files that an older version named otherwise."""
    path = table(f"{HEAD}\nqwen3-8b,l4,1024,256,16,0.09\nqwen3-8b,l4,1024,256,32,0.11\n")
    first = import_runs(ws, path)
    folder = ws.own / "measurements" / "runs"
    older = folder / "named-by-an-older-version.parquet"
    duckdb.execute(
        f"copy (select * replace ('{older.stem}' as run_id) from '{folder / first.run_id}.parquet') to '{older}'"
    )
    (folder / f"{first.run_id}.parquet").unlink()
    assert import_runs(ws, path) == ImportedRuns(2, older.stem, added=False)
    assert [file.name for file in folder.iterdir()] == [older.name]
    assert import_runs(ws, table(f"{HEAD}\nqwen3-8b,l4,1024,256,16,0.009\nqwen3-8b,l4,1024,256,32,0.012\n")).added


def test_a_run_sealed_before_a_column_was_known(own):
    run_id = import_vllm_bench(own, REPORTS / "vllm_serve.json", gpu="l4").run_id
    file = own.own / "measurements" / "runs" / f"{run_id}.parquet"
    older = file.with_name("older.parquet")
    duckdb.execute(f"copy (select * exclude (kv_precision) from '{file}') to '{older}'")
    older.replace(file)
    assert not import_vllm_bench(own, REPORTS / "vllm_serve.json", gpu="l4").added


def test_a_recorded_name_with_other_rows_is_refused(ws, table):
    head = HEAD.replace("tpot_s", "tpot_s,run_id")
    import_runs(ws, table(f"{head}\nqwen3-8b,l4,1024,256,16,0.009,mine\n"))
    with pytest.raises(AdvisorError, match="recorded already with other rows"):
        import_runs(ws, table(f"{head}\nqwen3-8b,l4,1024,256,16,0.010,mine\n"))
    assert [row["tpot_s"] for row in rows(ws)] == [0.009]


def test_a_plain_table(ws, table):
    import_runs(ws, table(f"{HEAD}\nqwen3-8b,H100-SXM,1024,256,16,0.009\n"))
    (row,) = rows(ws)
    assert (row["model"], row["gpu"], row["engine"], row["precision"]) == ("Qwen/Qwen3-8B", "h100-sxm", "vllm", "bf16")
    assert (row["parallelism"], row["kv_precision"], row["source"]) == ("tp1", None, "runs")


def test_options_fill_in_what_the_table_leaves_empty_and_no_more(ws, table):
    text = "model,gpu,kv_precision,prompt_tokens,generated_tokens,concurrency,tpot_s\n"
    path = table(text + "qwen3-8b,l4,,9,9,1,1\nqwen3-8b,l4,fp8,9,9,2,1\n")
    import_runs(ws, path, kv_precision="fp8", gpu="L4", engine="sglang", precision="fp8", parallelism="TP2")
    assert [row["kv_precision"] for row in rows(ws)] == ["fp8", "fp8"]
    assert {(row["gpu"], row["engine"], row["precision"], row["parallelism"]) for row in rows(ws)} == {
        ("l4", "sglang", "fp8", "tp2")
    }
    with pytest.raises(AdvisorError, match=r"fp3.*did you mean fp8"):
        import_runs(ws, path, kv_precision="fp3")


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"gpu": "h100-sxm"}, "run 2: gpu is 'l4', but --gpu says 'h100-sxm'; leave the flag out"),
        ({"kv_precision": "fp8"}, "run 2: kv_precision is 'bf16', but --kv-precision says 'fp8'"),
        ({"parallelism": "tp4"}, "run 2: parallelism is 'tp2', but --parallelism says 'tp4'"),
        ({"concurrency": 0}, "--concurrency: 0 is out of range"),
        ({"input_tokens": -1}, "--input-tokens: -1 is out of range"),
    ],
)
def test_a_flag_that_the_table_contradicts_is_refused(ws, table, option, message):
    head = "model,gpu,kv_precision,parallelism,prompt_tokens,generated_tokens,concurrency,tpot_s"
    path = table(f"{head}\nqwen3-8b,,,,9,9,1,1\nqwen3-8b,l4,bf16,tp2,9,9,2,1\n")
    with pytest.raises(AdvisorError) as raised:
        import_runs(ws, path, **{"gpu": "l4"} | option)
    assert message in str(raised.value)
    assert not ws.own.exists()


def test_the_model_is_the_option_s_where_there_is_one(ws, table):
    """Reports name a model as it was served."""
    import_runs(ws, table(f"{HEAD}\nserved-name,l4,9,9,1,1\n"), model="qwen3-8b")
    assert rows(ws)[0]["model"] == "Qwen/Qwen3-8B"


def test_a_table_of_decimals(ws, tmp_path):
    path = tmp_path / "mine.parquet"
    cells = "'qwen3-8b' as model, 'l4' as gpu, 9.5 as prompt_tokens, 9 as generated_tokens, 1 as concurrency"
    duckdb.execute(f"copy (select {cells}, 0.01 as tpot_s) to '{path}'")
    import_runs(ws, path)
    assert rows(ws)[0]["prompt_tokens"] == 9.5


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("model,gpu\nqwen3-8b,l4\n", "has no prompt_tokens; give --input-tokens"),
        (f"{HEAD}\nqwen3-8b,,10,10,1,1\n", "has no gpu; give --gpu"),
        (f"{HEAD}\nqwen3-8b,l4,10,10,1,-1\n", "run 1: tpot_s is -1"),
        (f"{HEAD}\nqwen3-8b,l4,10,10,1,1\nqwen3-8b,l4,10,10,1,1e9\n", "run 2: tpot_s is 1000000000.0; times are in"),
        (f"{HEAD},request_p90_s\nqwen3-8b,l4,10,10,1,1,1e5\n", "run 1: request_p90_s is 100000.0"),
        (f"{HEAD}\nqwen3-8b,l9000,10,10,1,1\n", "unknown GPU"),
        (f"{HEAD}\nnobody/knows,l4,10,10,1,1\n", "unknown model"),
        (f"{HEAD[:-7]}\nqwen3-8b,l4,10,10,1\n", "no measured time"),
        (f"{HEAD}\nqwen3-8b,l4,10,10,0,1\n", "no tokens or no requests"),
        (f"{HEAD},speed\nqwen3-8b,l4,10,10,1,1,1\n", "unknown column 'speed'"),
        (f"{HEAD},status\nqwen3-8b,l4,10,10,1,1,fine\n", "unknown status 'fine'"),
        (f"{HEAD},parallelism\nqwen3-8b,l4,10,10,1,1,many\n", "no parallelism"),
        (f"{HEAD}\nqwen3-8b,l4,10,10,1,fast\n", "tpot_s is 'fast'"),
        (f"{HEAD}\n", "holds no run"),
        (f"{HEAD},run_id\nqwen3-8b,l4,10,10,1,1,../x\n", "cannot name a file"),
        (f"{HEAD},run_id\nqwen3-8b,l4,10,10,1,1,a\nqwen3-8b,l4,10,10,1,1,b\n", "several run_ids"),
    ],
)
def test_bad_tables_leave_nothing_behind(ws, table, text, message):
    with pytest.raises(AdvisorError) as raised:
        import_runs(ws, table(text))
    assert message in str(raised.value)
    assert not ws.own.exists()


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
@pytest.mark.parametrize("verb", [import_vllm_bench, import_guidellm])
def test_what_is_no_report(ws, tmp_path, content, verb):
    path = tmp_path / "report.json"
    path.write_text(content)
    with pytest.raises(AdvisorError, match=r"report\.json: (is no|is damaged|answered no)"):
        verb(ws, path, gpu="l4", model="qwen3-8b", **LENGTHS, concurrency=2)
    assert not ws.own.exists()


def test_an_empty_folder_is_no_sweep(ws, tmp_path):
    for path in (tmp_path, tmp_path / "nowhere.json"):
        with pytest.raises(AdvisorError, match="no report here"):
            import_vllm_bench(ws, path, gpu="l4")
