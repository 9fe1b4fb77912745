"""What a user's own folder can look like, damaged ones too: one clear line, nothing half written."""

import json

import pytest

from advisor.store.workspace import Workspace

ROW = {
    "model": "Qwen/Qwen3-8B",
    "task": "mine",
    "question_id": "q1",
    "sample_index": 0,
    "answer": "a",
    "correct": True,
    "generated_tokens": 5,
}


def write(path, *rows):
    path.write_text("\n".join(json.dumps(ROW | row) for row in rows))
    return path


@pytest.fixture
def own(tmp_path, advisor):
    assert advisor("import", "samples", write(tmp_path / "s.jsonl", {}), "--workspace", tmp_path / "ws")[0] == 0
    return tmp_path / "ws"


def test_new_measurements_ask_for_a_fit(own, advisor):
    assert "run `advisor fit --workspace" in advisor("recommend", "--workspace", own)[2]
    assert advisor("fit", "--workspace", own)[0] == 0
    assert "run `advisor fit`" not in advisor("recommend", "--workspace", own)[2]
    assert advisor("recommend", "--workspace", own, "--task", "mine")[0] == 0


@pytest.mark.parametrize("content", ["model,task\nx", 'a,b\n"unclosed', "\x00\x01\x02"])
@pytest.mark.parametrize("command", [["recommend"], ["tasks"], ["curve", "gpt-oss-120b"]])
def test_a_damaged_fit_is_named(own, advisor, command, content):
    (own / "profiles").mkdir()
    (own / "profiles" / "points.csv").write_text(content)
    code, _, err = advisor(*command, "--workspace", own)
    assert code == 2
    assert "points.csv" in err
    assert err.count("\n") == 1
    assert "run `advisor fit` again" in err
    assert advisor("fit", "--workspace", own)[0] == 0
    assert advisor(*command, "--workspace", own)[0] == 0


@pytest.mark.parametrize(("table", "column"), [("performance.csv", "kernel_s"), ("corrections.csv", "shifts")])
def test_a_fit_of_an_older_version_is_named_and_mended_by_what_the_line_says(advisor, tmp_path, table, column):
    loads = tmp_path / "mine.csv"
    loads.write_text("model,gpu,prompt_tokens,generated_tokens,concurrency,tpot_s\nqwen3-8b,l4,1024,256,16,0.09\n")
    assert advisor("import", "runs", loads, "--workspace", tmp_path / "ws")[0] == 0
    assert advisor("fit", "--workspace", tmp_path / "ws")[0] == 0
    derived = tmp_path / "ws" / "profiles" / table
    derived.write_text(derived.read_text().replace(column, "layer_s"))
    code, _, err = advisor("estimate", "qwen3-8b", "--gpu", "l4", "--workspace", tmp_path / "ws")
    assert (code, table in err, "run `advisor fit` again" in err) == (2, True, True)
    assert advisor("fit", "--workspace", tmp_path / "ws")[0] == 0
    assert advisor("estimate", "qwen3-8b", "--gpu", "l4", "--workspace", tmp_path / "ws")[0] == 0


def test_a_half_written_sample_file_is_named(own, advisor):
    (own / "measurements" / "samples" / "torn.parquet").write_bytes(b"PAR1torn")
    code, _, err = advisor("fit", "--workspace", own)
    assert code == 2
    assert "torn.parquet" in err
    assert not (own / "profiles").exists()


def test_what_a_run_died_writing_is_ignored(own, advisor):
    (own / "measurements" / "samples" / ".x.parquet.1.tmp").write_bytes(b"PAR1torn")
    assert advisor("fit", "--workspace", own)[0] == 0


def test_an_empty_workspace_answers_from_what_ships(tmp_path, advisor):
    assert advisor("recommend", "--workspace", tmp_path)[0] == 0
    assert advisor("fit", "--workspace", tmp_path)[0] == 0


def test_a_workspace_that_cannot_be_written(tmp_path, advisor):
    (tmp_path / "file").write_text("")
    code, _, err = advisor(
        "import", "samples", write(tmp_path / "s.jsonl", {}), "--workspace", tmp_path / "file" / "ws"
    )
    assert code == 2
    assert "cannot write here" in err


@pytest.mark.parametrize("run_id", ["../../x", "a/b", "x" * 200])
def test_a_run_id_cannot_leave_its_folder(tmp_path, advisor, run_id):
    code, _, err = advisor(
        "import", "samples", write(tmp_path / "s.jsonl", {"run_id": run_id}), "--workspace", tmp_path / "ws"
    )
    assert code == 2
    assert "run_id" in err
    assert not (tmp_path / "ws").exists()


def test_a_model_without_a_config_is_said_to_have_none(tmp_path, advisor):
    advisor("import", "samples", write(tmp_path / "s.jsonl", {"model": "my/own"}), "--workspace", tmp_path / "ws")
    advisor("fit", "--workspace", tmp_path / "ws")
    code, _, err = advisor("recommend", "--task", "mine", "--workspace", tmp_path / "ws")
    assert code == 1
    assert "my/own" in err


def test_an_installed_package_keeps_nothing_of_the_users(monkeypatch, tmp_path, advisor):
    monkeypatch.setattr("advisor.store.workspace.is_installed", lambda: True)
    monkeypatch.delenv("ADVISOR_WORKSPACE", raising=False)
    for command in (["import", "samples", write(tmp_path / "s.jsonl", {})], ["fit"]):
        code, _, err = advisor(*command)
        assert code == 2
        assert "ADVISOR_WORKSPACE" in err


def test_the_command_that_fits_names_the_workspace():
    assert Workspace("our runs").fit_command == "advisor fit --workspace 'our runs'"
    assert Workspace().fit_command == "advisor fit"
