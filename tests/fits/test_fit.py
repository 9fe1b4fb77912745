"""The verb `fit`: which tables it makes of which measurements."""

import json
from dataclasses import fields
from shutil import copy

import numpy as np
import pytest

from advisor.errors import AdvisorError
from advisor.fits.fit import fit
from advisor.fits.measured_runs import measured_runs
from advisor.fits.prior import read_prior
from advisor.fits.speed_fits import speed_rows
from advisor.fits.speeds import Speeds
from advisor.performance.deployment import Deployment
from advisor.performance.global_fit import PerformanceModel
from advisor.performance.groups import COEFFICIENTS
from advisor.performance.parallelism import Parallelism
from advisor.performance.predict import ROOFLINE_SPREAD, predict
from advisor.performance.roofline import Efficiency
from advisor.provenance import Provenance
from advisor.store.folders import visible
from advisor.store.workspace import Workspace
from tests.fits.stored import MODEL, run, sample, workspace
from tests.known import SHIPPED

ANSWERS = [sample(q, i, (q + i) % 3 > 0, 400 + 300 * i) for q in range(10) for i in range(4)]


def test_a_summary_of_what_was_derived(tmp_path):
    ws = workspace(tmp_path, ANSWERS, [run(c, 0.07) for c in (1, 8)])
    found = fit(ws)
    assert (found.points, found.curves) == (len(lines(tmp_path, "points.csv")), len(lines(tmp_path, "curves.csv")))
    assert (found.n_pairs, found.corrections, found.notes) == (1, 1, ())
    assert found.path == str(tmp_path / "profiles")
    assert json.loads(found.to_json())["corrections"] == 1
    assert not ws.unfitted


def lines(folder, name):
    return (folder / "profiles" / name).read_text().splitlines()[1:]


def test_nothing_measured_nothing_written(tmp_path):
    found = fit(Workspace(tmp_path / "new"))
    assert (found.points, found.curves, found.corrections, found.n_pairs) == (0, 0, 0, 0)
    assert list(tmp_path.rglob("*.csv")) == []


def test_without_a_folder_speeds_are_left_to_make_performance(monkeypatch, tmp_path):
    """What ships has tables of all GPUs, fitted together; `fit` makes those of the answers alone."""
    workspace(tmp_path, ANSWERS, [run(1, 0.07)])
    (tmp_path / "profiles").mkdir()
    (tmp_path / "profiles" / "performance.csv").write_text("as it was")
    copy(SHIPPED.profiles[0] / "learned_curves.csv", tmp_path / "profiles")
    monkeypatch.setattr("advisor.store.workspace.shipped_root", lambda: tmp_path)
    found = fit(Workspace())
    assert found.points > 0
    assert found.corrections == 0
    assert (tmp_path / "profiles" / "performance.csv").read_text() == "as it was"


def test_a_fit_replaces_the_one_before(tmp_path):
    workspace(tmp_path, ANSWERS, [run(1, 0.07)])
    fit(Workspace(tmp_path))
    (tmp_path / "measurements" / "runs" / "mine.parquet").unlink()
    assert fit(Workspace(tmp_path)).corrections == 0
    assert {path.name for path in visible(tmp_path / "profiles", "")} == {"points.csv", "curves.csv"}


@pytest.mark.parametrize("kind", ["samples", "runs"])
def test_a_damaged_file_is_named_and_nothing_is_written(tmp_path, kind):
    ws = workspace(tmp_path, ANSWERS, [run(1, 0.07)])
    (tmp_path / "measurements" / kind / "torn.parquet").write_bytes(b"PAR1torn")
    with pytest.raises(AdvisorError, match=r"torn\.parquet"):
        fit(ws)
    assert not (tmp_path / "profiles").exists()


def test_loads_of_models_and_gpus_without_specs_are_left_out_and_named(tmp_path):
    runs = [run(1, 0.07), run(2, 0.07, model="my/own"), run(4, 0.07, gpu="abacus")]
    found = fit(workspace(tmp_path, runs=runs))
    assert found.corrections == 1
    (note,) = found.notes
    for part in ("2 measured loads", "my/own", "abacus", "advisor import model", "gpus.csv"):
        assert part in note
    (note,) = fit(workspace(tmp_path / "other", runs=[run(2, 0.07, model="my/own")])).notes
    assert "gpus.csv" not in note


def test_loads_that_failed_or_took_no_time_say_nothing(tmp_path):
    runs = [run(1, None, status="oom"), run(2, 0.0), run(4, 0.0, request_s=20.0), run(8, None, output_tokens_per_s=9)]
    found = measured_runs(workspace(tmp_path, runs=runs))
    assert found.runs.concurrency[found.own].tolist() == [4, 8]
    assert np.isnan(found.runs.tpot_s[found.own]).all()
    assert found.runs.request_s[found.own] == pytest.approx([20.0, 8 * 256 / 9])


def test_shipped_loads_of_an_engine_in_process_count_by_tpot_alone(tmp_path):
    """Not in corrections either, not even of a model that the user measured; the user's own count as measured."""
    own = {"model": "Qwen/Qwen3-1.7B", "gpu": "h100-sxm", "ttft_s": 0.01, "dummy_weights": True}
    ws = workspace(tmp_path, runs=[run(c, 0.003, **own) for c in (1, 2)])
    found = measured_runs(ws)
    assert found.in_process.sum() > 100
    assert not (found.in_process & found.own).any()
    assert np.isnan(found.runs.ttft_s[found.in_process]).all()
    assert (found.runs.tpot_s[found.in_process] > 0).all()
    assert found.runs.ttft_s[found.own].tolist() == [0.01, 0.01]
    kept = found.where(found.in_process)
    assert set(kept.source.tolist()) == {"advisor profile"}
    assert len(kept.runs) == kept.in_process.sum() == len(kept.model)
    fit(ws)
    (row,) = measured(c for c in ws.fits.corrections if c.shape == ws.models.shape("Qwen/Qwen3-1.7B"))
    assert row.n_runs == 2
    assert not any("advisor profile" in c.runs for c in SHIPPED.fits.corrections)


def test_a_new_gpu_learns_from_all_models_on_it(tmp_path):
    """Three loads of one model move what is predicted of another on the same GPU, towards what was measured."""
    ws = workspace(tmp_path, runs=[run(c, 2 * tpot_s(SHIPPED, MODEL, c)) for c in (1, 4, 16)])
    fit(ws)
    (row,) = (r for r in ws.fits.speeds if r.gpu == "l4")
    assert (row.engine, row.precision, row.provenance) == ("vllm", "bf16", Provenance.FITTED)
    assert row.runs == "3 runs: a test"
    prior = read_prior(SHIPPED)
    noise = prior.variances[0, COEFFICIENTS.index("tpot constant")] + prior.noise[0]
    assert row.spread > np.exp(1.645 * np.sqrt(noise))  # another model strays, and a measurement has noise
    (correction,) = measured(c for c in ws.fits.corrections if c.gpu == "l4")
    shifts = np.array(correction.shifts.split(), dtype=float)
    assert np.abs(shifts).max() < 0.1  # little left to correct
    other = "Qwen/Qwen3-4B"
    assert tpot_s(ws, other, 8) > 1.5 * tpot_s(SHIPPED, other, 8)
    for c in (1, 4, 16):
        assert tpot_s(ws, MODEL, c) == pytest.approx(2 * tpot_s(SHIPPED, MODEL, c), rel=0.1)


def measured(rows):
    """Those of a GPU and precision with runs."""
    return (row for row in rows if row.gpu and row.precision and row.n_runs)


def tpot_s(ws, model, concurrency, gpu="l4", precision="bf16"):
    speed = Speeds.read(ws).of(gpu, "vllm", precision, ws.models.shape(model))
    deployment = Deployment(ws.models.spec(model), ws.gpus[gpu], Parallelism(), precision)
    predicted = predict(deployment.demand(1024, 256), deployment.hardware, speed, concurrency)
    return float(predicted.serving.tpot_s)


def test_a_gpu_that_ships_keeps_its_efficiencies(tmp_path):
    slow = 1.5 * tpot_s(SHIPPED, MODEL, 8, "h100-sxm", "fp8")
    ws = workspace(tmp_path, runs=[run(c, slow, gpu="h100-sxm", precision="fp8") for c in (8, 9)])
    found = fit(ws)
    assert found.corrections == 1
    assert not (tmp_path / "profiles" / "performance.csv").exists()
    assert Speeds.read(ws).of("h100-sxm", "vllm", "fp8") == Speeds.read(SHIPPED).of("h100-sxm", "vllm", "fp8")
    assert tpot_s(ws, MODEL, 8, "h100-sxm", "fp8") == pytest.approx(slow, rel=0.1)
    assert tpot_s(ws, "Qwen/Qwen3-4B", 8, "h100-sxm", "fp8") == tpot_s(SHIPPED, "Qwen/Qwen3-4B", 8, "h100-sxm", "fp8")


def test_a_model_that_ships_is_corrected_from_shipped_and_own_runs(tmp_path):
    shipped = next(measured(c for c in SHIPPED.fits.corrections if c.engine == "vllm"))
    model = next(name for name, entry in SHIPPED.models.items() if entry.shape == shipped.shape)
    own = {"model": model, "gpu": shipped.gpu, "precision": shipped.precision, "parallelism": "tp8"}
    ws = workspace(tmp_path, runs=[run(8, 0.02, **own)])
    fit(ws)
    key = (shipped.shape, shipped.gpu, "vllm", shipped.precision)
    (row,) = (c for c in ws.fits.corrections if (c.shape, c.gpu, c.engine, c.precision) == key)
    assert row.n_runs == shipped.n_runs + 1
    assert "a test" in row.runs


def test_rows_for_combinations_without_runs_are_pooled(tmp_path):
    found = measured_runs(workspace(tmp_path, runs=[run(c, 0.07) for c in (1, 8)]))
    runs, source = found.runs.where(found.own), found.source[found.own]
    model = PerformanceModel(("vllm",), np.zeros((len(fields(Efficiency)), 9)))
    rows = speed_rows(runs, model, source, {"l4": "NVIDIA", "Hopper": "Hopper"}, {("l4", "vllm", "bf16"): 1.25})
    by_key = {(r.gpu, r.engine, r.precision): r for r in rows}
    assert len(by_key) == len(rows) == 2 * 3 * 5
    measured = by_key.pop(("l4", "vllm", "bf16"))
    assert (measured.spread, measured.runs) == (1.25, "2 runs of all models on this GPU: a test")
    assert {row.provenance for row in rows} == {Provenance.POOLED}
    assert {row.spread for row in by_key.values()} == {ROOFLINE_SPREAD}
    assert all(row.runs.startswith("2 runs on other") for row in by_key.values())


def test_several_processes_derive_the_same(tmp_path, monkeypatch):
    one, two = (workspace(tmp_path / name, ANSWERS) for name in ("one", "two"))
    fit(one)
    for room in ("measured", "setup_fits"):
        monkeypatch.setattr(f"advisor.fits.{room}.processes", lambda n_answers: 2)
    fit(two)
    for table in ("points.csv", "curves.csv"):
        assert lines(tmp_path / "one", table) == lines(tmp_path / "two", table)
