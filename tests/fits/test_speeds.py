"""What is believed of a deployment's speed: the nearest row, and corrections where they hold."""

import csv

import numpy as np
import pytest

from advisor.errors import AdvisorError
from advisor.fits.fit import fit
from advisor.fits.speeds import Speeds
from advisor.performance.corrections import covers
from advisor.performance.predict import PLAIN_ROOFLINE
from advisor.provenance import Provenance
from tests.fits.stored import MODEL, run, workspace
from tests.known import SHIPPED

R1 = "deepseek-ai--DeepSeek-R1"
SPEEDS = Speeds.read(SHIPPED)


def test_a_measured_combination_has_its_own_row():
    found = SPEEDS.of("h100-sxm", "vllm", "fp8")
    assert found.provenance == Provenance.FITTED
    assert found.corrections == ()
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


def test_an_engine_without_runs_gets_the_plain_roofline():
    assert SPEEDS.of("h100-sxm", "made-up", "bf16", R1) is PLAIN_ROOFLINE
    assert PLAIN_ROOFLINE.provenance == Provenance.ROOFLINE


def test_what_was_learned_from_others_is_called_pooled():
    """66 of the 90 shipped rows once said roofline and held pooled efficiencies."""
    for row in SHIPPED.fits.speeds:
        expected = Provenance.POOLED if row.runs.startswith("pooled") else Provenance.FITTED
        assert row.provenance == expected, row
    assert {row.provenance for row in SHIPPED.fits.speeds} == {Provenance.POOLED, Provenance.FITTED}


def test_a_correction_holds_only_for_the_kind_of_layout_that_was_measured():
    there = ("b200-sxm", "sglang", "fp8")
    found = SPEEDS.of(*there, R1)
    ((where, correction),) = found.corrections
    assert where is True
    assert covers(correction, data_parallel=False)
    assert f"{correction.n_runs} runs of this model shape" in found.source
    assert SPEEDS.of(*there, R1, data_parallel=True) == SPEEDS.of(*there)
    assert SPEEDS.of(*there, "made-up") == SPEEDS.of(*there)
    assert SPEEDS.of("h100-sxm", *there[1:], R1).corrections == ()


def test_a_correction_makes_a_pooled_row_fitted():
    pooled = [key for key, speed in SPEEDS.by_combination.items() if speed.provenance == Provenance.POOLED]
    shape, *combination = next(iter(SPEEDS.by_shape))
    moved = Speeds(SPEEDS.families, {tuple(combination): SPEEDS.by_combination[pooled[0]]}, SPEEDS.by_shape)
    data_parallel = not covers(SPEEDS.by_shape[(shape, *combination)], data_parallel=False)
    assert moved.of(*combination, shape, data_parallel=data_parallel).provenance == Provenance.FITTED
    assert moved.of(*combination).provenance == Provenance.POOLED


def test_corrections_of_one_engine_and_precision():
    found = SPEEDS.corrections("sglang", "fp8")
    assert found[R1]["b200-sxm"] is SPEEDS.by_shape[R1, "b200-sxm", "sglang", "fp8"]
    assert sum(len(by_gpu) for by_gpu in found.values()) == sum(key[2:] == ("sglang", "fp8") for key in SPEEDS.by_shape)
    assert SPEEDS.corrections("made-up", "fp8") == {}


LOADS = [run(c, 0.06 + 0.002 * c) for c in (1, 4, 16)]


def test_a_workspace_lies_over_what_ships(tmp_path):
    ws = workspace(tmp_path, runs=LOADS)
    fit(ws)
    own, shape = Speeds.read(ws), ws.models.shape(MODEL)
    found = own.of("l4", "vllm", "bf16", shape)
    assert (found.provenance, len(found.corrections)) == (Provenance.FITTED, 1)
    assert own.has("l4", "vllm", "bf16")
    assert own.of("h100-sxm", "vllm", "fp8") == SPEEDS.of("h100-sxm", "vllm", "fp8")
    assert Speeds.shipped(ws).by_combination.keys() == SPEEDS.by_combination.keys()
    assert not Speeds.read(SHIPPED).has("l4", "vllm", "bf16")


def test_two_workspaces_know_only_their_own(tmp_path):
    slow = [row | {"tpot_s": 3 * row["tpot_s"]} for row in LOADS]
    one, other = (workspace(tmp_path / name, runs=rows) for name, rows in (("one", LOADS), ("other", slow)))
    fit(one)
    fit(other)
    fast, slow = (float(Speeds.read(ws).of("l4", "vllm", "bf16").efficiency.weights) for ws in (one, other))
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
    with pytest.raises(AdvisorError, match=r"corrections.csv: tpot .* on l4 .*run `advisor fit` again"):
        Speeds.read(ws)


@pytest.mark.parametrize("name", ["performance.csv", "corrections.csv"])
def test_a_table_of_an_older_version_is_named_and_mended_by_a_fit(tmp_path, name):
    ws = workspace(tmp_path, runs=LOADS)
    fit(ws)
    table = tmp_path / "profiles" / name
    table.write_text(table.read_text().replace("kernel_s", "layer_s"))
    with pytest.raises(AdvisorError, match=rf"{name}.*kernel_s.*run `advisor fit` again"):
        Speeds.read(ws)
    fit(ws)
    assert Speeds.read(ws).has("l4", "vllm", "bf16")


def test_ranges_survive_the_table(tmp_path):
    """What was measured lies within the range that is read back, within the digits that are stored."""
    ws = workspace(tmp_path, runs=LOADS)
    fit(ws)
    ((_, correction),) = Speeds.read(ws).of("l4", "vllm", "bf16", ws.models.shape(MODEL)).corrections
    assert correction.n_runs == 3
    assert correction.low[1] == pytest.approx((np.log2(1) - 5) / 3, abs=1e-3)
    assert correction.high[1] == pytest.approx((np.log2(16) - 5) / 3, abs=1e-3)
