"""The fit finds what made synthetic runs, and says so on runs it did not see."""

from dataclasses import replace

import numpy as np
import pytest

from advisor.performance.global_fit import PerformanceModel, fit, fold_of, left_out_efficiency
from advisor.performance.roofline import Efficiency, serving
from tests.known import runs_of

SETTING = {"gpu": "h100-sxm", "parallelism": "tp2", "precision": "bf16", "kv_precision": "bf16", "engine": "vllm"}
TRUTH = Efficiency(
    compute=0.4,
    weights=0.6,
    experts=0.5,
    kv=0.5,
    kernel_s=3e-6,
    step_s=2e-3,
    prefill_compute=0.4,
    ttft_steps=3,
    burst=0.1,
)


@pytest.fixture(scope="module")
def runs():
    models = ("Qwen/Qwen3-8B", "Qwen/Qwen3-32B", "Qwen/Qwen3-30B-A3B")
    loads = [(m, i, o, c) for m in models for i, o in ((512, 512), (4096, 512)) for c in (1, 4, 16, 64, 128)]
    columns = dict(
        zip(
            ("model", "prompt_tokens", "generated_tokens", "concurrency"),
            map(np.array, zip(*loads, strict=True)),
            strict=True,
        )
    )
    columns |= {
        name: np.full(len(loads), text)
        for name, text in (
            ("gpu", "h100-sxm"),
            ("parallelism", "tp2"),
            ("precision", "bf16"),
            ("kv_precision", "bf16"),
            ("engine", "vllm"),
        )
    }
    unknown = np.full(len(loads), np.nan)
    asked = runs_of(columns | dict.fromkeys(("ttft_s", "tpot_s", "request_s", "output_tokens_per_s"), unknown))
    made = serving(asked.demand, asked.hardware, TRUTH, asked.concurrency)
    noise = np.exp(np.random.default_rng(0).normal(0, 0.03, len(loads)))
    times = {
        "ttft_s": made.ttft_s * noise,
        "tpot_s": made.tpot_s * noise,
        "request_s": unknown,
        "output_tokens_per_s": unknown,
    }
    return runs_of(columns | times)


def errors(runs, efficiency):
    predicted = serving(runs.demand, runs.hardware, efficiency, runs.concurrency, runs.max_sequences)
    return np.abs(np.expm1(-runs.log_errors(predicted)[0]))


def test_predictions_come_close_to_what_made_the_runs(runs):
    fitted = fit(runs, ridge=0.3).efficiency(runs.gpu.tolist(), runs.engine.tolist(), runs.precision.tolist())
    assert np.median(errors(runs, fitted)) < 0.05 < np.median(errors(runs, Efficiency()))


def test_time_to_the_first_token_is_fitted_too(runs):
    fitted = fit(runs, ridge=0.3).efficiency(runs.gpu.tolist(), runs.engine.tolist(), runs.precision.tolist())

    def ttft_errors(efficiency):
        predicted = serving(runs.demand, runs.hardware, efficiency, runs.concurrency, runs.max_sequences)
        return np.median(np.abs(runs.log_errors(predicted)[1]))

    assert ttft_errors(fitted) < 0.06 < 0.5 * ttft_errors(Efficiency())


def test_predictions_of_a_model_are_those_of_its_efficiencies(runs):
    model = fit(runs)
    fitted = model.efficiency(runs.gpu.tolist(), runs.engine.tolist(), runs.precision.tolist())
    assert model.predict(runs).tpot_s == pytest.approx(
        serving(runs.demand, runs.hardware, fitted, runs.concurrency, runs.max_sequences).tpot_s
    )


def test_an_outlier_hardly_moves_the_fit(runs):
    """One run of thirty ten times too slow: least squares would shift all by e^(ln 10/30) = 8 %."""
    broken = replace(runs, tpot_s=runs.tpot_s.copy())
    broken.tpot_s[4] *= 10
    labels = (runs.gpu.tolist(), runs.engine.tolist(), runs.precision.tolist())
    before, after = (fit(r, ridge=0.3).efficiency(*labels) for r in (runs, broken))
    first, second = (
        serving(runs.demand, runs.hardware, e, runs.concurrency, runs.max_sequences).tpot_s for e in (before, after)
    )
    assert np.median(np.abs(np.log(second / first))) < 0.04


def test_a_stiff_ridge_leaves_the_defaults_and_a_loose_one_does_not(runs):
    stiff, middle, loose = (fit(runs, ridge=ridge).coefficients for ridge in (1e4, 10, 0.3))
    assert np.abs(stiff).max() < 0.01
    assert np.abs(loose).sum() > np.abs(middle).sum() > 2 * np.abs(stiff).sum()


def test_what_all_runs_share_goes_to_the_base_more_than_to_any_part(runs):
    """One GPU, engine and precision cannot be told apart from the base, which is held a third as stiffly: it moves
    1/0.3² as far."""
    coefficients = fit(runs).coefficients
    assert coefficients[:, 1:] == pytest.approx(coefficients[:, [1]].repeat(3, axis=1), abs=1e-3)
    moved = np.abs(coefficients[:, 0]) > 0.05
    assert moved.sum() >= 3
    assert coefficients[moved, 0] / coefficients[moved, 1] == pytest.approx(1 / 0.3**2, rel=0.02)


def test_parts_add_up():
    """A GPU, an engine and a precision each add their own shift to the base; names are in alphabetical order."""
    shifts = np.zeros((12, 1 + 2 + 1 + 2))
    shifts[0] = [0, np.log(3), 0, np.log(2), 0, np.log(5)]
    model = PerformanceModel(("a", "b"), ("e",), ("p", "q"), shifts)
    compute = model.efficiency(["a", "b", "a", "x"], ["e", "e", "x", "x"], ["q", "p", "x", "x"]).compute
    odds = 0.55 / 0.45 * np.array([30, 2, 3, 1])
    assert compute == pytest.approx(odds / (1 + odds))


def test_left_out_runs_are_predicted_and_not_seen(runs):
    blind = left_out_efficiency(runs, fold_of(np.arange(len(runs)).astype(str), 3), ridge=0.3)
    assert np.median(errors(runs, blind)) < 0.1


def test_a_fold_is_predicted_without_its_own_runs(runs):
    """Other times in one fold change the predictions of the others alone."""
    folds = np.arange(len(runs)) % 3
    other = replace(runs, tpot_s=np.where(folds == 1, 3 * runs.tpot_s, runs.tpot_s))
    before, after = (left_out_efficiency(r, folds).weights for r in (runs, other))
    assert (before[folds == 1] == after[folds == 1]).all()
    assert (before[folds != 1] != after[folds != 1]).all()


def test_folds_are_even_repeat_and_differ_by_seed():
    groups = np.array([f"g{i:02}" for i in range(30)])
    folds = fold_of(groups, 3)
    assert np.bincount(folds).tolist() == [10, 10, 10]
    assert (folds == fold_of(groups, 3)).all()
    assert (folds != fold_of(groups, 3, seed=1)).any()


def test_a_fold_keeps_groups_whole():
    groups = np.array(["a", "b", "a", "c", "b"])
    folds = fold_of(groups, 2)
    assert folds[0] == folds[2]
    assert folds[1] == folds[4]
    assert set(folds.tolist()) == {0, 1}


def test_later_groups_leave_the_folds_of_the_first_ones_alone():
    groups = np.array(["m", "b", "a", "z", "a", "k"])
    first = np.array([True, False, False, True, False, True])
    found = fold_of(groups, 2, first=first)
    assert found[first].tolist() == fold_of(groups[first], 2).tolist()
    assert found[2] == found[4] != found[1]  # dealt on in turn: three come before


def test_an_unknown_gpu_gets_the_base(runs):
    model = fit(runs)
    known, unknown = (model.efficiency([gpu], ["vllm"], ["bf16"]) for gpu in ("h100-sxm", "made-up"))
    assert 0 < float(unknown.weights[0]) < 1
    assert float(unknown.weights[0]) != float(known.weights[0])
