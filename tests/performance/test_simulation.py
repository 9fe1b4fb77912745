"""The simulated engine against what can be counted by hand, and against the closed form of the steady state."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from advisor.fits.speeds import Speeds
from advisor.performance.deployment import Deployment
from advisor.performance.parallelism import Parallelism
from advisor.performance.predict import predict
from advisor.performance.simulation import TOKEN_BUDGET, StepTimes, poisson, simulate
from advisor.performance.under_load import Limits, Replica, replica
from tests.known import SHIPPED, load_gpu, load_model

FLAT = StepTimes(np.concatenate([[0.0], np.full(64, 0.01)]), 1e-5, 0.0)


def test_one_request_by_hand():
    s = simulate(FLAT, None, 1, 1000, 11, 8)
    assert s.ttft_s == pytest.approx(0.02)  # 1000 × 10 µs beside one step
    assert s.tpot_s == pytest.approx(0.01)
    assert s.output_tokens_per_s == pytest.approx(11 / 0.12)
    assert s.in_flight == pytest.approx(1.0)


def test_a_long_prompt_takes_several_steps():
    s = simulate(FLAT, None, 1, 3 * TOKEN_BUDGET, 2, 8)
    assert s.ttft_s == pytest.approx(3 * 0.01 + 3 * TOKEN_BUDGET * 1e-5)


def test_a_full_engine_makes_the_rest_wait():
    crowded = simulate(FLAT, None, 128, 10, 50, 512)
    held = simulate(FLAT, None, 64, 10, 50, 512)
    assert crowded.output_tokens_per_s == pytest.approx(held.output_tokens_per_s, rel=0.1)
    assert np.median(crowded.ttft_s) > 10 * np.median(held.ttft_s)


@given(st.integers(1, 80), st.integers(1, 2000), st.integers(1, 40))
@settings(max_examples=30, deadline=None)
def test_littles_law(concurrency, prompt, generated):
    s = simulate(FLAT, None, concurrency, prompt, generated, 8 * concurrency + 16)
    assert s.in_flight == pytest.approx(concurrency, rel=0.35)
    assert (s.ttft_s > 0).all()
    assert s.tpot_s.min() >= (0.01 if generated > 1 else 0) - 1e-12


def test_at_a_low_rate_nobody_waits():
    arrivals = poisson(0.5, 200)
    s = simulate(FLAT, arrivals, 50, 100, 20, 200)
    assert np.median(s.ttft_s) == pytest.approx(0.011, rel=0.05)
    assert s.in_flight == pytest.approx(0.5 * 0.2, rel=0.3)
    assert len(arrivals) / arrivals[-1] == pytest.approx(0.5, rel=0.2)


def test_percentiles_spread_with_the_rate():
    places = Replica(FLAT, 500, 50, np.ones(64))
    calm, busy = places.at_rate(5.0), places.at_rate(60.0)
    assert calm.ttft_s.p99 >= calm.ttft_s.p90 >= calm.ttft_s.p50
    assert busy.ttft_s.p90 > calm.ttft_s.p90
    assert busy.output_tokens_per_s > calm.output_tokens_per_s


def test_the_largest_concurrency_holds_and_one_more_does_not():
    places = Replica(StepTimes(np.concatenate([[0.0], 0.01 + 0.001 * np.arange(64)]), 1e-6, 0.0), 100, 40, np.ones(64))
    limits = Limits(tpot_s=0.03)
    most = places.largest_concurrency(limits)
    assert 1 < most < 64
    assert limits.hold(places.at_concurrency(most))
    assert not limits.hold(places.at_concurrency(most + 1))
    assert places.largest_concurrency(Limits(tpot_s=0.001)) == 0
    assert places.largest_concurrency(Limits()) == 64
    rate = places.largest_rate(limits)
    assert 0 < rate < places.at_concurrency(64).requests_per_s


@pytest.mark.parametrize("model", ["Qwen/Qwen3-32B", "openai/gpt-oss-120b"])
@pytest.mark.parametrize("concurrency", [1, 16, 64])
def test_the_closed_loop_agrees_with_the_closed_form(model, concurrency):
    deployment = Deployment(load_model(model), load_gpu("h200-sxm"), Parallelism(tp=2), "fp8")
    speed = Speeds.read(SHIPPED).of("h200-sxm", "vllm", "fp8", SHIPPED.models.shape(model))
    d = deployment.demand(1024, 512)
    closed = predict(d, deployment.hardware, speed, concurrency).serving
    load = replica(deployment, speed, 1024, 512).at_concurrency(concurrency)
    assert load.tpot_s.mean == pytest.approx(float(closed.tpot_s), rel=0.15)
