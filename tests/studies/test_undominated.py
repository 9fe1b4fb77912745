"""Fronts against what the words say, point by point."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from advisor.studies.undominated import undominated

POINTS = st.lists(st.tuples(st.integers(1, 6), st.integers(0, 6)), min_size=1, max_size=9)


@given(POINTS)
def test_no_other_is_as_cheap_and_as_accurate_and_better_in_one(points):
    costs, accuracies = (np.array(column, dtype=float) for column in zip(*points, strict=True))
    beaten = [
        any(c <= cost and a >= accuracy and (c < cost or a > accuracy) for c, a in points) for cost, accuracy in points
    ]
    assert undominated(costs, accuracies).tolist() == [not each for each in beaten]


@given(POINTS)
def test_draws_are_fronts_of_their_own(points):
    costs, accuracies = (np.array(column, dtype=float) for column in zip(*points, strict=True))
    both = undominated(np.stack([costs, costs[::-1]], axis=1), np.stack([accuracies, accuracies], axis=1))
    assert both[:, 0].tolist() == undominated(costs, accuracies).tolist()
    assert both[:, 1].tolist() == undominated(costs[::-1], accuracies).tolist()


def test_equal_points_are_both_on_it():
    assert undominated(np.array([1.0, 1.0, 2.0]), np.array([0.5, 0.5, 0.5])).tolist() == [True, True, False]
