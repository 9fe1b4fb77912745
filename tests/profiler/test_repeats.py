"""Which load is measured again, and when."""

import pytest

from advisor.profiler.plan import Load
from advisor.profiler.repeats import EVERY, TIME_SHARE, repeat_due
from tests.profiler.test_coverage import run as predicted_run


def run(prompt_tokens, tpot_s=1.0, seconds=1.0, status="ok"):
    made = predicted_run(tpot_s, prompt_tokens=prompt_tokens, status=status)
    return type(made)(**{name: getattr(made, name) for name in made.__slots__} | {"duration_s": seconds})


def test_one_for_every_four_new_loads():
    runs = [run(n) for n in range(1, EVERY)]
    assert repeat_due(runs, 60.0) is None
    runs.append(run(EVERY))
    assert repeat_due(runs, 60.0) == Load(1, 32, 1)
    runs.append(run(1))
    assert repeat_due(runs, 60.0) is None


def test_first_what_missed_then_what_was_measured_least_often():
    runs = [run(n) for n in range(1, 3)] + [run(3, 2.0), run(4), run(5, 0.5), *(run(n) for n in range(6, 17))]
    order = []
    while load := repeat_due(runs, 60.0):
        order.append(load.prompt_tokens)
        runs.append(run(load.prompt_tokens, 2.0))
    assert order == [3, 5, 1, 2]


@pytest.mark.parametrize(("time_left_s", "expected"), [(5.0, Load(1, 32, 1)), (0.5, None), (1.5, Load(1, 32, 1))])
def test_it_fits_into_the_time(time_left_s, expected):
    assert repeat_due([run(n) for n in range(1, 5)], time_left_s) == expected


def test_repeats_take_a_quarter_of_the_time_at_most():
    long = [run(1, seconds=7.0), *(run(n) for n in range(2, 5))]
    assert repeat_due(long, 60.0) == Load(2, 32, 1)
    assert TIME_SHARE * 10 < 7.0
    assert repeat_due(
        [run(1, seconds=7.0), *(run(n, seconds=3.0) for n in range(2, 4)), run(4, seconds=30.0)], 60.0
    ) == Load(1, 32, 1)


def test_what_failed_is_not_repeated():
    runs = [run(1, status="oom"), run(2, status="failed"), run(3), run(4)]
    assert repeat_due(runs, 60.0) == Load(3, 32, 1)
    assert repeat_due([run(n, status="failed") for n in range(1, 9)], 60.0) is None
