import dataclasses
import math

import pytest

import advisor
from advisor.errors import AdvisorError
from advisor.fits.speeds import Speeds
from advisor.performance.deployment import Deployment
from advisor.performance.memory import memory
from advisor.performance.parallelism import Parallelism
from advisor.performance.power import SPREAD, watts
from advisor.performance.predict import predict
from advisor.performance.under_load import Limits, Percentiles, UnderLoad
from advisor.provenance import Provenance
from tests.known import config_file, load_model

WS = advisor.Workspace()
QUESTION = {"model": "Qwen/Qwen3-8B", "gpu": "h100-sxm", "concurrency": 16}


def test_the_price_is_of_all_gpus_of_the_replica():
    one, four = (advisor.estimate(WS, **QUESTION, gpu_count=n, price="h100-sxm=3usd/h") for n in (1, 4))
    for n, e in ((1, one), (4, four)):
        by_hand = n * 3 / 3600 / e.output_tokens_per_s * 1e6
        assert e.usd_per_million_output_tokens == pytest.approx(by_hand)
    assert four.usd_per_million_output_tokens > one.usd_per_million_output_tokens


def test_an_estimate_without_a_price_has_no_cost():
    e = advisor.estimate(WS, model="qwen3-8b", gpu="a30")
    assert "a30" not in {offer.gpu for offer in WS.prices.offers}
    assert e.usd_per_million_output_tokens is None
    assert e.provenance.price is None


def test_energy_is_power_over_throughput():
    e = advisor.estimate(WS, **QUESTION)
    watts = e.energy_j_per_request * e.output_tokens_per_s / e.output_tokens
    assert 0.35 * 700 < watts < 700  # of one H100: between reading only and multiplying only


def test_intervals_lie_around_the_value_by_the_spread():
    e = advisor.estimate(WS, **QUESTION)
    assert e.interval.tpot_s.high / e.tpot_s == pytest.approx(e.spread)
    assert e.tpot_s / e.interval.tpot_s.low == pytest.approx(e.spread)
    assert e.interval.output_tokens_per_s.low < e.output_tokens_per_s < e.interval.output_tokens_per_s.high
    assert e.spread > 1
    assert e.interval.ttft_s.high / e.ttft_s == pytest.approx(e.spread**3)
    assert e.ttft_s / e.interval.ttft_s.low == pytest.approx(e.spread**3)
    energy = e.interval.energy_j_per_request
    share = e.ttft_s / e.request_s
    whole = (1 - share) * math.log(e.spread) + share * 3 * math.log(e.spread)  # TTFT and the rest long together
    assert math.log(e.interval.output_tokens_per_s.high / e.output_tokens_per_s) == pytest.approx(whole)
    wider = math.hypot(whole, math.log(SPREAD))  # of time and of power, one independent of the other
    assert math.log(energy.high / e.energy_j_per_request) == pytest.approx(wider)
    assert energy.low * energy.high == pytest.approx(e.energy_j_per_request**2)


def test_provenance_is_one_of_the_vocabulary():
    fitted = advisor.estimate(WS, model="gpt-oss-120b", gpu="h200-sxm", precision="fp4")
    pooled = advisor.estimate(WS, model="qwen3-8b", gpu="l4")
    assert fitted.provenance.performance is Provenance.FITTED
    assert pooled.provenance.performance is Provenance.POOLED
    assert pooled.spread > fitted.spread


def load(p50, p90):
    times = Percentiles(p50, p50, p90, p90)
    return UnderLoad(1.0, 1.0, 1.0, times, times)


def test_a_limit_holds_for_ninety_of_a_hundred_requests():
    slow_tail = load(p50=0.5, p90=1.5)
    assert not Limits(ttft_s=1.0).hold(slow_tail)
    assert not Limits(tpot_s=1.0).hold(slow_tail)
    assert Limits(ttft_s=1.5, tpot_s=1.5).hold(slow_tail)
    assert Limits().hold(slow_tail)


def test_replicas_carry_the_rate_within_the_limits():
    e = advisor.estimate(WS, **QUESTION, max_tpot="20ms", qps=50)
    within = e.within_limits
    assert within.replicas == math.ceil(50 / within.max_requests_per_s)
    assert within.max_requests_per_s * (within.replicas - 1) < 50 <= within.max_requests_per_s * within.replicas
    tighter = advisor.estimate(WS, **QUESTION, max_tpot="8ms", qps=50).within_limits
    assert tighter.max_concurrency < within.max_concurrency


def test_texts_and_typed_values_mean_the_same():
    text = advisor.estimate(WS, **QUESTION, max_tpot="20ms", max_ttft="2s")
    typed = advisor.estimate(WS, **QUESTION, max_tpot=0.02, max_ttft=2)
    assert text == typed


def test_one_parallelism_and_one_count():
    assert advisor.estimate(WS, model="deepseek-v3", gpu="h200-sxm", parallelism="dp8").gpu_count == 8
    with pytest.raises(advisor.AdvisorError, match="--parallelism: tp4 takes 4 GPUs, not 2"):
        advisor.estimate(WS, **QUESTION, parallelism="tp4", gpu_count=2)
    with pytest.raises(advisor.AdvisorError, match="is dense"):
        advisor.estimate(WS, **QUESTION, parallelism="dp4")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"gpu": "h200sxm"}, "did you mean h200-sxm"),
        ({"model": "qwen3-9b"}, "did you mean"),
        ({"precision": "fp9"}, "--precision: unknown precision 'fp9'; did you mean fp8"),
        ({"kv_precision": "int4"}, "--kv-precision"),
        ({"engine": "tgi"}, "--engine"),
        ({"concurrency": 0}, "--concurrency: 0 is out of range"),
        ({"input_tokens": -1}, "--input-tokens"),
        ({"rate": math.nan}, "--rate"),
        ({"qps": 0}, "--qps"),
        ({"max_ttft": "1usd"}, "--max-ttft"),
        ({"price": "h100-sxm=free"}, "--price"),
    ],
)
def test_bad_options_name_their_flag(options, message):
    with pytest.raises(advisor.AdvisorError) as caught:
        advisor.estimate(WS, **(QUESTION | options))
    assert message in str(caught.value)


def test_an_estimate_is_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        advisor.estimate(WS, **QUESTION).tpot_s = 0.0


def test_every_figure_is_that_of_the_layer_below():
    """Against the pure functions on the same deployment."""
    deployed = Deployment(load_model("qwen3-8b"), WS.gpus["h100-sxm"], Parallelism(tp=2), "bf16", "fp8")
    speed = Speeds.read(WS).of("h100-sxm", "vllm", "bf16", WS.models.shape("Qwen/Qwen3-8B"))
    d, hw = deployed.demand(3000, 400), deployed.hardware
    use = memory(d, deployed.gpu.memory_bytes, hw, 24)
    times = predict(d, hw, speed, 24, use.max_sequences).serving
    e = advisor.estimate(
        WS, model="qwen3-8b", gpu="h100-sxm", gpu_count=2, kv_precision="fp8", input_tokens=3000, output_tokens=400,
        concurrency=24,
    )  # fmt: skip
    assert (e.ttft_s, e.tpot_s, e.request_s) == (float(times.ttft_s), float(times.tpot_s), float(times.request_s))
    assert e.output_tokens_per_s == float(times.output_tokens_per_s)
    assert e.energy_j_per_request == pytest.approx(float(watts(times, 700, 2)) / e.output_tokens_per_s * 400)
    assert e.memory.weights_bytes == use.weights_bytes
    assert e.memory.kv_cache_bytes == use.kv_cache_bytes
    assert e.memory.overhead_bytes == use.overhead_bytes
    assert e.memory.total_bytes == use.weights_bytes + use.kv_cache_bytes + use.overhead_bytes
    assert e.memory.capacity_bytes == pytest.approx(0.9 * deployed.gpu.memory_bytes)
    assert e.memory.max_sequences == use.max_sequences
    assert e.prefill_flops == deployed.spec.prefill_flops(3000)
    assert e.decode_flops_per_token == deployed.spec.decode_flops(3200)
    assert (e.gpu_count, e.parallelism, e.precision, e.kv_precision) == (2, "tp2", "bf16", "fp8")
    assert (e.input_tokens, e.output_tokens, e.concurrency) == (3000, 400, 24)


def test_the_longest_part_of_a_step_is_named():
    alone = advisor.estimate(WS, **(QUESTION | {"concurrency": 1}))
    full = advisor.estimate(WS, **(QUESTION | {"concurrency": 512, "input_tokens": 64, "output_tokens": 32}))
    long = advisor.estimate(WS, **(QUESTION | {"concurrency": 64, "input_tokens": 30_000}), gpu_count=8)
    assert (alone.bound, full.bound, long.bound) == ("weights", "compute", "KV cache")


def test_traffic_is_simulated_only_where_it_was_given():
    assert advisor.estimate(WS, **QUESTION).load is None
    at_rate = advisor.estimate(WS, **QUESTION, rate=2.0)
    assert at_rate.load.requests_per_s == pytest.approx(2.0, rel=0.15)
    assert at_rate.within_limits is None
    assert at_rate.rate == 2.0
    closed = advisor.estimate(WS, **QUESTION, max_tpot="1s")
    assert closed.load.in_flight == pytest.approx(16, rel=0.2)
    assert closed.within_limits.replicas is None
    nothing = advisor.estimate(WS, **QUESTION, max_tpot="0.1ms", qps=5).within_limits
    assert (nothing.max_concurrency, nothing.max_requests_per_s, nothing.replicas) == (0, 0, None)


def test_traffic_is_priced_at_what_it_pays_for():
    hour = {"price": "h100-sxm=3.6usd/h", "model": "qwen3-8b", "gpu": "h100-sxm", "output_tokens": 500}
    at_rate = advisor.estimate(WS, **hour, rate=2.0)
    assert at_rate.load_usd_per_million_output_tokens == pytest.approx(0.001 / 1000 * 1e6)
    closed = advisor.estimate(WS, **hour, concurrency=16, max_tpot="1s")
    paid = 0.001 / (500 * closed.load.requests_per_s) * 1e6
    assert closed.load_usd_per_million_output_tokens == pytest.approx(paid)


def test_more_traffic_than_a_replica_answers_is_refused():
    with pytest.raises(AdvisorError, match=r"--rate: 50 requests/s are more than one replica answers.*--qps"):
        advisor.estimate(WS, model="qwen3-8b", gpu="h100-sxm", rate=50)


def test_a_config_file_is_estimated_in_sixteen_bit(tmp_path):
    config = config_file("deepseek-ai/DeepSeek-V3")
    assert advisor.estimate(WS, model=str(config), gpu="b300-sxm", gpu_count=8).precision == "bf16"
    assert advisor.estimate(WS, model="deepseek-v3", gpu="b300-sxm", gpu_count=8).precision == "fp8"
