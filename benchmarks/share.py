"""Time what opening a shared store costs, and what reading it where it lies would cost, on a local S3 server.

    python benchmarks/share.py [--runs 300] [--rows 200]

Each run is a file of answers. The first opening fetches all of them, a later one lists the store. Beside it DuckDB
reads one model's answers straight from the store through fsspec, by columns and filter.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import duckdb

from advisor.store.measurements import seal_rows
from advisor.store.samples import Sample

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # the local server of the tests


def timed(work: Callable[[], object]) -> float:
    """Seconds."""
    begun_s = time.perf_counter()
    work()
    return time.perf_counter() - begun_s


def fill(folder: Path, runs: int, rows: int) -> None:
    """Runs of ten models, sealed in a workspace."""
    for run in range(runs):
        shared = {"model": f"org/model-{run % 10}", "task": "mine", "correct": True, "run_id": f"run-{run}"}
        answers = [
            {**shared, "question_id": f"q{i}", "sample_index": 0, "answer": str(i), "generated_tokens": 900 + i}
            for i in range(rows)
        ]
        seal_rows(Sample, [{"strategy": "sampling", **row} for row in answers], folder / f"run-{run}.parquet")


def straight(root: str) -> None:
    """The answers of one model, read where they lie."""
    import s3fs

    connection = duckdb.connect()
    connection.register_filesystem(s3fs.S3FileSystem(use_listings_cache=False))
    query = "select question_id, correct, generated_tokens from read_parquet(?, union_by_name = true) where model = ?"
    assert connection.execute(query, [f"s3://{root}/measurements/samples/*.parquet", "org/model-3"]).fetchall()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=300, help="files")
    parser.add_argument("--rows", type=int, default=200, help="answers of a file")
    given = parser.parse_args()
    from tests.store.sharing import ENVIRONMENT, serving_objects

    with serving_objects() as store, tempfile.TemporaryDirectory() as cache:
        os.environ.update(ENVIRONMENT | {"AWS_ENDPOINT_URL": store.url})
        store.make("team")
        from advisor.store.workspace import Workspace

        def opened(name: str) -> Workspace:
            os.environ["ADVISOR_CACHE"] = f"{cache}/{name}"
            return Workspace("s3://team/ours")

        writer = opened("writer")
        fill(writer.writable / "measurements" / "samples", given.runs, given.rows)
        print(f"{'made in the store':28s} {timed(writer.push):6.2f} s")
        print(f"{'first opening':28s} {timed(lambda: opened('reader')):6.2f} s")
        print(f"{'a later opening':28s} {timed(lambda: opened('reader')):6.2f} s")
        found = opened("reader")
        print(f"{'all answers from the copy':28s} {timed(found.samples.connect):6.2f} s")
        print(f"{'one model where it lies':28s} {timed(lambda: straight('team/ours')):6.2f} s")


if __name__ == "__main__":
    main()
