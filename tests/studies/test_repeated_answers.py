"""Votes that stop early and shortest answers, of questions made by hand."""

import numpy as np
import pytest

from advisor.fits.stored_answers import Lengths, Question
from advisor.studies.answer_sets import AnswerSet
from advisor.studies.repeated_answers import adaptive_votes, short_answers, stopping, voted


def question(name, answers, right="a", tokens=None):
    correct = tuple(answer == right for answer in answers)
    n = len(answers)
    lengths = np.array(tokens if tokens is not None else range(1, n + 1), dtype=float)
    timed = Lengths(lengths, np.array(correct, dtype=float), np.zeros(n), np.zeros(n))
    return Question(name, tuple(answers), correct, (None,) * n, (None,) * n, (None,) * n, timed, *[None] * 4)


def of(questions, strategy="sampling"):
    named = {q.question_id: q for q in questions}
    return AnswerSet(model="m", task="t", strategy=strategy, setup="", finish_recorded=False, questions=named)


def test_a_vote_stops_when_it_is_settled():
    assert stopping(["a"] * 40, range(40)) == 4
    assert stopping(["b", *["a"] * 39], range(40)) == 7  # six of one against one of the other
    assert stopping(["a", "b"] * 20, range(40)) == 40
    assert stopping([None] * 3, range(3)) == 3


def test_ties_of_a_vote_are_shared():
    assert voted(question("q", "aab"), [0, 1, 2]) == 1
    assert voted(question("q", "ab"), [0, 1]) == 0.5
    assert voted(question("q", "bbc"), [0, 1, 2]) == 0
    assert voted(question("q", [None, None]), [0, 1]) == 0


def test_an_adaptive_vote_of_sure_answers_takes_four_and_loses_nothing():
    (found,) = adaptive_votes([of(question(f"q{i}", "a" * 16) for i in range(12))])
    assert (found.used, found.n, found.saving.value, found.gain.value) == (4, 16, 4, 0)


def test_an_adaptive_vote_of_unsure_answers_takes_more():
    (found,) = adaptive_votes([of(question(f"q{i}", "aaaaaaaabbbbbbcc") for i in range(12))])
    assert 8 < found.used < 16
    assert -1 < found.gain.value < 0
    assert found.saving.low <= found.saving.value == 16 / found.used <= found.saving.high


def test_the_shortest_answer_against_the_longest_and_the_vote():
    right_first = [question(f"q{i}", "abbb", tokens=[10, 20, 30, 40]) for i in range(12)]
    (found,) = short_answers([of(right_first)])
    assert (found.over_longest.value, found.over_vote.value, found.tokens) == (1, 1, 0.4)
    (other,) = short_answers([of([question(f"q{i}", "baaa", tokens=[10, 20, 30, 40]) for i in range(12)])])
    assert (other.over_longest.value, other.over_vote.value) == (-1, -1)


def test_the_first_three_that_end_vote_and_are_waited_for():
    """In any order they may have come: right ones among the three shortest of five carry their vote."""
    tokens = [50, 10, 40, 20, 30]
    (found,) = short_answers([of(question(f"q{i}", "bacab", tokens=tokens) for i in range(12))])
    assert found.three_over_vote.value == pytest.approx(1 - 0.5)  # a, a, b of the shortest; of all two a and two b
    assert found.three_wait == pytest.approx(30 / 50)
    (other,) = short_answers([of(question(f"q{i}", "abbaa", tokens=[10, 20, 30, 40, 50]) for i in range(12))])
    assert (other.three_over_vote.value, other.three_wait) == (-1, pytest.approx(30 / 50))


@pytest.mark.parametrize("strategy", ["rebase", "sampling"])
def test_what_says_nothing(strategy):
    few = of([question(f"q{i}", "aab") for i in range(12)])
    unread = of([question(f"q{i}", [None] * 16) for i in range(12)], strategy)
    assert not adaptive_votes([few, unread])
    assert not short_answers([few, unread])
