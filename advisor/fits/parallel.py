"""Work on many set-ups, over all processors where there is enough of it to pay for starting them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

WORTH_PROCESSES = 300_000
"""Answers from which other processes, a second or two each to start, are worth it."""
BATCH = 8
"""Items of each process that are made at once: the next ones while these are worked on."""


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
    from joblib import Parallel, delayed, parallel_config
    from joblib.externals.loky import get_reusable_executor

    remaining = iter(items)
    with parallel_config(backend="loky", n_jobs=n_processes, inner_max_num_threads=1, max_nbytes=None):
        batch = list(islice(remaining, BATCH * n_processes))
        while batch:
            working = Parallel(return_as="generator")(delayed(function)(item) for item in batch)
            batch = list(islice(remaining, BATCH * n_processes))
            yield from working
    get_reusable_executor().shutdown(wait=True)  # which removes what it has under /dev/shm before this process ends
