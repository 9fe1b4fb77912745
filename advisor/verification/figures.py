"""What was predicted for the load that was seen, beside what was seen."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from advisor.performance.demand import demand
from advisor.performance.deployment import Deployment
from advisor.performance.memory import max_sequences
from advisor.performance.predict import Speed, predict, steps, ttft_spread
from advisor.verification.seen import Seen

CACHE_SPREAD, CACHE_SLACK = 1.25, 0.05
"""Factor of the 90 % interval of the cache's use: the share of the memory that engines take differs by release;
and the share of the cache that whole blocks and other requests take at least."""
WAITING_SHARE = 0.1
"""Requests that may wait of those in flight, for a step to begin, where all find a place."""
CLEAR = 2.576 / 1.645
"""Ends of a 99 % interval, in those of a 90 % one: beyond them a figure is clearly outside."""
INSIDE, BELOW, ABOVE, NOT_SEEN = "inside", "below", "above", "not seen"


@dataclass(frozen=True, slots=True)
class Figure:
    """A mean as predicted, with its 90 % interval widened by what few requests leave open, and as seen.

    `verdict` is inside, below, above or not seen; `worse`: beyond the 99 % interval on the side that users feel.
    """

    name: str
    unit: str
    predicted: float
    low: float
    high: float
    seen: float | None
    verdict: str
    worse: bool


@dataclass(frozen=True, slots=True)
class Expected:
    """What one replica does with the load that was seen: means, and sequences that its cache or its batch holds.

    `burst_s` is the TTFT of the last prompt where all that are in flight come at once, as those of a benchmark do.
    """

    ttft_s: float
    burst_s: float
    tpot_s: float
    request_s: float
    in_flight: float
    most_running: float
    cache_use: float
    cache_tokens: float
    spread: float


def expected(deployment: Deployment, speed: Speed, seen: Seen, batch_limit: int | None) -> Expected:
    """For requests of the lengths that were seen, as many in flight; at most `batch_limit` run at once."""
    prompt, generated = max(round(seen.prompt_tokens), 1), max(round(seen.generated_tokens), 1)
    cached = min(round(seen.cached_tokens or 0.0), prompt - 1)
    spec, hw = deployment.spec, deployment.hardware
    d = demand(spec, deployment.precision, prompt, generated, deployment.kv_precision, cached_tokens=cached)
    held = max(float(max_sequences(d, deployment.gpu.memory_bytes, hw)), 1.0)
    most = min(held, batch_limit or math.inf)
    batch = max(min(seen.crowd, most), 1.0)
    predicted = predict(d, hw, speed, batch)
    times = predicted.serving
    running = min(seen.in_flight, most)
    wait_s = max(seen.in_flight / most - 1, 0.0) * float(times.request_s)
    ttft_s = float(times.ttft_s) + wait_s
    return Expected(
        ttft_s=ttft_s,
        burst_s=ttft_s + (batch - 1) * float(steps(d, hw, speed, 1).prefill_s[0]),
        tpot_s=float(times.tpot_s),
        request_s=float(times.request_s) + wait_s,
        in_flight=seen.in_flight,
        most_running=most,
        cache_use=min(running / held * (prompt + generated / 2) / (prompt + generated), 1.0),
        cache_tokens=held * (prompt + generated),
        spread=float(predicted.spread),
    )


def figures(expected: Expected, seen: Seen) -> tuple[Figure, ...]:
    """Every figure in the order in which it is shown."""
    requests_per_s = expected.in_flight / expected.request_s
    spread, first = math.log(expected.spread), math.log(float(ttft_spread(expected.spread)))
    whole = math.hypot(spread, seen.drift)
    tokens_per_s = requests_per_s * seen.generated_tokens
    waiting = max(expected.in_flight - expected.most_running, 0.0)
    slack = max(WAITING_SHARE * expected.in_flight, 1.0)
    running = expected.in_flight - waiting
    ttft = _within("TTFT", "s", expected.ttft_s, seen.ttft_s.mean, math.hypot(first, seen.ttft_s.noise))
    return (
        replace(ttft, worse=ttft.worse and seen.ttft_s.mean > expected.burst_s * expected.spread),
        _within("TPOT", "s", expected.tpot_s, seen.tpot_s.mean, math.hypot(spread, seen.tpot_s.noise)),
        _within("generated tokens", "1/s", tokens_per_s, seen.output_tokens_per_s, whole, slow_is_low=True),
        _within("requests", "1/s", requests_per_s, seen.requests_per_s, whole, slow_is_low=True),
        _between("running requests", "", running, max(running - slack, 0.0), running + slack, seen.running),
        _between("waiting requests", "", waiting, max(waiting - slack, 0.0), waiting + slack, seen.waiting, felt=True),
        _between(
            "KV cache in use",
            "share",
            expected.cache_use,
            expected.cache_use / CACHE_SPREAD,
            min(max(expected.cache_use * CACHE_SPREAD, expected.cache_use + CACHE_SLACK), 1.0),
            seen.cache_use,
        ),
    )


def _within(
    name: str, unit: str, predicted: float, seen: float, log_width: float, *, slow_is_low: bool = False
) -> Figure:
    factor, clear = math.exp(log_width), math.exp(CLEAR * log_width)
    low, high = predicted / factor, predicted * factor
    worse = seen < predicted / clear if slow_is_low else seen > predicted * clear
    return Figure(name, unit, predicted, low, high, seen, _verdict(low, high, seen), worse)


def _between(
    name: str, unit: str, predicted: float, low: float, high: float, seen: float | None, *, felt: bool = False
) -> Figure:
    worse = felt and seen is not None and seen > predicted + CLEAR * (high - predicted)
    return Figure(name, unit, predicted, low, high, seen, _verdict(low, high, seen), worse)


def _verdict(low: float, high: float, seen: float | None) -> str:
    if seen is None:
        return NOT_SEEN
    return BELOW if seen < low else ABOVE if seen > high else INSIDE
