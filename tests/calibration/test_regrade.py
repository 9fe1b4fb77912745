"""`regrade`: texts that were kept, read again."""

import duckdb
import pytest

from advisor.calibration.calibrate import calibrate
from advisor.calibration.regrade import regrade
from advisor.errors import AdvisorError, NoAnswer
from advisor.store.workspace import Workspace
from advisor.tasks import task as tasks
from advisor.tasks.limited import NotChecked
from tests.calibration.serving import serving


@pytest.fixture
def ws(tmp_path):
    return Workspace(tmp_path / "ws")


def calibrated(ws, **options):
    with serving() as server:
        common = {"model": "qwen3-0.6b", "task": "arithmetic", "questions": 6, "samples": 3, "url": server.url}
        return calibrate(ws, **common | options)


def rows(path):
    return duckdb.connect().execute(f"from '{path}' order by question_id, sample_index").fetchall()


def test_nothing_changes_where_reading_did_not(ws):
    done = calibrated(ws)
    before = rows(done.path)
    again = regrade(ws)
    (run,) = again.runs
    assert (run.run_id, run.answers, run.answers_changed, run.now_right, run.now_wrong) == (done.run_id, 18, 0, 0, 0)
    assert (run.former, again.notes, rows(done.path)) == (None, (), before)
    assert run.accuracy == run.accuracy_before == sum(row[5] for row in before) / 18


def test_a_mended_parser_makes_new_rows_and_keeps_the_former(ws, monkeypatch):
    read = tasks.reader
    with monkeypatch.context() as broken:
        broken.setattr(tasks, "reader", lambda kind: lambda text: None if "7" in text else read(kind)(text))
        broken.setattr(tasks, "is_same_answer", lambda kind, reference, text: "7" not in text)
        done = calibrated(ws)
    broken_rows = rows(done.path)
    names = [column[0] for column in duckdb.connect().execute(f"from '{done.path}'").description]
    with serving():
        (run,) = regrade(ws).runs
    mended = rows(done.path)
    place = {name: names.index(name) for name in ("answer", "correct")}
    assert run.unreadable_before > run.unreadable == 0
    assert run.answers_changed == sum(
        a[place["answer"]] != b[place["answer"]] for a, b in zip(broken_rows, mended, strict=True)
    )
    right = [(a[place["correct"]], b[place["correct"]]) for a, b in zip(broken_rows, mended, strict=True)]
    assert (run.now_right, run.now_wrong) == (right.count((False, True)), right.count((True, False)))
    assert run.now_right > 0
    assert rows(run.former) == broken_rows
    assert run.former.endswith(f".{done.run_id}.former-1.parquet")
    others = [i for i, name in enumerate(names) if name not in {"answer", "correct"}]
    assert [[row[i] for i in others] for row in mended] == [[row[i] for i in others] for row in broken_rows]
    assert [file.name for file in ws.samples.files if file.is_relative_to(ws.own)] == [f"{done.run_id}.parquet"]
    assert regrade(ws).runs[0].former is None  # a second time nothing changes


def test_what_takes_too_long_is_unchecked_and_checked_again(ws, monkeypatch):
    done = calibrated(ws)
    compare, calls = tasks.is_same_answer, []

    def slow(*arguments):
        calls.append(1)
        if len(calls) == 1:
            raise NotChecked("long")
        return compare(*arguments)

    before = regrade(ws).runs[0].accuracy
    monkeypatch.setattr(tasks, "is_same_answer", slow)
    (run,) = regrade(ws).runs
    assert duckdb.sql(f"select count(*) from '{done.path}' where finish_reason = 'unchecked'").fetchall() == [(1,)]
    (run,) = regrade(ws).runs
    assert (run.accuracy, run.unreadable) == (before, 0)
    assert duckdb.sql(f"select count(*) from '{done.path}' where finish_reason is null").fetchall() == [(1,)]


def test_answers_can_be_read_another_way(ws):
    calibrated(ws)
    (run,) = regrade(ws, answers="choice").runs
    assert (run.answers_changed, run.accuracy) == (18, 0)
    with pytest.raises(AdvisorError, match="--answers: unknown kind of answer"):
        regrade(ws, answers="chioce")


def test_every_former_version_is_kept(ws):
    done = calibrated(ws)
    drawn = rows(done.path)
    (first,) = regrade(ws, answers="choice").runs
    read_as_choices = rows(done.path)
    (second,) = regrade(ws).runs
    assert (rows(first.former), rows(second.former), rows(done.path)) == (drawn, read_as_choices, drawn)


def test_only_the_runs_that_are_named(ws):
    first, second = calibrated(ws), calibrated(ws, seed=5)
    assert [run.run_id for run in regrade(ws, run=second.run_id).runs] == [second.run_id]
    assert {run.run_id for run in regrade(ws).runs} == {first.run_id, second.run_id}
    with pytest.raises(AdvisorError, match="--run: unknown run with texts"):
        regrade(ws, run="nothing")


def test_without_texts_it_says_so(ws):
    calibrated(ws, texts=False)
    with pytest.raises(NoAnswer, match="no texts are kept here"):
        regrade(ws)


def test_a_damaged_file_is_named(ws):
    done = calibrated(ws)
    (ws.own / "measurements" / "texts" / f"{done.run_id}.parquet").write_bytes(b"PAR1")
    with pytest.raises(AdvisorError, match=f"{done.run_id}.parquet: cannot be read"):
        regrade(ws)
