"""The table of importers: an entry is all that the command line and the package need."""

import ast
import inspect
from pathlib import Path

import pytest

import advisor
from advisor.importers import IMPORTERS, Importer
from advisor.reports.imports import BLOCKS


@pytest.mark.parametrize("kind", IMPORTERS)
def test_every_entry_names_a_verb(kind):
    verb = IMPORTERS[kind].load()
    assert verb is getattr(advisor, IMPORTERS[kind].verb)
    options = {"model", "gpu", "parallelism", "precision", "kv_precision", "engine"}
    options |= {"input_tokens", "output_tokens", "concurrency"}
    assert (IMPORTERS[kind].brings == "loads") == (options <= set(inspect.signature(verb).parameters))
    assert IMPORTERS[kind].brings in BLOCKS


def test_a_new_entry_is_read_by_the_command_line(tmp_path, monkeypatch, capsys):
    from advisor.cli.main import run

    monkeypatch.setitem(IMPORTERS, "locust", Importer("import_samples", "samples", "answers"))
    answer = '{"model": "Qwen/Qwen3-8B", "task": "t", "question_id": "q", "sample_index": 0, "answer": "a", '
    (tmp_path / "a.jsonl").write_text(answer + '"correct": true, "generated_tokens": 4}\n')
    workspace = str(tmp_path / "ours")
    assert run(["import", "locust", str(tmp_path / "a.jsonl"), "--workspace", workspace]) == 0
    assert capsys.readouterr().out.startswith("1 answer: 1 run added")


def test_type_checkers_see_every_public_name():
    tree = ast.parse(Path(advisor.__file__).read_text(encoding="utf-8"))
    guarded = next(node for node in tree.body if isinstance(node, ast.If))
    assert {name.asname for line in guarded.body for name in line.names} == set(advisor.__all__)
