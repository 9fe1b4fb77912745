"""What `advisor measurements` says of what was drawn and measured, finished or not."""

import json
import os

import pytest

from advisor.errors import AdvisorError
from advisor.fits.check import check
from advisor.reports.holdings import recorded_blocks, setup_words
from advisor.store.journal import Journal
from advisor.store.measurements import seal_rows
from advisor.store.recorded import recorded
from advisor.store.runs import Run
from advisor.store.samples import Sample
from advisor.store.texts import Text
from advisor.store.workspace import Workspace
from tests.fits.stored import sample as plain
from tests.fits.stored import workspace as stored


def row(run, question, index, correct, **more):
    named = {"run_id": run, "model": "my/model", "task": "mine", "question_id": question, "sample_index": index}
    return named | {"strategy": "sampling", "answer": "a", "correct": correct, "generated_tokens": 5} | more


def own(ws):
    return [each for each in recorded(ws) if each.whose == "own"]


@pytest.fixture
def ws(tmp_path):
    return Workspace(tmp_path)


def folder(ws, kind):
    return ws.own / "measurements" / kind


def test_answers_of_one_setup_are_one_line_with_the_mean_over_questions(ws):
    first = [row("a", "q1", 0, True), row("a", "q1", 1, True), row("a", "q2", 0, False)]
    failed = row("b", "q3", 0, False, answer=None, finish_reason="error")
    seal_rows(Sample, first, folder(ws, "samples") / "a.parquet")
    seal_rows(Sample, [row("b", "q2", 0, True), failed], folder(ws, "samples") / "b.parquet")
    seal_rows(Sample, [row("c", "q1", 0, True, temperature=0.6)], folder(ws, "samples") / "c.parquet")
    texts = [{"run_id": "a", "question_id": "q1", "sample_index": i, "text": "so a"} for i in (0, 1)]
    seal_rows(Text, texts, folder(ws, "texts") / "a.parquet")
    pooled, hot = own(ws)
    assert (pooled.runs, pooled.rows, pooled.questions, pooled.texts) == (("a", "b"), 5, 3, 2)
    assert pooled.accuracy == pytest.approx((1 + 1 / 2) / 2)
    assert (hot.runs, hot.rows, hot.texts, hot.setup) == (("c",), 1, 0, {"temperature": 0.6})


def test_loads_are_counted_by_deployment(ws):
    load = {
        "model": "my/model",
        "gpu": "l4",
        "precision": "bf16",
        "engine": "vllm",
        "prompt_tokens": 9.0,
        "generated_tokens": 9.0,
    }
    rows = [load | {"run_id": "r", "concurrency": c, "status": s} for c, s in ((1.0, "ok"), (2.0, "ok"), (3.0, "oom"))]
    seal_rows(Run, rows, folder(ws, "runs") / "r.parquet")
    (only,) = own(ws)
    assert (only.kind, only.rows, only.runs, only.questions, only.accuracy) == ("loads", 2, ("r",), None, None)
    assert setup_words(only.setup) == "l4, bf16, vllm"


def test_a_journal_is_unfinished_and_counts_what_it_has_so_far(ws):
    folder(ws, "samples").mkdir(parents=True)
    failed = [row("j", "q3", 0, False, finish_reason="error")]
    lines = [
        json.dumps({"key": "q1", "rows": [row("j", "q1", 0, False)]}),
        json.dumps({"key": "q1", "rows": [row("j", "q1", i, True) for i in (0, 1)]}),
        json.dumps({"key": "q2", "rows": [row("j", "q2", 0, False)]}),
        json.dumps({"key": "q3", "rows": failed}),
        json.dumps({"plan": "of a later version"}),
        "nonsense",
        '{"key": "q4", "ro',
    ]
    (folder(ws, "samples") / ".j.jsonl").write_text("\n".join(lines))
    (only,) = own(ws)
    assert (only.finished, only.runs, only.rows, only.questions, only.accuracy) == (False, ("j",), 3, 2, 0.5)
    assert "own, unfinished" in str(recorded_blocks([only]))


def test_the_listing_has_the_same_rows_as_its_json(ws, advisor):
    seal_rows(Sample, [row("a", "q1", 0, True)], folder(ws, "samples") / "a.parquet")
    code, out, err = advisor("measurements", "--workspace", ws.own, "--json")
    listed = json.loads(out)["measurements"]
    assert (code, err) == (0, "")
    assert listed[0] == {
        "kind": "answers",
        "model": "my/model",
        "task": "mine",
        "strategy": "sampling",
        "setup": {},
        "rows": 1,
        "questions": 1,
        "accuracy": 1.0,
        "runs": ["a"],
        "whose": "own",
        "finished": True,
        "texts": 0,
        "doubtful": 0,
        "doubts": [],
    }
    assert {each["whose"] for each in listed[1:]} == {"shipped"}
    code, out, _ = advisor("measurements", "--workspace", ws.own)
    assert (code, "100.0 %" in out, "not recorded" in out) == (0, True, True)


@pytest.mark.parametrize("name", ["samples/.j.jsonl", "runs/.j.jsonl", "texts/t.parquet", "samples/s.parquet"])
def test_pipes_are_not_waited_for(ws, name):
    pipe = folder(ws, name)
    pipe.parent.mkdir(parents=True)
    os.mkfifo(pipe)
    with pytest.raises(AdvisorError, match=f"{pipe.name}: is a pipe"):
        recorded(ws)
    assert [each.what for each in check(ws).damaged] == ["is a pipe, not a file"]


def test_nothing_recorded_is_said():
    assert recorded_blocks([]) == ["nothing is recorded here"]


def test_a_run_of_which_no_question_is_finished_is_listed(ws):
    about = {
        "model": "my/model",
        "task": "mine",
        "strategy": "rebase",
        "temperature": 0.6,
        "system_prompt": "Be brief.",
    }
    with Journal(folder(ws, "samples"), "r", about=about) as journal:
        journal.add_part("q1", "a", {"text": "so"})
    (only,) = own(ws)
    assert (only.model, only.task, only.strategy, only.finished) == ("my/model", "mine", "rebase", False)
    assert (only.rows, only.questions, only.accuracy, only.runs) == (0, 0, None, ("r",))
    assert only.setup == {"temperature": 0.6, "system_prompt": "Be brief."}


def test_failed_requests_are_neither_right_nor_wrong_in_the_listing_too(tmp_path):
    rows = [plain(0, i, i < 2, 10) for i in range(4)] + [plain(0, 4, False, 0, answer=None)]
    (mine,) = (each for each in recorded(stored(tmp_path, rows)) if each.whose == "own")
    assert (mine.rows, mine.accuracy) == (5, 0.5)
