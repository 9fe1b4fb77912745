"""Corrections of measured GPUs keep the order of GPUs."""

import numpy as np
import pytest

from advisor.performance.corrections import MARGIN, RANGES, Correction
from advisor.performance.demand import demand
from advisor.performance.groups import COEFFICIENTS, N_EFFICIENCIES
from advisor.performance.hardware import hardware
from advisor.performance.ordered import Load, OfShape, Own, corrected, fastest, in_order
from advisor.performance.parallelism import Parallelism
from advisor.performance.predict import Speed, predict
from advisor.performance.roofline import Efficiency, at_peak, serving
from advisor.provenance import Provenance
from tests.known import load_gpu, load_model

BASE = Efficiency()
H100, H200 = (hardware(load_gpu(name), Parallelism(), "bf16") for name in ("h100-sxm", "h200-sxm"))
YES, NO = np.asarray(True), np.asarray(False)


def correction(tpot=0.0, ttft=0.0, moved=0.7, n_own=0, **shifts):
    found = np.array([shifts.get(name, 0.0) for name in COEFFICIENTS[:N_EFFICIENCIES]])
    ends = np.full(len(RANGES), np.inf)
    return Correction(
        found,
        np.array([tpot, 0, 0]),
        np.array([ttft, 0, 0]),
        -ends,
        ends,
        np.full(2, -moved),
        np.full(2, moved),
        1.2,
        5,
        "x",
        n_own,
    )


def load(gpu, concurrency=8, prompt=1000):
    return Load(demand(load_model("Llama-3.1-8B-Instruct"), "bf16", prompt, 500), gpu, concurrency)


def own(peaks, c, *, here=NO, better=NO, worse=NO, over=(True,), covered=YES):
    return Own(peaks, BASE, c, covered, here, better, worse, over)


def tpot_s(where, known):
    there = load(where)
    return float(np.exp(in_order(there, BASE, there.times(BASE), known)[0]))


def plain_s(where):
    return float(load(where).times(BASE).tpot_s)


def test_without_corrections_nothing_changes():
    known = OfShape(correction(), YES, ())
    assert tpot_s(H100, known) == pytest.approx(plain_s(H100))


def test_what_all_gpus_share_moves_them_alike():
    known = OfShape(correction(tpot=0.3), YES, ())
    for gpu in (H100, H200):
        assert tpot_s(gpu, known) == pytest.approx(plain_s(gpu) * np.exp(0.3))
    assert tpot_s(H100, OfShape(correction(tpot=0.3), NO, ())) == pytest.approx(plain_s(H100))


def test_a_measured_gpu_has_its_own_times():
    known = OfShape(correction(), YES, (own(H100, correction(tpot=0.2), here=YES, better=YES, worse=YES),))
    assert tpot_s(H100, known) == pytest.approx(plain_s(H100) * np.exp(0.2))


@pytest.mark.parametrize(("measured", "where", "tpot"), [(H100, H200, -0.6), (H200, H100, 0.6)])
def test_another_gpu_is_held_to_the_measured_one(measured, where, tpot):
    """An H100 that was measured faster than the H200 is expected to be: the H200 is no slower. And the other way."""
    is_better = measured is H100
    found = own(measured, correction(tpot=tpot), better=np.asarray(is_better), worse=np.asarray(not is_better))
    assert tpot_s(where, OfShape(correction(), YES, (found,))) == pytest.approx(plain_s(measured) * np.exp(tpot))
    unrelated = own(measured, correction(tpot=tpot))
    assert tpot_s(where, OfShape(correction(), YES, (unrelated,))) == pytest.approx(plain_s(where))


def test_measured_gpus_in_conflict_meet_half_way():
    """The H200 was measured slower than the H100: both get the geometric mean."""
    fast, slow = correction(tpot=-0.3), correction(tpot=0.5)
    times = plain_s(H100) * np.exp(-0.3), plain_s(H200) * np.exp(0.5)
    assert times[0] < times[1]
    for gpu, is_h200 in ((H100, False), (H200, True)):
        on_h100, on_h200 = np.asarray(not is_h200), np.asarray(is_h200)
        known = OfShape(
            correction(),
            YES,
            (
                own(H100, fast, here=on_h100, better=YES, worse=on_h100, over=(True, False)),
                own(H200, slow, here=on_h200, better=on_h200, worse=YES, over=(True, True)),
            ),
        )
        assert tpot_s(gpu, known) == pytest.approx(np.sqrt(times[0] * times[1]))


@pytest.mark.parametrize("mine", ["h100", "h200", "both"])
def test_what_the_user_measured_stands(mine):
    """The H200 was measured slower than the H100: the one that is not the user's gives way to the one that is."""
    fast = correction(tpot=-0.3, n_own=mine in ("h100", "both"))
    slow = correction(tpot=0.5, n_own=mine in ("h200", "both"))
    times = {"h100": plain_s(H100) * np.exp(-0.3), "h200": plain_s(H200) * np.exp(0.5)}
    times["both"] = np.sqrt(times["h100"] * times["h200"])
    for gpu, is_h200 in ((H100, False), (H200, True)):
        on_h100, on_h200 = np.asarray(not is_h200), np.asarray(is_h200)
        on = (
            own(H100, fast, here=on_h100, better=YES, worse=on_h100, over=(True, False)),
            own(H200, slow, here=on_h200, better=on_h200, worse=YES, over=(True, True)),
        )
        assert tpot_s(gpu, OfShape(correction(), YES, on)) == pytest.approx(times[mine])


def test_what_the_user_measured_bounds_no_more_than_the_order_says():
    """An H100 of the user's that is slower than the published H200 changes nothing; nor does an uncovered layout."""
    for theirs, covered in ((correction(tpot=0.6, n_own=3), YES), (correction(tpot=-2.0, n_own=3), NO)):
        on = (
            own(H100, theirs, over=(True, False), covered=covered),
            own(H200, correction(tpot=0.1), here=YES, better=YES, worse=YES, over=(True, True)),
        )
        assert tpot_s(H200, OfShape(correction(), YES, on)) == pytest.approx(plain_s(H200) * np.exp(0.1))


def test_a_layout_that_was_not_measured_says_nothing():
    found = own(H100, correction(tpot=-0.6), better=NO, worse=NO, covered=NO)
    assert tpot_s(H200, OfShape(correction(), NO, (found,))) == pytest.approx(plain_s(H200))


def test_a_correction_moves_other_loads_little_more_than_the_measured_ones():
    """A cache that reads ten times as slowly hardly shows in short answers, and would in long ones."""
    slow = correction(moved=0.05, kv=-2.3)
    for prompt in (100, 100_000):
        far = load(H100, 64, prompt)
        plain = far.times(BASE)
        moved = float(corrected(far, BASE, plain, slow)[0] - np.log(plain.tpot_s))
        assert 0 <= moved <= 0.05 + MARGIN + 1e-9
    assert moved == pytest.approx(0.05 + MARGIN)


def test_nothing_is_faster_than_its_peaks():
    known = OfShape(correction(tpot=-0.7, moved=0.7, step_s=-3.0, kernel_s=-3.0), YES, ())
    there = load(H100, 1)
    step, prompt = fastest(there, BASE.skew)
    tpot, ttft = in_order(there, BASE, there.times(BASE), known)
    assert float(tpot) == float(step)
    assert float(ttft) >= float(prompt)
    perfect = serving(there.demand, H100, at_peak(BASE.skew), 1)
    assert float(np.exp(step)) == pytest.approx(float(perfect.tpot_s))
    assert float(np.exp(prompt)) == pytest.approx(float(perfect.ttft_s))


@pytest.mark.parametrize("tokens", [1, 2, 16, 256])
@pytest.mark.parametrize("known", [True, False])
def test_all_in_flight_are_multiplied_no_faster_than_at_the_peak(tokens, known):
    """However short the answers: FLOPs of the prompts and tokens of a second, over those of the GPU."""
    spec = load_model("Llama-3.1-8B-Instruct")
    d, fast = demand(spec, "bf16", 2000, tokens), at_peak(0.5)
    shape = OfShape(correction(tpot=-3.0, ttft=-3.0, moved=9), YES, ())
    speed = Speed(fast, 1.2, Provenance.FITTED, "", shape if known else None)
    s = predict(d, H100, speed, 128.0).serving
    flops = (
        2000 * spec.linear_flops_per_token() + spec.attention_flops(1, 2000) + (tokens - 1) * spec.decode_flops(2000)
    )
    used = float(s.output_tokens_per_s) / tokens * flops / 989e12
    assert 0.95 < used <= 1.001 if tokens < 256 else 0.5 < used <= 1.001
    assert float(s.request_s) == pytest.approx(float(s.ttft_s + s.tpot_s * (tokens - 1)))


def test_requests_that_wait_for_a_place_wait_for_whole_turns():
    """Four places for sixteen requests: three turns of the corrected times are waited for."""
    d = load(H100).demand
    speed = Speed(BASE, 1.5, Provenance.FITTED, "", OfShape(correction(tpot=0.3), YES, ()))
    four, waiting = (predict(d, H100, speed, c, 4).serving for c in (4, 16))
    assert float(waiting.tpot_s) == pytest.approx(float(four.tpot_s))
    assert float(waiting.request_s) == pytest.approx(4 * float(four.request_s))
    assert float(waiting.output_tokens_per_s) == pytest.approx(float(four.output_tokens_per_s))
    assert float(16 / waiting.request_s * 500) == pytest.approx(float(waiting.output_tokens_per_s))
