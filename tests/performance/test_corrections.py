"""What a correction looks at, and how far it may go."""

import numpy as np
import pytest

from advisor.performance.corrections import RANGES, TERMS, Correction, covers, loads, log_factor, terms, within
from advisor.performance.demand import demand
from advisor.performance.groups import N_EFFICIENCIES
from advisor.performance.hardware import hardware
from advisor.performance.parallelism import Parallelism
from tests.known import load_gpu, load_model


def on(**layout):
    return hardware(load_gpu("h100-sxm"), Parallelism(**layout), "bf16")


def test_terms_by_hand():
    """Half of powers of two around four GPUs, where all but the constant are zero."""
    assert terms(on(tp=4)).tolist() == [1, 0, 0]
    assert terms(on(tp=2, dp=8)).tolist() == [1, 1, 1]
    assert terms(on(tp=1)).tolist() == [1, -1, 0]
    assert len(TERMS) == 3


def test_terms_are_held_still_outside_the_measured_numbers_of_gpus():
    assert terms(on(tp=16), 1, 3).tolist() == terms(on(tp=8)).tolist()
    assert terms(on(tp=1), 1, 3).tolist() == terms(on(tp=2)).tolist()


def test_loads_by_hand():
    d = demand(load_model("Qwen3-8B"), "bf16", 4096, 512)
    found = dict(zip(RANGES, loads(d, on(tp=2, dp=4), 64).tolist(), strict=True))
    assert found == {"concurrency": 6, "prompt": 12, "generated": 9, "gpus": 3, "data_parallel": 1}


def correction(low, high):
    still, nothing = np.zeros(len(TERMS)), np.zeros(2)
    ends = (np.array(end, float) for end in (low, high))
    return Correction(np.zeros(N_EFFICIENCIES), still, still, *ends, nothing, nothing, 1.1, 2, "here")


def test_a_load_is_within_where_every_range_holds_it():
    known = correction([2, 10, 8, 0, 0], [6, 12, 9, 3, 0])
    assert within(known, np.array([[4, 11, 8.5, 1, 0], [2, 10, 8, 0, 0], [6.0005, 12, 9, 3, 0]])).all()
    assert not within(known, np.array([[1.9, 11, 8, 1, 0], [4, 13, 8, 1, 0], [4, 11, 8, 1, 1]])).any()


@pytest.mark.parametrize(("size", "factor"), [(0.5, 0.5), (0.8, 0.7), (5, 0.7), (-0.5, -0.5), (-5, -0.7)])
def test_a_factor_is_at_most_two(size, factor):
    (found,) = log_factor(np.array([size, 0, 0]), np.array([[1.0, 0, 0]]))
    assert found == pytest.approx(factor)


@pytest.mark.parametrize(
    ("low", "high", "whole", "parallel"), [(0, 0, True, False), (1, 1, False, True), (0, 1, True, True)]
)
def test_it_covers_the_kinds_of_attention_that_were_measured(low, high, whole, parallel):
    known = correction([0, 0, 0, 0, low], [0, 0, 0, 0, high])
    assert (covers(known, False), covers(known, True)) == (whole, parallel)
    assert covers(known, np.array([False, True])).tolist() == [whole, parallel]
