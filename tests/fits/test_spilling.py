"""Answers that do not fit into the memory that a database may take give the same tables."""

import duckdb

from advisor.fits.answer_digests import answer_digests
from advisor.fits.measured import stored
from advisor.store.measurements import spilling
from advisor.store.workspace import Workspace

ANSWERS = """
select
    'own/model-{n}' as model, 'task' as task, 'question ' || (i // 8) as question_id, i % 8 as sample_index,
    'answer ' || hash(i) as answer, hash(i) % 2 = 0 as correct, 100 + hash(i, {n}) % 1000 as generated_tokens,
    'sampling' as strategy, 'run-{n}' as run_id
from range(60000) as rows(i)
"""


def test_with_little_memory_answers_lie_compressed_or_in_files(tmp_path, monkeypatch):
    folder = tmp_path / "measurements" / "samples"
    folder.mkdir(parents=True)
    for n in range(3):
        duckdb.execute(f"copy ({ANSWERS.format(n=n)}) to '{folder / str(n)}.parquet' (format parquet)")
    before = answer_digests(stored(Workspace(tmp_path, own_answers=True)), "")
    assert [each.n_answers for each in before.values()] == [60_000] * 3

    def small():
        connection = spilling()
        connection.execute("set memory_limit = '100MB'")
        return connection

    monkeypatch.setattr("advisor.store.measurements.spilling", small)
    monkeypatch.setattr("advisor.store.measurements.BATCH_BYTES", 1)
    found = stored(Workspace(tmp_path, own_answers=True))
    assert answer_digests(found, "") == before
