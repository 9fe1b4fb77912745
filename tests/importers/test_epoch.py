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
