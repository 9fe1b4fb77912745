"""Prefill and decoding on separate GPUs, and what engines take at once."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from advisor.performance.deployment import BatchLimits, Deployment
from advisor.performance.disaggregated import Station, disaggregated, prompt_s, times_apart, transfer_s
from advisor.performance.hardware import NODE_LINK_BYTES_PER_S, hardware
from advisor.performance.memory import max_sequences
from advisor.performance.parallelism import Parallelism
from advisor.performance.predict import PLAIN_ROOFLINE, predict
from advisor.performance.roofline import Efficiency, prefill_s
from advisor.performance.under_load import replica
from tests.known import load_gpu, load_model

QWEN = Deployment(load_model("Qwen3-32B"), load_gpu("h100-sxm"), Parallelism(tp=4), "bf16")


def station(replicas=1, deployment=QWEN, **efficiency):
    speed = replace(PLAIN_ROOFLINE, efficiency=Efficiency(**efficiency))
    return Station(deployment, speed, replicas)


def test_requests_obey_littles_law():
    found = disaggregated(station(2), station(3), 2048, 512, 96)
    per_s = found.output_tokens_per_s / 512
    assert per_s * found.request_s == pytest.approx(96)
    assert per_s * found.tpot_s * 511 == pytest.approx(3 * found.decoding, rel=1e-3)
    assert found.request_s == pytest.approx(found.ttft_s + 511 * found.tpot_s)
    assert found.ttft_s == pytest.approx(found.queue_s + found.prefill_s + found.transfer_s, rel=1e-3)


def test_a_lone_request_waits_for_nothing():
    found = disaggregated(station(), station(), 2048, 512, 1)
    alone = float(prefill_s(replace(QWEN.demand(2048, 1)), QWEN.hardware, Efficiency()))
    assert found.queue_s == pytest.approx(0, abs=1e-6)
    assert found.prefill_s == pytest.approx(alone + Efficiency().first_s)


def test_too_few_prefill_engines_bound_the_throughput():
    few, more = (disaggregated(station(n), station(8), 8192, 64, 512) for n in (1, 2))
    assert few.prefill_busy > 0.99
    assert more.output_tokens_per_s == pytest.approx(2 * few.output_tokens_per_s, rel=0.05)
    assert few.ttft_s > 2 * more.ttft_s * 0.9
    assert few.queue_s > 0.9 * few.ttft_s


def test_without_a_queue_decoding_is_a_closed_loop_of_its_own():
    found = disaggregated(station(64, burst=0.0), station(1), 64, 2048, 32)
    assert found.decoding == pytest.approx(32, rel=0.02)


@settings(max_examples=15, deadline=None)
@given(
    prompt=st.sampled_from((64, 1024, 8192)),
    generated=st.sampled_from((16, 256, 2048)),
    in_flight=st.integers(1, 256),
    engines=st.integers(1, 4),
)
def test_a_step_without_prompts_is_no_slower_than_one_with(prompt, generated, in_flight, engines):
    found = disaggregated(station(engines), station(1), prompt, generated, in_flight)
    d, hw = QWEN.demand(prompt, generated), QWEN.hardware
    shared = predict(d, hw, PLAIN_ROOFLINE, max(found.decoding, 1.0)).serving
    assert found.tpot_s <= float(shared.tpot_s) * (1 + 1e-6)
    more = disaggregated(station(engines + 1), station(1), prompt, generated, in_flight)
    least = 1 - 1e-6 if engines > 1 else 0.9  # two machines, between which caches are sent, where one held all engines
    assert more.output_tokens_per_s >= found.output_tokens_per_s * least


def test_the_cache_goes_over_the_link_between_nodes():
    d = QWEN.demand(2048, 512)
    cache = float(d.kv_sequence_bytes) * 2048 / 2560
    near = transfer_s(station(1), station(1), d)
    assert near == pytest.approx(cache / (4 * QWEN.gpu.link_bytes_per_s))  # eight GPUs are one node
    wide = Station(replace(QWEN, layout=Parallelism(tp=8)), PLAIN_ROOFLINE, 1)
    for prefill, decode in ((station(1), wide), (station(2), station(1)), (station(1), station(2))):
        assert transfer_s(prefill, decode, d) == pytest.approx(cache / (4 * NODE_LINK_BYTES_PER_S))


@pytest.mark.parametrize(
    ("gpu", "layout", "over"),
    [
        ("h200-sxm", "tp8", 0),
        ("h200-sxm", "tp16", 1),
        ("h200-sxm", "tp8pp2", 0),
        ("gb200", "dp32", 0),
        ("b200-sxm", "dp32", 1),
    ],
)
def test_beyond_a_node_the_link_is_an_adapter(gpu, layout, over):
    spec = load_gpu(gpu)
    hw = hardware(spec, Parallelism.parse(layout), "bf16")
    assert hw.over_nodes == over
    assert hw.link_bytes_per_s == (NODE_LINK_BYTES_PER_S if over else spec.link_bytes_per_s)


@settings(max_examples=15, deadline=None)
@given(fewer=st.integers(1, 512), more=st.integers(1, 512), prompt=st.sampled_from((64, 1024, 8192)))
def test_a_larger_batch_never_lowers_throughput_at_saturation(fewer, more, prompt):
    fewer, more = sorted((fewer, more))
    d, hw = QWEN.demand(prompt, 256), QWEN.hardware
    few, many = (predict(d, hw, PLAIN_ROOFLINE, 1024, n).serving for n in (fewer, more))
    assert many.output_tokens_per_s >= few.output_tokens_per_s * (1 - 1e-9)


@settings(max_examples=15, deadline=None)
@given(fewer=st.integers(16, 16384), more=st.integers(16, 16384), model=st.sampled_from(("Qwen3-32B", "Qwen3-30B-A3B")))
def test_larger_chunks_never_lower_throughput(fewer, more, model):
    fewer, more = sorted((fewer, more))
    at = replace(QWEN, spec=load_model(model))
    times = []
    for tokens in (fewer, more):
        limited = replace(at, limits=BatchLimits(prompt_tokens=tokens))
        times.append(predict(limited.demand(8192, 256), at.hardware, PLAIN_ROOFLINE, 64).serving)
    assert times[1].output_tokens_per_s >= times[0].output_tokens_per_s * (1 - 1e-9)


@pytest.mark.parametrize(("model", "layout"), [("Qwen3-32B", Parallelism(tp=2)), ("Qwen3-30B-A3B", Parallelism(dp=4))])
def test_the_simulation_has_the_times_of_the_closed_loop(model, layout):
    """One prompt alone and as many as a step of all groups holds, what follows until decoding, and every step."""
    at = replace(QWEN, spec=load_model(model), layout=layout)
    prefill, decode = Station(at, PLAIN_ROOFLINE, 2), Station(at, PLAIN_ROOFLINE, 3)
    times, alone = times_apart(prefill, decode, 1000, 100), disaggregated(prefill, decode, 1000, 100, 1)
    assert (times.prefill_engines, times.decode_engines) == (2, 3)
    together = prompt_s(at.demand(1000, 1), at.hardware, PLAIN_ROOFLINE.efficiency, layout.dp)
    assert len(times.prompts_s) == 8192 * layout.dp // 1000
    assert times.prompts_s[0] == pytest.approx(float(together[0]))
    assert times.prompts_s[-1] / len(times.prompts_s) == pytest.approx(float(together[1]), rel=0.05)
    assert times.prompts_s[0] + times.handover_s == pytest.approx(alone.ttft_s, rel=1e-6)
    assert times.handover_s > float(PLAIN_ROOFLINE.efficiency.first_s)
    assert times.decode_s[1] == pytest.approx(alone.tpot_s, rel=1e-3)
    assert len(times.decode_s) - 1 == min(
        1024 * layout.dp, int(max_sequences(at.demand(1000, 100), at.gpu.memory_bytes, at.hardware))
    )


def test_limits_hold_in_the_simulation():
    limited = replace(QWEN, limits=BatchLimits(8, 512))
    one = replica(limited, PLAIN_ROOFLINE, 2048, 64)
    assert one.max_in_flight == 8
    larger = replica(replace(QWEN, limits=BatchLimits(8, 8192)), PLAIN_ROOFLINE, 2048, 64)
    assert one.at_concurrency(1).ttft_s.mean > larger.at_concurrency(1).ttft_s.mean  # a prompt takes four steps
    assert np.isfinite(one.at_concurrency(16).ttft_s.mean)
    groups = replace(limited, spec=load_model("Qwen3-30B-A3B"), layout=Parallelism(dp=4))
    assert groups.most_sequences == 32  # eight in each group
