"""What a measured run cannot be, worked out from the figures of an H100 and of real models; and the batch it had.

Qwen3-8B in 16 bit: 15.1 GB are read in a step, 144 KiB a token of the cache; H100 SXM: 3.35 TB/s, 989 TFLOP/s, 85.5 GB.
"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor.performance.demand import demand
from advisor.performance.plausible import COLUMNS, LEAST_EVEN, batch, doubts, reported
from tests.known import SHIPPED, load_gpu, load_model

H100 = load_gpu("h100-sxm")
GB, STEP_S = 1e9, 0.006
LOAD = {
    "model": "Qwen/Qwen3-8B",
    "gpu": "h100-sxm",
    "parallelism": "tp1",
    "precision": "bf16",
    "kv_precision": "bf16",
    "engine": "vllm",
    "prompt_tokens": 1000.0,
    "generated_tokens": 101.0,
    "concurrency": 4.0,
    "ttft_s": 0.1,
    "tpot_s": STEP_S,
    "request_s": None,
    "output_tokens_per_s": None,
    "doubt": "",
}


def judged(*loads):
    rows = [dict.fromkeys(COLUMNS) | LOAD | load for load in loads]
    columns = {name: np.array([row[name] for row in rows], dtype=object) for name in COLUMNS}
    return reported(columns, SHIPPED.models, SHIPPED.gpus)


def doubt(**load):
    return doubts(judged(load))[0]


def least(prompt=1000, generated=101, **more):
    return demand(load_model("Qwen3-8B"), "bf16", prompt, generated, **more)


def test_nothing_is_said_of_what_can_be():
    assert doubt() == ""
    assert doubt(request_s=0.1 + 100 * STEP_S, output_tokens_per_s=4 * 101 / (0.1 + 100 * STEP_S)) == ""
    assert doubt(tpot_s=1.0, ttft_s=100.0) == ""  # slow is no doubt


def test_what_the_source_says_goes_first():
    assert doubt(doubt="work in progress", tpot_s=1e-6) == "work in progress"


def test_the_bound_is_exact_where_all_decode_all_the_time():
    d = least()
    floor = (d.always_weight_bytes + 4 * d.kv_read_bytes) / H100.memory_bytes_per_s
    below, above = (doubt(tpot_s=share * floor, ttft_s=None) for share in (0.999, 1.001))
    assert below.startswith("TPOT of")
    assert "reading weights and caches of 4 sequences" in below
    assert above == ""
    assert doubt(tpot_s=0.6 * floor, ttft_s=None, parallelism="tp2") == ""
    assert "TPOT" in doubt(tpot_s=0.4 * floor, ttft_s=None, parallelism="tp2")
    assert "TPOT" in doubt(tpot_s=0.9 * floor, ttft_s=None, parallelism="pp2")  # stages read one after the other


def test_a_large_batch_is_bound_by_products():
    d = least(1, 2)
    flops = (d.dense_flops + d.expert_flops) + d.head_flops + d.decode_core_flops
    n, short = 4000.0, {"prompt_tokens": 1.0, "generated_tokens": 2.0, "ttft_s": None}
    said = doubt(concurrency=n, tpot_s=0.99 * n * flops / 989e12, **short)
    assert "multiplying for 4,000 sequences" in said
    assert doubt(concurrency=n, tpot_s=1.01 * n * flops / 989e12, **short) == ""


def test_ttft_is_at_least_the_products_of_the_prompt():
    d = least()
    floor = (1000 * (d.dense_flops + d.expert_flops) + d.prefill_core_flops) / 989e12
    said = doubt(ttft_s=0.99 * floor)
    assert said.startswith("TTFT of")
    assert "1,000 prompt tokens" in said
    assert doubt(ttft_s=1.01 * floor) == ""
    assert doubt(ttft_s=0.6 * floor, parallelism="tp2", tpot_s=STEP_S) == ""


def test_ttft_is_bound_by_the_gpus_that_prefill_where_they_are_others():
    d = least()
    floor = (1000 * (d.dense_flops + d.expert_flops) + d.prefill_core_flops) / 989e12
    apart = {"prefill_parallelism": "tp4", "replicas": 2.0, "concurrency": 8.0}
    assert doubt(ttft_s=0.3 * floor, **apart) == ""
    assert "TTFT" in doubt(ttft_s=0.2 * floor, **apart)


def test_replicas_share_the_requests():
    d = least()
    floor = (d.always_weight_bytes + 64 * d.kv_read_bytes) / H100.memory_bytes_per_s
    one, two = ({"concurrency": n, "replicas": r, "ttft_s": None} for n, r in ((64.0, 1.0), (128.0, 2.0)))
    for load in (one, two):
        assert "64 sequences" in doubt(tpot_s=0.99 * floor, **load)
        assert doubt(tpot_s=1.01 * floor, **load) == ""


def test_whole_batches_are_bound_by_their_throughput():
    d = least()
    batch_s = 101 * (d.always_weight_bytes + 4 * d.kv_read_bytes) / H100.memory_bytes_per_s
    whole = {"ttft_s": None, "tpot_s": None, "offline": True}
    assert "tokens/s beat" in doubt(request_s=0.99 * batch_s, **whole)
    assert doubt(request_s=1.2 * batch_s, **whole) == ""
    work = (d.dense_flops + d.expert_flops) + d.head_flops + d.decode_core_flops
    prefill = 1000 * (d.dense_flops + d.expert_flops) + d.prefill_core_flops
    many_s = 512 * (prefill + 101 * work) / 989e12
    assert "tokens/s beat" in doubt(request_s=0.99 * many_s, concurrency=512.0, **whole)
    assert doubt(request_s=1.01 * many_s, concurrency=512.0, **whole) == ""


def test_weights_and_what_is_being_answered_must_fit():
    big = {"model": "meta-llama/Meta-Llama-3-70B", "ttft_s": 1.0, "tpot_s": 0.2}
    assert doubt(**big).startswith("the weights take 1")
    assert doubt(**big, parallelism="tp2") == ""
    long = {"prompt_tokens": 30_000.0, "ttft_s": 2.0, "tpot_s": 5.0}
    assert doubt(**long, concurrency=16.0).startswith("16 sequences at once take")
    assert doubt(**long, concurrency=15.0) == ""
    waited = {"prompt_tokens": 30_000.0, "ttft_s": 1000.0, "tpot_s": 5.0}
    assert doubt(**waited, concurrency=32.0) == ""  # a third are answered, the others wait


def test_times_of_one_request_add_up():
    assert "longer than the whole request" in doubt(request_s=0.05)
    assert "is not TTFT and the tokens after it" in doubt(request_s=0.7 * 2.1)
    assert doubt(request_s=0.7 * 1.9) == ""


@pytest.mark.parametrize(("factor", "is_doubtful"), [(0.4, True), (0.6, False), (1.9, False), (2.1, True)])
def test_tokens_per_second_belong_to_the_requests_in_flight(factor, is_doubtful):
    stay_s = 0.1 + 100 * 0.05
    said = doubt(tpot_s=0.05, output_tokens_per_s=factor * 4 * 101 / stay_s)
    assert ("by Little's law" in said) == is_doubtful


def test_a_mixture_may_route_less_evenly_than_any_that_was_fitted():
    """Sixteen sequences of Qwen3-30B-A3B touch between 8 and 82 of 128 experts."""
    spec = load_model("Qwen3-30B-A3B")
    d = demand(spec, "bf16", 1000, 101)
    mixture = {"model": "Qwen/Qwen3-30B-A3B", "concurrency": 16.0, "ttft_s": None}
    caches = 16 * d.kv_read_bytes
    one = (d.always_weight_bytes + d.expert_share * d.expert_weight_bytes + caches) / H100.memory_bytes_per_s
    even = d.always_weight_bytes + (1 - (1 - d.expert_share) ** 16) * d.expert_weight_bytes + caches
    assert "TPOT" in doubt(tpot_s=one, **mixture)
    assert doubt(tpot_s=0.85 * even / H100.memory_bytes_per_s, **mixture) == ""


def test_the_bound_on_reading_allows_what_any_engine_was_fitted_with():
    assert max(row.efficiency.skew for row in SHIPPED.fits.speeds) < LEAST_EVEN


def test_random_weights_that_send_all_tokens_to_the_same_experts():
    """Of Qwen3-30B-A3B eight sequences touch at least 35 experts and one 8: 12.0 GB more, 3.6 ms. All loads of several
    sequences with these weights are doubtful then, and none of trained ones or of one."""
    one = {"model": "Qwen/Qwen3-30B-A3B", "concurrency": 1.0, "tpot_s": 0.0045, "ttft_s": None, "dummy_weights": True}
    eight, many = ({**one, "concurrency": n, "tpot_s": t} for n, t in ((8.0, 0.0072), (128.0, 0.05)))
    said = doubts(judged(one, eight, many, {**eight, "gpu": "h200-sxm"}, {**many, "precision": "fp8"}))
    assert [bool(each) for each in said] == [False, True, True, False, False]
    for text in said[1:3]:
        assert text.startswith("these random weights send tokens to the same experts: 8 sequences took 2.7")
        assert "reading the experts of as many takes 3.6" in text
    assert doubts(judged(one, {**eight, "tpot_s": 0.0095}, many)) == ["", "", ""]
    within_noise = {**eight, "tpot_s": 0.0076}  # 3.1 ms, a tenth of 7.6 less than reading takes
    assert doubts(judged(one, within_noise)) == ["", ""]
    assert doubts(judged({**one, "prompt_tokens": 2000.0}, eight)) == ["", ""]  # alone, but with more to read
    assert doubts(judged(one, {**eight, "tpot_s": None, "request_s": 0.8})) == ["", ""]
    halves = [load | {"parallelism": "tp2"} for load in (one, {**eight, "tpot_s": 0.0072})]
    assert doubts(judged(*halves)) == ["", ""]  # two GPUs read it in half the time
    trained = [load | {"dummy_weights": None} for load in (one, eight, many)]
    assert doubts(judged(*trained)) == ["", "", ""]
    dense = [load | {"model": "Qwen/Qwen3-8B", "tpot_s": STEP_S} for load in (one, eight)]
    assert doubts(judged(*dense)) == ["", ""]


def test_one_measurement_counts_once_however_it_was_rounded():
    load, other = {"ttft_s": 0.1234567}, {"ttft_s": 0.13}
    rounded = {"ttft_s": 0.1235, "prompt_tokens": 1024.0, "tpot_s": STEP_S * 1.0004}
    said = doubts(judged(load, other, rounded, {**load, "concurrency": 5.0}, {**load, "parallelism": "tp2"}))
    assert [bool(each) for each in said] == [False, False, True, False, False]
    assert doubts(judged(load, {**load, "kv_precision": "fp8"}))[1], "of one report the cache's precision is not known"
    whole = {"ttft_s": None, "tpot_s": None, "offline": True}
    said = doubts(judged(*({"request_s": s, **whole} for s in (2.0, 2.001, 2.0))))
    assert [bool(each) for each in said] == [False, False, True]


@given(st.lists(st.sampled_from([0.2, 0.3, 0.4]), min_size=1, max_size=8))
def test_of_alike_runs_the_first_stands(ttfts):
    said = doubts(judged(*({"ttft_s": t} for t in ttfts)))
    assert [not each for each in said] == [t not in ttfts[:i] for i, t in enumerate(ttfts)]


def test_requests_that_waited_are_not_in_the_batch():
    """Of 100 in flight a quarter is being answered: TTFT is three times the rest, and no prefill takes that long."""
    (in_batch,), (waited,) = batch(judged({"concurrency": 100.0, "tpot_s": 0.03, "ttft_s": 9.0}))
    assert (in_batch, waited) == (pytest.approx(25.0), True)


def test_prefilling_all_prompts_is_no_wait():
    d = least()
    prefill_s = (1000 * (d.dense_flops + d.expert_flops) + d.prefill_core_flops) / 989e12
    busy = {"concurrency": 100.0, "tpot_s": 0.003, "ttft_s": 2 * 100 * prefill_s}
    (in_batch,), (waited,) = batch(judged(busy))
    assert (in_batch, waited) == (100.0, False)


@pytest.mark.parametrize(("seen", "counted"), [(4.0, 4.0), (3.5, 4.0), (2.2, 2.2), (7.0, 7.0)])
def test_the_batch_is_what_tokens_per_second_say_where_they_disagree(seen, counted):
    rate = seen * 101 / (0.1 + 100 * STEP_S)
    (in_batch,), (waited,) = batch(judged({"output_tokens_per_s": rate}))
    assert (in_batch, waited) == (pytest.approx(counted), False)


@given(st.integers(0, 2**32 - 1))
def test_repeated_measurements_are_those_that_a_look_at_every_pair_finds(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 30))

    def near(value):
        return value * np.exp(rng.choice([0, 0, 5e-7, 5e-4, 9e-4, 2e-3, 0.1], n))

    first, step = np.where(rng.random(n) < 0.3, np.nan, near(0.5)), near(0.05)
    prompts, generated = (rng.choice(lengths, n) for lengths in ([100.0, 110.0, 130.0], [10.0, 11.0]))
    loads = [
        {"ttft_s": f, "tpot_s": s, "prompt_tokens": p, "generated_tokens": g, "concurrency": c}
        for f, s, p, g, c in zip(first, step, prompts, generated, rng.choice([1.0, 2.0], n), strict=True)
    ]
    said = ["same measurement" in text for text in doubts(judged(*loads))]
    figures = np.log([np.where(np.isnan(first), 1.0, first), step, prompts, generated])

    def agree(i, j):
        tolerance = 1e-6 if np.isnan(first[i]) else 1e-3
        apart = np.abs(figures[:, i] - figures[:, j])
        one_load = loads[i]["concurrency"] == loads[j]["concurrency"] and np.isnan(first[i]) == np.isnan(first[j])
        return one_load and (apart <= [tolerance, tolerance, 0.2, 0.2]).all()

    assert said == [any(agree(i, j) for j in range(i)) for i in range(n)]
