"""Drafted tokens: what a step passes and yields, and what drafting costs."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from advisor.errors import AdvisorError
from advisor.performance.demand import demand
from advisor.performance.deployment import Deployment
from advisor.performance.hardware import hardware
from advisor.performance.memory import max_sequences, weights_per_gpu
from advisor.performance.parallelism import Parallelism
from advisor.performance.predict import PLAIN_ROOFLINE, predict
from advisor.performance.roofline import Efficiency, decode_parts_s, decode_step_s, prefill_s, serving
from advisor.performance.simulation import StepTimes, simulate
from advisor.performance.speculation import Speculation, checked_speculation, speculating
from advisor.performance.under_load import replica
from tests.known import load_gpu, load_model

R1, LLAMA, SMALL = "DeepSeek-R1", "Llama-3.1-70B-Instruct", "Llama-3.2-1B-Instruct"
H200 = hardware(load_gpu("h200-sxm"), Parallelism(tp=8), "fp8")


def r1(speculation=None, prompt=1024, generated=1024):
    d = demand(load_model(R1), "fp8", prompt, generated)
    return speculating(d, speculation) if speculation else d


@pytest.mark.parametrize(("tokens", "acceptance", "expected"), [(3, 0.5, 1.875), (1, 0.8, 1.8), (2, 0, 1), (4, 1, 5)])
def test_a_step_adds_a_geometric_number_of_tokens(tokens, acceptance, expected):
    assert Speculation(tokens, acceptance).tokens_per_step == pytest.approx(expected)


def test_the_number_is_that_of_drawn_drafts():
    drawn = np.random.default_rng(1).random((200_000, 3)) < 0.7
    accepted = np.cumprod(drawn, axis=1).sum(axis=1)
    assert Speculation(3, 0.7).tokens_per_step == pytest.approx(1 + accepted.mean(), rel=0.005)


def test_a_step_multiplies_all_tokens_and_reads_the_cache_once():
    plain = demand(load_model(LLAMA), "fp8", 1024, 1024)
    few, many = (decode_parts_s(replace(plain, verified_tokens=n), H200, Efficiency(), 256) for n in (1.0, 4.0))
    assert many[0] == pytest.approx(4 * few[0])
    assert (many[1], many[2]) == (few[1], few[2])
    plain = r1()
    touched = decode_parts_s(plain, H200, Efficiency(skew=1e-6), 8)[1]
    assert decode_parts_s(replace(plain, verified_tokens=4.0), H200, Efficiency(skew=1e-6), 2)[1] == pytest.approx(
        touched
    )


def test_an_mtp_head_reads_one_layer_and_the_lm_head_for_each_token():
    plain = r1()
    more = [r1(Speculation(k, 0.5)).always_weight_bytes - plain.always_weight_bytes for k in (1, 3)]
    head = 2 * 129_280 * 7168  # 16 bit
    assert more[0] == pytest.approx((plain.always_weight_bytes - head) / 61 + head)
    assert more[1] == pytest.approx(3 * more[0])
    four_bits = [demand(load_model(R1), "fp4", 512, 512)]
    four_bits += [speculating(four_bits[0], Speculation(3, 0.5))]
    assert four_bits[1].four_bit_weight_bytes == pytest.approx(four_bits[0].four_bit_weight_bytes * (1 + 3 / 61))
    assert four_bits[0].four_bit_launches == 58 * 8
    assert four_bits[1].four_bit_launches == pytest.approx(four_bits[0].four_bit_launches * (1 + 3 / 61))
    draft_reads = [replace(d, draft_layers=n) for d in four_bits[1:] for n in (0.0, 3.0)]
    without, with_drafts = (float(decode_parts_s(d, H200, Efficiency(), 4)[1]) for d in draft_reads)
    experts = replace(four_bits[0], always_weight_bytes=0.0, four_bit_weight_bytes=0.0)
    of_four = float(decode_parts_s(experts, H200, Efficiency(), 4)[1])  # of one token of each sequence
    assert with_drafts - without == pytest.approx(3 / 61 * of_four, rel=1e-6)
    memory = weights_per_gpu(r1(Speculation(3, 0.5)), H200) / weights_per_gpu(plain, H200)
    assert 1 < memory < 1 + 1 / 61  # one layer, however often it is passed; embeddings are not held again


def test_a_drafting_model_is_read_for_each_token_and_held_once():
    spec, small = load_model(LLAMA), load_model(SMALL)
    plain, own = demand(spec, "bf16", 512, 512), demand(small, "bf16", 512, 512)
    d = speculating(plain, Speculation(4, 0.6, small))
    assert d.always_weight_bytes - plain.always_weight_bytes == pytest.approx(4 * own.always_weight_bytes)
    assert d.resident_weight_bytes - plain.resident_weight_bytes == pytest.approx(own.resident_weight_bytes)
    assert d.kv_sequence_bytes - plain.kv_sequence_bytes == pytest.approx(own.kv_sequence_bytes)
    assert d.launches == plain.launches + 4 * own.launches
    hw = hardware(load_gpu("h100-sxm"), Parallelism(tp=4), "bf16")
    assert float(prefill_s(d, hw, Efficiency())) > float(prefill_s(plain, hw, Efficiency()))


def test_tpot_is_the_step_over_its_tokens():
    d = r1(Speculation(3, 0.7))
    alone = serving(d, H200, Efficiency(), 1)
    assert float(alone.tpot_s) == pytest.approx(float(decode_step_s(d, H200, Efficiency(), 1)) / 2.533)
    assert float(alone.tpot_s) < float(serving(r1(), H200, Efficiency(), 1).tpot_s)
    assert float(alone.weights_s) == pytest.approx(float(decode_parts_s(d, H200, Efficiency(), 1)[1]) / 2.533)


@settings(max_examples=25, deadline=None)
@given(
    tokens=st.integers(1, 8),
    low=st.floats(0, 1),
    high=st.floats(0, 1),
    in_flight=st.integers(1, 2048),
    generated=st.integers(1, 8192),
)
def test_more_acceptance_is_never_slower(tokens, low, high, in_flight, generated):
    low, high = sorted((low, high))
    slow, fast = (
        predict(r1(Speculation(tokens, a), generated=generated), H200, PLAIN_ROOFLINE, in_flight, 512).serving
        for a in (low, high)
    )
    assert fast.tpot_s <= slow.tpot_s * (1 + 1e-9)
    assert fast.ttft_s <= slow.ttft_s * (1 + 1e-9)
    assert fast.output_tokens_per_s >= slow.output_tokens_per_s * (1 - 1e-9)


def test_drafts_that_are_never_accepted_only_cost():
    plain, never = (serving(d, H200, Efficiency(), 32) for d in (r1(), r1(Speculation(3, 0.0))))
    assert float(never.tpot_s) > float(plain.tpot_s)


def test_drafting_sends_between_gpus_too():
    """Of a pass through one of 61 layers as much as of one of these, for one token a sequence instead of four."""
    d, slow = r1(Speculation(3, 0.5)), replace(Efficiency(), collective_s=1e-3)
    more = decode_step_s(d, H200, slow, 8) - decode_step_s(d, H200, replace(slow, collective_s=0.0), 8)
    rounds = 2 if H200.attention_shards > 1 else 1
    assert float(more) == pytest.approx(rounds * (d.n_layers + d.draft_layers) * 1e-3)
    assert d.draft_layers > 0


def test_the_simulation_adds_as_many_tokens_a_step():
    flat = StepTimes(np.full(5, 0.01), 1e-5, 0.0, verified_tokens=4.0, tokens_per_step=2.0)
    s = simulate(flat, None, 1, 100, 101, 8)
    assert s.tpot_s == pytest.approx(0.005)  # fifty steps for a hundred tokens after the first
    waiting = simulate(replace(flat, wait_steps=3.0), None, 1, 100, 101, 8)
    assert waiting.ttft_s - s.ttft_s == pytest.approx(0.03)


def test_verified_tokens_fill_the_step():
    few = StepTimes(np.full(9, 0.01), 1e-5, 0.0, token_budget=64)
    many = replace(few, verified_tokens=8.0)
    plain, drafted = (simulate(speed, None, 8, 640, 64, 64) for speed in (few, many))
    assert drafted.ttft_s.mean() > plain.ttft_s.mean()  # decoding leaves prompts no room


def test_a_replica_simulates_what_the_formula_says():
    at = Deployment(load_model(R1), load_gpu("h200-sxm"), Parallelism(tp=8), "fp8")
    drafting = replace(at, speculation=Speculation(3, 0.7))
    plain, drafted = (replica(d, PLAIN_ROOFLINE, 1024, 256).at_concurrency(8) for d in (at, drafting))
    formula = [
        float(predict(d.demand(1024, 256), d.hardware, PLAIN_ROOFLINE, 8).serving.tpot_s) for d in (at, drafting)
    ]
    assert drafted.tpot_s.mean / plain.tpot_s.mean == pytest.approx(formula[1] / formula[0], rel=0.1)
    assert float(max_sequences(drafting.demand(1024, 256), 1.5e11, at.hardware)) < float(
        max_sequences(at.demand(1024, 256), 1.5e11, at.hardware)
    )


@pytest.mark.parametrize(
    ("tokens", "acceptance", "flag"),
    [
        (3, None, "--speculative-tokens"),
        (None, 0.5, "--acceptance"),
        (0, 0.5, "--speculative-tokens"),
        (3, 1.1, "--acceptance"),
        (3, math.nan, "--acceptance"),
    ],
)
def test_impossible_drafts_name_their_option(tokens, acceptance, flag):
    with pytest.raises(AdvisorError) as error:
        checked_speculation(tokens, acceptance)
    assert error.value.where == flag


def test_without_options_nothing_is_drafted():
    assert checked_speculation(None, None) is None
    assert checked_speculation(3, 0.7) == Speculation(3, 0.7)
