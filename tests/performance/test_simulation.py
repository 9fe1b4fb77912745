"""The simulated engine against what can be counted by hand, and against the closed form of the steady state."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from advisor.fits.speeds import Speeds
from advisor.performance.deployment import Deployment
from advisor.performance.parallelism import Parallelism
from advisor.performance.predict import PLAIN_ROOFLINE, predict
from advisor.performance.roofline import prefill_s
from advisor.performance.simulation import TOKEN_BUDGET, StepTimes, passed, poisson, simulate
from advisor.performance.under_load import Limits, answer_lengths, replica, shared, step_times
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


def test_two_prompts_share_a_step_by_hand():
    """Of 8 192 tokens the first prompt takes 5 000, the second 3 192; its other 1 808 go beside the first one's
    decoding."""
    s = simulate(FLAT, None, 2, 5000, 3, 2)
    first, second = 0.01 + 0.08192, 0.01 + 0.08192 + 0.01 + 0.01808
    assert s.ttft_s == pytest.approx([first, second])
    assert s.tpot_s == pytest.approx([(second + 0.01 - first) / 2, 0.01])
    assert s.output_tokens_per_s == pytest.approx(3 * 2 / (second + 0.015))  # two in flight, for 0.13 and 0.14 s


def test_decoding_takes_places_in_the_token_budget():
    """Of two prompts of 8 192 tokens one goes first; the second has 8 191 tokens beside the first one's decoding, and
    one more step."""
    s = simulate(FLAT, None, 2, TOKEN_BUDGET, 9, 2)
    assert s.ttft_s == pytest.approx([0.09192, 0.09192 + 0.09191 + 0.01001])


def test_a_step_lasts_as_long_as_its_batch():
    """One second for one sequence (and for prompts alone), ten for two."""
    speed = StepTimes(np.array([0.0, 1.0, 10.0]), 0.25, 0.0)
    s = simulate(speed, None, 2, 1, 3, 2)
    assert s.ttft_s == pytest.approx([1.5, 1.5])
    assert s.tpot_s == pytest.approx([10, 10])
    assert simulate(speed, None, 1, 1, 3, 1).tpot_s == pytest.approx([1])


def test_one_place_serves_one_after_another():
    """Each takes 1.25 s for its prompt and two more steps; four at once: the second waits 3.25 s, …; then each new one
    for the three before it."""
    s = simulate(StepTimes(np.array([0.0, 1.0]), 0.25, 0.0), None, 4, 1, 3, 16)
    assert s.ttft_s == pytest.approx([3 * 3.25 + 1.25] * 12)
    assert s.tpot_s == pytest.approx([1] * 12)
    assert s.output_tokens_per_s == pytest.approx(3 / 3.25)
    few = simulate(StepTimes(np.array([0.0, 1.0]), 0.25, 0.0), None, 4, 1, 3, 3)
    assert few.ttft_s == pytest.approx([1.25, 4.5, 7.75])


def test_whatever_else_a_request_waits_for_is_counted_in_tpots():
    quick, slow = (simulate(StepTimes(FLAT.decode_s, 1e-5, steps), None, 4, 100, 11, 32) for steps in (0.0, 2.0))
    assert slow.ttft_s - quick.ttft_s == pytest.approx(2 * np.mean(quick.tpot_s))
    assert slow.output_tokens_per_s == pytest.approx(
        4 * 11 / (4 * 11 / quick.output_tokens_per_s + 2 * np.mean(quick.tpot_s))
    )
    assert slow.in_flight == pytest.approx(4)


def test_arrivals_far_apart_by_hand():
    """One every ten seconds, each answered in two: of the window from the second arrival to the last, two of twenty
    seconds."""
    s = simulate(StepTimes(np.array([0.0, 1.0, 1.0]), 0.0, 0.0), np.array([5.0, 15.0, 25.0, 35.0]), 1, 7, 2, 4)
    assert s.ttft_s == pytest.approx([1, 1, 1])
    assert s.tpot_s == pytest.approx([1, 1, 1])
    assert s.output_tokens_per_s == pytest.approx(2 * 2 / 20)
    assert s.in_flight == pytest.approx(2 / 10)


def test_arrivals_together_share_the_steps():
    """The second comes during the first step and starts with the next one."""
    s = simulate(StepTimes(np.array([0.0, 1.0, 3.0]), 0.0, 0.0), np.array([0.0, 0.5]), 4, 7, 3, 2)
    assert s.ttft_s == pytest.approx([1, 1.5])  # 0 → 1, 0.5 → 2
    assert s.tpot_s == pytest.approx([(5 - 1) / 2, (6 - 2) / 2])  # one alone, both, the other alone


def test_one_token_leaves_no_time_between_tokens():
    s = simulate(FLAT, None, 2, 10, 1, 8)
    assert (s.tpot_s == 0).all()
    assert s.ttft_s == pytest.approx(0.01 + 20 * 1e-5)


def test_arrivals_at_random_have_the_mean_rate_and_the_spread_of_chance():
    arrivals = poisson(4.0, 5000)
    gaps = np.diff(arrivals)
    assert arrivals[-1] == pytest.approx(5000 / 4)
    assert gaps.std() == pytest.approx(gaps.mean(), rel=0.05)
    assert (gaps > 0).all()
    assert (poisson(4.0, 50) == poisson(4.0, 50)).all()
    assert (poisson(4.0, 50, seed=1) != poisson(4.0, 50)).any()


def test_percentiles_of_a_load():
    """Of a hundred waiting times by numpy's own percentiles; requests of 50 tokens on average."""
    places = shared(FLAT, 500, 50, np.ones(64))
    load, s = places.at_concurrency(25), simulate(FLAT, None, 25, 500, answer_lengths(50, 100), 100)
    for spread, values in ((load.ttft_s, s.ttft_s), (load.tpot_s, s.tpot_s)):
        assert (spread.mean, spread.p50, spread.p90, spread.p99) == pytest.approx(
            (values.mean(), *np.quantile(values, (0.5, 0.9, 0.99)))
        )
    assert load.requests_per_s * 50 == pytest.approx(load.output_tokens_per_s)
    assert load.in_flight == pytest.approx(25)


def test_answers_differ_in_length_around_the_mean():
    lengths = answer_lengths(900, 81)
    assert (lengths.min(), lengths.max(), lengths.mean()) == (800, 1000, pytest.approx(900, abs=0.1))
    assert set(np.diff(np.sort(lengths))) <= {2, 3}  # evenly
    assert np.mean(np.diff(lengths) > 0) == pytest.approx(0.5, abs=0.2)
    assert (answer_lengths(1, 16) == 1).all()


def test_answers_of_different_lengths_do_not_end_together():
    """Of 32 prompts that came at once one follows each answer: were these equal, all 32 would come at once again."""
    speed = StepTimes(np.full(33, 0.01), 1e-4, 0.0)
    equal, varied = (simulate(speed, None, 32, 500, tokens, 512) for tokens in (200, answer_lengths(200, 512)))
    assert np.median(varied.ttft_s) < np.median(equal.ttft_s) / 2
    assert varied.output_tokens_per_s == pytest.approx(equal.output_tokens_per_s, rel=0.05)


def test_the_step_that_takes_a_prompt_in_is_not_waited_for_twice():
    """`ttft_steps` counts it, the simulation makes it."""
    deployment = Deployment(load_model("Qwen/Qwen3-32B"), load_gpu("h200-sxm"), Parallelism(), "fp8")
    for steps, waits in ((3.5, 2.5), (0.5, 0.0)):
        speed = replace(PLAIN_ROOFLINE, efficiency=replace(PLAIN_ROOFLINE.efficiency, ttft_steps=steps))
        assert step_times(deployment, speed, 256, 128)[0].wait_steps == pytest.approx(waits)


def test_prompts_that_share_a_step_take_less_each():
    """Of 100 tokens: one takes a second alone, two 0.6 of it each, and so do three."""
    speed = StepTimes(np.zeros(5), 0.01, 0.0, prompt_share=np.array([1.0, 0.6]))
    for together, seconds in ((1, 1.0), (2, 1.2), (3, 1.8)):
        assert passed(speed, np.zeros(together), 0, 100, 2, together).first_s == pytest.approx([seconds] * together)


def test_the_simulation_takes_prompts_together_as_the_physics_does():
    """32 prompts of 256 tokens fill a step; launching its kernels is shared by all of them."""
    deployment = Deployment(load_model("openai/gpt-oss-120b"), load_gpu("h100-sxm"), Parallelism(), "fp4")
    times, _ = step_times(deployment, PLAIN_ROOFLINE, 256, 128)
    assert len(times.prompt_share) == 32
    assert times.prompt_share[0] == 1
    assert (np.diff(times.prompt_share) <= 0).all()
    d = deployment.demand(256, 1)
    whole = float(prefill_s(d, deployment.hardware, PLAIN_ROOFLINE.efficiency, 32.0))
    assert times.prompts_s([256] * 32) == pytest.approx(32 * whole)


def test_ttft_is_corrected_by_the_factor_at_what_is_in_flight():
    plain = shared(FLAT, 500, 50, np.ones(64))
    corrected = shared(FLAT, 500, 50, np.array([1.0, 1.0, 3.0, 1.0, 5.0]))
    for concurrency, factor in ((2, 1), (3, 3), (4, 1), (5, 5), (40, 5)):
        one, other = plain.at_concurrency(concurrency), corrected.at_concurrency(concurrency)
        assert other.ttft_s.p90 == pytest.approx(factor * one.ttft_s.p90)
        assert other.tpot_s == one.tpot_s
    assert corrected.at_rate(0.001).ttft_s.p50 == pytest.approx(plain.at_rate(0.001).ttft_s.p50)  # nobody else there


def test_limits_hold_for_ninety_of_a_hundred():
    load = shared(FLAT, 500, 50, np.ones(64)).at_concurrency(16)
    ttft, tpot = load.ttft_s.p90, load.tpot_s.p90
    assert Limits(ttft, tpot).hold(load)
    assert not Limits(0.999 * ttft, tpot).hold(load)
    assert not Limits(ttft, 0.999 * tpot).hold(load)
    assert Limits().hold(load)


def test_the_largest_rate_is_a_step_below_one_that_is_too_much():
    places = shared(StepTimes(np.concatenate([[0.0], 0.01 + 0.001 * np.arange(16)]), 1e-5, 0.0), 200, 20, np.ones(16))
    most = places.at_concurrency(16).requests_per_s
    assert places.largest_rate(Limits()) == pytest.approx(49 / 50 * most)
    limits = Limits(ttft_s=0.06)
    rate = places.largest_rate(limits)
    assert 0 < rate < 0.9 * most
    assert limits.hold(places.at_rate(rate))
    assert not limits.hold(places.at_rate(rate + most / 50))
    assert places.largest_rate(Limits(ttft_s=1e-4)) == 0


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
    places = shared(FLAT, 500, 50, np.ones(64))
    calm, busy = places.at_rate(5.0), places.at_rate(60.0)
    assert calm.ttft_s.p99 >= calm.ttft_s.p90 >= calm.ttft_s.p50
    assert busy.ttft_s.p90 > calm.ttft_s.p90
    assert busy.output_tokens_per_s > calm.output_tokens_per_s


def test_the_largest_concurrency_holds_and_one_more_does_not():
    places = shared(StepTimes(np.concatenate([[0.0], 0.01 + 0.001 * np.arange(64)]), 1e-6, 0.0), 100, 40, np.ones(64))
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
