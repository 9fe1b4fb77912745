"""Comparing in a limited time: the start is not timed, what takes too long is not checked and not remembered."""

import time

import pytest

from advisor.calibration.counts import Counts
from advisor.calibration.rows import UNCHECKED, answers
from advisor.calibration.sampling_plan import Plan
from advisor.engines.protocol import Sampling, Trace
from advisor.errors import MissingAbility
from advisor.strategies.search import Searched
from advisor.tasks import limited
from advisor.tasks import task as tasks
from advisor.tasks.answers import math
from advisor.tasks.limited import NotChecked, in_limited_time, stop_worker
from advisor.tasks.questions import Question
from advisor.tasks.task import Task
from advisor.work import Work
from tests.tasks.extra import needs_math_verify


def sleeper(seconds):
    time.sleep(float(seconds))
    return seconds


@pytest.fixture
def fresh():
    stop_worker()
    yield
    stop_worker()


@pytest.mark.slow
@needs_math_verify
def test_what_does_not_end_is_stopped_and_tried_again(monkeypatch, fresh):
    monkeypatch.setattr(limited, "SECONDS", 0.2)
    with pytest.raises(NotChecked, match=r"longer than 0\.2 s"):
        in_limited_time(sleeper, "0.5")
    monkeypatch.setattr(limited, "SECONDS", 5.0)
    assert in_limited_time(sleeper, "0.5") == "0.5"
    started = time.monotonic()
    assert in_limited_time(sleeper, "0.5") == "0.5"
    assert time.monotonic() - started < 0.4, "a result is kept"


@pytest.mark.slow
@needs_math_verify
def test_the_start_of_the_process_is_not_timed(monkeypatch, fresh):
    """Importing math-verify alone takes longer than this."""
    monkeypatch.setattr(limited, "SECONDS", 0.3)
    assert math(r"\boxed{3+4}") == "7"


def test_without_the_extra_it_says_how_to_get_it(monkeypatch):
    monkeypatch.setattr(limited, "find_spec", lambda _: None)
    with pytest.raises(MissingAbility, match=r"pip install 'frontier-advisor\[tasks\]'"):
        math(r"\boxed{3}")


def never(*_):
    raise NotChecked("took longer")


QUESTION = Question("q", "1+1?", "2")
TASK = Task("mine", (QUESTION,), "number", "")


def rows_of(texts):
    searched = Searched(tuple(Trace(t, 5, "stop") for t in texts), Work(generated_tokens=5 * len(texts)))
    return answers(Plan("m", "majority", len(texts), Sampling(), "\n", None, "last", None, False), TASK, QUESTION, searched, "r")


def test_an_answer_that_was_not_checked_is_recorded_as_such(monkeypatch):
    compare = tasks.is_same_answer

    def slow_for_three(kind, reference, text):
        return never() if "3" in text else compare(kind, reference, text)

    monkeypatch.setattr(tasks, "is_same_answer", slow_for_three)
    rows = rows_of(["Answer: 2", "Answer: 3", "Answer: 4"])
    assert [(r.answer, r.correct, r.finish_reason) for r in rows] == [
        ("2", True, "stop"),
        ("3", False, UNCHECKED),
        ("4", False, "stop"),
    ]
    counts = Counts(2)
    counts.add(rows)
    counts.add(rows[1:2])
    assert (counts.accuracy, counts.unchecked, counts.answers, counts.judged) == (0.5, 2, 4, 1)


def test_an_answer_that_cannot_be_read_in_time_does_not_vote(monkeypatch):
    monkeypatch.setattr(tasks, "reader", lambda kind: never)
    assert TASK.answer_of("Answer: 2") is None
    assert TASK.is_correct(QUESTION, "Answer: 2") is True
