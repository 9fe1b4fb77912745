"""The fit finds what made synthetic runs, and says so on runs it did not see."""

import numpy as np
import pytest

from advisor.performance.global_fit import fit, fold_of, left_out_efficiency
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


def test_left_out_runs_are_predicted_and_not_seen(runs):
    blind = left_out_efficiency(runs, fold_of(np.arange(len(runs)).astype(str), 3), ridge=0.3)
    assert np.median(errors(runs, blind)) < 0.1


def test_a_fold_keeps_groups_whole():
    groups = np.array(["a", "b", "a", "c", "b"])
    folds = fold_of(groups, 2)
    assert folds[0] == folds[2]
    assert folds[1] == folds[4]
    assert set(folds.tolist()) == {0, 1}


def test_an_unknown_gpu_gets_the_base(runs):
    model = fit(runs)
    known, unknown = (model.efficiency([gpu], ["vllm"], ["bf16"]) for gpu in ("h100-sxm", "made-up"))
    assert 0 < float(unknown.weights[0]) < 1
    assert float(unknown.weights[0]) != float(known.weights[0])
