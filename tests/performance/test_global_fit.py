"""The fit finds what made synthetic runs, and says so on runs it did not see."""

from dataclasses import fields, replace

import numpy as np
import pytest

from advisor.performance.columns import FAMILIES, LATENCIES, NAMES, PRECISIONS, columns_of
from advisor.performance.global_fit import PerformanceModel, fit, fold_of, left_out_efficiency
from advisor.performance.roofline import SHARES, Efficiency, serving
from tests.known import runs_of

SETTING = {"gpu": "h100-sxm", "parallelism": "tp2", "precision": "bf16", "kv_precision": "bf16", "engine": "vllm"}
TRUTH = Efficiency(
    dense=0.4,
    grouped=0.3,
    weights=0.6,
    experts=0.5,
    kv=0.5,
    kernel_s=3e-6,
    step_s=2e-3,
    prompt_s=3e-3,
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
    fitted = fit(runs, ridge=0.3).efficiency(runs.family.tolist(), runs.engine.tolist(), runs.precision.tolist())
    assert np.median(errors(runs, fitted)) < 0.05 < np.median(errors(runs, Efficiency()))


def test_time_to_the_first_token_is_fitted_too(runs):
    fitted = fit(runs, ridge=0.3).efficiency(runs.family.tolist(), runs.engine.tolist(), runs.precision.tolist())

    def ttft_errors(efficiency):
        predicted = serving(runs.demand, runs.hardware, efficiency, runs.concurrency, runs.max_sequences)
        return np.median(np.abs(runs.log_errors(predicted)[1]))

    assert ttft_errors(fitted) < 0.06 < 0.5 * ttft_errors(Efficiency())


def test_predictions_of_a_model_are_those_of_its_efficiencies(runs):
    model = fit(runs)
    fitted = model.efficiency(runs.family.tolist(), runs.engine.tolist(), runs.precision.tolist())
    assert model.predict(runs).tpot_s == pytest.approx(
        serving(runs.demand, runs.hardware, fitted, runs.concurrency, runs.max_sequences).tpot_s
    )


def test_an_outlier_hardly_moves_the_fit(runs):
    """One run of thirty ten times too slow: least squares would shift all by e^(ln 10/30) = 8 %."""
    broken = replace(runs, tpot_s=runs.tpot_s.copy())
    broken.tpot_s[4] *= 10
    labels = (runs.family.tolist(), runs.engine.tolist(), runs.precision.tolist())
    before, after = (fit(r, ridge=0.3).efficiency(*labels) for r in (runs, broken))
    first, second = (
        serving(runs.demand, runs.hardware, e, runs.concurrency, runs.max_sequences).tpot_s for e in (before, after)
    )
    assert np.median(np.abs(np.log(second / first))) < 0.04


def test_a_stiff_ridge_leaves_the_defaults_and_a_loose_one_does_not(runs):
    stiff, middle, loose = (fit(runs, ridge=ridge).coefficients for ridge in (1e4, 10, 0.3))
    expected = columns_of(("vllm",)).expected
    assert np.abs(stiff - expected).max() < 0.01
    assert np.abs(loose - expected).sum() > np.abs(middle - expected).sum() > 2 * np.abs(stiff - expected).sum()


def test_parts_add_up():
    """An engine, a family but Hopper, and a precision each add their own shift to the base; fp4 has fp8's too."""
    columns = columns_of(("e", "f"))
    names = ("base", "e", "f", *FAMILIES, *PRECISIONS)
    shifts = np.zeros((len(NAMES), len(names)))
    shifts[NAMES.index("step_s")] = np.log([2, 3, 5, 7, 13, 17, 19, 23, 29, 31])
    model = PerformanceModel(("e", "f"), shifts)
    families, engines = ["Hopper", "NVIDIA", "NVIDIA", "Blackwell", "CDNA"], ["e", "f", "x", "e", "x"]
    step_s = model.efficiency(families, engines, ["bf16", "fp8", "fp4", "int8", "int4"]).step_s
    factors = np.array([2 * 3, 2 * 5 * 7 * 19, 2 * 7 * 19 * 23, 2 * 3 * 13 * 29, 2 * 17 * 31])
    assert step_s == pytest.approx(1e-3 * factors)
    assert columns.free.shape == shifts.shape


def test_bounds_keep_order_whatever_the_runs_say(runs):
    """Runs that claim fp8 to take three times as long, and a Blackwell GPU ten times, move neither beyond its bound."""
    slow = replace(
        runs,
        family=np.where(np.arange(len(runs)) % 3 == 0, "Blackwell", runs.family),
        precision=np.where(np.arange(len(runs)) % 2 == 0, "fp8", runs.precision),
        tpot_s=runs.tpot_s * np.where(np.arange(len(runs)) % 2 == 0, 3, 1) * np.where(np.arange(len(runs)) % 3, 1, 10),
    )
    model, columns = fit(slow), columns_of(("vllm",))
    assert (model.coefficients >= columns.low - 1e-12).all()
    assert (model.coefficients <= columns.high + 1e-12).all()
    new, old = (model.efficiency([f], ["vllm"], ["bf16"]) for f in ("Blackwell", "Hopper"))
    for name in LATENCIES:
        assert getattr(new, name) <= getattr(old, name)
    for name in SHARES:
        assert np.log(getattr(new, name) / getattr(old, name)) >= -0.2 - 1e-9


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


def test_an_unknown_family_gets_the_base(runs):
    model = fit(runs)
    known, unknown = (model.efficiency([gpu], ["vllm"], ["bf16"]) for gpu in ("NVIDIA", "made-up"))
    assert 0 < float(unknown.weights[0]) < 1
    assert any(float(getattr(unknown, f.name)[0]) != float(getattr(known, f.name)[0]) for f in fields(Efficiency))
