"""Options of an engine in estimates and recommendations: batch limits, drafted tokens, prefill apart, the start."""

import csv
import json
import shlex
from itertools import pairwise
from pathlib import Path

import pytest

import advisor
from advisor.errors import AdvisorError, NoAnswer
from advisor.performance.start import DISK_BYTES_PER_S, ENGINE_START_S
from advisor.recommendation.launch import launch_command, served_notes
from advisor.recommendation.request import checked_request
from advisor.reports.estimates import blocks
from advisor.reports.markdown import request_words
from tests.known import SHIPPED
from tests.recommendation.launches import flags
from tests.recommendation.made import MODEL, candidate, point, workspace

QWEN = {"model": "Qwen/Qwen3-8B", "gpu": "h100-sxm"}
R1 = {"model": "deepseek-ai/DeepSeek-R1", "gpu": "h200-sxm", "parallelism": "tp8"}
DRAFTS = {"speculative_tokens": 3, "acceptance": 0.7}
APART = {"prefill_parallelism": "tp1", "prefill_replicas": 2, "replicas": 3}


def estimate(**options):
    return advisor.estimate(SHIPPED, **options)


def test_requests_beyond_the_limit_wait_for_a_turn():
    all_at_once, in_turns = estimate(**QWEN, concurrency=64), estimate(**QWEN, concurrency=64, max_num_seqs=16)
    sixteen = estimate(**QWEN, concurrency=16)
    assert in_turns.tpot_s == pytest.approx(sixteen.tpot_s)
    assert in_turns.output_tokens_per_s == pytest.approx(sixteen.output_tokens_per_s)
    assert in_turns.request_s == pytest.approx(4 * sixteen.request_s)
    assert in_turns.output_tokens_per_s < all_at_once.output_tokens_per_s
    assert in_turns.memory.kv_cache_bytes == pytest.approx(sixteen.memory.kv_cache_bytes)
    loose = estimate(**QWEN, concurrency=64, max_num_seqs=512)
    assert loose.request_s == all_at_once.request_s


def test_sequences_that_the_cache_does_not_hold_would_be_preempted():
    long = {"input_tokens": 30_000, "output_tokens": 2000, "concurrency": 256}
    with pytest.raises(NoAnswer):
        estimate(**QWEN, **long)
    e = estimate(**QWEN, **long, max_num_seqs=256)
    held = int(e.memory.max_sequences)
    note = next(note for note in e.notes if "preempted" in note)
    assert f"holds {held} sequences" in note
    assert f" {256 - held} would be preempted" in note
    assert not any("preempted" in note for note in estimate(**QWEN, **long, max_num_seqs=held).notes)


def test_smaller_steps_take_prompts_in_more_slowly_and_say_that_nothing_measured_it():
    usual, small = (estimate(**QWEN, input_tokens=8192, max_num_batched_tokens=n) for n in (None, 256))
    assert small.ttft_s > usual.ttft_s
    assert any("--max-num-batched-tokens is unvalidated" in note for note in small.notes)
    assert small.to_dict()["options"]["max_num_batched_tokens"] == 256


def test_limits_hold_under_load():
    few, many = (estimate(**QWEN, max_num_seqs=n, max_tpot="1s") for n in (4, 64))
    assert few.within_limits.max_requests_per_s < many.within_limits.max_requests_per_s
    assert few.within_limits.max_concurrency <= 4


def test_drafted_tokens_shorten_the_answer_and_say_what_they_rest_on():
    plain, drafted = estimate(**R1), estimate(**R1, **DRAFTS)
    assert drafted.tpot_s < plain.tpot_s
    assert any("2.53 tokens a step" in note and "unvalidated" in note for note in drafted.notes)
    assert drafted.memory.weights_bytes > plain.memory.weights_bytes


def test_a_model_without_a_head_needs_one_that_drafts():
    with pytest.raises(AdvisorError, match="no head of multi-token prediction") as error:
        estimate(**QWEN, **DRAFTS)
    assert "--draft-model" in error.value.hint
    drafted = estimate(**QWEN, **DRAFTS, draft_model="Qwen/Qwen3-0.6B")
    assert any("Qwen3-0.6B" in note for note in drafted.notes)
    for draft, options in (("Qwen/Qwen3-30B-A3B", DRAFTS), ("Qwen/Qwen3-0.6B", {})):
        with pytest.raises(AdvisorError) as error:
            estimate(**QWEN, **options, draft_model=draft)
        assert error.value.where == "--draft-model"


@pytest.mark.parametrize("engine", ["vllm", "sglang", "trtllm"])
def test_a_narrow_cache_halves_its_memory_on_every_engine(engine):
    wide, narrow = (estimate(**QWEN, engine=engine, concurrency=64, kv_precision=kv) for kv in ("bf16", "fp8"))
    assert narrow.memory.kv_cache_bytes == pytest.approx(wide.memory.kv_cache_bytes / 2)
    assert narrow.memory.weights_bytes == wide.memory.weights_bytes
    assert narrow.tpot_s < wide.tpot_s
    assert narrow.prefill_flops == wide.prefill_flops
    assert any("multiplies in 16 bit" in note or "stay 16-bit" in note for note in narrow.notes)


def test_the_start_reads_the_weights():
    slow, fast = estimate(**QWEN), estimate(**QWEN, disk_gb_per_s=4)
    read_s = slow.start_s - ENGINE_START_S
    assert read_s == pytest.approx(slow.memory.weights_bytes / DISK_BYTES_PER_S)
    assert fast.start_s - ENGINE_START_S == pytest.approx(read_s / 4)


def test_engines_apart_share_what_is_in_flight_and_are_all_paid():
    e = estimate(**QWEN, **APART, concurrency=96, price="h100-sxm=2usd/h")
    parts = e.disaggregated
    assert (e.gpu_count, parts.prefill_gpu_count, parts.replicas) == (5, 2, 3)
    assert e.usd_per_hour == pytest.approx(10)
    assert e.usd_per_million_output_tokens == pytest.approx(10 / 3600 / e.output_tokens_per_s * 1e6)
    assert parts.queue_s + parts.prefill_s + parts.transfer_s == pytest.approx(e.ttft_s, rel=1e-3)
    assert parts.decoding <= 32
    watts = e.energy_j_per_request * e.output_tokens_per_s / e.output_tokens
    assert 5 * 0.15 * 700 < watts <= 5 * 700
    text = json.dumps([str(block) for block in blocks(e)])
    assert text
    assert any("docs/validation.md" in note for note in e.notes)


@pytest.mark.parametrize(
    ("decode", "prefill", "engines", "gpus", "machines"),
    [
        ("tp2", "tp1", (2, 1), 4, 1),
        ("tp4", "tp4", (1, 1), 8, 1),
        ("tp4", "tp4", (2, 2), 16, 2),
        ("tp8", "tp4", (3, 2), 28, 4),
    ],
)
def test_engines_apart_share_machines(decode, prefill, engines, gpus, machines):
    """One machine of eight where it holds all of them, at the price of one engine on as many GPUs."""
    options = {"parallelism": decode, "prefill_parallelism": prefill, "prefill_replicas": engines[0]}
    e = estimate(**QWEN, **options, replicas=engines[1])
    assert (e.gpu_count, e.rent.instances * e.rent.gpus_per_instance) == (gpus, 8 * machines)
    assert (e.usd_per_hour, e.provenance.price) == (e.rent.usd_per_hour, str(e.rent))
    if machines == 1:
        assert e.rent == estimate(**QWEN, parallelism=f"tp{gpus}").rent


def test_memory_apart_is_that_of_one_engine_that_decodes():
    """Twelve in flight in three engines are four each; what a cache does not hold waits."""
    assert estimate(**QWEN, concurrency=12, **APART).memory == estimate(**QWEN, concurrency=4).memory
    many = estimate(**QWEN, concurrency=10**6, **APART)
    assert many.fits
    assert many.concurrency == 10**6


def test_a_step_apart_is_no_slower_than_the_shared_one():
    e = estimate(**QWEN, **APART, concurrency=96, input_tokens=4096)
    shared = estimate(**QWEN, concurrency=max(round(e.disaggregated.decoding), 1), input_tokens=4096)
    assert e.tpot_s <= shared.tpot_s


@pytest.mark.parametrize(
    ("options", "flag"),
    [
        ({"replicas": 2}, "--replicas"),
        ({"prefill_replicas": 2}, "--prefill-replicas"),
        ({"prefill_parallelism": "tp1", "replicas": 0}, "--replicas"),
        ({"prefill_parallelism": "tp1", "replicas": 65, "rate": 1.0}, "--replicas"),
        ({"max_num_seqs": 0}, "--max-num-seqs"),
        ({"max_num_seqs": 512, "max_num_batched_tokens": 256}, "--max-num-batched-tokens"),
        ({"disk_gb_per_s": -1.0}, "--disk-gb-per-s"),
    ],
)
def test_options_that_no_engine_takes_name_themselves(options, flag):
    with pytest.raises(AdvisorError) as error:
        estimate(**QWEN, **options)
    assert error.value.where == flag


def test_engines_apart_are_simulated_under_load():
    """At a rate, within limits, and how many sets of engines carry more; TTFT grows with the rate, and no rate above
    what all engines carry is simulated."""
    slow, fast = (estimate(**QWEN, **APART, rate=rate, input_tokens=4096).load for rate in (0.5, 6.0))
    assert slow.requests_per_s == pytest.approx(0.5, rel=0.1)
    assert slow.in_flight == pytest.approx(slow.requests_per_s * (slow.ttft_s.mean + 1023 * slow.tpot_s.mean), rel=0.02)
    assert fast.ttft_s.p90 > slow.ttft_s.p90
    assert fast.tpot_s.p50 > slow.tpot_s.p50
    found = estimate(**QWEN, **APART, qps=100.0, max_tpot="40ms", max_ttft="5s", input_tokens=4096)
    most = found.within_limits.max_requests_per_s
    assert 2 < most < 7.2
    assert found.within_limits.replicas == -(-100 // most)
    at_most = estimate(**QWEN, **APART, rate=most, input_tokens=4096).load
    assert (at_most.ttft_s.p90 <= 5, at_most.tpot_s.p90 <= 0.04) == (True, True)
    with pytest.raises(AdvisorError, match="more than these engines answer"):
        estimate(**QWEN, **APART, rate=500.0, input_tokens=4096)


@pytest.mark.parametrize("concurrency", [4, 32, 128])
def test_the_simulation_of_engines_apart_is_near_what_is_worked_out(concurrency):
    e = estimate(**QWEN, **APART, concurrency=concurrency, max_tpot="1s", input_tokens=4096)
    assert e.load.output_tokens_per_s == pytest.approx(e.output_tokens_per_s, rel=0.1)
    assert e.load.tpot_s.mean == pytest.approx(e.tpot_s, rel=0.1)


def test_prefill_engines_have_to_hold_the_model():
    with pytest.raises(NoAnswer, match="which is to prefill, cannot start"):
        estimate(**R1, prefill_parallelism="tp1")


def test_the_command_drafts_what_was_costed():
    mtp = {"model": "deepseek-ai/DeepSeek-R1", "precision": "fp8", "parallelism": "tp8", "gpu_count": 8}
    c = candidate(**mtp, speculative_tokens=3, kv_precision="fp8")
    vllm = flags(launch_command(c, "vllm", SHIPPED))
    assert json.loads(vllm["--speculative-config"]) == {"method": "mtp", "num_speculative_tokens": 3}
    assert vllm["--kv-cache-dtype"] == "fp8"
    sglang = flags(launch_command(c, "sglang", SHIPPED))
    assert (sglang["--speculative-num-steps"], sglang["--speculative-num-draft-tokens"]) == ("3", "4")
    assert sglang["--kv-cache-dtype"] == "fp8_e4m3"
    assert len(served_notes(c)) == 2
    assert served_notes(candidate()) == ()
    with (Path(__file__).parent / "engine_flags.csv").open(encoding="utf-8", newline="") as table:
        known = {row["flag"] for row in csv.DictReader(table) if row["engine"] == "sglang"}
    assert {word for word in shlex.split(launch_command(c, "sglang", SHIPPED)) if word.startswith("--")} <= known


def test_a_request_drafts_with_models_that_can(tmp_path):
    ws = workspace(tmp_path, point(), point(model="deepseek-ai/DeepSeek-R1", accuracy=0.9, low=0.85, high=0.95))
    options = {"task": "mine", "gpu": "h200-sxm", "price": "h200-sxm=3usd/h"}
    plain, drafted = (advisor.recommend(ws, **options, **more) for more in ({}, DRAFTS))
    assert plain.recommended.speculative_tokens is None
    best = drafted.recommended
    assert (best.model, best.speculative_tokens) == ("deepseek-ai/DeepSeek-R1", 3)
    assert "--speculative-config" in best.command
    other = next(c for c in drafted.frontier if c.model == MODEL)
    assert other.speculative_tokens is None
    assert "--speculative-config" not in other.command
    assert any("unvalidated elsewhere" in note for note in drafted.notes)


def test_what_cannot_draft_is_refused_where_it_is_named_and_said_where_it_is_picked(tmp_path):
    with pytest.raises(AdvisorError, match="nothing would draft") as error:
        checked_request(SHIPPED, model=MODEL, **DRAFTS)
    assert error.value.where == "--speculative-tokens"
    options = {"task": "mine", "gpu": "h100-sxm", "price": "h100-sxm=2usd/h"}
    ws = workspace(tmp_path, point())
    found = advisor.recommend(ws, **options, **DRAFTS, running=f"{MODEL} on 1xh100-sxm at 8")
    assert f"{MODEL} has no head of multi-token prediction: nothing is drafted" in found.notes
    assert any("what runs is costed with" in note for note in found.running.notes)
    plain = advisor.recommend(ws, **options, running=f"{MODEL} on 1xh100-sxm at 8")
    assert not any("what runs is costed with" in note for note in plain.running.notes)


def test_a_frontier_is_drawn_for_engines_as_they_are_served(tmp_path):
    ws = workspace(tmp_path, point())
    served = {"kv_precision": "fp8", "max_num_seqs": 8, "max_num_batched_tokens": 128, "precision": "bf16"}
    options = {"task": "mine", "gpu": "h100-sxm:2", "price": "h100-sxm=2usd/h", "cost": "s"}
    (fastest,) = advisor.frontier(ws, **options, **served, engine="sglang").frontier
    assert {name: getattr(fastest, name) for name in served} == served
    assert {"--chunked-prefill-size": "128", "--max-running-requests": "8"}.items() <= flags(fastest.command).items()
    apart = advisor.frontier(ws, **(options | {"cost": "tokens"}), prefill_parallelism="tp1")
    assert not any("no deployment with prefill apart" in note for note in apart.notes)


def test_a_request_may_hold_a_narrow_cache(tmp_path):
    ws = workspace(tmp_path, point())
    options = {"task": "mine", "gpu": "h100-sxm", "price": "h100-sxm=2usd/h"}
    wide, narrow = (advisor.recommend(ws, **options, kv_precision=kv).recommended for kv in ("bf16", "fp8"))
    assert narrow.usd <= wide.usd
    assert (narrow.kv_precision, flags(narrow.command)["--kv-cache-dtype"]) == ("fp8", "fp8")


def test_the_request_is_stated_again():
    request = checked_request(SHIPPED, kv_precision="fp8", **DRAFTS)
    words = request_words(request)
    for pair in (("--kv-precision", "fp8"), ("--speculative-tokens", "3"), ("--acceptance", "0.7")):
        assert pair in set(pairwise(words))
    assert any("tokens drafted" in text for text in request.constraints)


@pytest.mark.parametrize(
    ("options", "flag"), [(DRAFTS, "--speculative-tokens"), ({"kv_precision": "fp8"}, "--kv-precision")]
)
def test_no_command_is_made_up_for_trtllm(options, flag):
    with pytest.raises(AdvisorError) as error:
        checked_request(SHIPPED, engine="trtllm", **options)
    assert error.value.where == flag


def test_requests_beyond_the_places_are_said_to_wait():
    load = {"gpu": "h200-sxm", "input_tokens": 4000, "output_tokens": 1000, "concurrency": 64}
    limited = advisor.estimate(SHIPPED, model="qwen3-32b", max_num_seqs=32, **load)
    assert "32 of 64 requests wait for a place at any time: TTFT counts that" in limited.notes
    roomy = advisor.estimate(SHIPPED, model="qwen3-8b", **load)
    assert not any("wait for a place" in note for note in roomy.notes)
