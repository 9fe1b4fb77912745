"""Who entered and left the frontier, by hand and against brute force."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from advisor.accuracy.estimators import Interval
from advisor.accuracy.release_trend import UNKNOWN
from advisor.studies.frontier_history import History, entries, observed_fall, steps
from advisor.studies.one_answer import OneAnswer


def answer(model, released, accuracy=0.5, flops=1.0):
    return OneAnswer(
        model=model,
        setup="",
        released=released,
        is_moe=False,
        accuracy=Interval(accuracy, accuracy, accuracy),
        observed=accuracy,
        evidence="measured",
        n_questions=100,
        flops=flops,
        generated_tokens=1.0,
        imputed=False,
        tokens_spread=1.0,
    )


def history(*models, draws=4):
    """Of (model, date, flops, accuracy); every draw is what is believed."""
    answers = tuple(answer(name, date, accuracy, flops) for name, date, flops, accuracy in models)
    flops, accuracies = (np.array([[m[i]] * (1 + draws) for m in models]) for i in (2, 3))
    return History(answers, flops, accuracies)


KNOWN = (
    ("a", "2024-01", 10.0, 0.5),
    ("b", "2024-03", 20.0, 0.7),
    ("c", "2024-05", 5.0, 0.6),
    ("d", "2024-07", 4.0, 0.8),
)


def test_who_enters_whom_it_beats_and_until_when():
    found = {e.model: e for e in entries(history(*KNOWN))}
    assert {name: (e.date, e.beat, e.until) for name, e in found.items()} == {
        "a": ("2024-01", (), "2024-05"),
        "b": ("2024-03", (), "2024-07"),
        "c": ("2024-05", ("a",), "2024-07"),
        "d": ("2024-07", ("b", "c"), ""),
    }
    assert [found[name].chance for name in "abcd"] == [1.0] * 4
    assert [found[name].chance_now for name in "abcd"] == [0.0, 0.0, 0.0, 1.0]


def test_models_of_one_date_enter_together():
    found = entries(history(("a", "2024-01", 1.0, 0.5), ("b", "2024-01", 1.0, 0.6), ("c", "2024-01", 2.0, 0.7)))
    assert [e.model for e in found] == ["b", "c"]


def test_the_least_compute_falls_step_by_step():
    h = history(*KNOWN)
    found = steps(h, 0.55)
    assert [(s.date, s.model, s.flops) for s in found] == [
        ("2024-03", "b", 20),
        ("2024-05", "c", 5),
        ("2024-07", "d", 4),
    ]
    assert (found[1].needed.low, found[1].needed.high, found[1].reached) == (5.0, 5.0, 1.0)
    fall = observed_fall(h, found, 0.55)
    assert (fall.factor.value, fall.first, fall.last) == (5.0, "2024-03", "2024-07")
    assert steps(h, 0.9) == []
    assert observed_fall(h, steps(h, 0.75), 0.75).factor == UNKNOWN


def test_where_some_draws_never_reach_the_target_the_end_is_open():
    h = history(*KNOWN, draws=10)
    h.accuracies[:, 5:] -= 0.2
    (first, *_) = steps(h, 0.55)
    assert first.needed.low == 20.0
    assert first.needed.high is None
    assert first.reached == 0.4
    assert observed_fall(h, steps(h, 0.55), 0.55).factor.high is None


dates = st.sampled_from(["2024-01", "2024-02", "2024-03"])
few = st.sampled_from([1.0, 2.0, 3.0, 4.0])


@given(st.lists(st.tuples(dates, few, st.sampled_from([0.2, 0.4, 0.6, 0.8])), min_size=1, max_size=7))
@settings(max_examples=100, deadline=None)
def test_history_equals_the_frontiers_of_every_date(found):
    models = [(str(i), *each) for i, each in enumerate(found)]
    h = history(*models)
    rows = {e.model: e for e in entries(h)}
    for date in h.dates:
        there = [m for m in models if m[1] <= date]
        leads = {
            m[0]
            for m in there
            if not any(o[2] <= m[2] and o[3] >= m[3] and (o[2] < m[2] or o[3] > m[3]) for o in there)
        }
        assert {e.model for e in rows.values() if e.date <= date and (not e.until or e.until > date)} == leads
        reached = [m[2] for m in there if m[3] >= 0.5]
        least = [s.flops for s in steps(h, 0.5) if s.date <= date]
        assert (min(reached) if reached else None) == (least[-1] if least else None)


def test_steps_only_fall():
    found = [s.flops for s in steps(history(*KNOWN), 0.45)]
    assert found == sorted(found, reverse=True) == pytest.approx([10.0, 5.0, 4.0])
