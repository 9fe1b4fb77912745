"""The fit finds what made synthetic runs, and says so on runs it did not see."""

import numpy as np
import pytest

from advisor.gpus import load_gpu
from advisor.models.catalog import load_model
from advisor.performance.demand import demand, stack
from advisor.performance.fit import Runs, fit, left_out, relative_errors
from advisor.performance.hardware import Hardware, hardware
from advisor.performance.parallelism import Parallelism
from advisor.performance.profiles import fitted_for
from advisor.performance.roofline import Efficiency, serving

TRUTH = Efficiency(compute=0.4, weights=0.6, experts=0.5, kv=0.5, layer_s=25e-6, step_s=2e-3, prefill_compute=0.4, ttft_steps=3, burst=0.1)


@pytest.fixture(scope="module")
def runs() -> Runs:
    shapes = [(m, i, o, c) for m in ("Qwen3-8B", "Qwen3-32B", "Qwen3-30B-A3B") for i, o in ((512, 512), (4096, 512)) for c in (1, 4, 16, 64, 128)]
    demands = stack([demand(load_model(m), "bf16", i, o) for m, i, o, _ in shapes])
    one = hardware(load_gpu("h100-sxm"), Parallelism(tp=2), "bf16")
    n = len(shapes)
    hw = Hardware(*(np.full(n, float(getattr(one, f))) for f in Hardware.__dataclass_fields__))
    concurrency = np.array([c for *_, c in shapes], dtype=float)
    made = serving(demands, hw, TRUTH, concurrency)
    noise = np.exp(np.random.default_rng(0).normal(0, 0.03, n))
    labels = [np.array([m for m, *_ in shapes]), *(np.full(n, text) for text in ("h100-sxm", "vllm", "bf16"))]
    return Runs(demands, hw, concurrency, np.full(n, np.inf), *labels, made.ttft_s * noise, made.tpot_s * noise)


def test_predictions_come_close_to_what_made_the_runs(runs):
    plain = serving(runs.demand, runs.hardware, Efficiency(), runs.concurrency)
    before = np.median(relative_errors(plain.tpot_s, runs.tpot_s))
    after = np.median(relative_errors(fit(runs, ridge=0.3).predict(runs).tpot_s, runs.tpot_s))
    assert after < 0.05 < before


def test_left_out_runs_are_predicted_and_not_seen(runs):
    groups = np.arange(len(runs)).astype(str)
    tpot, ttft = left_out(runs, groups, folds=3, ridge=0.3)
    assert np.isfinite(tpot).all()
    assert np.isfinite(ttft).all()
    assert np.median(relative_errors(tpot, runs.tpot_s)) < 0.1


def test_an_unknown_gpu_gets_the_base(runs):
    model = fit(runs)
    known, unknown = (model.efficiency([gpu], ["vllm"], ["bf16"]) for gpu in ("h100-sxm", "made-up"))
    assert 0 < float(unknown.weights[0]) < 1
    assert float(unknown.weights[0]) != float(known.weights[0])


def test_shipped_rows():
    assert fitted_for("h100-sxm", "vllm", "fp8").provenance == "fitted"
    assert fitted_for("l4", "vllm", "bf16").provenance == "roofline"
    assert fitted_for("l4", "vllm", "bf16").spread > 1


def test_a_correction_holds_only_for_the_kind_of_layout_that_was_measured():
    combination = ("b200-sxm", "sglang", "fp8", "deepseek-ai--DeepSeek-R1")
    assert fitted_for(*combination).correction is not None
    assert fitted_for(*combination, data_parallel=True).correction is None
    assert fitted_for("b200-sxm", "sglang", "fp8", "made-up").correction is None
