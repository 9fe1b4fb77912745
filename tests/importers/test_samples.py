import json

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from advisor.calibration.regrade import regrade
from advisor.errors import AdvisorError
from advisor.importers import files
from advisor.importers.cells import cell, misfit
from advisor.importers.files import ImportedSamples
from advisor.importers.samples import import_samples
from advisor.store import seal
from advisor.store.samples import Sample
from advisor.store.texts import Text
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
    assert set(done.to_dict()) == {"rows", "new_runs", "unchanged", "texts", "notes"}
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


def test_only_files_that_may_hold_the_same_rows_are_read(ws, write, monkeypatch):
    """Of as many rows, but of another model or task, or with other least or most tokens: not these."""
    others = {"a": {}, "b": {"model": "Qwen/Qwen3-4B"}, "c": {"task": "other"}}
    for run, changed in others.items():
        import_samples(ws, write([row | changed | {"run_id": run} for row in ROWS]))
    longer = [row | {"generated_tokens": row["generated_tokens"] + 1, "run_id": "d"} for row in ROWS]
    import_samples(ws, write(longer))
    read, same = [], files._same
    monkeypatch.setattr(
        files, "_same", lambda c, mine, file, names: read.append(file.stem) or same(c, mine, file, names)
    )
    assert import_samples(ws, write([row | {"run_id": "e"} for row in ROWS])).unchanged == ("a",)
    assert read == ["a"]


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
        ([*ROWS, "7"], "line 13: is no JSON object"),
        ([*ROWS, "null"], "line 13: is no JSON object"),
        ([*ROWS, '{"model": "a", "model": "b"}'], "line 13: is no JSON ('model' is there twice)"),
        ([*ROWS, '{"model": "\\ud800"}'], "line 13: is no JSON"),
        ([ROWS[0], "", ROWS[1] | {"correct": -1}], "line 3: correct is -1; correct is a true or false"),
        ([ROWS[0] | {"correct": 5}], "line 1: correct is 5"),
        ([ROWS[0] | {"correct": "yes"}], "line 1: correct is 'yes'"),
        ([ROWS[0] | {"answer": None}], "line 1: answer is None; an answer that is correct has a text"),
        ([ROWS[0] | {"score": float("nan")}], "line 1: score is nan"),
        ([ROWS[0] | {"score": float("-inf")}], "line 1: score is -inf"),
        ([ROWS[0] | {"generated_tokens": 10**12}], "line 1: generated_tokens is 1000000000000"),
        ([ROWS[0] | {"generated_tokens": 10**30}], "line 1: generated_tokens is 1"),
        ([ROWS[0] | {"generated_tokens": True}], "line 1: generated_tokens is True"),
        ([ROWS[0] | {"answer": ["4"]}], "line 1: answer is ['4']"),
        ([ROWS[0] | {"question_id": False}], "line 1: question_id is False"),
        ([ROWS[0] | {"finish_reason": "tool_calls"}], "line 1: finish_reason is 'tool_calls'; known: stop, length"),
        ([ROWS[0] | {"finish_reason": "error"}], "line 1: answer is '0'; a request that failed"),
        ([ROWS[0] | {"strategy": "foo"}], "line 1: strategy is 'foo'; known: sampling, greedy"),
        ([ROWS[0] | {"temperature": -0.1}], "line 1: temperature is -0.1"),
        ([ROWS[0] | {"top_p": 1.1}], "line 1: top_p is 1.1"),
        ([ROWS[0] | {"search_generated_tokens": 99}], "line 1: generated_tokens is 100; an answer has no more tokens"),
        (
            [*ROWS, ROWS[0] | {"generated_tokens": 7}],
            "line 13: holds rows that disagree about sample 0 of question 'a'",
        ),
        (
            [ROWS[0] | {"search_depth_tokens": 5}, ROWS[1] | {"search_depth_tokens": 6}],
            "line 2: search_depth_tokens differs between the rows of question 'a'",
        ),
        ([*ROWS, ROWS[0] | {"temperatur": 1.0}], "line 13: unknown column 'temperatur'; did you mean temperature?"),
        ([*ROWS, {k: v for k, v in ROWS[0].items() if k != "task"}], "line 13: lacks the column 'task'"),
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
    with pytest.raises(AdvisorError, match="is a folder, not a file"):
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


def test_a_changed_run_stays_and_the_others_of_its_file_come_in(ws, write):
    import_samples(ws, write([r | {"run_id": "r1"} for r in ROWS]))
    changed = [r | {"run_id": "r1", "correct": True} for r in ROWS]
    done = import_samples(ws, write([*changed, *(r | {"run_id": "r2", "seed": 2} for r in ROWS)]))
    assert (done.new_runs, done.unchanged) == (("r2",), ())
    assert len(done.notes) == 1
    assert "left out: " in done.notes[0]
    assert "run 'r1' is recorded already with other rows" in done.notes[0]
    assert answers_of(ws, "r1", "sum(correct::int)") == [(6,)]
    with pytest.raises(AdvisorError, match="'r1' is recorded already with other rows"):
        import_samples(ws, write([*changed, *(r | {"run_id": "r2", "seed": 2} for r in ROWS)]))


def test_a_regraded_run_is_there_already(ws, write):
    texts = {"text": "so \\boxed{5}", "reference": "5", "kind": "math", "finish_reason": "unchecked"}
    given = [r | texts | {"run_id": "r1"} for r in ROWS]
    import_samples(ws, write(given))
    regrade(ws)
    assert answers_of(ws, "r1", "distinct answer, correct, finish_reason") == [("5", True, None)]
    done = import_samples(ws, write(given))
    assert (done.new_runs, done.unchanged, done.notes) == ((), ("r1",), ())
    done = import_samples(ws, write([r | {"temperature": 0.5} for r in given]))
    assert done.new_runs == ("r1",)
    found = answers_of(ws, "r1", "distinct answer, correct, finish_reason, temperature")
    assert found == [("5", True, None, 0.5)]
    with pytest.raises(AdvisorError, match="recorded already with other rows"):
        import_samples(ws, write([r | {"answer": "6"} for r in given]))


def test_columns_without_a_value_are_filled_in_and_the_former_file_is_kept(ws, write):
    given = [r | {"run_id": "r1", "top_p": 0.9} for r in ROWS]
    import_samples(ws, write(given))
    folder = ws.own / "measurements" / "samples"
    before = (folder / "r1.parquet").read_bytes()
    filled = [r | {"temperature": r["sample_index"] / 10, "system_prompt": ""} for r in given]
    done = import_samples(ws, write([{k: v for k, v in r.items() if k != "top_p"} for r in filled]))
    assert (done.new_runs, done.unchanged) == (("r1",), ())
    assert "run r1: system_prompt, temperature filled in" in done.notes[0]
    assert (folder / ".r1.former-1.parquet").read_bytes() == before
    found = answers_of(ws, "r1", "question_id, sample_index, answer, temperature, system_prompt, top_p")
    assert found == sorted(
        (r["question_id"], r["sample_index"], r["answer"], r["temperature"], "", 0.9) for r in filled
    )
    again = import_samples(ws, write(filled))
    assert (again.new_runs, again.unchanged, again.notes) == ((), ("r1",), ())


def test_a_column_with_another_value_leaves_the_run_as_it_is(ws, write):
    import_samples(ws, write([r | {"run_id": "r1", "top_p": 0.9} for r in ROWS]))
    done = import_samples(ws, write([r | {"run_id": "r1", "top_p": 0.8, "temperature": 1.0} for r in ROWS]))
    assert (done.new_runs, done.unchanged) == ((), ("r1",))
    assert done.notes == ("run r1 stays as it is: recorded with another top_p",)
    assert answers_of(ws, "r1", "distinct top_p, temperature") == [(0.9, None)]
    assert not list((ws.own / "measurements" / "samples").glob(".*former*"))


def answers_of(ws, run, names):
    return duckdb.sql(f"select {names} from '{ws.own}/measurements/samples/{run}.parquet' order by all").fetchall()


def test_thirty_rows_of_one_answer_are_no_vote_of_thirty(ws, write):
    with pytest.raises(
        AdvisorError, match=r"disagree about sample 0 .*: generated_tokens; give every answer a sample_i"
    ):
        import_samples(ws, write([ROWS[0] | {"generated_tokens": 100 + i} for i in range(30)]))
    assert import_samples(ws, write([ROWS[0]] * 30)).rows == 1


def test_several_models_and_tasks_in_one_file_are_runs_of_their_own(ws, write):
    rows = [r | {"model": m, "task": t} for r in ROWS for m in ("a/x", "b/y") for t in ("one", "two")]
    done = import_samples(ws, write(rows))
    assert (done.rows, len(done.new_runs)) == (48, 4)
    assert [run.rpartition("-")[2] for run in done.new_runs] == ["1", "2", "3", "4"]
    found = [answers_of(ws, run, "distinct model, task, run_id") for run in done.new_runs]
    assert found == [
        [(m, t, run)]
        for (m, t), run in zip(
            [("a/x", "one"), ("a/x", "two"), ("b/y", "one"), ("b/y", "two")], done.new_runs, strict=True
        )
    ]
    assert import_samples(ws, write(rows)).unchanged == done.new_runs


def test_answers_drawn_in_several_ways_are_runs_of_their_own(ws, write):
    rows = [r | {"temperature": t} for r in ROWS for t in (0.5, 1.0)] + [ROWS[0] | {"run_id": "named"}]
    done = import_samples(ws, write(rows))
    assert len(done.new_runs) == 3
    assert [answers_of(ws, run, "distinct temperature") for run in done.new_runs] == [[(0.5,)], [(1.0,)], [(None,)]]


def test_several_models_under_one_run_id_are_one_file(ws, write):
    done = import_samples(ws, write([r | {"model": m, "run_id": "r"} for r in ROWS for m in ("a/x", "b/y")]))
    assert (done.rows, done.new_runs) == (24, ("r",))


def test_an_optional_column_may_begin_late(ws, write):
    rows = [r | {"question_id": f"q{i}"} for i in range(2000) for r in ROWS[:4]]
    done = import_samples(ws, write([*rows, ROWS[0] | {"finish_reason": "stop", "run_id": "late"}]))
    assert len(done.new_runs) == 2
    assert answers_of(ws, "late", "finish_reason") == [("stop",)]


@pytest.mark.parametrize("answer", ["2024-1-5", "01:30", "1e3", "007", "true", "1.0", "a\nb", "é", ""])
def test_texts_stay_as_they_are(ws, write, answer):
    import_samples(ws, write([ROWS[0] | {"answer": answer, "run_id": "r"}]))
    assert answers_of(ws, "r", "answer, typeof(answer)") == [(answer, "VARCHAR")]


def test_numbers_that_are_whole_and_truth_as_numbers_are_taken(ws, write):
    import_samples(ws, write([ROWS[0] | {"generated_tokens": 12.0, "correct": 1, "answer": 7, "run_id": "r"}]))
    assert answers_of(ws, "r", "generated_tokens, correct, answer") == [(12, True, "7")]


def test_an_unknown_column_of_a_parquet_file_is_named(ws, tmp_path, write):
    import_samples(ws, write([r | {"run_id": "r1"} for r in ROWS]))
    table = tmp_path / "more.parquet"
    duckdb.execute(f"copy (select *, 1 as scores from '{ws.own}/measurements/samples/r1.parquet') to '{table}'")
    with pytest.raises(AdvisorError, match=r"more\.parquet: unknown column 'scores'; did you mean score"):
        import_samples(ws, table)


WRITTEN = {"text": "so 0", "prompt": "what?", "reference": "0", "kind": "exact", "reasoning": "well"}


def texts_of(ws, run, names):
    return duckdb.sql(f"select {names} from '{ws.own}/measurements/texts/{run}.parquet' order by all").fetchall()


@pytest.mark.parametrize("form", ["json", "parquet"])
def test_texts_go_into_a_file_of_their_own(ws, write, tmp_path, form):
    rows = [row | {"run_id": "r", "text": f"{row['question_id']} {row['sample_index']}"} for row in ROWS]
    rows[5] |= WRITTEN | {"text": 'a \\ and a "é"'}
    path = write(rows)
    if form == "parquet":
        duckdb.execute(f"copy (from read_json('{path}')) to '{tmp_path / 'x.parquet'}'")
        path = tmp_path / "x.parquet"
    done = import_samples(ws, path)
    assert (done.rows, done.texts, done.notes) == (12, 12, ())
    assert duckdb.sql(f"from '{ws.own}/measurements/texts/r.parquet'").columns == [c.name for c in columns(Text)]
    assert duckdb.sql(f"from '{ws.own}/measurements/samples/r.parquet'").columns == [c.name for c in columns(Sample)]
    names = "run_id, question_id, sample_index, text, prompt, reference, kind, reasoning"
    expected = [
        (r["run_id"], r["question_id"], r["sample_index"], *(r.get(n) for n in names.split(", ")[3:])) for r in rows
    ]
    assert texts_of(ws, "r", names) == expected


def test_texts_are_optional_and_may_come_later(ws, write):
    rows = [row | {"run_id": "r"} for row in ROWS]
    with_texts = [rows[0] | WRITTEN, *rows[1:]]
    assert import_samples(ws, write(with_texts), texts=False).texts == 0
    assert not (ws.own / "measurements" / "texts").exists()
    again = import_samples(ws, write(with_texts))
    assert (again.unchanged, again.texts) == (("r",), 1)
    other = import_samples(ws, write([rows[0] | WRITTEN | {"text": "else"}, *rows[1:]]))
    assert (other.texts, len(other.notes)) == (0, 1)
    assert "other texts of run r are kept already and stay" in other.notes[0]
    assert texts_of(ws, "r", "text") == [("so 0",)]


class Killed(KeyboardInterrupt):
    pass


@pytest.mark.parametrize("after", range(4))
def test_no_kill_leaves_samples_that_lack_their_texts(ws, write, monkeypatch, after):
    """Of an import of two runs, four files; then their texts were changed, and the import is run again."""
    left = [after]

    def dies(target, fill):
        if not left[0]:
            raise Killed
        left[0] -= 1
        return seal.sealed(target, fill)

    rows = [row | {"run_id": run, "text": "first"} for run in ("r", "s") for row in ROWS]
    with monkeypatch.context() as changed:
        changed.setattr(files, "sealed", dies)
        with pytest.raises(Killed):
            import_samples(ws, write(rows))
    complete = sealed(ws)
    assert complete == ["r"] * (after > 1)
    assert all(set(texts_of(ws, run, "text")) == {("first",)} for run in complete)
    done = import_samples(ws, write([row | {"text": "second"} for row in rows]))
    assert set(done.new_runs) == {"r", "s"} - set(complete)
    assert all(set(texts_of(ws, run, "text")) == {("second",)} for run in done.new_runs)


def test_texts_that_a_killed_command_left_are_not_those_of_other_answers(ws, write):
    import_samples(ws, write([row | {"run_id": "r", "text": "first"} for row in ROWS]))
    (ws.own / "measurements" / "samples" / "r.parquet").unlink()
    import_samples(ws, write([row | {"run_id": "r", "correct": True} for row in ROWS]))
    (kept,) = (ws.own / "measurements" / "texts").iterdir()
    assert kept.name == ".r.former-1.parquet"


def test_texts_of_a_run_that_is_there_under_another_name_go_by_that_name(ws, write):
    import_samples(ws, write([row | {"run_id": "first"} for row in ROWS]))
    import_samples(ws, write([row | {"run_id": "second"} | WRITTEN for row in ROWS]))
    assert set(texts_of(ws, "first", "run_id, text")) == {("first", "so 0")}
    assert sealed(ws) == ["first"]


def test_texts_that_no_run_can_tell_apart_are_not_kept(ws, write):
    done = import_samples(ws, write([r | {"model": m, "run_id": "r"} | WRITTEN for r in ROWS for m in ("a/x", "b/y")]))
    assert (done.rows, done.texts) == (24, 0)
    assert "give each of its models and tasks a run_id" in done.notes[0]


def test_prompts_without_a_text_are_named(ws, write):
    done = import_samples(ws, write([ROWS[0] | {"text": "so 0"}, ROWS[1] | {"prompt": "what?"}]))
    assert done.texts == 1
    assert "1 answer with a prompt or the like but no text" in done.notes[0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"text": 7, "kind": "essay"}, "line 2: unknown kind of answer 'essay'; known"),
        ({"text": ["so"]}, r"line 2: text is \['so'\]; text is a text"),
        ({"text": "so", "prompts": "x"}, "line 2: unknown column 'prompts'; did you mean prompt"),
    ],
)
def test_bad_texts_leave_nothing_behind(ws, write, change, message):
    with pytest.raises(AdvisorError, match=message):
        import_samples(ws, write([ROWS[0], ROWS[1] | change]))
    assert not ws.own.exists()


def test_answers_that_differ_in_their_text_alone_are_no_copies(ws, write):
    with pytest.raises(AdvisorError, match=r"disagree about sample 0 .*: texts\.text"):
        import_samples(ws, write([ROWS[0] | {"text": text} for text in ("so 0", "thus 0")]))
    assert import_samples(ws, write([ROWS[0] | {"text": "so 0"}] * 2)).texts == 1


VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(-(10**18), 10**18), st.floats(-1e9, 1e9), st.text(), st.lists(st.integers())
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(VALUES, VALUES, VALUES, VALUES), min_size=1, max_size=8))
def test_a_cell_is_the_value_of_its_json_or_refused(tmp_path, found):
    """The first sign of a cell tells what it holds: against Python's own reading of the line."""
    kept = [c for c in columns(Sample) if c.name in ("answer", "seed", "score", "correct")]
    path = tmp_path / "cells.jsonl"
    lines = [dict(zip((c.name for c in kept), row, strict=True)) for row in found]
    path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8")
    names = ", ".join(f"'{c.name}': 'JSON'" for c in kept)
    source = f"read_json('{path}', format = 'newline_delimited', columns = {{{names}}})"
    cells = ", ".join(f"{cell(c, 'JSON')}, {misfit(c, 'JSON')}" for c in kept)
    for values, ours in zip(found, duckdb.execute(f"select {cells} from {source}").fetchall(), strict=True):
        for each, value, (read, refused) in zip(kept, values, zip(ours[::2], ours[1::2], strict=True), strict=True):
            expected = python_cell(each.kind, value)
            assert bool(refused) == (value is not None and expected is None), (each.name, value)
            assert read == expected or (isinstance(read, str) and not isinstance(value, str)), (each.name, value)


def python_cell(kind, value):
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if kind is str:
        return value if isinstance(value, str) else str(value) if is_number else None
    if kind is bool:
        return bool(value) if isinstance(value, bool | int | float) and value in (0, 1) else None
    if not is_number or (kind is int and value != int(value)):
        return None
    return int(value) if kind is int else float(value)
