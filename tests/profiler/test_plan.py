import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor.profiler.plan import Load, gains, loads, measured_covariance
from tests.known import load_model


@pytest.fixture(scope="module")
def problem():
    rng = np.random.default_rng(0)
    by_decode, by_ttft = rng.normal(size=(2, 12, 5))
    root = rng.normal(size=(5, 5))
    return by_decode, by_ttft, root @ root.T, np.array([0.1, 0.4])


def summed_variance(by_decode, covariance):
    return float(np.trace(by_decode @ covariance @ by_decode.T))


def test_the_gain_of_one_time_is_what_measuring_it_takes_off(problem):
    """Against the covariance recomputed from the information matrix; with TTFT infinitely noisy only TPOT counts."""
    by_decode, by_ttft, covariance, _ = problem
    noise = np.array([0.1, 1e12])
    found = gains(by_decode, by_ttft, covariance, noise)
    for i in range(len(by_decode)):
        after = np.linalg.inv(np.linalg.inv(covariance) + np.outer(by_decode[i], by_decode[i]) / noise[0])
        assert found[i] == pytest.approx(
            summed_variance(by_decode, covariance) - summed_variance(by_decode, after), rel=1e-6
        )


def test_the_covariance_after_a_load(problem):
    by_decode, by_ttft, covariance, noise = problem
    after = measured_covariance(by_decode, by_ttft, covariance, noise, 3)
    information = (
        np.linalg.inv(covariance)
        + np.outer(by_decode[3], by_decode[3]) / noise[0]
        + np.outer(by_ttft[3], by_ttft[3]) / noise[1]
    )
    assert after == pytest.approx(np.linalg.inv(information))


def test_the_plan_beats_the_average_choice(problem):
    by_decode, by_ttft, covariance, noise = problem
    planned = covariance
    for _ in range(3):
        planned = measured_covariance(
            by_decode, by_ttft, planned, noise, int(np.argmax(gains(by_decode, by_ttft, planned, noise)))
        )
    rng, by_luck = np.random.default_rng(1), []
    for _ in range(200):
        lucky = covariance
        for i in rng.choice(len(by_decode), 3, replace=False):
            lucky = measured_covariance(by_decode, by_ttft, lucky, noise, int(i))
        by_luck.append(summed_variance(by_decode, lucky))
    assert summed_variance(by_decode, planned) < np.quantile(by_luck, 0.1)


@given(st.integers(64, 40_000), st.integers(1_000, 10**7), st.integers(1, 1024))
def test_every_load_fits_the_engine(max_context, kv_cache_tokens, max_sequences):
    found = loads(load_model("Qwen3-8B"), max_context, kv_cache_tokens, max_sequences)
    assert len(set(found)) == len(found)
    for load in found:
        assert load.prompt_tokens + load.generated_tokens <= max_context
        assert load.concurrency * (load.prompt_tokens + load.generated_tokens) <= kv_cache_tokens
        assert load.concurrency <= max_sequences
        assert load.generated_tokens >= 2


def test_a_common_engine_has_loads_of_every_kind():
    found = loads(load_model("Qwen3-8B"), 8192, 400_000, 256)
    assert Load(32, 32, 1) in found
    assert max(load.concurrency for load in found) == 256
    assert max(load.prompt_tokens for load in found) == 6144
