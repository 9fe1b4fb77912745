"""Seconds that `advisor import samples` takes, of JSONL and of Parquet, rows made up.

    python benchmarks/import_samples.py [ROWS]

Sixteen answers a question of twenty models, with the optional columns that a logged run has. Every import is the
command itself in an empty workspace.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb

RUNS = 20
ROWS = """
select
    'lab/model-' || (i % 20) as model,
    'task' as task,
    'question-' || (i // 320) as question_id,
    (i // 20) % 16 as sample_index,
    case when hash(i) % 10 < 9 then (hash(i) % 7)::varchar end as answer,
    hash(i) % 7 = 3 and hash(i) % 10 < 9 as correct,
    50 + hash(i, 1) % 30000 as generated_tokens,
    100 + hash(i // 320) % 900 as prompt_tokens,
    'stop' as finish_reason,
    0.7 as temperature,
    0.95 as top_p,
    'run-' || (i % 20) as run_id
from range({n}) as t(i)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", nargs="?", type=int, default=5_000_000)
    n = parser.parse_args().rows
    with tempfile.TemporaryDirectory() as folder:
        for name, form in (("answers.parquet", "format parquet"), ("answers.jsonl", "format json")):
            file = Path(folder) / name
            duckdb.execute(f"copy ({ROWS.format(n=n)}) to '{file}' ({form})")
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            start = time.perf_counter()
            workspace = str(Path(folder) / file.suffix[1:])
            command = [sys.executable, "-m", "advisor", "import", "samples", str(file), "--workspace", workspace]
            done = json.loads(subprocess.run([*command, "--json"], check=True, capture_output=True).stdout)
            seconds = time.perf_counter() - start
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            assert (done["rows"], len(done["new_runs"])) == (n, RUNS), done
            busy = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            print(
                f"{n:,} answers of {name} ({file.stat().st_size / 1e9:.2f} GB): {seconds:.1f} s,"
                f" {busy:.1f} s of processors, {after.ru_maxrss / 2**20:.1f} GiB at most so far"
            )


if __name__ == "__main__":
    main()
