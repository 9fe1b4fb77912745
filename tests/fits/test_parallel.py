"""Work on several processors comes to the same as on one."""

from functools import partial

import numpy as np
import pytest

from advisor.fits.parallel import AHEAD, WORTH_PROCESSES, mapped, processes


def tenth(number, of=10):
    return number / of


@pytest.mark.parametrize("n", [0, 1, 2 * AHEAD + 1, 5 * AHEAD])
def test_results_are_in_the_order_of_the_items_on_any_number_of_processes(n):
    expected = [tenth(i) for i in range(n)]
    assert list(mapped(tenth, iter(range(n)), 1)) == expected
    assert list(mapped(tenth, iter(range(n)), 2)) == expected
    assert list(mapped(partial(tenth, of=2), range(n), 2)) == [i / 2 for i in range(n)]


def test_arrays_cross_between_processes():
    found = list(mapped(np.cumsum, [np.arange(3.0), np.arange(4.0)], 2))
    assert [each.tolist() for each in found] == [[0, 1, 3], [0, 1, 3, 6]]


def test_little_work_stays_in_this_process():
    assert processes(WORTH_PROCESSES - 1) == 1
    assert processes(WORTH_PROCESSES) >= 1


def test_a_fault_in_another_process_is_raised_here():
    with pytest.raises(ZeroDivisionError):
        list(mapped(partial(tenth, of=0), range(3), 2))
