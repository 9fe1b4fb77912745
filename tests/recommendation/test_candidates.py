"""Candidates against figures computed by hand from the predictions of one deployment."""

import math

import pytest

import advisor
from advisor.fits.speeds import Speeds
from advisor.performance.demand import demand
from advisor.performance.hardware import hardware
from advisor.performance.memory import OVERHEAD_BYTES, UTILISATION
from advisor.performance.parallelism import Parallelism
from advisor.performance.roofline import prefill_s
from advisor.provenance import Provenance
from advisor.recommendation.candidates import candidate, candidates, rows
from advisor.recommendation.request import checked_request
from advisor.units import COSTS
from advisor.work import answer_flops, pass_flops
from tests.known import load_gpu, spec_of
from tests.recommendation.made import MODEL, point, quantised, workspace

GPU, USD_PER_HOUR = "h100-sxm", 2.0
PRICE = f"{GPU}={USD_PER_HOUR}usd/h"
REWARD = "Qwen/Qwen2.5-Math-7B"


def every_candidate(ws, **options):
    request = checked_request(ws, **({"task": "mine", "gpu": GPU, "price": PRICE} | options))
    return [candidate(row, ws) for row in rows(candidates(ws, request).execute("from candidates"))]


def at(found, gpu_count, concurrency, layout=None):
    return next(
        c
        for c in found
        if (c.gpu_count, c.concurrency, c.parallelism) == (gpu_count, concurrency, layout or f"tp{gpu_count}")
    )


def estimated(ws, gpu_count, concurrency, **options):
    return advisor.estimate(
        ws,
        model=MODEL,
        gpu=GPU,
        gpu_count=gpu_count,
        concurrency=concurrency,
        input_tokens=200,
        output_tokens=1000,
        price=PRICE,
        **options,
    )


@pytest.mark.parametrize(("gpu_count", "concurrency"), [(1, 1), (1, 64), (2, 16), (8, 256)])
def test_one_answer_costs_the_rent_of_the_time_it_takes(tmp_path, gpu_count, concurrency):
    ws = workspace(tmp_path, point())
    c, e = at(every_candidate(ws), gpu_count, concurrency), estimated(ws, gpu_count, concurrency)
    assert c.usd == pytest.approx(gpu_count * USD_PER_HOUR / 3600 * e.request_s / concurrency)
    assert c.questions_per_s == pytest.approx(concurrency / e.request_s)
    assert c.latency_s == c.latency.p95_s == pytest.approx(e.ttft_s + 2000 * e.tpot_s)
    assert c.latency.p50_s == pytest.approx(e.ttft_s + 800 * e.tpot_s)
    assert c.latency.p99_s == pytest.approx(e.ttft_s + 3000 * e.tpot_s)
    assert (c.longest_answer_tokens, c.provenance.lengths) == (4000, Provenance.MEASURED)
    assert c.energy_j == pytest.approx(e.energy_j_per_request)
    assert c.tokens == 1200
    assert c.flops == answer_flops(spec_of(MODEL), 200, 1000)
    assert c.usd_per_month == pytest.approx(gpu_count * USD_PER_HOUR * 730)
    whole = e.spread ** (1 + 2 * e.ttft_s / e.request_s)  # TTFT is known within its cube
    assert (c.ttft_s, c.tpot_s, c.spread) == pytest.approx((e.ttft_s, e.tpot_s, whole))
    for unit, cost in zip(COSTS, (c.usd, c.flops, c.latency_s, c.energy_j, c.tokens), strict=True):
        assert c.cost(unit) == cost
        assert getattr(c.per_correct, unit) == pytest.approx(cost / 0.5)


def test_seconds_are_those_of_the_percentile_asked_for(tmp_path):
    ws = workspace(tmp_path, point())
    for percentile in (50, 95, 99):
        c = at(every_candidate(ws, percentile=percentile), 1, 8)
        assert c.latency_s == c.cost("s") == getattr(c.latency, f"p{percentile}_s")


@pytest.mark.parametrize(("longest", "budget", "context"), [(4000.0, None, 5120), (4000.0, 8000, 9216)])
def test_the_context_holds_the_cap_or_the_longest_answer(tmp_path, longest, budget, context):
    ws = workspace(tmp_path, point(answer_p999_tokens=longest, token_budget=budget))
    (found,) = {c.context_tokens for c in every_candidate(ws)}
    assert found == context


@pytest.mark.parametrize(("part", "fewest"), [(0.95, 1), (1.05, 2)])
def test_one_whole_context_has_to_fit(tmp_path, part, fewest):
    """Engines do not start where it does not, however short the mean answer is."""
    free = UTILISATION * load_gpu("l4").memory_bytes - OVERHEAD_BYTES - 2 * 8.2e9
    per_token = demand(spec_of(MODEL), "bf16", 200, 1200).kv_sequence_bytes / 1400
    longest = 1024 * round(part * free / per_token / 1024) - 200
    ws = workspace(tmp_path, point(answer_p999_tokens=float(longest)))
    found = every_candidate(ws, gpu="l4", price="l4=1usd/h")
    assert min(c.gpu_count for c in found) == fewest


def test_nothing_right_has_no_price_per_correct_answer(tmp_path):
    assert at(every_candidate(workspace(tmp_path, point(accuracy=0.0, low=0.0))), 1, 1).per_correct is None


def test_votes_beyond_the_concurrency_wait_for_another_turn(tmp_path):
    """Sixteen votes on a replica that holds four at a time take four turns of the longest answer."""
    ws = workspace(tmp_path, point(n_samples=16, generated_tokens=16_000.0, depth_p95_tokens=1500.0))
    found, e = every_candidate(ws), estimated(ws, 1, 4)
    four = at(found, 1, 4)
    assert four.latency_s == pytest.approx(4 * (e.ttft_s + 1500 * e.tpot_s))
    assert four.usd == pytest.approx(USD_PER_HOUR / 3600 * 16 * e.request_s / 4)
    e = estimated(ws, 1, 16)
    assert at(found, 1, 16).latency_s == pytest.approx(e.ttft_s + 1500 * e.tpot_s)


def test_the_prompt_of_votes_is_computed_once(tmp_path):
    ws = workspace(tmp_path, point(n_samples=16, generated_tokens=16_000.0))
    flops = at(every_candidate(ws), 1, 16).flops
    assert flops == answer_flops(spec_of(MODEL), 200, 1000, 16)
    assert flops < 16 * answer_flops(spec_of(MODEL), 200, 1000)


def test_at_a_rate_whole_replicas_are_paid(tmp_path):
    ws = workspace(tmp_path, point())
    idle = at(every_candidate(ws), 1, 8)
    rate = 2.5 * idle.questions_per_s
    busy = at(every_candidate(ws, qps=rate), 1, 8)
    assert busy.questions_per_s < idle.questions_per_s  # a queue that stays short leaves places free
    assert busy.replicas == math.ceil(rate / busy.questions_per_s)
    assert busy.replicas > 3
    assert busy.usd == pytest.approx(busy.replicas * USD_PER_HOUR / 3600 / rate)
    assert busy.usd_per_month == pytest.approx(busy.replicas * USD_PER_HOUR * 730)
    assert idle.replicas == 1


def test_seldom_asked_a_replica_answers_as_fast_as_alone(tmp_path):
    ws = workspace(tmp_path, point())
    alone, busy = at(every_candidate(ws), 1, 1), at(every_candidate(ws), 1, 64)
    seldom = at(every_candidate(ws, qps=1e-4), 1, 64)
    assert seldom.latency.p95_s == pytest.approx(alone.latency.p95_s, rel=0.01)
    assert seldom.latency.p95_s < busy.latency.p95_s
    assert seldom.energy_j == pytest.approx(alone.energy_j, rel=0.05)
    assert seldom.energy_j > busy.energy_j
    assert (seldom.ttft_s, seldom.tpot_s) == pytest.approx((alone.ttft_s, alone.tpot_s), rel=0.01)


def test_the_wait_that_is_allowed_decides_how_many_a_replica_takes(tmp_path):
    ws = workspace(tmp_path, point())
    usual = at(every_candidate(ws, qps=1.0), 1, 8)
    short, long = (at(every_candidate(ws, qps=1.0, max_wait=wait), 1, 8) for wait in ("1ms", "60s"))
    assert short.questions_per_s < usual.questions_per_s < long.questions_per_s
    within = at(every_candidate(ws, qps=1.0, budget=f"{1.2 * usual.latency_s}s"), 1, 8)
    assert within.latency_s <= 1.2 * usual.latency_s
    seconds = [at(every_candidate(ws, qps=1.0, max_wait="60s", percentile=p), 1, 8) for p in (50, 99)]
    assert seconds[0].questions_per_s > seconds[1].questions_per_s


def rewarded(**changed):
    usual = {"strategy": "best-of-n", "n_samples": 8, "generated_tokens": 8000.0, "reward_model": REWARD}
    return point(**(usual | {"scored_tokens": 9600.0} | changed))


def test_a_reward_model_takes_time_and_compute_from_the_policy(tmp_path):
    plain = workspace(tmp_path / "a", point(n_samples=8, generated_tokens=8000.0))
    scored = workspace(tmp_path / "b", rewarded())
    without, with_ = (at(every_candidate(ws), 4, 16) for ws in (plain, scored))
    d = demand(spec_of(REWARD), "bf16", 1200, 1)
    hw = hardware(load_gpu(GPU), Parallelism(tp=4), "bf16")
    efficiency = Speeds.read(plain).of(GPU, "vllm", "bf16").efficiency
    score_s = 9600 / 1200 * float(prefill_s(d, hw, efficiency))
    assert with_.latency_s == pytest.approx(without.latency_s + score_s)
    assert 1 / with_.questions_per_s == pytest.approx(1 / without.questions_per_s + score_s)
    assert with_.usd == pytest.approx(4 * USD_PER_HOUR / 3600 / with_.questions_per_s)
    assert with_.policy_flops == without.flops
    assert with_.flops == pytest.approx(without.flops + pass_flops(spec_of(REWARD), 9600, 1200))
    assert with_.reward_command
    assert "--gpu-memory-utilization" in with_.command


def test_a_reward_model_leaves_less_room_for_requests(tmp_path):
    """Its weights and its engine lie beside the policy's: as many requests of 1,400 tokens as the rest holds."""
    long = {"prompt_tokens": 200.0, "generated_tokens": 8 * 1200.0, "depth_tokens": 1200.0}
    plain = workspace(tmp_path / "a", point(n_samples=8, **long))
    scored = workspace(tmp_path / "b", rewarded(**long, scored_tokens=8 * 1400.0))
    most = [max(c.concurrency for c in every_candidate(ws) if c.gpu_count == 1) for ws in (plain, scored)]
    free = UTILISATION * load_gpu(GPU).memory_bytes - OVERHEAD_BYTES - 2 * 8.2e9
    beside = 2 * 7.6e9 + OVERHEAD_BYTES
    per_request = demand(spec_of(MODEL), "bf16", 200, 1200).kv_sequence_bytes
    by_hand = [math.floor(room / per_request) for room in (free, free - beside)]
    assert most == by_hand
    assert most[1] < most[0]


@pytest.mark.parametrize(("part", "most"), [(0.99, 129), (1.01, 126)])
def test_the_memory_of_a_reward_model_is_counted_to_the_percent(tmp_path, part, most):
    """Answers whose caches fit beside it 128 times with a hundredth to spare, and those a hundredth longer."""
    free = UTILISATION * load_gpu(GPU).memory_bytes - 2 * (OVERHEAD_BYTES + 8.2e9 + 7.6e9)
    tokens = round(part * free / 128 / (demand(spec_of(MODEL), "bf16", 200, 1200).kv_sequence_bytes / 1400))
    long = {"generated_tokens": 8.0 * (tokens - 200), "scored_tokens": 8.0 * tokens}
    found = every_candidate(workspace(tmp_path, rewarded(**long)))
    assert max(c.concurrency for c in found if c.gpu_count == 1) == most


def test_a_strategy_whose_reward_model_is_unknown_is_no_candidate(tmp_path):
    ws = workspace(tmp_path, point(), rewarded(reward_model="nobody/knows"), rewarded(scored_tokens=None))
    assert {c.strategy for c in every_candidate(ws)} == {"majority"}


def test_runs_of_the_very_model_correct_its_speed(tmp_path):
    """The shipped runs of Llama-3.1-70B in fp8 under TensorRT-LLM on H200 correct what the pooled fit says."""
    model, gpu = "meta-llama/Meta-Llama-3.1-70B", "h200-sxm"
    long = {"prompt_tokens": 1024.0, "generated_tokens": 1024.0, "depth_tokens": 1024.0}
    ws = workspace(tmp_path, point(model=model, **long), point(model="meta-llama/Llama-2-70b-hf", **long))
    quantised(tmp_path, model, "meta-llama/Llama-2-70b-hf")
    request = checked_request(ws, task="mine", gpu=gpu, precision="fp8", engine="trtllm")
    found = [candidate(row, ws) for row in rows(candidates(ws, request).execute("from candidates"))]
    corrected, pooled = (at([c for c in found if c.model == m], 4, 32) for m in (model, "meta-llama/Llama-2-70b-hf"))
    assert gpu in Speeds.read(ws).measured_on(ws.models.shape(model), "trtllm")
    e = advisor.estimate(
        ws, model=model, gpu=gpu, gpu_count=4, precision="fp8", engine="trtllm", concurrency=32,
        input_tokens=1024, output_tokens=1024,
    )  # fmt: skip
    assert (corrected.tpot_s, corrected.ttft_s) == pytest.approx((e.tpot_s, e.ttft_s))
    assert corrected.provenance.performance == Provenance.FITTED
    assert abs(corrected.tpot_s / pooled.tpot_s - 1) > 0.01  # the same size, without runs of its own
    assert corrected.spread < pooled.spread


def test_data_parallel_groups_are_not_left_idle(tmp_path):
    ws = workspace(tmp_path, point(model="Qwen/Qwen3-30B-A3B"))
    layouts = {(c.parallelism, c.concurrency) for c in every_candidate(ws)}
    assert ("dp8", 32) in layouts
    assert ("dp8", 16) not in layouts
    assert not any(
        layout.startswith("dp")
        for layout, _ in {
            (c.parallelism, c.concurrency) for c in every_candidate(workspace(tmp_path / "dense", point()))
        }
    )


def test_prompts_that_were_not_recorded_count_as_two_hundred_tokens(tmp_path):
    ws = workspace(tmp_path, point(prompt_tokens=None))
    assert at(every_candidate(ws), 1, 1).tokens == 1200
