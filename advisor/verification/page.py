"""A page of vLLM's metrics as numbers: counters, gauges and histograms, summed over the engines behind it.

The names are those of vLLM 0.26 to 0.32, and what releases before called them. A prefix before them, as KServe adds, is
left out.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import pairwise

from advisor.errors import MOST_LISTED, AdvisorError, MissingAbility, install, unknown
from advisor.printable import shown

PREFIX = "vllm:"
TTFT = ("time_to_first_token_seconds",)
TPOT = ("request_time_per_output_token_seconds", "inter_token_latency_seconds", "time_per_output_token_seconds")
"""By request, else by token: the first that the page has."""
ANSWER = ("e2e_request_latency_seconds",)
QUEUE = ("request_queue_time_seconds",)
PROMPT, GENERATED = ("request_prompt_tokens",), ("request_generation_tokens",)
OUTPUT = ("generation_tokens_total",)
HITS = ("prefix_cache_hits_total", "gpu_prefix_cache_hits_total")
QUERIES = ("prefix_cache_queries_total", "gpu_prefix_cache_queries_total")
PREEMPTIONS = ("num_preemptions_total",)
RUNNING, WAITING = ("num_requests_running",), ("num_requests_waiting",)
CACHE_USE = ("kv_cache_usage_perc", "gpu_cache_usage_perc")
CACHE = "cache_config_info"
HISTOGRAMS = (*TTFT, *TPOT, *ANSWER, *QUEUE, *PROMPT, *GENERATED)
VALUES = (*OUTPUT, *HITS, *QUERIES, *PREEMPTIONS, *RUNNING, *WAITING, *CACHE_USE)
REQUIRED = (TTFT, TPOT, ANSWER, PROMPT, GENERATED, OUTPUT)
MOST, MOST_DIGITS = 1e15, 13
"""Of a figure, and digits of a number in a label."""
HINT = "give the address of a vLLM server's own metrics, http://host:8000/metrics"


@dataclass(frozen=True, slots=True)
class Histogram:
    """Observations by upper bound, cumulative as Prometheus counts them; the last bound is infinite."""

    bounds: tuple[float, ...]
    counts: tuple[float, ...]
    total: float

    @property
    def count(self) -> float:
        """Of all observations."""
        return self.counts[-1]

    @property
    def mean(self) -> float:
        """NaN where nothing was observed."""
        return self.total / self.count if self.count else math.nan

    def minus(self, before: Histogram) -> Histogram:
        """What was observed since."""
        counts = tuple(now - then for now, then in zip(self.counts, before.counts, strict=True))
        return Histogram(self.bounds, counts, self.total - before.total)

    def quantile(self, share: float) -> float:
        """Even within a bucket, so it is at most a bucket's width off; in the last the bound below it. NaN of none."""
        rank, low, below = share * self.count, 0.0, 0.0
        for bound, upto in zip(self.bounds, self.counts, strict=True):
            if upto >= rank and upto > below:
                return low + (bound - low) * (rank - below) / (upto - below) if math.isfinite(bound) else low
            low, below = bound, upto
        return math.nan

    @property
    def variation(self) -> float:
        """Standard deviation over the mean, as if all observations of a bucket lay in its middle."""
        inner = [0.0, *self.bounds[:-1], self.bounds[-2] if len(self.bounds) > 1 else 0.0]
        middles = [(low + high) / 2 for low, high in pairwise(inner)]
        inside = [high - low for low, high in pairwise([0.0, *self.counts])]
        mean = sum(m * n for m, n in zip(middles, inside, strict=True)) / max(self.count, 1.0)
        square = sum((m - mean) ** 2 * n for m, n in zip(middles, inside, strict=True)) / max(self.count, 1.0)
        return math.sqrt(square) / mean if mean else 0.0


@dataclass(frozen=True, slots=True)
class Page:
    """One reading. `kv_cache_tokens` is what the cache holds, as far as the page says."""

    values: dict[str, float]
    histograms: dict[str, Histogram]
    engines: int
    kv_cache_tokens: int | None

    def value(self, names: Sequence[str]) -> float | None:
        """The first of the names that the page has."""
        return next((self.values[name] for name in names if name in self.values), None)

    def histogram(self, names: Sequence[str]) -> Histogram | None:
        """The same of a histogram."""
        return next((self.histograms[name] for name in names if name in self.histograms), None)


def check_installed() -> None:
    """Raises MissingAbility without the library that reads Prometheus' format."""
    if find_spec("prometheus_client") is None:
        what = "reading metrics takes prometheus-client, not installed here"
        raise MissingAbility(what, where="--metrics", hint=install("verify"))


def parse_page(text: str, served_model: str | None, *, where: str) -> Page:
    """What a page says of one model. Raises AdvisorError for a page that is not vLLM's, or not of that model alone."""
    rows = [row for row in _samples(text, where) if row[0] == CACHE or _of_ours(row[0])]
    if not rows:
        raise AdvisorError("has no metrics of vLLM", where=where, hint=HINT)
    model = _model({row[1]["model_name"] for row in rows if "model_name" in row[1]}, served_model, where)
    rows = [row for row in rows if row[1].get("model_name", model) == model]
    values: dict[str, float] = {}
    buckets: dict[str, dict[float, float]] = {}
    engines = sum(name in RUNNING for name, _, _ in rows)
    for name, labels, value in rows:
        if name == CACHE:
            continue
        if not 0 <= value <= MOST:
            raise AdvisorError(f"{PREFIX}{name} is {value}", where=where, hint="no such figure can be: see the server")
        if name.endswith("_bucket"):
            of = buckets.setdefault(name.removesuffix("_bucket"), {})
            bound = _bound(labels.get("le", ""), where)
            of[bound] = of.get(bound, 0.0) + value
        else:
            values[name] = values.get(name, 0.0) + value
    histograms = {name: _histogram(name, of, values, where) for name, of in buckets.items()}
    for name in CACHE_USE:
        if name in values:
            values[name] /= max(engines, 1)
    page = Page({n: v for n, v in values.items() if n in VALUES}, histograms, engines, _cache_tokens(rows))
    for names in REQUIRED:
        if page.value(names) is None and page.histogram(names) is None:
            hint = "start vLLM without --disable-log-stats, release 0.10 or later"
            raise AdvisorError(f"lacks {PREFIX}{names[0]}", where=where, hint=hint)
    return page


def _samples(text: str, where: str) -> Iterator[tuple[str, dict[str, str], float]]:
    """Names without what stands before and in `vllm:`, labels and values. Raises AdvisorError."""
    from prometheus_client.parser import text_string_to_metric_families

    try:
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                _, found, name = sample.name.rpartition(PREFIX)
                if found:
                    yield name, sample.labels, sample.value
    except (ValueError, IndexError, KeyError, TypeError) as error:  # what its parser raises for other texts
        reason = shown(" ".join(str(error).split()))[:100]
        raise AdvisorError(f"is no page of metrics ({reason})", where=where, hint=HINT) from None


def _of_ours(name: str) -> bool:
    stem = name.removesuffix("_bucket").removesuffix("_sum").removesuffix("_count")
    return name in VALUES or stem in HISTOGRAMS


def _model(names: set[str], served_model: str | None, where: str) -> str:
    if served_model is not None:
        if served_model not in names:
            raise unknown("model", served_model, names, where=where)
        return served_model
    if len(names) > 1:
        some = ", ".join(sorted(names)[:MOST_LISTED])
        raise AdvisorError(f"counts several models ({some})", where=where, hint="name one with --served-model")
    return next(iter(names), "")


def _bound(text: str, where: str) -> float:
    try:
        bound = float(text)
    except ValueError:
        bound = math.nan
    if math.isnan(bound):
        raise AdvisorError(f"has a bucket up to {shown(text)[:20]!r}", where=where, hint=HINT)
    return bound


def _histogram(name: str, of: dict[float, float], values: dict[str, float], where: str) -> Histogram:
    bounds = tuple(sorted(of))
    counts = tuple(of[bound] for bound in bounds)
    total = values.get(f"{name}_sum")
    if bounds[-1] != math.inf or total is None or any(low > high for low, high in pairwise(counts)):
        raise AdvisorError(f"{PREFIX}{name} is no whole histogram", where=where, hint=HINT)
    return Histogram(bounds, counts, total)


def _cache_tokens(rows: Sequence[tuple[str, dict[str, str], float]]) -> int | None:
    """Of all engines; older releases give blocks and their size alone. None where the page does not say."""
    caches = [labels for name, labels, _ in rows if name == CACHE]
    sizes = [
        _whole(labels, "kv_cache_size_tokens") or _whole(labels, "num_gpu_blocks") * _whole(labels, "block_size")
        for labels in caches
    ]
    return sum(sizes) if sizes and all(sizes) else None


def _whole(labels: dict[str, str], name: str) -> int:
    """The number in a label; zero where there is none."""
    text = labels.get(name, "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < MOST_DIGITS else 0
