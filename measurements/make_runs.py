"""Seal the published serving runs, from a folder of collected public figures.

    python measurements/make_runs.py DATA

One query a source in measurements/sources/runs/, which says what was taken and how. Running it again changes nothing.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import duckdb

from advisor.importers.serving_runs import import_runs
from advisor.store.workspace import Workspace

HERE = Path(__file__).parent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="folder of the collected figures")
    data = str(parser.parse_args().data)
    for source in sorted((HERE / "sources" / "runs").glob("*.sql")):
        collected = HERE / f".{source.stem}.parquet"
        try:
            duckdb.connect().execute(f"copy ({source.read_text()}) to '{collected}' (format parquet)", {"data": data})
            done = import_runs(Workspace(), collected)
            print(f"{done.run_id}: {done.rows} loads, {done.doubtful} of them doubtful")
        finally:
            collected.unlink(missing_ok=True)


if __name__ == "__main__":
    main()
