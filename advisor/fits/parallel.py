"""Work on many set-ups, over all processors where there is enough of it to pay for starting them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

WORTH_PROCESSES = 300_000
"""Answers from which other processes, a second or two each to start, are worth it."""
AHEAD = 4
"""Items that are made before the result of the first is waited for, for each process."""
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
"""What a process finds in its environment."""


def processes(n_answers: int) -> int:
    """How many are worth starting for the work on so many answers."""
    if n_answers < WORTH_PROCESSES:
        return 1
    from joblib import cpu_count

    return int(cpu_count())


def mapped(function: Callable[[Item], Result], items: Iterable[Item], n_processes: int) -> Iterator[Result]:
    """What `function` makes of each item, in their order.

    Function, items and results cross between processes where there are several; items are made in this one. Whether
    there are several changes no result: each computes on one thread.
    """
    if n_processes == 1:
        from threadpoolctl import ThreadpoolController

        libraries = ThreadpoolController()
        for item in items:
            with libraries.limit(limits=1):
                result = function(item)
            yield result
        return
    from joblib.externals.loky import get_reusable_executor

    workers = get_reusable_executor(max_workers=n_processes, env=ONE_THREAD)
    try:
        begun: deque[Any] = deque()
        for item in items:
            begun.append(workers.submit(function, item))
            if len(begun) == AHEAD * n_processes:
                yield begun.popleft().result()
        while begun:
            yield begun.popleft().result()
    finally:
        workers.shutdown(wait=True, kill_workers=True)
