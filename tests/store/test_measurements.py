"""One table over all sealed files, whatever columns each of them has."""

import duckdb
import pytest

from advisor.errors import AdvisorError
from advisor.store.workspace import Workspace
from tests.fits.stored import sample, workspace


def test_files_of_other_columns_and_types_are_one_table(tmp_path):
    ws = workspace(tmp_path, [sample(0, 0, True, 10)])
    older = tmp_path / "measurements" / "samples" / "older.parquet"
    duckdb.execute(
        "copy (select 'q7' as question_id, 'm' as model, 'mine' as task, 3::tinyint as sample_index, 'a' as answer,"
        f" true as correct, 4::smallint as generated_tokens, 'old' as run_id) to '{older}' (format parquet)"
    )
    found = ws.samples.connect().execute("select * from samples where own order by run_id").df()
    assert found.run_id.tolist() == ["old", "plain"]
    assert found.sample_index.tolist() == [3, 0]
    assert found.temperature.isna().all()
    assert found.sealed_at[0] == older.stat().st_mtime_ns


def test_what_ships_is_not_the_users(tmp_path):
    ws = workspace(tmp_path, [sample(0, 0, True, 10)])
    counts = dict(ws.samples.connect().execute("select own, count(*) from samples group by own").fetchall())
    assert counts[True] == 1
    assert counts[False] > 100


def test_the_damaged_one_of_several_is_named(tmp_path):
    ws = workspace(tmp_path, [sample(0, 0, True, 10)])
    (tmp_path / "measurements" / "samples" / "a-broken.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(AdvisorError, match=r"a-broken\.parquet: cannot be read"):
        ws.samples.connect()


def test_a_file_with_a_column_of_another_kind_is_named(tmp_path):
    workspace(tmp_path, [sample(0, 0, True, 10)])
    strange = tmp_path / "measurements" / "samples" / "strange.parquet"
    duckdb.execute(f"copy (select 'm' as model, 5 as shoe_size) to '{strange}' (format parquet)")
    with pytest.raises(AdvisorError, match=r"strange\.parquet"):
        Workspace(tmp_path).samples.connect()
