"""Two frontiers as staircases: who leads where."""

from hypothesis import given
from hypothesis import strategies as st

from advisor.recommend.overtaking import overtakes, standings


def frontier(*steps):
    return [
        {"cost": cost, "accuracy": accuracy, "low": accuracy - 0.05, "high": accuracy + 0.05}
        for cost, accuracy in steps
    ]


def test_the_lead_changes_where_a_step_passes_the_other():
    small, large = frontier((1, 0.5), (4, 0.55)), frontier((2, 0.45), (8, 0.8))
    found = standings(small, large)
    assert [(s.budget, s.ahead, s.clear) for s in found] == [(1, 0, True), (2, 0, False), (4, 0, False), (8, 1, True)]
    assert [(s.budget, s.ahead) for s in overtakes(found)] == [(1, 0), (8, 1)]


def test_a_tie_leads_nowhere():
    found = standings(frontier((1, 0.5)), frontier((1, 0.5), (2, 0.6)))
    assert [s.ahead for s in found] == [None, 1]
    assert [s.budget for s in overtakes(found)] == [2]


steps = st.lists(st.tuples(st.integers(1, 20), st.integers(1, 20)), min_size=1, max_size=6).map(
    lambda drawn: frontier(*zip(sorted({c for c, _ in drawn}), sorted(a / 20 for _, a in drawn), strict=False))
)


@given(steps, steps)
def test_each_standing_is_the_best_that_the_budget_buys(first, second):
    for s in standings(first, second):
        for rows, best in zip((first, second), s.each, strict=True):
            affordable = [row["accuracy"] for row in rows if row["cost"] <= s.budget]
            assert (best and best["accuracy"]) == (max(affordable) if affordable else None)
