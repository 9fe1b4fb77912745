"""FLOPs over all lengths of stored answers, by hand."""

import json

import pytest

import advisor
from advisor.studies.stored_lengths import length_spreads
from tests.known import spec_of

MODEL = "Qwen/Qwen3-8B"


def imported(folder, tokens, **more):
    rows = [
        {
            "model": MODEL,
            "task": "mine",
            "question_id": f"q{i}",
            "sample_index": 0,
            "answer": "a",
            "correct": True,
            "generated_tokens": n,
        }
        | more
        for i, n in enumerate(tokens)
    ]
    folder.mkdir(exist_ok=True)
    file = folder / "answers.jsonl"
    file.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    ws = advisor.Workspace(folder / "ws")
    advisor.import_samples(ws, str(file))
    ws.roots = (folder / "ws",)
    return ws


def test_many_lengths_take_more_than_their_mean(tmp_path):
    ws = imported(tmp_path, [1000, 9000], prompt_tokens=300)
    (found,) = length_spreads(ws)
    spec = spec_of(MODEL)
    mean = (spec.trace_flops(300, 1000) + spec.trace_flops(300, 9000)) / 2
    assert found.factor == pytest.approx(mean / spec.trace_flops(300, 5000))
    assert found.factor > 1.02
    assert (found.task, found.model, found.answers, found.mean_tokens) == ("mine", MODEL, 2, 5000)
    assert found.spread == pytest.approx(0.8)


def test_equal_lengths_take_what_their_mean_takes(tmp_path):
    (found,) = length_spreads(imported(tmp_path, [700, 700, 700]))
    assert (found.factor, found.spread) == (1.0, 0.0)


def test_answers_of_models_that_are_not_known_are_left_out(tmp_path):
    assert length_spreads(imported(tmp_path, [700], model="nobody/knows")) == []
