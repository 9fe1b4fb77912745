"""What is believed of a deployment's speed: the nearest row, and corrections where they hold."""

import csv

import numpy as np
import pytest

from advisor.errors import AdvisorError
from advisor.fits.fit import fit
from advisor.fits.measured_runs import measured_runs
from advisor.fits.speeds import Speeds
from advisor.performance.corrections import covers
from advisor.performance.predict import PLAIN_ROOFLINE, predict
from advisor.provenance import Provenance
from tests.fits.stored import MODEL, run, workspace
from tests.known import SHIPPED

R1 = "deepseek-ai--DeepSeek-R1"
SPEEDS = Speeds.read(SHIPPED)


def test_a_measured_combination_has_its_own_row():
    found = SPEEDS.of("h100-sxm", "vllm", "fp8")
    assert found.provenance == Provenance.POOLED  # from other models
    assert found.known is None
    assert SPEEDS.has("h100-sxm", "vllm", "fp8")
    (row,) = (r for r in SHIPPED.fits.speeds if (r.gpu, r.engine, r.precision) == ("h100-sxm", "vllm", "fp8"))
    assert (found.efficiency, found.spread, found.source) == (row.efficiency, row.spread, row.runs)


def test_a_gpu_without_runs_gets_what_was_pooled():
    found = SPEEDS.of("l4", "vllm", "bf16")
    assert found == SPEEDS.of("NVIDIA", "vllm", "bf16")
    assert found.provenance == Provenance.POOLED
    assert found.spread > 1
    assert not SPEEDS.has("l4", "vllm", "bf16")
    assert found.efficiency != SPEEDS.of("h100-sxm", "vllm", "bf16").efficiency


def test_fp4_that_a_gpu_widens_has_the_row_of_int4():
    widened = SPEEDS.of("h200-sxm", "vllm", "fp4")
    assert widened == SPEEDS.of("h200-sxm", "vllm", "int4")
    assert SPEEDS.efficiency("h200-sxm", "vllm", "fp4") == widened.efficiency
    assert " of weights in fp4: " in widened.source  # INT4's own kernels were not measured there
    native = SPEEDS.of("b200-sxm", "vllm", "fp4")
    assert "of weights in" not in native.source
    int4 = SPEEDS.of("b200-sxm", "vllm", "int4").efficiency
    assert native.efficiency.experts > 1.1 * int4.experts
    assert native.efficiency.routed < 0.7 < 1 < int4.routed


def test_one_model_does_not_say_how_well_the_next_is_predicted():
    """Nine tenths of all runs were predicted within a factor of 1.29 without their model; who knows fewer than three
    models of a combination claims no more."""
    runs = measured_runs(SHIPPED).runs
    for row in SHIPPED.fits.speeds:
        here = (runs.gpu == row.gpu) & (runs.engine == row.engine) & (runs.kernels == row.precision)
        if 0 < len(set(runs.shape[here].tolist())) < 3:
            assert row.spread > 1.28, row


def test_an_engine_without_runs_gets_the_plain_roofline():
    assert SPEEDS.of("h100-sxm", "made-up", "bf16", R1) is PLAIN_ROOFLINE
    assert PLAIN_ROOFLINE.provenance == Provenance.ROOFLINE


def test_what_was_learned_from_others_is_called_pooled():
    """Fitted are speeds of a model that was measured there alone."""
    assert {row.provenance for row in SHIPPED.fits.speeds} == {Provenance.POOLED}
    of_model = SPEEDS.of("h200-sxm", "sglang", "fp8", R1)
    assert of_model.provenance == Provenance.FITTED
    assert "runs of this model shape on this GPU" in of_model.source
    assert SPEEDS.of("b200-sxm", "vllm", "fp8", R1).provenance == Provenance.POOLED


def test_intervals_hold_for_the_runs_that_they_come_from():
    """Of every model on a GPU, in the order of GPUs, which predicts some loads otherwise than their own runs would."""
    runs = measured_runs(SHIPPED).runs.where(~measured_runs(SHIPPED).in_process)
    layout = np.asarray(runs.hardware.attention_shards) < np.asarray(runs.hardware.gpu_count)
    labels = [each.tolist() for each in (runs.gpu, runs.engine, runs.precision, runs.shape)]
    kinds, held = list(zip(*labels, layout.tolist(), strict=True)), {}
    for kind in dict.fromkeys(kinds):
        here = np.array([each == kind for each in kinds])
        some, speed = runs.where(here), SPEEDS.of(*kind[:4], data_parallel=kind[4])
        found = predict(some.demand, some.hardware, speed, some.concurrency, some.max_sequences)
        inside = np.abs(some.log_errors(found.serving)[0]) <= np.log(found.spread) + 1e-3
        held.setdefault(kind[:4], []).extend(inside.tolist())
    shares = {kind: np.mean(inside) for kind, inside in held.items() if len(inside) >= 10}
    assert len(shares) > 25
    assert min(shares.values()) > 0.84, min(shares, key=shares.get)


def test_a_correction_holds_only_for_the_kind_of_layout_that_was_measured():
    there = ("b200-sxm", "sglang", "fp8")
    found = SPEEDS.of(*there, R1)
    (own,) = (each for each in found.known.own if each.here)
    assert covers(own.correction, data_parallel=False)
    assert f"{own.correction.n_runs} runs of this model shape" in found.source
    parallel = SPEEDS.of(*there, R1, data_parallel=True)
    assert not any(each.here for each in parallel.known.own)
    assert not parallel.known.covered
    assert (parallel.provenance, parallel.source) == (SPEEDS.of(*there).provenance, SPEEDS.of(*there).source)
    assert SPEEDS.of(*there, "made-up") == SPEEDS.of(*there)


def test_a_gpu_where_a_model_was_not_measured_has_what_its_runs_share():
    found = SPEEDS.of("h100-sxm", "sglang", "fp8", R1)
    assert found.known.covered
    assert found.known.shared is SPEEDS.by_shape[R1, "", "sglang", "fp8"]
    assert not any(each.here for each in found.known.own)
    assert all(each.worse for each in found.known.own if each.correction.n_runs)  # measured on better ones alone


def test_a_precision_that_was_not_measured_has_what_the_others_share():
    found = SPEEDS.of_shape(R1, "sglang", "bf16", np.asarray("b200-sxm"), np.asarray(False))
    assert found.shared is SPEEDS.by_shape[R1, "", "sglang", ""]
    assert SPEEDS.of("b200-sxm", "sglang", "bf16", R1).provenance == SPEEDS.of("b200-sxm", "sglang", "bf16").provenance


def test_what_is_known_of_a_model_is_of_one_engine():
    assert SPEEDS.measured_on(R1, "sglang") == ["b200-sxm", "b300-sxm", "h200-sxm"]
    assert SPEEDS.of_shape(R1, "made-up", "fp8", np.asarray("b200-sxm"), np.asarray(False)) is None


LOADS = [run(c, 0.06 + 0.002 * c) for c in (1, 4, 16)]


def test_a_workspace_lies_over_what_ships(tmp_path):
    ws = workspace(tmp_path, runs=LOADS)
    fit(ws)
    own, shape = Speeds.read(ws), ws.models.shape(MODEL)
    found = own.of("l4", "vllm", "bf16", shape)
    assert (found.provenance, sum(bool(each.here) for each in found.known.own)) == (Provenance.FITTED, 1)
    assert own.has("l4", "vllm", "bf16")
    assert own.of("h100-sxm", "vllm", "fp8") == SPEEDS.of("h100-sxm", "vllm", "fp8")
    assert Speeds.shipped(ws).by_combination.keys() == SPEEDS.by_combination.keys()
    assert not Speeds.read(SHIPPED).has("l4", "vllm", "bf16")


def test_two_workspaces_know_only_their_own(tmp_path):
    slow = [row | {"tpot_s": 3 * row["tpot_s"]} for row in LOADS]
    one, other = (workspace(tmp_path / name, runs=rows) for name, rows in (("one", LOADS), ("other", slow)))
    fit(one)
    fit(other)
    fast, slow = (float(Speeds.read(ws).efficiency("l4", "vllm", "bf16").weights) for ws in (one, other))
    assert fast > 1.5 * slow


@pytest.mark.parametrize("text", ["0.1 0.2", "0.1 x 0 0 0 0 0", ""])
def test_a_damaged_correction_is_named(tmp_path, text):
    ws = workspace(tmp_path, runs=LOADS)
    fit(ws)
    table = tmp_path / "profiles" / "corrections.csv"
    rows = list(csv.DictReader(table.read_text().splitlines()))
    with table.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(row | {"tpot": text} for row in rows)
    with pytest.raises(AdvisorError, match=r"corrections.csv: tpot .* on any GPU .*run `advisor fit` again"):
        Speeds.read(ws)


@pytest.mark.parametrize("name", ["performance.csv", "corrections.csv"])
def test_a_table_of_an_older_version_is_named_and_mended_by_a_fit(tmp_path, name):
    ws = workspace(tmp_path, runs=LOADS)
    fit(ws)
    table = tmp_path / "profiles" / name
    column = "kernel_s" if name == "performance.csv" else "shifts"
    table.write_text(table.read_text().replace(column, "layer_s"))
    with pytest.raises(AdvisorError, match=rf"{name}.*{column}.*run `advisor fit` again"):
        Speeds.read(ws)
    fit(ws)
    assert Speeds.read(ws).has("l4", "vllm", "bf16")


def test_ranges_survive_the_table(tmp_path):
    """What was measured lies within the range that is read back, within the digits that are stored."""
    ws = workspace(tmp_path, runs=LOADS)
    fit(ws)
    speed = Speeds.read(ws).of("l4", "vllm", "bf16", ws.models.shape(MODEL))
    (correction,) = (each.correction for each in speed.known.own if each.here)
    assert correction.n_runs == 3
    assert (correction.low[0], correction.high[0]) == pytest.approx((0, 4), abs=1e-3)
