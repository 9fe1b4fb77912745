import dataclasses
import math

import pytest

import advisor
from advisor.performance.under_load import Limits, Percentiles, UnderLoad
from advisor.provenance import Provenance

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
