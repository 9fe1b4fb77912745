"""Why a deployment is not as predicted: rules over what was seen, the likeliest reason first.

A rule speaks only where its evidence is there: it names figures that were read, never a guess alone.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from advisor.units import counted, percent, significant
from advisor.verification.figures import ABOVE, BELOW, INSIDE, Expected, Figure
from advisor.verification.seen import Seen

FULL_CACHE = 0.9
"""Share of the KV cache from which requests may wait for it."""
PINNED = 0.9
"""Of the most that ran at once, or all but one: where as many run while some wait, no more can run. A place that falls
free is filled a step later."""
OTHER_LENGTH, OTHER_LOAD, STEADY = 1.25, 1.25, 1.5
"""Factors beyond which lengths, requests in flight, and two counts of those in flight differ."""
SMALLER_CACHE = 0.8
LEAST_CACHED = 0.02
"""Share of the prompt tokens below which hits of the prefix cache change nothing."""


@dataclass(frozen=True, slots=True)
class Planned:
    """The load that the deployment was costed at; None: not given, and so not compared."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    concurrency: int | None = None
    rate: float | None = None


@dataclass(frozen=True, slots=True)
class Cause:
    """A reason by its name for scripts, and the evidence in words."""

    name: str
    evidence: str


def causes(found: Sequence[Figure], seen: Seen, expected: Expected, planned: Planned) -> tuple[Cause, ...]:
    """Of figures that lie outside, and how the load differs from the one that was costed."""
    verdicts = {figure.name: figure.verdict for figure in found}
    waits = list(_waiting(verdicts, seen, expected, planned))
    load = list(_load(seen, planned))
    why = [*waits, *_cache(verdicts, seen, expected), *_unsteady(seen)]
    speed = [] if why else list(_speed(verdicts, seen))
    return (*why, *speed, *load)


def _waiting(verdicts: dict[str, str], seen: Seen, expected: Expected, planned: Planned) -> Iterator[Cause]:
    """Requests that wait, for a place in the batch or in the cache."""
    if seen.waiting is None or seen.running_at_waits is None or seen.most_running is None:
        late = verdicts["TTFT"] == ABOVE and verdicts["TPOT"] != ABOVE and verdicts["requests"] == BELOW
        if late:
            what = "first tokens come late and fewer requests are answered, while tokens come as fast as predicted"
            yield Cause("batch limit", f"{what}: requests wait, likely for --max-num-seqs; give --metrics to see it")
        return
    if verdicts["waiting requests"] != ABOVE:
        return
    use, held = seen.cache_use or 0.0, f"{seen.running_at_waits:.1f} run (never more than {seen.most_running:.0f})"
    waits = f"{significant(seen.waiting)} requests wait on average, and then {held}"
    if use >= FULL_CACHE or seen.preemptions:
        yield Cause("cache full", f"{waits} and the KV cache is {percent(use, 0)} full")
    elif (
        seen.running_at_waits >= min(PINNED * seen.most_running, seen.most_running - 1)
        and seen.most_running < expected.most_running
    ):
        costed = "" if math.isinf(expected.most_running) else f", costed to hold {expected.most_running:,.0f}"
        what = f"{waits} and the KV cache is {percent(use, 0)} full"
        yield Cause("batch limit", f"{what}: the batch is limited to {seen.most_running:.0f}{costed} (--max-num-seqs)")
    else:
        yield Cause("bursts", f"{waits}: they come many at once, or prompts fill the steps (--max-num-batched-tokens)")


def _cache(verdicts: dict[str, str], seen: Seen, expected: Expected) -> Iterator[Cause]:
    smaller = seen.kv_cache_tokens is not None and seen.kv_cache_tokens < SMALLER_CACHE * expected.cache_tokens
    size = f"it holds {seen.kv_cache_tokens or 0:,} tokens, {expected.cache_tokens:,.0f} were costed"
    if seen.preemptions:
        more = (
            f"{size} (--gpu-memory-utilization, --max-model-len)" if smaller else "sequences grow longer than it holds"
        )
        lost = f"{counted(seen.preemptions, 'request')} lost their place in the KV cache"
        yield Cause("cache too small", f"{lost}: {more}")
    elif smaller and verdicts["KV cache in use"] == ABOVE:
        yield Cause("smaller cache", f"more of the KV cache is in use, since {size}")


def _unsteady(seen: Seen) -> Iterator[Cause]:
    """Little's law counts those who left, the readings those who are there: where they differ the load changed."""
    if seen.sampled is None:
        return
    apart = abs(math.log(max(seen.sampled, 0.1) / max(seen.in_flight, 0.1)))
    if apart > math.log(STEADY) and abs(seen.sampled - seen.in_flight) > 1:
        what = f"{significant(seen.sampled)} requests were there when looked at, {significant(seen.in_flight)} by those"
        yield Cause("load changed", f"{what} that ended: it changed within the window, give a longer --window")


def _speed(verdicts: dict[str, str], seen: Seen) -> Iterator[Cause]:
    """Where nothing else explains it."""
    if verdicts["TPOT"] == ABOVE:
        what = "tokens come more slowly with nothing else different"
        yield Cause("slower", f"{what}: a slower or throttled GPU, or another engine version")
    elif verdicts["TPOT"] == BELOW:
        yield Cause("faster", "tokens come faster with nothing else different: a faster GPU or a newer engine")
    elif verdicts["TTFT"] == ABOVE:
        what = "first tokens come late while tokens follow as predicted"
        yield Cause("slow prompts", f"{what}: prompts in bursts, or read in small parts (--max-num-batched-tokens)")
    elif verdicts["TTFT"] == BELOW:
        yield Cause("fast prompts", "first tokens come earlier than predicted while tokens follow as predicted")
    elif any(verdicts[name] not in (INSIDE, "not seen") for name in ("requests", "generated tokens")):
        yield Cause("load changed", "fewer or more requests ended than were there: give a longer --window")


def _load(seen: Seen, planned: Planned) -> Iterator[Cause]:
    """How the load differs from the one that was costed: what was predicted here is for the one that was seen."""
    for what, costed, real in (
        ("prompts", planned.input_tokens, seen.prompt_tokens),
        ("answers", planned.output_tokens, seen.generated_tokens),
    ):
        if costed is not None and not 1 / OTHER_LENGTH <= real / costed <= OTHER_LENGTH:
            yield Cause("other lengths", f"{what} have {real:,.0f} tokens on average, costed at {costed:,}")
    if seen.cached_tokens is not None and seen.cached_tokens > LEAST_CACHED * seen.prompt_tokens:
        share = percent(seen.cached_tokens / seen.prompt_tokens, 0)
        yield Cause("prefix cache", f"{share} of the prompt tokens come from the prefix cache: prompts are cheaper")
    for what, load, real in (
        ("requests in flight", planned.concurrency, seen.in_flight),
        ("requests/s", planned.rate, seen.requests_per_s),
    ):
        if load is not None and not 1 / OTHER_LOAD <= real / load <= OTHER_LOAD:
            name = "less load" if real < load else "more load"
            yield Cause(name, f"{significant(real)} {what}, costed at {significant(load)}")
