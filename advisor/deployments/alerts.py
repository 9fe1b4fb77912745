"""Alerts that follow from a prediction: rules for Prometheus over the metrics of the engine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from advisor.deployments.load import Predicted
from advisor.deployments.plan import Plan
from advisor.deployments.quoting import quoted
from advisor.units import counted, significant

WINDOW = "10m"
WAITING_SHARE = 0.1
"""Requests that wait, of those that were costed to be in flight."""
CACHE_SHARE = 0.95


@dataclass(frozen=True, slots=True)
class Metrics:
    """Names of an engine's metrics; `tpot` has more than one where releases differ. Times are histograms in seconds."""

    ttft: str
    tpot: tuple[str, ...]
    answer: str
    waiting: str
    cache_use: str


METRICS = {
    "vllm": Metrics(
        "vllm:time_to_first_token_seconds",
        ("vllm:request_time_per_output_token_seconds", "vllm:inter_token_latency_seconds"),
        "vllm:e2e_request_latency_seconds",
        "vllm:num_requests_waiting",
        "vllm:kv_cache_usage_perc",
    ),
    "sglang": Metrics(
        "sglang:time_to_first_token_seconds",
        ("sglang:inter_token_latency_seconds",),
        "sglang:e2e_request_latency_seconds",
        "sglang:num_queue_reqs",
        "sglang:token_usage",
    ),
}
"""By engine: vllm 0.32 v1/metrics/loggers.py; https://docs.sglang.io/references/production_metrics.html"""


@dataclass(frozen=True, slots=True)
class Alert:
    """One rule."""

    name: str
    expr: str
    minutes: int
    severity: str
    summary: str
    description: str


def alerts_of(plan: Plan) -> list[Alert]:
    """The rules of a deployment; none for an engine whose metrics are not known."""
    known = METRICS.get(plan.engine)
    if known is None:
        return []
    of = f"{{model_name={quoted(plan.served)}}}"
    return [*_limits(plan, known, of), *_predicted(plan, known, of), *_room(plan, known, of)]


def _limits(plan: Plan, known: Metrics, of: str) -> Iterator[Alert]:
    """That a limit of the request does not hold, for its percentile."""
    request, c = plan.request, plan.candidate
    percent = request.percentile
    answer = next((b.amount for b in request.budgets if b.cost == "s"), None) if c.n_samples == 1 else None
    for name, what, metrics, limit in (
        ("TtftAboveLimit", "time to first token", (known.ttft,), request.max_ttft_s),
        ("TpotAboveLimit", "time per output token", known.tpot, request.max_tpot_s),
        ("AnswersAboveLimit", "time of an answer", (known.answer,), answer),
    ):
        if limit is not None:
            expr = " or ".join(f"({_quantile(metric, percent, of)})" for metric in metrics)
            why = f"{percent} % were to stay within {significant(limit)} s, the limit that was given"
            yield Alert(name, f"({expr}) > {limit:.6g}", 10, "critical", f"{plan.served}: {what} above its limit", why)


def _predicted(plan: Plan, known: Metrics, of: str) -> Iterator[Alert]:
    """That it is slower than the prediction allows: means against means, a percentile of answers against the same."""
    for name, what, metrics, predicted in (
        ("TtftAbovePrediction", "mean time to first token", (known.ttft,), plan.load.ttft_s),
        ("TpotAbovePrediction", "mean time per output token", known.tpot, plan.load.tpot_s),
    ):
        expr = " or ".join(f"({_mean(metric, of)})" for metric in metrics)
        yield _slower(plan, name, what, expr, predicted)
    if plan.candidate.n_samples == 1:
        p95 = Predicted.within(plan.candidate.latency.p95_s, plan.candidate.spread)
        what = "95th percentile of the time of an answer"
        yield _slower(plan, "AnswersAbovePrediction", what, _quantile(known.answer, 95, of), p95)


def _slower(plan: Plan, name: str, what: str, expr: str, predicted: Predicted) -> Alert:
    why = (
        f"{significant(predicted.value)} s were predicted, up to {significant(predicted.high)} s at the upper end of"
        " the 90 % interval: more load than was costed, longer prompts or answers, or a slower machine"
    )
    return Alert(name, f"({expr}) > {predicted.high:.6g}", 15, "warning", f"{plan.served}: {what} is too long", why)


def _room(plan: Plan, known: Metrics, of: str) -> Iterator[Alert]:
    """That requests wait, that the cache is full, that nobody answers."""
    most = max(round(WAITING_SHARE * plan.load.concurrency), 1)
    yield Alert(
        "RequestsWaiting",
        f"sum by (instance) (avg_over_time({known.waiting}{of}[{WINDOW}])) > {most}",
        5,
        "warning",
        f"{plan.served}: requests wait for a free place",
        f"more than {most} on one replica, which was costed with {plan.load.concurrency} in flight: add replicas",
    )
    yield Alert(
        "KvCacheFull",
        f"max_over_time({known.cache_use}{of}[{WINDOW}]) > {CACHE_SHARE}",
        10,
        "warning",
        f"{plan.served}: the KV cache is nearly full",
        "longer sequences or more of them than were costed: soon requests are computed anew",
    )
    replicas = plan.candidate.replicas
    yield Alert(
        "ReplicasMissing",
        f"(count(count by (instance) ({known.waiting}{of})) or vector(0)) < {replicas}",
        5,
        "critical",
        f"{plan.served}: fewer replicas answer than were costed",
        f"{counted(replicas, 'replica')} were costed; a pod or machine is gone, starts, or is not scraped",
    )


def _mean(metric: str, of: str) -> str:
    return f"sum(rate({metric}_sum{of}[{WINDOW}])) / sum(rate({metric}_count{of}[{WINDOW}]))"


def _quantile(metric: str, percent: int, of: str) -> str:
    return f"histogram_quantile({percent / 100:g}, sum by (le) (rate({metric}_bucket{of}[{WINDOW}])))"
