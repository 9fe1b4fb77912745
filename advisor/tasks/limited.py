"""Work that may never end, in a process of its own and for a limited time.

Only the work itself is timed: starting the process and importing math-verify take seconds on a busy machine.
"""

from __future__ import annotations

import atexit
import multiprocessing
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

from advisor.errors import MissingAbility, install

SECONDS = 5.0
START_SECONDS = 120.0
MOST_KEPT = 100_000

_worker: list[Any] = []
_results: dict[tuple[Any, ...], Any] = {}


class NotChecked(Exception):
    """The work took longer than allowed: nothing is known of its result."""


def in_limited_time(work: Callable[..., Any], *arguments: str) -> Any:
    """The result of `work` in a second process; results are kept, time-outs are not.

    Raises NotChecked where it takes longer than SECONDS, MissingAbility without math-verify.
    """
    if find_spec("math_verify") is None:
        raise MissingAbility(
            "mathematical answers are compared by math-verify, which is not installed",
            hint=install("tasks"),
        )
    called = (work, *arguments)
    if called not in _results:
        result = _timed(work, arguments)
        if len(_results) >= MOST_KEPT:
            _results.clear()
        _results[called] = result
    return _results[called]


def _timed(work: Callable[..., Any], arguments: tuple[str, ...]) -> Any:
    try:
        if not _worker:
            _worker.append(multiprocessing.get_context("spawn").Pool(1))
            _worker[0].apply_async(_ready).get(timeout=START_SECONDS)
        return _worker[0].apply_async(work, arguments).get(timeout=SECONDS)
    except multiprocessing.TimeoutError:
        stop_worker()
        raise NotChecked(f"took longer than {SECONDS:g} s") from None


def _ready() -> None:
    """Called first in the new process, so that its start is over when the clock begins."""
    import logging

    import math_verify

    # it warns that nothing limits its time: this module does
    logging.getLogger(math_verify.__name__).setLevel(logging.ERROR)


def stop_worker() -> None:
    """End the second process, if there is one: when all answers are compared, or the program ends."""
    while _worker:
        _worker.pop().terminate()


atexit.register(stop_worker)
