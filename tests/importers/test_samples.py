import json

import pytest

ROWS = [
    {
        "model": "Qwen/Qwen3-8B",
        "task": "toy",
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
def write(tmp_path):
    def write(rows, name="samples.jsonl"):
        path = tmp_path / name
        path.write_text("\n".join(json.dumps(r) if isinstance(r, dict) else r for r in rows) + "\n")
        return path

    return write


def test_import_fit_recommend(advisor, write, tmp_path):
    ws = ("--workspace", tmp_path / "ws")
    assert advisor("import", "samples", write(ROWS), *ws)[0] == 0
    assert advisor("fit", *ws)[0] == 0
    code, out, _ = advisor("recommend", "--task", "toy", "--json", *ws)
    assert code == 0
    pick = json.loads(out)["recommended"]
    assert pick["model"] == "Qwen/Qwen3-8B"
    assert pick["accuracy"]["value"] == 0.5


def test_twice_changes_nothing(advisor, write, tmp_path):
    ws = ("--workspace", tmp_path / "ws", "--json")
    path = write(ROWS)
    first, second = (json.loads(advisor("import", "samples", path, *ws)[1]) for _ in range(2))
    assert (len(first["new_runs"]), len(first["unchanged"])) == (1, 0)
    assert (len(second["new_runs"]), len(second["unchanged"])) == (0, 1)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([*ROWS, "{"], "line 13: is no JSON"),
        ([ROWS[0] | {"generated_tokens": "many"}], "line 1: generated_tokens is 'many'"),
        ([{k: v for k, v in ROWS[0].items() if k != "correct"}], "lacks the column 'correct'"),
        ([ROWS[0], ROWS[0] | {"correct": False}], "disagree"),
        ([ROWS[0] | {"generated_tokens": -1}], "negative"),
        (["[]"], "no JSON object"),
    ],
)
def test_bad_rows_leave_nothing_behind(advisor, write, tmp_path, rows, message):
    code, _, err = advisor("import", "samples", write(rows), "--workspace", tmp_path / "ws")
    assert code == 2
    assert message in err
    assert err.count("\n") == 1
    assert not list((tmp_path / "ws").rglob("*"))


def test_bad_files(advisor, tmp_path):
    broken = tmp_path / "x.parquet"
    broken.write_bytes(b"PAR1 half a file")
    for path in (broken, tmp_path / "missing.jsonl", tmp_path):
        code, _, err = advisor("import", "samples", path, "--workspace", tmp_path / "ws")
        assert code == 2
        assert str(path) in err
    assert advisor("import", "sample", broken)[0] == 2


def test_a_changed_run_is_refused(advisor, write, tmp_path):
    ws = ("--workspace", tmp_path / "ws")
    assert advisor("import", "samples", write([r | {"run_id": "r1"} for r in ROWS]), *ws)[0] == 0
    code, _, err = advisor("import", "samples", write([r | {"run_id": "r1", "correct": True} for r in ROWS]), *ws)
    assert code == 2
    assert "recorded already with other rows" in err


def test_a_corrupt_sealed_file_is_named(advisor, write, tmp_path):
    folder = tmp_path / "ws" / "measurements" / "samples"
    folder.mkdir(parents=True)
    (folder / "bad.parquet").write_bytes(b"nonsense")
    code, _, err = advisor("fit", "--workspace", tmp_path / "ws")
    assert code == 2
    assert "bad.parquet" in err
