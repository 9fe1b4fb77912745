import json

import duckdb
import pytest

from advisor.errors import AdvisorError
from advisor.importers.files import ImportedSamples
from advisor.importers.samples import import_samples
from advisor.store.samples import Sample
from advisor.store.workspace import Workspace
from advisor.tables import columns

ROWS = [
    {
        "model": "Qwen/Qwen3-8B",
        "task": "Toy",
        "question_id": q,
        "sample_index": i,
        "answer": str(i % 2),
        "correct": i % 2 == 0,
        "generated_tokens": 100 + i,
    }
    for q in ("a", "b", "c")
    for i in range(4)
]


@pytest.fixture
def ws(tmp_path):
    return Workspace(tmp_path / "ws")


@pytest.fixture
def write(tmp_path):
    def write(rows, name="samples.jsonl"):
        path = tmp_path / name
        path.write_text("\n".join(json.dumps(r) if isinstance(r, dict) else r for r in rows) + "\n")
        return path

    return write


def sealed(ws):
    return sorted(file.stem for file in (ws.own / "measurements" / "samples").glob("*"))


def test_rows_come_back_in_the_columns_of_samples(ws, write):
    done = import_samples(ws, write([*ROWS, ROWS[0]]))
    assert done == ImportedSamples(12, tuple(sealed(ws)), ())
    assert set(done.to_dict()) == {"rows", "new_runs", "unchanged"}
    file = ws.own / "measurements" / "samples" / f"{done.new_runs[0]}.parquet"
    found = duckdb.sql(f"from '{file}'")
    assert found.columns == [c.name for c in columns(Sample)]
    one = dict(zip(found.columns, found.fetchall()[1], strict=True))
    assert (one["task"], one["question_id"], one["sample_index"], one["answer"]) == ("toy", "a", 1, "1")
    assert (one["correct"], one["generated_tokens"], one["strategy"]) == (False, 101, "sampling")
    assert (one["temperature"], one["run_id"]) == (None, done.new_runs[0])


def test_optional_columns_are_kept(ws, write):
    given = {"strategy": "rebase", "budget": 4, "search_generated_tokens": 900, "reward_model": "prm", "score": 0.5}
    import_samples(ws, write([row | given | {"run_id": "r1", "top_p": 0.9} for row in ROWS]))
    found = duckdb.sql(
        f"select distinct {', '.join(given)}, top_p, run_id from '{ws.own}/measurements/samples/r1.parquet'"
    )
    assert found.fetchall() == [("rebase", 4, 900, "prm", 0.5, 0.9, "r1")]


def test_parquet_and_jsonl_give_the_same_rows(ws, write, tmp_path):
    first = import_samples(ws, write([row | {"run_id": "r1"} for row in ROWS]))
    table = tmp_path / "samples.parquet"
    duckdb.execute(f"copy (from '{ws.own}/measurements/samples/r1.parquet') to '{table}'")
    again = import_samples(ws, table)
    assert (first.new_runs, again.new_runs, again.unchanged) == (("r1",), (), ("r1",))


def test_twice_changes_nothing(ws, write):
    path = write(ROWS)
    first, second = (import_samples(ws, path) for _ in range(2))
    assert (len(first.new_runs), len(first.unchanged)) == (1, 0)
    assert (second.new_runs, second.unchanged) == ((), first.new_runs)


def test_the_same_rows_under_another_name_do_not_count_twice(ws, write):
    first = import_samples(ws, write([row | {"run_id": "named-by-an-older-version"} for row in ROWS]))
    again = import_samples(ws, write(ROWS))
    assert (again.new_runs, again.unchanged) == ((), first.new_runs)
    (ws.own / "measurements" / "samples" / "damaged.parquet").write_bytes(b"PAR1")
    assert import_samples(ws, write(ROWS)).unchanged == first.new_runs
    (ws.own / "measurements" / "samples" / "damaged.parquet").unlink()
    other = import_samples(ws, write([*ROWS[:-1], ROWS[-1] | {"generated_tokens": 7}]))
    assert (len(other.new_runs), other.unchanged) == (1, ())
    assert len(sealed(ws)) == 2


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([*ROWS, "{"], "line 13: is no JSON"),
        ([ROWS[0] | {"generated_tokens": "many"}], "line 1: generated_tokens is 'many'; generated_tokens is a whole"),
        ([ROWS[0] | {"generated_tokens": 1.5}], "line 1: generated_tokens is 1.5"),
        ([ROWS[0] | {"temperature": "hot"}], "line 1: temperature is 'hot'; temperature is a number"),
        ([ROWS[0] | {"correct": None}], "line 1: correct is None"),
        ([{k: v for k, v in ROWS[0].items() if k != "correct"}], "lacks the column 'correct'"),
        ([ROWS[0], ROWS[0] | {"correct": False}], "disagree"),
        (
            [*ROWS, ROWS[0] | {"generated_tokens": -1}],
            "line 13: generated_tokens is -1; generated_tokens is a number from 0 to 100,000,000",
        ),
        ([ROWS[0] | {"prompt_tokens": -1}], "line 1: prompt_tokens is -1"),
        ([ROWS[0], ROWS[0] | {"model": ""}], "line 2: model is ''"),
        ([ROWS[0] | {"task": " "}], "line 1: task is ''"),
        ([ROWS[0] | {"question_id": ""}], "line 1: question_id is ''"),
        ([ROWS[0] | {"run_id": "../x"}], "cannot name a file"),
        (["[]"], "no JSON object"),
        ([""], "holds no answers"),
    ],
)
def test_bad_rows_leave_nothing_behind(ws, write, rows, message):
    with pytest.raises(AdvisorError, match=r"samples\.jsonl") as raised:
        import_samples(ws, write(rows))
    assert message in str(raised.value)
    assert not ws.own.exists()


def test_bad_files(ws, tmp_path):
    broken = tmp_path / "x.parquet"
    broken.write_bytes(b"PAR1 half a file")
    duckdb.execute(f"copy (select 'm' as model, 't' as task) to '{tmp_path / 'few.parquet'}'")
    for name, message in (
        ("x.parquet", "cannot be read"),
        ("missing.jsonl", "no such file"),
        ("few.parquet", "lacks the column 'question_id'"),
    ):
        with pytest.raises(AdvisorError, match=message) as raised:
            import_samples(ws, tmp_path / name)
        assert raised.value.where == str(tmp_path / name)
    with pytest.raises(AdvisorError, match="no such file"):
        import_samples(ws, tmp_path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("'' as model", "model is ''; model is a text"),
        ("-1 as generated_tokens", "generated_tokens is -1; generated_tokens is a number from 0"),
        ("null as correct", "correct is None; correct is a true or false"),
        ("5 as correct", "correct is 5; correct is a true or false"),
        ("-1 as correct", "correct is -1;"),
        ("[1] as answer", r"answer is \[1\]; answer is a text"),
        ("1.5 as generated_tokens", "generated_tokens is 1.5; generated_tokens is a whole number"),
        ("true as generated_tokens", "generated_tokens is True; generated_tokens is a whole number"),
        ("'nan'::double as score", "score is nan; score is a number or null"),
        ("null as answer", "answer is None; an answer that is correct has a text"),
    ],
)
def test_bad_rows_of_a_parquet_file_name_column_and_answer(ws, write, tmp_path, change, message):
    import_samples(ws, write([row | {"run_id": "r1"} for row in ROWS]))
    table = tmp_path / "samples.parquet"
    rows = f"select * replace ({change}) from '{ws.own}/measurements/samples/r1.parquet' limit 1"
    duckdb.execute(f"copy ({rows}) to '{table}'")
    with pytest.raises(AdvisorError, match=rf"samples\.parquet, row 1: {message}"):
        import_samples(ws, table)


def test_a_changed_run_is_refused(ws, write):
    import_samples(ws, write([r | {"run_id": "r1"} for r in ROWS]))
    with pytest.raises(AdvisorError, match="recorded already with other rows"):
        import_samples(ws, write([r | {"run_id": "r1", "correct": True} for r in ROWS]))
    assert sealed(ws) == ["r1"]
