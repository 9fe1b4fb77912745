"""Doubtful loads as they are imported, listed and fitted: kept, shown with the reason, not learned from."""

import json

import pytest

from advisor.fits.fit import fit
from advisor.fits.measured_runs import measured_runs
from advisor.store.doubts import NAMED, doubtful_notes, doubts_of
from advisor.store.recorded import recorded
from advisor.store.workspace import Workspace
from tests.fits.stored import run, workspace

SOUND, DOUBTFUL = 0.07, 0.01
"""TPOT of Qwen3-8B on an L4, whose 0.3 TB/s take 0.05 s for its weights."""


def test_an_import_keeps_them_and_says_which_and_why(advisor, tmp_path):
    table = tmp_path / "mine.csv"
    table.write_text(
        "model,gpu,prompt_tokens,generated_tokens,concurrency,tpot_s\n"
        f"qwen3-8b,l4,1024,256,8,{DOUBTFUL}\nqwen3-8b,l4,1024,256,16,{SOUND}\n"
    )
    ws = ("--workspace", tmp_path / "ws")
    code, out, err = advisor("import", "runs", table, *ws, "--json")
    done = json.loads(out)
    assert (code, done["rows"], done["doubtful"]) == (0, 2, 1)
    (line,) = (line for line in err.splitlines() if "doubtful" in line)
    for part in ("Qwen/Qwen3-8B (bf16) on l4 (tp1), 8 in flight, 1,024 + 256 tokens", "TPOT of 10.0 ms beats"):
        assert part in line
        assert part in done["notes"][0]
    code, out, _ = advisor("measurements", *ws)
    assert (code, "doubtful, not fitted: Qwen/Qwen3-8B" in " ".join(out.split())) == (0, True)
    assert "TPOT of 10.0 ms beats" in advisor("fit", *ws)[2]


def test_of_two_reports_the_one_counts_that_says_how_the_cache_was_kept(tmp_path):
    twice = {"ttft_s": 0.5, "gpu": "h100-sxm"}
    silent, exact = run(8, 0.02, **twice), run(8, 0.020001, kv_precision="fp8", **twice)
    for name, reports in (("one", [silent, exact]), ("other", [exact, silent])):
        found = measured_runs(workspace(tmp_path / name, runs=reports))
        assert found.kv_precision[found.own].tolist() == ["fp8"]


def test_a_fit_learns_from_the_others_alone(tmp_path):
    ws = workspace(tmp_path, runs=[run(c, t) for c, t in ((1, SOUND), (8, DOUBTFUL), (16, SOUND))])
    found = measured_runs(ws)
    assert found.runs.concurrency[found.own].tolist() == [1, 16]
    (note,) = fit(ws).notes
    assert "8 in flight" in note
    (correction,) = (c for c in ws.fits.corrections if (c.gpu, c.precision) == ("l4", "bf16"))
    assert correction.n_runs == 2


def test_a_listing_counts_them_by_deployment(tmp_path):
    ws = workspace(tmp_path, runs=[run(1, SOUND), run(8, DOUBTFUL), run(2, SOUND, gpu="a10g", doubt="a guess")])
    own = {each.setup["gpu"]: each for each in recorded(ws) if each.whose == "own"}
    assert (own["l4"].rows, own["l4"].doubtful, own["a10g"].doubts) == (2, 1, ("a guess",))
    assert own["l4"].doubts[0].startswith("TPOT of 10.0 ms")


def test_what_cannot_be_judged_is_not_doubted():
    shipped = Workspace()
    rows = [
        run(8, DOUBTFUL, model="my/own"),
        run(8, DOUBTFUL, gpu="abacus"),
        run(8, DOUBTFUL, status="failed"),
        run(8, 0.0),
        run(8, DOUBTFUL, model="my/own", doubt="a guess"),
    ]
    assert doubts_of(rows, shipped.models, shipped.gpus) == ["", "", "", "", "a guess"]
    assert doubts_of([], shipped.models, shipped.gpus) == []


@pytest.mark.parametrize("n", [0, 1, NAMED, NAMED + 3])
def test_many_are_not_named_one_by_one(n):
    notes = doubtful_notes([run(8, SOUND)] + [run(8, DOUBTFUL)] * n, [""] + ["too fast"] * n)
    assert len(notes) == min(n, NAMED) + (n > NAMED)
    assert ("3 more" in notes[-1] if notes else True) == (n > NAMED or not notes)


def test_requests_that_waited_count_with_the_batch_they_had(tmp_path):
    waited = run(64, 0.1, ttft_s=3 * 255 * 0.1, request_s=4 * 255 * 0.1)
    found = measured_runs(workspace(tmp_path, runs=[waited]))
    assert found.runs.concurrency[found.own] == pytest.approx([16.0])
    assert found.waited[found.own].all()
    assert str(found.runs.ttft_s[found.own][0]) == "nan"
    assert "Little's law" in found.notes[0]


def test_a_front_end_adds_to_ttft_and_not_to_tpot(tmp_path):
    through, direct = run(8, SOUND, ttft_s=0.9, front_end="dynamo"), run(4, SOUND, ttft_s=0.3)
    found = measured_runs(workspace(tmp_path, runs=[through, direct]))
    own = found.where(found.own)
    order = own.runs.concurrency.argsort()
    assert own.runs.ttft_s[order].tolist() == pytest.approx([0.3, float("nan")], nan_ok=True)
    assert own.runs.tpot_s.tolist() == [SOUND, SOUND]
    assert found.notes == ("1 measured load through a front end: fitted by TPOT alone",)


def test_whole_batches_and_prefill_apart_are_kept_out_of_the_fit(tmp_path):
    whole = run(8, None, request_s=30.0, offline=True)
    apart = run(8, SOUND, prefill_parallelism="tp1", replicas=1)
    ws = workspace(tmp_path, runs=[whole, apart])
    found = fit(ws)
    assert found.corrections == 0
    assert [note.split(":")[1] for note in found.notes] == [" not fitted", " not fitted"]
