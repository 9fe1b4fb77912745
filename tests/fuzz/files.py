"""Every kind of file that users bring, mutated: bytes, cells, types, columns."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pyarrow
from pyarrow import parquet

from advisor.store.workspace import Workspace
from tests.fuzz.hostile import JSON, as_json, spoiled, warped, warped_rows
from tests.fuzz.watched import Case

HERE = Path(__file__).parent
REPORTS = HERE.parent / "importers" / "reports"
PROFILES = Workspace().profiles[0]
SAMPLES = [
    {
        "model": "Qwen/Qwen3-8B",
        "task": "mine",
        "question_id": f"q{i // 2}",
        "sample_index": i % 2,
        "answer": "a",
        "correct": i % 3 > 0,
        "generated_tokens": 5 + i,
        "prompt_tokens": 9,
        "score": 0.5,
        "temperature": 1.0,
        "run_id": "r",
        "engine": "vllm",
    }
    for i in range(6)
]
RUNS = [
    {
        "model": "Qwen/Qwen3-8B",
        "gpu": "l4",
        "parallelism": "tp1",
        "precision": "bf16",
        "prompt_tokens": 100.0,
        "generated_tokens": 50.0,
        "concurrency": float(n),
        "tpot_s": 0.02 * n,
        "ttft_s": 0.1,
        "n_requests": 10,
        "note": "fine",
        "measured_at": "2026-01-01",
    }
    for n in (1, 2, 4)
]
EPOCH = [
    {
        "model": "Qwen/Qwen3-8B",
        "benchmark": "GPQA-Diamond",
        "question_id": f"q{i}",
        "epoch": 1,
        "answer": "A",
        "correct": True,
        "output_tokens": 7,
        "input_tokens": 50,
        "temperature": 0.5,
        "run_id": "r",
        "valid": 1,
    }
    for i in range(3)
]
PRICES = (
    "gpu,usd_per_hour,provider,kind,gpus_per_instance,as_of\nl4,0.8,me,on-demand,1,2026-09-01\nh100-sxm,2,me,spot,,\n"
)
TRAFFIC = "hour,questions_per_second\n" + "".join(f"{hour},{hour % 5}\n" for hour in range(24))
HOSTED = (
    "model,provider,usd_per_million_input_tokens,usd_per_million_output_tokens,as_of\n"
    "gpt-oss-120b,me,0.1,0.4,2026-09-01\nqwen3-8b,you,0.1,0.4,\n"
)
TASK = [{"id": f"q{i}", "question": f"What is {i} + {i}?", "answer": str(2 * i)} for i in range(1, 4)]
TABLES = {
    "models.csv": ("models",),
    "gpus.csv": ("gpus",),
    "prices.csv": ("gpus",),
    "points.csv": ("frontier", "--task", "gsm8k"),
    "curves.csv": ("curve", "gpt-oss-120b"),
    "performance.csv": ("estimate", "qwen3-8b", "--gpu", "l4"),
    "corrections.csv": ("estimate", "gpt-oss-120b", "--gpu", "h100-sxm"),
    "support.csv": ("estimate", "qwen3-8b", "--gpu", "l4"),
    "families.csv": ("estimate", "qwen3-8b", "--gpu", "l4"),
    "checkpoints.csv": ("estimate", "qwen3-8b", "--gpu", "l4", "--precision", "fp8"),
    "checkpoint_formats.csv": ("estimate", "qwen3-8b", "--gpu", "l4", "--precision", "fp8"),
    "launch_flags.csv": ("estimate", "qwen3-8b", "--gpu", "l4"),
    "sampling.csv": ("recommend", "--model", "gpt-oss-120b", "--gpu", "h100-sxm"),
    "measured_with.csv": ("recommend", "--model", "gpt-oss-120b", "--gpu", "h100-sxm"),
}


def of_text(rng, text):
    """A CSV with warped cells, or with bytes spoiled."""
    if rng.random() < 0.3:
        return spoiled(rng, text.encode())
    out = io.StringIO()
    rows = warped_rows(rng, list(csv.reader(io.StringIO(text))))
    csv.writer(out, quoting=rng.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])).writerows(rows)
    return out.getvalue().encode("utf-8", "surrogatepass")


def of_lines(rng, rows):
    """JSON lines with warped values, or with bytes spoiled."""
    if rng.random() < 0.3:
        return spoiled(rng, b"\n".join(as_json(row) for row in rows))
    warp = rng.randrange(len(rows))
    return b"\n".join(as_json(warped(rng, row) if i == warp else row) for i, row in enumerate(rows)) + b"\n"


def of_parquet(rng, rows, path):
    """A Parquet file with columns of other types, or with bytes spoiled."""
    table = pyarrow.Table.from_pylist(rows)
    if rng.random() < 0.7:
        name = rng.choice(table.column_names)
        how, at = rng.randrange(5), table.column_names.index(name)
        if how == 0:
            table = table.drop_columns([name])
        elif how == 1:
            table = table.rename_columns(
                [rng.choice(["x", "", "a\x1bb", n]) if n == name else n for n in table.column_names]
            )
        else:
            value = rng.choice([v for v in JSON if v != {} and (not isinstance(v, int) or abs(v) < 2**63)])
            try:
                table = table.set_column(at, name, pyarrow.array([value] * len(table)))
            except (ValueError, pyarrow.ArrowException):
                table = table.set_column(at, name, pyarrow.nulls(len(table)))
        parquet.write_table(table, path)
    else:
        parquet.write_table(table, path)
        path.write_bytes(spoiled(rng, path.read_bytes()))


def samples_lines(rng, folder):
    (folder / "s.jsonl").write_bytes(of_lines(rng, SAMPLES))
    return "s.jsonl", ("import", "samples", "s.jsonl")


def samples_parquet(rng, folder):
    of_parquet(rng, SAMPLES, folder / "s.parquet")
    return "s.parquet", ("import", "samples", "s.parquet")


def runs_csv(rng, folder):
    names = list(RUNS[0])
    text = "\n".join([",".join(names), *(",".join(str(run[name]) for name in names) for run in RUNS)]) + "\n"
    (folder / "r.csv").write_bytes(of_text(rng, text))
    return "r.csv", ("import", "runs", "r.csv")


def runs_parquet(rng, folder):
    of_parquet(rng, RUNS, folder / "r.parquet")
    return "r.parquet", ("import", "runs", "r.parquet")


def report(kind, file, *options):
    """A maker of a report of a tool."""

    def make(rng, folder):
        data = (REPORTS / file).read_bytes()
        data = spoiled(rng, data) if rng.random() < 0.3 else as_json(warped(rng, json.loads(data)))
        (folder / "b.json").write_bytes(data)
        return "b.json", ("import", kind, "b.json", "--model", "qwen3-8b", "--gpu", "l4", *options)

    return make


def epoch(rng, folder):
    of_parquet(rng, EPOCH, folder / "e.parquet")
    return "e.parquet", ("import", "epoch", "e.parquet")


def config(rng, folder):
    known = sorted((PROFILES / "models").glob("*/config.json"))
    data = rng.choice(known).read_bytes()
    data = spoiled(rng, data) if rng.random() < 0.3 else as_json(warped(rng, json.loads(data)))
    (folder / "config.json").write_bytes(data)
    command = rng.choice([("import", "model", "config.json"), ("estimate", "config.json", "--gpu", "h200-sxm")])
    return "config.json", command


def prices(rng, folder):
    (folder / "p.csv").write_bytes(of_text(rng, PRICES))
    return "p.csv", ("gpus", "--price", "p.csv")


def traffic(rng, folder):
    (folder / "t.csv").write_bytes(of_text(rng, TRAFFIC))
    return "t.csv", ("recommend", "--traffic", "t.csv", "--model", "gpt-oss-120b", "--gpu", "h100-sxm")


def hosted(rng, folder):
    (folder / "h.csv").write_bytes(of_text(rng, HOSTED))
    return "h.csv", ("recommend", "--hosted", "h.csv", "--model", "gpt-oss-120b", "--gpu", "h100-sxm")


def task(rng, folder):
    """No server answers: a sound file ends in exit 3."""
    if rng.random() < 0.7:
        name = "t.jsonl"
        (folder / name).write_bytes(of_lines(rng, TASK))
    else:
        name = "t.parquet"
        of_parquet(rng, TASK, folder / name)
    return name, ("calibrate", "qwen3-8b", "--task", name, "--url", "http://127.0.0.1:9")


def table(rng, folder):
    """A table of a workspace, of the lines that ship the first few."""
    name = rng.choice(list(TABLES))
    text = "".join((PROFILES / name).read_text(encoding="utf-8").splitlines(keepends=True)[:12])
    own = folder / "ws" / "profiles"
    own.mkdir(parents=True)
    (own / name).write_bytes(of_text(rng, text))
    return name, TABLES[name]


KINDS = {
    "samples.jsonl": samples_lines,
    "samples.parquet": samples_parquet,
    "runs.csv": runs_csv,
    "runs.parquet": runs_parquet,
    "vllm bench serve": report("vllm-bench", "vllm_serve.json"),
    "vllm bench throughput": report(
        "vllm-bench", "vllm_throughput.json", "--input-tokens", "64", "--output-tokens", "32"
    ),
    "guidellm": report("guidellm", "guidellm.json"),
    "epoch.parquet": epoch,
    "config.json": config,
    "prices.csv": prices,
    "traffic.csv": traffic,
    "hosted.csv": hosted,
    "task file": task,
    "workspace table": table,
}


def case(rng, folder, kind=None):
    """A command over a mutated file of some kind."""
    (folder / "ws").mkdir(exist_ok=True)
    name, arguments = KINDS[kind or rng.choice(list(KINDS))](rng, folder)
    return Case((*arguments, "--workspace", str(folder / "ws")), (name, str(folder)), folder / "ws")
