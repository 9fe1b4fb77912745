"""How often intervals held, and the factor that makes them hold."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import t as student

from advisor.profiler.coverage import Coverage, coverage, holds, interval_factor, repeat_half_width
from advisor.store.runs import Run


def run(tpot_s, predicted_s=1.0, half_width=0.1, status="ok", prompt_tokens=8):
    return Run(
        model="m",
        gpu="g",
        precision="bf16",
        prompt_tokens=prompt_tokens,
        generated_tokens=32,
        concurrency=1,
        status=status,
        tpot_s=tpot_s,
        predicted_tpot_s=predicted_s,
        predicted_half_width=half_width,
    )


@pytest.mark.parametrize(
    ("measured_s", "expected"), [(1.0, True), (1.09, True), (1.11, False), (1 / 1.09, True), (0.9, False)]
)
def test_an_interval_is_as_wide_below_as_above_in_the_logarithm(measured_s, expected):
    assert holds(run(measured_s)) is expected


def test_what_was_not_predicted_or_not_measured_is_not_counted():
    others = [run(1.0, None, None), run(None), run(1.0, status="failed")]
    assert [holds(each) for each in others] == [None] * 3
    assert coverage(others) == Coverage(0, 0, 0, 0)
    assert interval_factor(others) == interval_factor([])


def test_the_latest_ten_are_counted_apart():
    runs = [run(2.0), run(1.0), *[run(1.01)] * 7, run(2.0), run(0.5)]
    assert coverage(runs) == Coverage(11, 8, 10, 8)
    assert coverage(runs).is_enough
    assert not coverage([*runs, run(2.0), run(2.0)]).is_enough
    assert not coverage([run(1.0)] * 9).is_enough


def test_before_the_first_load_the_interval_is_students():
    assert interval_factor([]) == pytest.approx(student.ppf(0.975, 4))


def interval(deviation, runs):
    """The half width that is given to a load whose logarithm deviates so far."""
    return math.expm1(interval_factor(runs) * deviation)


@settings(deadline=None)
@given(st.lists(st.floats(0.01, 5), max_size=30))
def test_nine_tenths_of_the_misses_and_of_one_more_lie_within_the_factor(misses):
    """Of runs as they come: each is predicted with the factor of those before it."""
    runs = []
    for z in misses:
        runs.append(run(math.exp(0.2 * z), 1.0, interval(0.2, runs)))
    expected = [float(student.ppf(0.5 + (i + 0.5) / 20, 4)) for i in range(10)]
    everything = sorted([*expected, *misses])
    within = [factor for factor in everything if sum(z <= factor for z in everything) >= 0.9 * (len(everything) + 1)]
    assert interval_factor(runs) == pytest.approx(min(within, default=everything[-1]))


@pytest.mark.parametrize("spread", [0.3, 1.0, 3.0])
def test_intervals_come_to_hold_whatever_the_model_thinks_of_itself(spread):
    """Errors `spread` times as large as the model expects."""
    draw, runs = np.random.default_rng(0), []
    for _ in range(300):
        runs.append(run(math.exp(0.1 * spread * draw.standard_normal()), 1.0, interval(0.1, runs)))
    found = coverage(runs)
    assert 0.87 <= found.n_held / found.n_predicted <= 0.95
    assert interval_factor(runs) == pytest.approx(1.645 * spread, rel=0.15)


def test_repeats_show_the_noise():
    again = [run(0.9), run(1.1), run(5.0, prompt_tokens=9)]
    deviation = np.std(np.log([0.9, 1.1]), ddof=1)
    assert repeat_half_width(again) == pytest.approx(math.expm1(1.6448536 * deviation))
    assert repeat_half_width([run(0.9), run(5.0, prompt_tokens=9)]) is None
    assert repeat_half_width([*again, run(5.0, prompt_tokens=9)]) == pytest.approx(
        math.expm1(1.6448536 * deviation / math.sqrt(2))
    )
