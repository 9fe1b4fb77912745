"""Seconds and memory of the commands at a hundred times the measurements, and how both grow.

    python benchmarks/scale.py [--answers 5000000] [--runs 10000]

Thirty-two answers to each of a thousand questions of ever more models, imported, fitted and looked up; then ever more
files of measured loads, fitted and listed. Every command is run as a user types it, in a workspace of its own; peaks
are those of all its processes that were largest. The table goes to docs/validation.md.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb
from validation_page import put, table

GROWTH = (100, 10, 1)
ANSWERS = """
select
    'lab/model-' || m as model,
    'task-' || (m % 4) as task,
    'question-' || q as question_id,
    s::int as sample_index,
    if(luck < chance, 'right', 'wrong-' || (hash(m, q, s) % 7)) as answer,
    luck < chance as correct,
    (200 + 3000 * (hash(s, q, m) % 100000) / 100000)::int as generated_tokens,
    120 as prompt_tokens,
    'stop' as finish_reason,
    0.7 as temperature,
    'run-' || m as run_id
from (
    select m, q, s, (hash(q, m, s) % 100000) / 100000 as luck, (hash(q) % 100) / 100 as chance
    from range({models}) as models(m), range(1000) as questions(q), range(32) as samples(s)
)
"""
LOADS = """
select
    'Qwen/Qwen3-8B' as model, 'h100-sxm' as gpu, 'tp1' as parallelism, 'bf16' as precision, 'vllm' as engine,
    'ok' as status, 1024.0 as prompt_tokens, 256.0 as generated_tokens, (2 ** (i % 8))::double as concurrency,
    (0.0075 + 0.00006 * 2 ** (i % 8)) * (1 + (hash(i, {file}) % 10000000) / 50000000) as tpot_s,
    'made up' as source, 'loads-{file}' as run_id
from range(20) as loads(i)
"""


def measured(*arguments: str) -> list[str]:
    """Wall-clock seconds, seconds of processors and the peak of memory of one command."""
    begun = time.perf_counter()
    started = subprocess.Popen([sys.executable, "-m", "advisor", *arguments], stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(started.pid, 0)
    assert status == 0, arguments
    seconds = time.perf_counter() - begun
    return [f"{seconds:.1f}", f"{used.ru_utime + used.ru_stime:.1f}", f"{used.ru_maxrss / 2**20:.1f}"]


def of_answers(folder: Path, n: int) -> list[list[str]]:
    models = max(n // 32_000, 1)
    file, workspace = folder / f"{n}.parquet", str(folder / f"answers-{n}")
    duckdb.execute(f"copy ({ANSWERS.format(models=models)}) to '{file}' (format parquet)")
    label = f"{models * 32_000:,} answers of {models} models"
    commands = {
        "import samples": ("import", "samples", str(file), "--workspace", workspace),
        "fit": ("fit", "--workspace", workspace),
        "tasks": ("tasks", "--workspace", workspace),
    }
    return [[f"`advisor {name}`, {label}", *measured(*words)] for name, words in commands.items()]


def of_runs(folder: Path, n: int) -> list[list[str]]:
    workspace = folder / f"runs-{n}"
    runs = workspace / "measurements" / "runs"
    runs.mkdir(parents=True)
    for file in range(n):
        duckdb.execute(f"copy ({LOADS.format(file=file)}) to '{runs}/loads-{file}.parquet' (format parquet)")
    label = f"{n:,} files of 20 loads"
    return [
        [f"`advisor {name}`, {label}", *measured(name, "--workspace", str(workspace))]
        for name in ("fit", "measurements")
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--answers", type=int, default=5_000_000)
    parser.add_argument("--runs", type=int, default=10_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rows = [row for part in GROWTH for row in of_answers(Path(folder), given.answers // part)]
        rows += [row for part in GROWTH for row in of_runs(Path(folder), given.runs // part)]
    body = table(rows, ["command", "s", "s of processors", "GiB, largest process"])
    words = f"On {os.cpu_count()} processors; `python benchmarks/scale.py`.\n\n"
    put("At a hundred times the measurements", words + body)
    print(body)


if __name__ == "__main__":
    main()
