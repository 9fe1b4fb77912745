"""Write measurements/published/*.csv, lengths/*.csv and counts/*.csv and seal the per-question runs, from a folder of
collected public figures.

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
COLUMNS = """
    model, task, strategy, n_samples, n_questions, round(accuracy, 4) as accuracy, stderr, generated_tokens,
    tokens_from, quality, weak, source, source_url
"""
ORDER = "task, model, strategy, n_samples, generated_tokens"
LENGTHS = """
    model, mode, task, kind, n_answers, round(generated_tokens, 1) as generated_tokens,
    round(characters, 1) as characters, source, source_url
"""


COUNTS = """
    model, task, string_agg(question || ':' || n_correct || '/' || n_samples, ' ' order by question::int) as counts,
    null as generated_tokens, source, source_url, source_commit, license
"""


def write_published(connection: duckdb.DuckDBPyConnection, source: Path, data: str) -> None:
    """published/*.csv of one query."""
    rows = f"select {COLUMNS}, date '{AS_OF}' as as_of from ({source.read_text()}) order by {ORDER}"
    write_table(connection, rows, HERE / "published" / f"{source.stem}.csv", data)


def write_lengths(connection: duckdb.DuckDBPyConnection, source: Path, data: str) -> None:
    """lengths/*.csv of one query."""
    rows = f"select {LENGTHS}, date '{AS_OF}' as as_of from ({source.read_text()}) order by task, model, mode"
    write_table(connection, rows, HERE / "lengths" / f"{source.stem}.csv", data)


def write_counts(connection: duckdb.DuckDBPyConnection, source: Path, data: str) -> None:
    """counts/*.csv of one query, which has a row a question."""
    by_question = f"({source.read_text()})"
    rows = f"select {COUNTS}, date '{AS_OF}' as as_of from {by_question} group by all order by task, model"
    write_table(connection, rows, HERE / "counts" / f"{source.stem}.csv", data)


def write_table(connection: duckdb.DuckDBPyConnection, rows: str, target: Path, data: str) -> None:
    """The rows of a query as a sealed table."""
    sealed(target, lambda path: connection.execute(f"copy ({rows}) to '{path}' (header)", {"data": data}))
    print(target.name, connection.execute("select count(*) from read_csv($file)", {"file": str(target)}).fetchone()[0])


def seal_answers(connection: duckdb.DuckDBPyConnection, source: Path, data: str) -> None:
    """The samples of one query."""
    collected = HERE / f".{source.stem}.parquet"
    try:
        connection.execute(f"copy ({source.read_text()}) to '{collected}' (format parquet)", {"data": data})
        print(source.stem, import_samples(Workspace(), collected))
    finally:
        collected.unlink(missing_ok=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="folder of the collected figures")
    data = str(parser.parse_args().data)
    connection = duckdb.connect()
    open_models, more = HERE / "sources" / "models.csv", HERE / "sources" / "lengths" / "models.csv"
    connection.execute("create table names as from read_csv($file)", {"file": str(open_models)})
    connection.execute("create table length_names as from names union all from read_csv($file)", {"file": str(more)})
    for source in sorted((HERE / "sources").glob("*.sql")):
        write_published(connection, source, data)
    for source in sorted((HERE / "sources" / "samples").glob("*.sql")):
        seal_answers(connection, source, data)
    connection.execute(f"create view stored as from read_parquet('{HERE}/samples/*.parquet')")
    for source in sorted((HERE / "sources" / "lengths").glob("*.sql")):
        write_lengths(connection, source, data)
    for source in sorted((HERE / "sources" / "counts").glob("*.sql")):
        write_counts(connection, source, data)


if __name__ == "__main__":
    main()
