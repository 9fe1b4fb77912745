"""Answers under a cap: by hand where everything is certain, and populations whose truth is known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor.accuracy.endings import AHEAD, LOOK_BACK, Answers, carried_on, per_question, right_within, seen
from tests.accuracy.learned import endings

STEPS = 2.0 ** (0.5 * np.arange(AHEAD + 1))


def answers(question, tokens, right, stopped=None, looping=None):
    n = len(tokens)
    none = np.zeros(n)
    return Answers(
        question=np.asarray(question),
        tokens=np.asarray(tokens, dtype=float),
        right=np.asarray(right, dtype=float),
        open=none if stopped is None else np.asarray(stopped, dtype=float),
        looping=none if looping is None else np.asarray(looping, dtype=float),
    )


def spread_evenly(share, cap, right, n=4000, median=1500.0, rate=2.0):
    """Lengths at the quantiles of a log-logistic distribution, of which `share` ends at all, cut at `cap`."""
    q = (np.arange(n) + 0.5) / n / share
    ends = np.where(q < 1, median * (np.clip(q, 0, 1 - 1e-9) / (1 - np.clip(q, 0, 1 - 1e-9))) ** (1 / rate), np.inf)
    cut = ends > cap
    return answers(np.arange(n) % 200, np.minimum(ends, cap), np.where(cut, 0, right), stopped=cut)


EVEN = np.full((1, 200), 1 / 200)


def log_logistic(x, median=1500.0, rate=2.0):
    return 1 / (1 + (median / x) ** rate)


def test_log_logistic_answers_go_on_by_hand():
    """Every step adds as much to the log odds of having ended: 80 % of the answers are right whenever they end."""
    found = seen(spread_evenly(1.0, 3000, 0.8), 3000, EVEN)
    assert found.ended[0, -1] == pytest.approx(log_logistic(3000), abs=0.003)
    assert found.rate[0] == pytest.approx(0.8, abs=0.01)
    gained = carried_on(found, endings(), np.random.default_rng(0))[0]
    truth = 0.8 * (log_logistic(3000 * STEPS[1:]) - log_logistic(3000))
    assert gained[:6] == pytest.approx(truth[:6], abs=0.006)


def test_late_answers_decline_by_so_much_a_doubling():
    """One logit a doubling: answers of logit 1.386 (0.8) are right with 0.886 in the first step, half a doubling on."""
    found = seen(spread_evenly(1.0, 3000, 0.8), 3000, EVEN)
    plain = carried_on(found, endings(), np.random.default_rng(0))[0]
    later = carried_on(found, endings(decline=1.0), np.random.default_rng(0))[0]
    logit = np.log(found.rate[0] / (1 - found.rate[0]))
    share = 1 / (1 + np.exp(-(logit - 0.5 * np.arange(1, 4))))
    assert np.diff(later, prepend=0)[:3] == pytest.approx(np.diff(plain, prepend=0)[:3] / found.rate[0] * share)


def test_looping_answers_never_end():
    made = spread_evenly(0.8, 30_000, 0.8)
    loops = Answers(question=made.question, tokens=made.tokens, right=made.right, open=made.open, looping=made.open)
    found = seen(loops, 30_000, EVEN)
    assert found.looping[0] == pytest.approx(1 - found.ended[0, -1])
    assert carried_on(found, endings(), np.random.default_rng(0)) == pytest.approx(np.zeros((1, AHEAD)), abs=1e-6)


def test_endings_that_falter_show_answers_that_never_end():
    """A tenth never ends. By a cap that nearly all others ended within, no recorded reason is needed to see it.

    If those that are left ended as before, several points would be claimed.
    """
    grid = np.array([0.0, 0.25, 0.5, 0.75, 1.0])
    prior = endings(
        level=-0.11, carried=0.7, spread=0.3, never=grid, never_weight=np.array([0.96, 0.01, 0.01, 0.01, 0.01])
    )
    found = seen(spread_evenly(0.9, 24_000, 0.8), 24_000, EVEN)
    assert 1 - found.ended[0, -1] == pytest.approx(0.1035, abs=0.002)
    gained = carried_on(found, prior, np.random.default_rng(0))[0, -1]
    assert gained < 0.015
    assert carried_on(found, endings(), np.random.default_rng(0))[0, -1] > 0.03


def test_where_all_end_none_are_taken_for_endless():
    grid = np.array([0.0, 0.25, 0.5, 0.75, 1.0])
    prior = endings(spread=0.3, never=grid, never_weight=np.array([0.96, 0.01, 0.01, 0.01, 0.01]))
    found = seen(spread_evenly(1.0, 6000, 0.8), 6000, EVEN)
    gained = carried_on(found, prior, np.random.default_rng(0))[0]
    assert gained[-1] == pytest.approx(0.8 * (1 - log_logistic(6000)), abs=0.008)


def test_open_answers_carry_on_with_the_accuracy_of_their_question():
    """Ended answers of easy questions are all right, of hard ones all wrong; the hard ones are those still open."""
    question = np.repeat(np.arange(20), 10)
    easy = question < 10
    tokens = np.where(easy | (np.arange(200) % 10 < 3), 500 + np.arange(200), 4000.0)
    cut = tokens == 4000
    found = seen(answers(question, tokens, easy, stopped=cut), 4000, np.full((1, 20), 1 / 20))
    assert 1 - found.ended[0, -1] == pytest.approx(0.35)
    assert found.rate[0] < 0.1


def test_a_question_without_an_ended_answer_follows_those_that_ended_last():
    """One question always ends early and is right; another ends in the last doubling, right in half; a third never."""
    tokens = [600, 600, 3000, 3000, 4000, 4000]
    made = answers([0, 0, 1, 1, 2, 2], tokens, [1, 1, 1, 0, 0, 0], stopped=[0, 0, 0, 0, 1, 1])
    found = seen(made, 4000, np.full((1, 3), 1 / 3))
    assert found.rate[0] == pytest.approx(0.5, abs=0.01)
    assert found.ended[0] == pytest.approx([1 / 3] * 5 + [2 / 3])


def test_a_cut_run_is_what_a_smaller_limit_would_have_recorded():
    made = answers([0, 0, 1, 1], [100, 900, 500, 2000], [1, 1, 0, 1], stopped=[0, 0, 0, 1], looping=[0, 0, 0, 1])
    cut = made.until(600)
    assert cut.tokens.tolist() == [100, 600, 500, 600]
    assert cut.right.tolist() == [1, 0, 0, 0]
    assert cut.open.tolist() == [0, 1, 0, 1]
    assert cut.looping.tolist() == [0, 0, 0, 0]
    assert np.isinf(cut.ends).tolist() == [False, True, False, True]


def test_some_questions_are_numbered_anew():
    made = answers([0, 0, 1, 2], [1, 2, 3, 4], [1, 0, 1, 0])
    some = made.of_questions(np.array([2, 0]))
    assert some.question.tolist() == [1, 1, 0]
    assert some.tokens.tolist() == [1, 2, 4]


@given(st.lists(st.tuples(st.integers(0, 4), st.floats(0, 1)), min_size=1, max_size=30))
def test_means_per_question(pairs):
    numbers = {q: i for i, q in enumerate(sorted({q for q, _ in pairs}))}
    question = np.array([numbers[q] for q, _ in pairs])
    values = np.array([v for _, v in pairs])
    made = answers(question, values, values)
    by_hand = [values[question == q].mean() for q in range(len(numbers))]
    assert per_question(made, values) == pytest.approx(by_hand)
    assert per_question(made, np.column_stack([values, 2 * values])) == pytest.approx(
        np.column_stack([by_hand, 2 * np.array(by_hand)])
    )


def test_draws_spread_by_what_differs_between_data_sets():
    weights = np.repeat(EVEN, 500, axis=0)
    found = seen(spread_evenly(1.0, 3000, 0.8), 3000, weights)
    declines = endings(decline=0.5, decline_spread=0.4)
    gained = carried_on(found, declines, np.random.default_rng(0))
    half = [carried_on(found, endings(decline=d), np.random.default_rng(0))[0, 1] for d in (0.1, 0.9)]
    assert gained[1:, 1].std() == pytest.approx((half[0] - half[1]) / 2, rel=0.2)
    assert gained[0, 1] == pytest.approx(carried_on(found, endings(decline=0.5), np.random.default_rng(0))[0, 1])
    steps = carried_on(found, endings(spread=0.3), np.random.default_rng(0))
    assert steps[1:, 0].std() > 0.005
    assert found.ended.shape[1] == LOOK_BACK


@given(pairs=st.lists(st.tuples(st.integers(1, 30), st.booleans(), st.booleans()), min_size=2, max_size=30))
def test_right_within_counts_what_ended_by_each_length(pairs):
    tokens, right, stopped = (np.array(each, dtype=float) for each in zip(*pairs, strict=True))
    question = np.arange(len(pairs)) % 2
    answers = Answers(question=question, tokens=tokens, right=right, open=stopped, looping=np.zeros(len(pairs)))
    lengths = np.unique(tokens[::2])
    expected = [
        [((answers.ends <= length) * answers.right)[question == q].mean() for length in lengths] for q in (0, 1)
    ]
    assert right_within(answers, lengths) == pytest.approx(np.array(expected))
