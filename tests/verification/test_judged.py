"""Predictions for a seen load, verdicts on it and reasons, on known answers and on simulated windows."""

import math
from dataclasses import replace

import numpy as np
import pytest

import advisor
from advisor.fits.speeds import Speeds
from advisor.performance.memory import max_sequences
from advisor.performance.parallelism import Parallelism
from advisor.performance.predict import steps
from advisor.performance.simulation import StepTimes, poisson, simulate
from advisor.recommendation.estimate import deployment
from advisor.verification.causes import Planned, causes
from advisor.verification.figures import expected, figures
from advisor.verification.seen import Seen, Times
from tests.known import SHIPPED

MODEL, GPU = "Qwen/Qwen3-32B", "h100-sxm"
DEPLOYED = deployment(SHIPPED, MODEL, GPU, Parallelism(tp=2), None, "vllm")
SPEED = Speeds.read(SHIPPED).of(GPU, "vllm", DEPLOYED.precision, SHIPPED.models.shape(MODEL))
CORE = ("TTFT", "TPOT", "generated tokens", "requests", "running requests", "waiting requests")


def estimated(in_flight=32):
    return advisor.estimate(SHIPPED, model=MODEL, gpu=GPU, gpu_count=2, concurrency=in_flight)


def as_predicted(in_flight=32, **changed):
    """What a deployment shows that is exactly as predicted."""
    one = estimated(in_flight)
    per_s = in_flight / one.request_s
    times = (Times(t, t, t, t, 0.0) for t in (one.ttft_s, one.tpot_s, one.request_s))
    room = expected(DEPLOYED, SPEED, _bare(in_flight, one, per_s, times), None)
    times = (Times(t, t, t, t, 0.0) for t in (one.ttft_s, one.tpot_s, one.request_s))
    found = _bare(in_flight, one, per_s, times)
    found = replace(
        found,
        running=float(in_flight),
        waiting=0.0,
        most_running=float(in_flight),
        running_at_waits=float(in_flight),
        cached_tokens=0.0,
        cache_use=room.cache_use,
        kv_cache_tokens=int(room.cache_tokens),
        preemptions=0.0,
        sampled=float(in_flight),
    )
    return replace(found, **changed)


def _bare(in_flight, one, per_s, times):
    return Seen(600.0, 1000, 1024.0, 1024.0, in_flight, in_flight, per_s, per_s * 1024, *times, drift=0.0)


def slower(seen, factor):
    """The same load where every step takes so many times as long, with as many in flight."""

    def longer(t):
        return replace(t, mean=t.mean * factor)

    times = {name: longer(getattr(seen, name)) for name in ("ttft_s", "tpot_s", "request_s")}
    rates = {name: getattr(seen, name) / factor for name in ("requests_per_s", "output_tokens_per_s")}
    return replace(seen, **times, **rates)


def judged(seen, planned=Planned()):  # noqa: B008
    there = expected(DEPLOYED, SPEED, seen, planned.concurrency)
    found = figures(there, seen)
    return {f.name: f for f in found}, [c.name for c in causes(found, seen, there, planned)]


def test_the_prediction_is_the_one_of_estimate():
    one = estimated()
    found, why = judged(as_predicted())
    assert found["TPOT"].predicted == pytest.approx(one.tpot_s)
    assert found["TTFT"].predicted == pytest.approx(one.ttft_s)
    assert found["generated tokens"].predicted == pytest.approx(one.output_tokens_per_s)
    assert found["requests"].predicted == pytest.approx(one.output_tokens_per_s / 1024)
    assert (found["TPOT"].low, found["TPOT"].high) == pytest.approx((one.interval.tpot_s.low, one.interval.tpot_s.high))
    assert (found["TTFT"].low, found["TTFT"].high) == pytest.approx((one.interval.ttft_s.low, one.interval.ttft_s.high))
    assert found["TTFT"].high / found["TTFT"].predicted == pytest.approx(SPEED_SPREAD**3)
    assert found["requests"].predicted / found["requests"].low == pytest.approx(SPEED_SPREAD)
    assert (found["waiting requests"].low, found["waiting requests"].high) == pytest.approx((0.0, 3.2))
    assert (found["running requests"].low, found["running requests"].high) == pytest.approx((28.8, 35.2))
    cache = found["KV cache in use"]
    assert (cache.low, cache.high) == pytest.approx(
        (cache.predicted / 1.25, max(cache.predicted * 1.25, cache.predicted + 0.05))
    )
    assert {f.verdict for f in found.values()} == {"inside"}
    assert not any(f.worse for f in found.values())
    assert why == []


def test_the_cache_in_use_is_that_of_sequences_half_written():
    found, _ = judged(as_predicted())
    d = DEPLOYED.demand(1024, 1024)
    room = float(max_sequences(d, DEPLOYED.gpu.memory_bytes, DEPLOYED.hardware))
    assert found["KV cache in use"].predicted == pytest.approx(32 / room * 0.75)


@pytest.mark.parametrize(
    ("share", "verdict", "worse"), [(0.5, "inside", False), (1.3, "above", False), (1.8, "above", True)]
)
def test_a_slower_engine_is_outside_from_its_interval_on_and_worse_from_a_wider_one(share, verdict, worse):
    seen = slower(as_predicted(), SPEED_SPREAD**share)
    found, why = judged(seen)
    assert (found["TPOT"].verdict, found["TPOT"].worse) == (verdict, worse)
    assert found["generated tokens"].worse is worse
    assert why == ([] if verdict == "inside" else ["slower"])


SPEED_SPREAD = expected(DEPLOYED, SPEED, as_predicted(), None).spread


def test_a_faster_engine_is_outside_and_not_worse():
    found, why = judged(slower(as_predicted(), SPEED_SPREAD**-3))
    assert (found["TPOT"].verdict, found["requests"].verdict) == ("below", "above")
    assert not any(f.worse for f in found.values())
    assert why == ["faster"]


def test_few_requests_are_no_evidence():
    seen = slower(as_predicted(), SPEED_SPREAD**1.3)
    noisy = replace(seen, tpot_s=replace(seen.tpot_s, noise=0.8), drift=0.8)
    found, _ = judged(noisy)
    assert found["TPOT"].verdict == found["requests"].verdict == "inside"


def test_a_batch_limit_below_the_load_is_named():
    half = slower(as_predicted(16), 1.0)
    seen = replace(half, in_flight=32.0, crowd=32.0, running=16.0, waiting=16.0, sampled=32.0)
    seen = replace(seen, running_at_waits=16.0)
    seen = replace(seen, ttft_s=replace(seen.ttft_s, mean=seen.ttft_s.mean + half.request_s.mean))
    found, why = judged(seen)
    assert found["waiting requests"].worse
    assert why[0] == "batch limit"
    found, why = judged(seen, Planned(concurrency=16))  # costed so: more load than that is the reason
    assert not found["waiting requests"].worse
    assert why == ["more load"]


def test_waiting_beside_a_full_cache_is_the_caches():
    seen = as_predicted(running=20.0, waiting=12.0, most_running=21.0, cache_use=0.97)
    assert judged(seen)[1][0] == "cache full"
    seen = replace(seen, cache_use=0.5, preemptions=30.0)
    assert judged(seen)[1][:2] == ["cache full", "cache too small"]


def test_waiting_with_free_places_is_a_burst():
    assert judged(as_predicted(running=20.0, waiting=12.0, running_at_waits=20.0, most_running=60.0))[1] == ["bursts"]


def test_a_cache_that_holds_less_than_costed_is_named():
    full = as_predicted()
    seen = replace(full, cache_use=full.cache_use * 2 + 0.05, kv_cache_tokens=full.kv_cache_tokens // 2)
    found, why = judged(seen)
    assert found["KV cache in use"].verdict == "above"
    assert not found["KV cache in use"].worse
    assert why == ["smaller cache"]


def test_without_metrics_waiting_is_inferred():
    blind = {
        "running": None,
        "running_at_waits": None,
        "waiting": None,
        "most_running": None,
        "cache_use": None,
        "sampled": None,
    }
    seen = as_predicted(**blind, cached_tokens=None, kv_cache_tokens=None, preemptions=None)
    found, why = judged(seen)
    assert found["waiting requests"].verdict == "not seen"
    assert why == []
    late = replace(seen, ttft_s=replace(seen.ttft_s, mean=60.0), requests_per_s=seen.requests_per_s / 4)
    found, why = judged(late)
    assert found["TTFT"].worse
    assert why == ["batch limit"]


def test_how_the_load_differs_from_the_one_that_was_costed():
    planned = Planned(input_tokens=2048, output_tokens=512, concurrency=64, rate=100.0)
    assert judged(as_predicted(), planned)[1] == ["other lengths", "other lengths", "less load", "less load"]
    same = Planned(input_tokens=1000, output_tokens=1100, concurrency=32)
    assert judged(as_predicted(), same)[1] == []


def test_what_the_prefix_cache_holds_is_counted_and_named():
    seen = as_predicted(cached_tokens=512.0)
    half, whole = judged(seen)[0]["TTFT"].predicted, judged(as_predicted())[0]["TTFT"].predicted
    assert half < whole
    assert judged(replace(seen, ttft_s=replace(seen.ttft_s, mean=half)))[1] == ["prefix cache"]


def test_late_first_tokens_alone_are_slow_prompts():
    seen = as_predicted()
    late = replace(seen, ttft_s=replace(seen.ttft_s, mean=seen.ttft_s.mean * SPEED_SPREAD**5))
    assert judged(late)[1] == ["slow prompts"]
    early = replace(seen, ttft_s=replace(seen.ttft_s, mean=seen.ttft_s.mean / SPEED_SPREAD**5))
    assert judged(early)[1] == ["fast prompts"]


def test_readings_and_endings_that_differ_mean_that_the_load_changed():
    assert judged(as_predicted(sampled=64.0))[1] == ["load changed"]


PROMPT, ANSWER = 1024, 128


def simulated(rng, *, rate=None, in_flight=None, factor=1.0, most=1024):
    """A window of 60 to 400 requests of a replica whose steps take `factor` times what was predicted."""
    known = steps(DEPLOYED.demand(PROMPT, ANSWER), DEPLOYED.hardware, SPEED, most)
    decode_s = np.concatenate([[0.0], known.decode_s]) * factor
    speed = StepTimes(decode_s, float(known.prefill_s[0]) / PROMPT * factor, known.wait_steps)
    n = int(rng.integers(60, 400))
    arrivals = None if rate is None else poisson(rate, n, int(rng.integers(1 << 30)))
    s = simulate(speed, arrivals, in_flight or n // 4, PROMPT, ANSWER, n)
    count = len(s.ttft_s)
    mean_s = {"ttft_s": s.ttft_s, "tpot_s": s.tpot_s, "request_s": s.request_s}
    times = {k: _times(v) for k, v in mean_s.items()}
    per_s = s.output_tokens_per_s / ANSWER
    waiting = per_s * float(np.mean(s.place_s))
    crowd = s.in_flight + (1.0 if rate else 0.0)
    return Seen(
        duration_s=count / per_s,
        n_requests=count,
        prompt_tokens=PROMPT,
        generated_tokens=ANSWER,
        in_flight=s.in_flight,
        crowd=crowd,
        requests_per_s=per_s,
        output_tokens_per_s=s.output_tokens_per_s,
        **times,
        drift=1.645 * math.sqrt(2 * max(s.in_flight, 1)) / count,
        running=s.in_flight - waiting,
        waiting=waiting,
        most_running=min(most, crowd),
        running_at_waits=min(most, crowd),
        sampled=s.in_flight,
    )


def _times(values):
    mean = float(np.mean(values))
    return Times(mean, None, None, None, 1.645 * float(np.std(values)) / mean / math.sqrt(len(values)))


def loads(n):
    rng = np.random.default_rng(5)
    for i in range(n):
        error = math.exp(rng.normal() * math.log(SPEED_SPREAD) / 1.645)
        load = {"in_flight": int(rng.integers(4, 65))} if i % 2 else {"rate": float(rng.uniform(0.5, 6.0))}
        yield rng, load, error


def test_at_most_one_in_twenty_quiet_windows_is_an_alarm():
    """Speeds miss as their intervals say; windows are short; half of the loads come at random."""
    alarms = 0
    for rng, load, error in loads(200):
        found, _ = judged(simulated(rng, **load, factor=error))
        alarms += any(f.worse for f in found.values())
    assert alarms <= 10, alarms


def test_a_halved_batch_limit_is_an_alarm_with_its_name():
    named = 0
    for rng, load, error in loads(40):
        if "in_flight" not in load:
            continue
        n = max(load["in_flight"], 8)
        found, why = judged(simulated(rng, in_flight=n, factor=error, most=n // 2))
        named += found["waiting requests"].worse and why[0] == "batch limit"
    assert named == 20
