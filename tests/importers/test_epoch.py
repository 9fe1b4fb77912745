"""Epoch's table of answers: names through the catalogue, classes for answers, nothing impossible."""

import duckdb
import pytest

from advisor.errors import AdvisorError
from advisor.importers.epoch import import_epoch
from advisor.store.workspace import Workspace

COLUMNS = (
    "model, benchmark, question_id, epoch, answer, correct, output_tokens, input_tokens, temperature, run_id, valid"
)


def table(folder, *rows):
    path = folder / "epoch.parquet"
    values = ", ".join(
        f"('{model}', 'GPQA-Diamond', 'q{i % 2}', {i // 2 + 1}, {answer}, {correct}, {tokens}, 50, 0.5, 'r', 1)"
        for i, (model, answer, correct, tokens) in enumerate(rows)
    )
    duckdb.execute(f"copy (select * from (values {values}) as t({COLUMNS})) to '{path}'")
    return path


def imported(folder, *rows):
    ws = Workspace(folder / "ws")
    done = import_epoch(ws, table(folder, *rows))
    names = "model, question_id, sample_index, answer, correct, generated_tokens"
    return done, duckdb.sql(f"select {names} from '{ws.own}/measurements/samples/epoch-r.parquet'").fetchall()


@pytest.mark.parametrize(
    ("published", "model"),
    [
        ("deepseek-reasoner", "deepseek-ai/DeepSeek-V3.2"),
        ("Qwen3-8B", "Qwen/Qwen3-8B"),
        ("qwen3-8b", "Qwen/Qwen3-8B"),
        ("qwen/qwen3-8b", "Qwen/Qwen3-8B"),
        ("Some-Lab/Model_1.5", "Some-Lab/Model_1.5"),
    ],
)
def test_models_by_the_catalogue_or_their_id(tmp_path, published, model):
    assert imported(tmp_path, (published, "'B'", 1, 7))[1][0][0] == model


@pytest.mark.parametrize("published", ["gpt-4o-2024-08-06", "a/b/c", ""])
def test_what_is_no_open_model_is_left_out(tmp_path, published):
    with pytest.raises(AdvisorError, match="holds no answer of a known open model"):
        imported(tmp_path, (published, "'B'", 1, 7))


def test_answers_are_classes_and_right_ones_one_class_also_where_they_were_not_kept(tmp_path):
    rows = [("phi-4", answer, correct, 7) for answer, correct in [("'B'", 1), ("'B'", 1), ("null", 1), ("null", 0)]]
    done, found = imported(tmp_path, *rows, ("phi-4", "'C'", 0, 7), ("phi-4", "'D'", 0, 7))
    assert done.rows == 6
    assert sorted((answer or "").split("-")[0] for *_, answer, _, _ in found) == [
        "",
        *["correct"] * 3,
        "wrong",
        "wrong",
    ]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (("phi-4", "'B'", 1, -7), "generated_tokens is -7"),
        (("phi-4", "'B'", 5, 7), "correct is None"),
    ],
)
def test_impossible_rows_name_the_answer(tmp_path, row, message):
    with pytest.raises(AdvisorError, match=rf"epoch\.parquet, question '\w+', sample 0: {message}"):
        imported(tmp_path, row)
    assert not (tmp_path / "ws").exists()


def test_what_is_left_out_is_named_with_what_would_bring_it_in(tmp_path):
    rows = [("phi-4", "'B'", 1, 7), ("gpt-4o", "'B'", 1, 7), ("gpt-4o", "'B'", 1, 7), ("Some-Lab/New", "'C'", 0, 7)]
    done, found = imported(tmp_path, *rows)
    assert done.rows == 2
    assert {model for model, *_ in found} == {"microsoft/phi-4", "Some-Lab/New"}
    left_out, uncosted = sorted(done.notes, key=lambda note: "no config" in note)
    assert left_out.startswith("left out: 2 answers of 'gpt-4o', no open model known here; name it with --model")
    assert "`advisor import model FOLDER`" in left_out
    assert uncosted.startswith("Some-Lab/New has no config in the catalogue: its answers are in, but it cannot be")


def test_a_name_of_the_users_own_stands_for_the_one_model_of_a_file(tmp_path):
    path = table(tmp_path, ("gpt-4o", "'B'", 1, 7))
    ws = Workspace(tmp_path / "ws")
    with pytest.raises(AdvisorError, match=r"holds no answer of a known open model.*'gpt-4o'.*--model"):
        import_epoch(ws, path)
    assert import_epoch(ws, path, model="ours-7b").rows == 1
    with pytest.raises(AdvisorError, match=r"has answers of 2 models.*leave --model out"):
        import_epoch(ws, table(tmp_path, ("a", "'B'", 1, 7), ("b", "'B'", 1, 7)), model="ours-7b")


def test_other_benchmarks_and_invalid_rows_are_counted(tmp_path):
    path = table(tmp_path, ("phi-4", "'B'", 1, 7), ("phi-4", "'B'", 1, 7), ("phi-4", "'B'", 1, 7))
    changed = tmp_path / "changed.parquet"
    benchmark = "if(question_id = 'q1', 'FrontierMath', benchmark) as benchmark"
    rows = f"select * replace ({benchmark}, if(epoch = 2, 0, 1) as valid) from '{path}'"
    duckdb.execute(f"copy ({rows}) to '{changed}'")
    done = import_epoch(Workspace(tmp_path / "ws"), changed)
    assert done.rows == 1
    assert done.notes == (
        "left out: 1 answer that Epoch marks as not valid",
        "left out: 1 answer to FrontierMath: only GPQA-Diamond and OTIS-Mock-AIME-24-25 are read",
    )
