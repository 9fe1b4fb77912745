"""Comparing in a limited time: the start is not timed, what takes too long is not checked and not remembered."""

import time

import pytest

from advisor.errors import MissingAbility
from advisor.tasks import limited
from advisor.tasks.answers import math
from advisor.tasks.limited import NotChecked, in_limited_time, stop_worker
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
    stop_worker()
    assert in_limited_time(sleeper, "0.5") == "0.5"
    assert not limited._worker, "a result is kept"


SLOW_START_S = 4.0


def slow_start():
    time.sleep(SLOW_START_S)


@pytest.mark.slow
@needs_math_verify
def test_the_start_of_the_process_is_not_timed(monkeypatch, fresh):
    monkeypatch.setattr(limited, "_ready", slow_start)
    monkeypatch.setattr(limited, "SECONDS", SLOW_START_S)
    assert math(r"\boxed{3+4}") == "7"


def test_without_the_extra_it_says_how_to_get_it(monkeypatch):
    monkeypatch.setattr(limited, "find_spec", lambda _: None)
    with pytest.raises(MissingAbility, match=r"pip install 'frontier-advisor\[tasks\]'"):
        math(r"\boxed{3}")
