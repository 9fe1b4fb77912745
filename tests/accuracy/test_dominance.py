"""Who is beaten, against brute force."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from advisor.accuracy.dominance import unbeaten

values = st.sampled_from([0.0, 0.25, 0.5, 0.5000001, 1.0, 3.0])
points = st.lists(st.tuples(values, values, st.integers(0, 3)), min_size=1, max_size=9)


def brute(found, own):
    cost, accuracy, date = own
    there = [(c, a) for c, a, d in found if d <= date]
    return not any(c <= cost and a >= accuracy and (c < cost or a > accuracy) for c, a in there)


@given(points)
@settings(max_examples=150, deadline=None)
def test_on_the_frontier_is_who_no_earlier_one_beats(found):
    costs, accuracies, dates = (np.array(each) for each in zip(*found, strict=True))
    leads = unbeaten(costs[:, None], accuracies[:, None], dates[None, :] <= dates[:, None])[:, 0]
    assert leads.tolist() == [brute(found, own) for own in found]


@given(points)
@settings(max_examples=60, deadline=None)
def test_a_cost_in_other_units_changes_nothing_and_somebody_leads(found):
    costs, accuracies, _ = (np.array(each)[:, None] for each in zip(*found, strict=True))
    leads = unbeaten(costs, accuracies)
    assert np.array_equal(leads, unbeaten(np.exp(3 * costs), accuracies))
    assert leads.any()


def test_equals_both_lead_and_draws_are_judged_one_by_one():
    costs = np.array([[1.0, 1.0], [1.0, 2.0], [3.0, 0.5]])
    accuracies = np.array([[0.5, 0.5], [0.5, 0.5], [0.4, 0.9]])
    assert unbeaten(costs, accuracies).tolist() == [[True, False], [True, False], [False, True]]
