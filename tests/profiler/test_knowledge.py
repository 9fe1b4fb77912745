"""Coefficients that a profile learned are applied as any correction is."""

import numpy as np
import pytest

from advisor.performance.groups import COEFFICIENTS, on_unmeasured_gpu, sensitivities
from advisor.performance.predict import predict
from advisor.profiler.knowledge import Beliefs, _unmeasured, assess, speed_of
from advisor.profiler.plan import Load
from advisor.profiler.subject import Subject
from advisor.store.runs import Run
from tests.known import SHIPPED

SUBJECT = Subject("Qwen/Qwen3-30B-A3B", "h100-sxm", "tp2", "bf16", "vllm")
LOADS = [Load(128, 128, 1), Load(2048, 32, 16), Load(32, 512, 256), Load(8192, 2048, 4)]


def times(beliefs, coefficients):
    runs = _unmeasured(beliefs, LOADS)
    speed = speed_of(beliefs.efficiency, np.asarray(coefficients))
    found = predict(runs.demand, runs.hardware, speed, runs.concurrency, runs.max_sequences).serving
    return np.log(found.tpot_s), np.log(found.ttft_s)


@pytest.mark.parametrize("place", range(len(COEFFICIENTS)), ids=COEFFICIENTS)
def test_every_coefficient_moves_times_as_its_sensitivity_says(place):
    beliefs = Beliefs.read(SHIPPED, SUBJECT)
    _, _, by_decode, by_ttft = sensitivities(_unmeasured(beliefs, LOADS), beliefs.efficiency)
    step = 1e-3 * np.eye(len(COEFFICIENTS))[place]
    here, moved = times(beliefs, 0 * step), times(beliefs, step)
    assert moved[0] - here[0] == pytest.approx(by_decode @ step, rel=0.02, abs=1e-8)
    assert moved[1] - here[1] == pytest.approx(by_ttft @ step, rel=0.02, abs=1e-8)


def test_where_nothing_was_measured_less_is_known():
    measured = Beliefs.read(SHIPPED, SUBJECT)
    unmeasured = Beliefs.read(SHIPPED, Subject("Qwen/Qwen3-30B-A3B", "rtx-3090", "tp2", "bf16", "vllm"))
    assert np.all(unmeasured.prior.variances >= measured.prior.variances)
    assert np.array_equal(unmeasured.prior.variances, on_unmeasured_gpu(measured.prior).variances)
    wide, narrow = (assess(beliefs, [], LOADS, 1e6).half_width for beliefs in (unmeasured, measured))
    assert wide > 1.5 * narrow


def test_a_load_that_cannot_be_teaches_nothing():
    """4 GB of weights a GPU at 3.35 TB/s take more than a millisecond: nothing was learned from one in a tenth."""
    beliefs = Beliefs.read(SHIPPED, SUBJECT)
    load = {"model": SUBJECT.model, "gpu": SUBJECT.gpu, "parallelism": SUBJECT.parallelism, "precision": "bf16"}
    times = {"prompt_tokens": 128.0, "generated_tokens": 128.0, "concurrency": 1.0, "ttft_s": 0.05}
    sound, doubtful = (Run(**load, **times, tpot_s=tpot_s) for tpot_s in (6e-3, 1e-4))
    before, after, learned = (assess(beliefs, runs, LOADS, 1e6) for runs in ([], [doubtful], [sound]))
    assert (after.n_measured, after.half_width) == (0, before.half_width)
    assert (learned.n_measured, learned.half_width < before.half_width) == (1, True)
    assert after.next_place is None or str(LOADS[after.next_place]) != str(LOADS[0])  # it is not tried again
