"""Limits of a batch in recommendations: every candidate is costed under them, and the command has them."""

import csv
import math
from itertools import pairwise
from pathlib import Path

import pytest

import advisor
from advisor.errors import AdvisorError
from advisor.performance.demand import CHUNK_TOKENS
from advisor.recommendation.candidates import candidate, candidates, rows
from advisor.recommendation.deployments import CONCURRENCIES
from advisor.recommendation.launch import launch_command
from advisor.recommendation.request import checked_request
from advisor.reports.markdown import request_words
from tests.known import SHIPPED
from tests.recommendation.launches import flags, words
from tests.recommendation.made import MODEL, point, workspace
from tests.recommendation.made import candidate as made

MOE = "Qwen/Qwen3-30B-A3B"
REQUEST = {"task": "mine", "gpu": "h100-sxm:1", "price": "h100-sxm=2usd/h"}


def every_candidate(ws, **options):
    request = checked_request(ws, **(REQUEST | options))
    found = rows(candidates(ws, request).execute("from candidates order by concurrency"))
    return [candidate(row, ws, engine=request.engine, served=request.served) for row in found]


def estimated(ws, c, **options):
    load = {"concurrency": c.concurrency, "input_tokens": 200, "output_tokens": 1000}
    return advisor.estimate(ws, model=c.model, gpu=c.gpu, parallelism=c.parallelism, **load, **options)


def test_every_candidate_is_costed_under_the_limits(tmp_path):
    ws, limits = workspace(tmp_path, point()), {"max_num_seqs": 24, "max_num_batched_tokens": 128}
    found = every_candidate(ws, **limits)
    assert [c.concurrency for c in found] == [1, 2, 4, 8, 16, 24]
    for c in found:
        e = estimated(ws, c, **limits)
        assert (c.ttft_s, c.tpot_s) == pytest.approx((e.ttft_s, e.tpot_s))
        assert c.questions_per_s == pytest.approx(c.concurrency / e.request_s)
        assert (flags(c.command)["--max-num-seqs"], flags(c.command)["--max-num-batched-tokens"]) == ("24", "128")
    free = every_candidate(ws)
    most = int(
        advisor.estimate(ws, model=MODEL, gpu="h100-sxm", input_tokens=200, output_tokens=1000).memory.max_sequences
    )
    assert [c.concurrency for c in free] == [*(c for c in CONCURRENCIES if c < most), most]
    assert free[0].ttft_s < found[0].ttft_s  # prompts of 200 tokens in steps of 128


@pytest.mark.parametrize("limit", [16, 300, 1024])
def test_no_limit_is_never_dearer_than_one(tmp_path, limit):
    ws = workspace(tmp_path, point())
    assert min(c.usd for c in every_candidate(ws)) <= min(c.usd for c in every_candidate(ws, max_num_seqs=limit))


def test_without_limits_the_command_has_the_requests_that_were_costed(tmp_path):
    for c in every_candidate(workspace(tmp_path, point())):
        assert flags(c.command)["--max-num-seqs"] == str(c.concurrency)
        assert flags(c.command)["--max-num-batched-tokens"] == str(CHUNK_TOKENS)


def test_at_a_rate_an_engine_takes_in_as_many_as_its_limit(tmp_path):
    ws = workspace(tmp_path, point(model=MOE))
    found = every_candidate(ws, gpu="h100-sxm:4", max_num_seqs=24, qps=0.5)
    assert {(c.parallelism, c.concurrency) for c in found} >= {("tp2", 24), ("dp2", 48), ("dp4", 96)}
    assert all(c.concurrency == 24 * (c.gpu_count if c.parallelism.startswith("dp") else 1) for c in found)


def test_at_a_rate_a_smaller_cache_is_what_it_holds(tmp_path):
    ws = workspace(tmp_path, point(prompt_tokens=15_000.0))
    (one,) = every_candidate(ws, max_num_seqs=500, qps=0.1)
    load = {"input_tokens": 15_000, "output_tokens": 1000, "concurrency": 1}
    held = advisor.estimate(ws, model=MODEL, gpu="h100-sxm", **load).memory.max_sequences
    assert one.concurrency == math.floor(held) < 500
    notes = advisor.recommend(ws, **REQUEST, max_num_seqs=500, qps=0.1).notes
    assert any(f"of 500 that the engine runs at once {500 - one.concurrency} would be preempted" in n for n in notes)


def test_a_step_has_a_token_of_every_sequence(tmp_path):
    ws = workspace(tmp_path, point(model=MOE))
    found = every_candidate(ws, gpu="h100-sxm:2", max_num_batched_tokens=64)
    most = {layout: max(c.concurrency for c in found if c.parallelism == layout) for layout in ("tp2", "dp2")}
    assert most == {"tp2": 64, "dp2": 128}


def test_cached_prompts_cost_the_same_in_an_estimate(tmp_path):
    ws, lengths = workspace(tmp_path, point()), {"input_tokens": 4096, "cached_prompt_tokens": 4000}
    load = {"model": MODEL, "gpu": "h100-sxm", "output_tokens": 1000}
    for c in every_candidate(ws, **lengths):
        e = advisor.estimate(ws, **load, **lengths, concurrency=c.concurrency)
        assert (c.ttft_s, c.tpot_s) == pytest.approx((e.ttft_s, e.tpot_s))
    whole = advisor.estimate(ws, **load, input_tokens=4096, concurrency=16, max_ttft="2s")
    cached = advisor.estimate(ws, **load, **lengths, concurrency=16, max_ttft="2s")
    assert cached.load.ttft_s.mean < whole.load.ttft_s.mean
    assert cached.memory == whole.memory
    assert cached.prefill_flops < whole.prefill_flops / 20
    with pytest.raises(AdvisorError, match="not costed with prefill apart"):
        advisor.estimate(ws, **load, **lengths, prefill_parallelism="tp1")


@pytest.mark.parametrize(
    ("engine", "sequences", "tokens"),
    [
        ("vllm", ("--max-num-seqs", "24"), ("--max-num-batched-tokens", "2048")),
        ("sglang", ("--max-running-requests", "192"), ("--chunked-prefill-size", "16384")),
        ("trtllm", ("--max_batch_size", "24"), ("--max_num_tokens", "2048")),
    ],
)
def test_each_engine_has_its_own_words_for_them(engine, sequences, tokens):
    limits = {"max_num_seqs": 24, "max_num_batched_tokens": 2048}
    c = made(model=MOE, parallelism="dp8", gpu_count=8, concurrency=64, **limits)
    command = launch_command(c, engine, SHIPPED)
    assert {sequences, tokens} <= set(pairwise(words(command)))
    with (Path(__file__).parent / "engine_flags.csv").open(encoding="utf-8", newline="") as table:
        known = {row["flag"] for row in csv.DictReader(table) if row["engine"] == engine}
    assert engine == "vllm" or {word for word in words(command) if word.startswith("--")} <= known


@pytest.mark.parametrize(
    ("options", "flag"),
    [
        ({"max_num_seqs": 0}, "--max-num-seqs"),
        ({"max_num_batched_tokens": -1}, "--max-num-batched-tokens"),
        ({"max_num_seqs": 512, "max_num_batched_tokens": 256}, "--max-num-batched-tokens"),
    ],
)
def test_limits_that_no_engine_takes_are_refused(options, flag):
    with pytest.raises(AdvisorError) as error:
        checked_request(SHIPPED, **options)
    assert error.value.where == flag


def test_limits_are_stated_again_and_what_runs_is_bound_by_none_of_them(tmp_path):
    ws, limits = workspace(tmp_path, point()), {"max_num_seqs": 8, "max_num_batched_tokens": 256}
    found = advisor.recommend(ws, **REQUEST, **limits, running=f"{MODEL} on 1xh100-sxm at 32")
    assert {("--max-num-seqs", "8"), ("--max-num-batched-tokens", "256")} <= set(pairwise(request_words(found.request)))
    assert found.running.candidate.concurrency == 32
    assert found.recommended.concurrency <= 8
    assert "engines that run 8 sequences at once" in found.constraints
    assert any("--max-num-batched-tokens is unvalidated" in note for note in found.notes)


def test_a_step_holds_a_token_of_every_sequence():
    with pytest.raises(AdvisorError, match="8,192 tokens does not hold one of each of 10,000") as caught:
        checked_request(SHIPPED, task="gpqa-diamond", max_num_seqs=10_000)
    assert caught.value.where == "--max-num-seqs"
    assert checked_request(SHIPPED, task="gpqa-diamond", max_num_seqs=10_000, max_num_batched_tokens=16_384)
