"""Quantiles of the longest of k answers, against every way to draw k."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor.fits.lengths import longest_answer, longest_quantiles, waits

LENGTHS = st.lists(st.lists(st.integers(1, 50), min_size=3, max_size=6), min_size=1, max_size=4)


def by_every_draw(tokens, k, share):
    """The smallest length that `share` of all draws stay within, every question weighing the same."""
    drawn = [[max(draw) for draw in combinations(own, k)] for own in tokens]
    for length in sorted({n for own in tokens for n in own}):
        if np.mean([np.mean([n <= length for n in own]) for own in drawn]) >= share - 1e-9:
            return length
    raise AssertionError("no length holds all")


@given(LENGTHS, st.integers(1, 3), st.sampled_from([0.3, 0.5, 0.95, 0.99, 1.0]))
def test_quantiles_are_those_over_every_way_to_draw_k(lengths, k, share):
    tokens = [np.array(own) for own in lengths]
    assert longest_quantiles(tokens, k, [share])[0] == by_every_draw(lengths, k, share)


def test_a_question_with_fewer_answers_waits_for_the_longest_it_has():
    assert longest_quantiles([np.array([10, 20])], 5, [0.5])[0] == 20


@given(LENGTHS)
def test_more_answers_wait_longer_and_higher_percentiles_too(lengths):
    found = waits([np.array(own) for own in lengths], [1, 2, 3])
    assert found.shape == (3, 3)
    assert (np.diff(found, axis=0) >= 0).all()
    assert (np.diff(found, axis=1) >= 0).all()


def test_the_context_holds_999_of_1000_answers():
    assert longest_answer([np.arange(1, 2001)]) == pytest.approx(1998)
