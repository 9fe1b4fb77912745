"""Write measurements/published/*.csv and seal the per-question runs, from a folder of collected public figures.

    python measurements/make_published.py DATA

One query a source in measurements/sources/, which says what was taken and how; names of models go through
sources/models.csv. Running it again changes nothing.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import duckdb

from advisor.importers.samples import import_samples
from advisor.store.seal import sealed
from advisor.store.workspace import Workspace

HERE = Path(__file__).parent
AS_OF = "2026-11-21"
COLUMNS = "model, task, strategy, n_samples, n_questions, round(accuracy, 4) as accuracy, stderr, generated_tokens, tokens_from, quality, source, source_url"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    data = str(parser.parse_args().data)
    connection = duckdb.connect()
    connection.execute("create table names as from read_csv($file)", {"file": str(HERE / "sources" / "models.csv")})
    for source in sorted((HERE / "sources").glob("*.sql")):
        rows = f"select {COLUMNS}, date '{AS_OF}' as as_of from ({source.read_text()}) order by task, model, strategy, n_samples, generated_tokens"
        target = HERE / "published" / f"{source.stem}.csv"
        sealed(
            target, lambda path, rows=rows: connection.execute(f"copy ({rows}) to '{path}' (header)", {"data": data})
        )
        print(
            target.name, connection.execute("select count(*) from read_csv($file)", {"file": str(target)}).fetchone()[0]
        )
    for source in sorted((HERE / "sources" / "samples").glob("*.sql")):
        collected = HERE / f".{source.stem}.parquet"
        try:
            connection.execute(f"copy ({source.read_text()}) to '{collected}' (format parquet)", {"data": data})
            print(source.stem, import_samples(collected, Workspace(None)))
        finally:
            collected.unlink(missing_ok=True)


if __name__ == "__main__":
    main()
