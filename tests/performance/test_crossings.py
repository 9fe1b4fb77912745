import pytest

from advisor.performance.crossings import crossings


def test_one_overtakes_the_other_where_the_lines_meet():
    loads = [1, 2, 4, 8]
    rising = [1.0, 2.0, 4.0, 8.0]  # x
    flat = [3.0, 3.0, 3.0, 3.0]
    assert crossings(loads, rising, flat) == [(pytest.approx(3.0), False)]
    assert crossings(loads, flat, rising) == [(pytest.approx(3.0), True)]


def test_no_crossing_and_lines_that_end():
    assert crossings([1, 2], [1.0, 1.0], [2.0, 2.0]) == []
    assert crossings([1, 2, 4], [1.0, None, 4.0], [2.0, 2.0, 2.0]) == [(pytest.approx(2.0), False)]
    assert crossings([1, 2], [None, 1.0], [1.0, None]) == []


def test_lines_that_meet_exactly_at_a_load_cross_there():
    assert crossings([1, 2, 4], [1, 2, 4], [2, 2, 2]) == [(2, False)]
    assert crossings([1, 2, 4, 8], [1, 2, 2, 4], [2, 2, 2, 2]) == [(2, False)]
    assert crossings([1, 2, 4], [1, 2, 1], [2, 2, 2]) == []  # they touch and part again
