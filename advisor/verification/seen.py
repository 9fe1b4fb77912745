"""What a deployment did in a window of time: the load that was there, and how it was answered.

From a page of metrics that is read again and again, or from requests of our own. Times are means over the requests that
ended; how many were there at once follows from them by Little's law (1961).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from advisor.errors import AdvisorError
from advisor.performance.demand import Array
from advisor.units import MOST
from advisor.verification import page as names
from advisor.verification.page import Histogram, Page

LEAST_REQUESTS = 20
"""Requests that have to end in a window before anything is said of it."""
Z90 = 1.645
"""Standard deviations of a 90 % interval."""


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds over requests; of a page the percentiles are at most a bucket's width off.

    `noise` is half a 90 % interval of the mean, as a share of it: of few requests it says little.
    """

    mean: float
    p50: float | None
    p90: float | None
    p99: float | None
    noise: float


@dataclass(frozen=True, slots=True)
class Seen:
    """Means over the window; None: not seen, since no page of metrics was read.

    in_flight      requests there at once, waiting or running
    crowd          those that a request shares the engine with, itself included: more than in_flight where load varies
    most_running   the most that ran at once at any reading; running_at_waits: the mean at readings where some waited
    drift          half a 90 % interval of requests per second, as a share: those in flight at both ends of the window
                   count in part
    cached_tokens  of a prompt, found in the prefix cache
    cache_use      share of the KV cache that is taken; kv_cache_tokens is what it holds
    sampled        mean of those waiting or running as the readings found them
    """

    duration_s: float
    n_requests: int
    prompt_tokens: float
    generated_tokens: float
    in_flight: float
    crowd: float
    requests_per_s: float
    output_tokens_per_s: float
    ttft_s: Times
    tpot_s: Times
    request_s: Times
    drift: float
    running: float | None = None
    waiting: float | None = None
    most_running: float | None = None
    running_at_waits: float | None = None
    cached_tokens: float | None = None
    cache_use: float | None = None
    kv_cache_tokens: int | None = None
    preemptions: float | None = None
    sampled: float | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """A page, and when it was read, in seconds of any clock."""

    at_s: float
    page: Page


def seen_on_pages(readings: Sequence[Reading], *, where: str, least: int = LEAST_REQUESTS) -> Seen:
    """From the readings of one window, two or more in order.

    Raises AdvisorError where a counter fell or too few requests ended.
    """
    for before, after in pairwise(readings):
        _check_grown(before.page, after.page, where)
    first, last = readings[0], readings[-1]
    duration_s = last.at_s - first.at_s
    ttft, tpot, answer, prompt, generated = (
        _since(first.page, last.page, name)
        for name in (names.TTFT, names.TPOT, names.ANSWER, names.PROMPT, names.GENERATED)
    )
    n = int(answer.count)
    if (counted := min(int(each.count) for each in (ttft, tpot, answer, prompt, generated))) < least:
        what = f"only {counted} requests of more than one token ended in {duration_s:,.1f} s"
        raise AdvisorError(what, where=where, hint=f"give a longer --window: it takes {least} to say anything")
    if max(prompt.mean, generated.mean) > MOST:
        raise AdvisorError("counts more tokens than a request can have", where=where, hint=names.HINT)
    queue = last.page.histogram(names.QUEUE)
    waiting = _mean_of(readings, names.WAITING)
    if queue is not None and first.page.histogram(names.QUEUE) is not None:
        waiting = _since(first.page, last.page, names.QUEUE).total / duration_s
    in_flight = answer.total / duration_s
    waiting = min(waiting, in_flight)
    there = np.array([_of(r, names.RUNNING) + _of(r, names.WAITING) for r in readings])
    return Seen(
        duration_s=duration_s,
        n_requests=n,
        prompt_tokens=prompt.mean,
        generated_tokens=generated.mean,
        in_flight=in_flight,
        crowd=max(in_flight * _crowding(there), 1.0),
        requests_per_s=n / duration_s,
        output_tokens_per_s=_grown(first.page, last.page, names.OUTPUT) / duration_s,
        ttft_s=_times(ttft),
        tpot_s=_times(tpot),
        request_s=_times(answer),
        drift=Z90 * math.sqrt(2 * max(in_flight, 1.0)) / n,
        running=in_flight - waiting,
        waiting=waiting,
        most_running=max(_of(r, names.RUNNING) for r in readings),
        running_at_waits=_mean_of([r for r in readings if _of(r, names.WAITING)], names.RUNNING),
        cached_tokens=_cached_share(first.page, last.page) * prompt.mean,
        cache_use=_mean_of(readings, names.CACHE_USE),
        kv_cache_tokens=last.page.kv_cache_tokens,
        preemptions=_grown(first.page, last.page, names.PREEMPTIONS),
        sampled=float(np.mean(there)),
    )


def seen_by_clients(row: Mapping[str, Any]) -> Seen:
    """From the columns of Run that a load of our own gave; every place is always taken.

    Answers of one load differ little, so that its means are taken for exact.
    """
    in_flight = float(row["concurrency"])
    return Seen(
        duration_s=row["duration_s"],
        n_requests=row["n_requests"],
        prompt_tokens=row["prompt_tokens"],
        generated_tokens=row["generated_tokens"],
        in_flight=in_flight,
        crowd=in_flight,
        requests_per_s=row["output_tokens_per_s"] / row["generated_tokens"],
        output_tokens_per_s=row["output_tokens_per_s"],
        drift=0.0,
        ttft_s=_reported(row, "ttft"),
        tpot_s=_reported(row, "tpot"),
        request_s=_reported(row, "request"),
    )


def _reported(row: Mapping[str, Any], name: str) -> Times:
    p50, p90, p99 = (row.get(f"{name}_p{percent}_s") for percent in (50, 90, 99))
    return Times(row[f"{name}_s"], p50, p90, p99, noise=0.0)


def _check_grown(before: Page, after: Page, where: str) -> None:
    """Raises AdvisorError where a counter fell, or a figure is there in one reading alone."""
    counts = {n: v for n, v in before.values.items() if n.endswith("_total")}
    fell = [n for n, v in counts.items() if after.values.get(n, -1.0) < v]
    for name, then in before.histograms.items():
        now = after.histograms.get(name)
        if now is None or now.bounds != then.bounds or min(now.minus(then).counts) < 0:
            fell.append(name)
    if fell or before.engines != after.engines:
        name = f"{names.PREFIX}{fell[0]}" if fell else "the number of engines"
        what = f"{name} is not what it was before, or less: the server was started anew, or several answer here"
        raise AdvisorError(what, where=where, hint="read the page of one replica, and again once it runs")


def _since(first: Page, last: Page, name: Sequence[str]) -> Histogram:
    before, after = first.histogram(name), last.histogram(name)
    assert before is not None  # pages without are refused
    assert after is not None
    return after.minus(before)


def _grown(first: Page, last: Page, name: Sequence[str]) -> float:
    """Zero for a counter that the page has not."""
    return (last.value(name) or 0.0) - (first.value(name) or 0.0)


def _cached_share(first: Page, last: Page) -> float:
    queries = _grown(first, last, names.QUERIES)
    return min(_grown(first, last, names.HITS) / queries, 1.0) if queries else 0.0


def _of(reading: Reading, name: Sequence[str]) -> float:
    return reading.page.value(name) or 0.0


def _mean_of(readings: Sequence[Reading], name: Sequence[str]) -> float:
    """Zero of no reading."""
    return float(np.mean([_of(reading, name) for reading in readings])) if readings else 0.0


def _crowding(there: Array) -> float:
    """What a request finds, over the mean: E[n²]/E[n]², one where the number never changes."""
    mean = float(np.mean(there))
    return float(np.mean(there**2)) / mean**2 if mean else 1.0


def _times(of: Histogram) -> Times:
    noise = Z90 * of.variation / math.sqrt(of.count)
    p50, p90, p99 = (of.quantile(share) for share in (0.5, 0.9, 0.99))
    return Times(of.mean, p50, p90, p99, noise)
