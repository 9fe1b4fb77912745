"""What a correction looks at, and how far it may go."""

import numpy as np
import pytest

from advisor.performance.corrections import TERMS, Correction, covers, log_factor, terms
from advisor.performance.demand import demand
from advisor.performance.hardware import hardware
from advisor.performance.parallelism import Parallelism
from advisor.performance.roofline import Efficiency
from tests.known import load_gpu, load_model


def features(prompt, generated, concurrency, **layout):
    h = hardware(load_gpu("h100-sxm"), Parallelism(**layout), "bf16")
    return dict(
        zip(
            TERMS,
            terms(demand(load_model("Qwen3-8B"), "bf16", prompt, generated), h, concurrency).tolist(),
            strict=True,
        )
    )


def test_terms_by_hand():
    """Powers of two around 32 requests of 2 048 + 2 048 tokens on four GPUs, where all but the constant are zero."""
    middle = features(2048, 2048, 32, tp=4)
    assert middle == dict.fromkeys(TERMS, 0.0) | {"constant": 1.0}
    larger = features(8192, 512, 256, tp=2, dp=8)
    assert larger == {
        "constant": 1,
        "concurrency": 1,
        "prompt": 1,
        "generated": -1,
        "gpus": 1,
        "concurrency_squared": 1,
        "data_parallel": 1,
    }
    assert features(2048, 2048, 4, tp=1)["concurrency_squared"] == 1
    assert features(2048, 2048, 4, tp=1)["gpus"] == -1


def correction(low, high):
    return Correction(
        Efficiency(), np.zeros(7), np.zeros(7), np.array(low, float), np.array(high, float), 1.1, 2, "here"
    )


def test_a_correction_is_held_still_outside_what_was_measured():
    known = correction([1, -1, 0, 0, 0, 0, 0], [1, 0.5, 0, 0, 0, 1, 0])
    by_concurrency = np.array([0.1, 0.2, 0, 0, 0, 0, 0])
    loads = np.array([[1, c, 0, 0, 0, c * c, 0] for c in (-3, -1, 0.25, 0.5, 2)])
    assert log_factor(by_concurrency, loads, known) == pytest.approx([-0.1, -0.1, 0.15, 0.2, 0.2])


@pytest.mark.parametrize(("size", "factor"), [(0.5, 0.5), (0.8, 0.7), (5, 0.7), (-0.5, -0.5), (-5, -0.7)])
def test_a_correction_is_at_most_a_factor_of_two(size, factor):
    known = correction([1] + [0] * 6, [1] + [0] * 6)
    (found,) = log_factor(np.array([size, 0, 0, 0, 0, 0, 0]), np.array([[1.0, 0, 0, 0, 0, 0, 0]]), known)
    assert found == pytest.approx(factor)


@pytest.mark.parametrize(
    ("low", "high", "whole", "parallel"), [(0, 0, True, False), (1, 1, False, True), (0, 1, True, True)]
)
def test_it_covers_the_kinds_of_attention_that_were_measured(low, high, whole, parallel):
    known = correction([1, 0, 0, 0, 0, 0, low], [1, 0, 0, 0, 0, 0, high])
    assert (covers(known, False), covers(known, True)) == (whole, parallel)
