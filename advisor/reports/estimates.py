"""An estimate for a person, under traffic where that was given."""

from __future__ import annotations

import math

from advisor.performance.under_load import Percentiles, UnderLoad
from advisor.recommendation.estimate_values import CannotStart, Estimate, PartsApart
from advisor.reports.terminal import Block
from advisor.reports.text_tables import table
from advisor.reports.words import rent_text
from advisor.units import bytes_text, counted, percent, significant


def blocks(e: Estimate) -> list[Block]:
    """What `advisor estimate` prints."""
    return [table(["", ""], [*_memory_rows(e), *_time_rows(e), *_load_rows(e)], title=_title(e))]


def refused_blocks(e: CannotStart) -> list[Block]:
    """What `advisor estimate` prints of what cannot start: its memory where that is a reason."""
    if not any(reason.rule == "memory" for reason in e.reasons):
        return []
    return [table(["", ""], _memory_rows(e), title=_title(e))]


def _title(e: Estimate | CannotStart) -> str:
    cache = "" if e.kv_precision == "bf16" else f", KV cache in {e.kv_precision}"
    load = f"{e.input_tokens:,} → {counted(e.output_tokens, 'token')}, {e.concurrency} in flight"
    layout = e.parallelism if e.disaggregated is None else _engines(e.disaggregated)
    return f"{e.model} ({e.precision}{cache}) on {e.gpu_count} × {e.gpu} ({layout}), {load}"


def _engines(parts: PartsApart) -> str:
    prefill = f"prefill {parts.prefill_replicas} × {parts.prefill_parallelism}"
    return f"{prefill}, decoding {parts.replicas} × {parts.parallelism}"


def _memory_rows(e: Estimate | CannotStart) -> list[list[str]]:
    use = e.memory
    shortage = f"no: {bytes_text(use.total_bytes)} of {bytes_text(use.capacity_bytes)} usable per GPU"
    parts = (use.weights_bytes, use.kv_cache_bytes, use.overhead_bytes)
    sequence = counted(e.input_tokens + e.output_tokens, "token")
    fit = math.floor(max(use.max_sequences, 0)) if math.isfinite(use.max_sequences) else math.inf
    room = f"for {counted(fit, 'sequence')} of {sequence}"
    return [
        ["fits", "yes" if e.fits else shortage],
        ["weights / KV cache / overhead per GPU", " / ".join(bytes_text(part) for part in parts)],
        ["room", room],
    ]


def _time_rows(e: Estimate) -> list[list[str]]:
    ttft, tpot = e.interval.ttft_s, e.interval.tpot_s
    usd = significant(e.usd_per_million_output_tokens)
    energy = e.interval.energy_j_per_request
    joules = f"{significant(e.energy_j_per_request)} J ({significant(energy.low)} – {significant(energy.high)})"
    return [
        ["TTFT", f"{significant(e.ttft_s)} s ({significant(ttft.low)} – {significant(ttft.high)})"],
        ["TPOT", f"{significant(e.tpot_s * 1e3)} ms ({significant(tpot.low * 1e3)} – {significant(tpot.high * 1e3)})"],
        ["throughput", f"{significant(e.output_tokens_per_s)} generated tokens/s"],
        ["USD per million generated tokens", usd if e.provenance.price else "– (no price known: give --price)"],
        ["energy per request", joules if math.isfinite(e.energy_j_per_request) else "– (power limit unknown)"],
        ["power from", e.provenance.power],
        ["a decode step is bound by", e.bound],
        ["speed from", f"{e.provenance.performance}: {e.provenance.source}"],
        ["USD per hour", _per_hour(e)],
        ["start", f"about {significant(e.start_s)} s with its weights on disk"],
        *_apart_rows(e.disaggregated),
    ]


def _per_hour(e: Estimate) -> str:
    if e.usd_per_hour is None:
        return "–"
    return f"{significant(e.usd_per_hour)}: {rent_text(e.rent)}" if e.rent else significant(e.usd_per_hour)


def _apart_rows(parts: PartsApart | None) -> list[list[str]]:
    if parts is None:
        return []
    seconds = " / ".join(significant(s) for s in (parts.queue_s, parts.prefill_s, parts.transfer_s))
    return [
        ["of TTFT: queue / prefill / transfer", f"{seconds} s"],
        ["prefill engines work", percent(parts.prefill_busy, 0)],
        ["decoding in each replica", significant(parts.decoding)],
    ]


def _load_rows(e: Estimate) -> list[list[str]]:
    if e.load is None:
        return []
    traffic = f"at {significant(e.rate)} requests/s" if e.rate else f"with {e.concurrency} in flight"
    who = "one replica" if e.disaggregated is None else "all engines"
    return [
        [f"simulated {traffic}, {who}", _throughput(e.load)],
        ["USD per million tokens at this load", significant(e.load_usd_per_million_output_tokens)],
        ["TTFT of 50 / 90 / 99 % of the requests", f"{_percentiles(e.load.ttft_s, 1)} s"],
        ["TPOT of 50 / 90 / 99 %", f"{_percentiles(e.load.tpot_s, 1e3)} ms"],
        *_limit_rows(e),
    ]


def _limit_rows(e: Estimate) -> list[list[str]]:
    within = e.within_limits
    if within is None:
        return []
    most = f"{within.max_concurrency} in flight, or {significant(within.max_requests_per_s)} requests/s at random"
    rows = [["most within the limits for 90 %", most if within.max_concurrency else "nothing: one alone is too slow"]]
    if e.qps:
        needed = str(within.replicas) if within.replicas else "no number of them keeps the limits"
        what = "replicas" if e.disaggregated is None else "sets of these engines"
        rows.append([f"{what} for {significant(e.qps)} requests/s", needed])
    return rows


def _throughput(load: UnderLoad) -> str:
    return f"{significant(load.output_tokens_per_s)} tokens/s, {significant(load.in_flight)} in flight on average"


def _percentiles(p: Percentiles, scale: float) -> str:
    return " / ".join(significant(value * scale) for value in (p.p50, p.p90, p.p99))
