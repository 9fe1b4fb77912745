"""A deployment beside its prediction, for a person."""

from __future__ import annotations

from advisor.performance.predict import ttft_spread
from advisor.reports.terminal import Block, Labelled
from advisor.reports.text_tables import Table, table
from advisor.reports.words import within_text
from advisor.units import counted, percent, significant
from advisor.verification.figures import Figure
from advisor.verification.seen import Seen, Times
from advisor.verification.verify import Verified

SHARE = "share"
"""The unit of figures that are shown in percent."""


def blocks(v: Verified) -> list[Block]:
    """What `advisor verify` prints."""
    cache = "" if v.kv_precision == "bf16" else f", KV cache in {v.kv_precision}"
    head = f"{v.model} ({v.precision}{cache}) on {v.gpu_count} × {v.gpu} ({v.parallelism}), {v.engine}"
    return [
        head,
        Labelled("Load", _load(v.seen)),
        _figures(v),
        Labelled("Seen", f"TTFT {_percentiles(v.seen.ttft_s, 1)} s, TPOT {_percentiles(v.seen.tpot_s, 1e3)} ms"),
        *[Labelled("Why" if at == 0 else "", f"{c.name}: {c.evidence}") for at, c in enumerate(v.causes)],
        Labelled(
            "Predicted", f"{v.provenance}: {v.speed_source} ({within_text(v.spread, float(ttft_spread(v.spread)))})"
        ),
        Labelled("Verdict", _verdict(v)),
    ]


def _load(s: Seen) -> str:
    cached = f" ({significant(s.cached_tokens)} of them cached)" if s.cached_tokens else ""
    lengths = f"{s.prompt_tokens:,.0f}{cached} → {counted(s.generated_tokens, 'token')}"
    answered = f"{counted(s.n_requests, 'request')} in {significant(s.duration_s)} s"
    return f"{answered}, {lengths}, {significant(s.in_flight)} in flight on average"


def _figures(v: Verified) -> Table:
    columns = ["", "predicted", "90 %", "seen", ""]
    return table(columns, [_row(figure) for figure in v.figures], right=columns[1:4])


def _row(f: Figure) -> list[str]:
    if f.unit == SHARE:
        low, high = percent(f.low, 0).removesuffix(" %"), percent(f.high, 0)
        return [f.name, percent(f.predicted, 0), f"{low} – {high}", percent(f.seen, 0), _words(f)]
    if not f.unit:
        predicted, low, high = (f"{value:,.1f}" for value in (f.predicted, f.low, f.high))
        seen = "–" if f.seen is None else f"{f.seen:,.1f}"
        return [f.name, predicted, f"{low} – {high}", seen, _words(f)]
    scale, unit = (1e3, "ms") if f.unit == "s" else (1.0, f.unit)
    name = f"{f.name}, {unit}" if unit == "ms" else f"{f.name}/s"
    ends = f"{significant(f.low * scale)} – {significant(f.high * scale)}"
    seen = significant(None if f.seen is None else f.seen * scale)
    return [name, significant(f.predicted * scale), ends, seen, _words(f)]


def _words(f: Figure) -> str:
    return f"clearly worse ({f.verdict})" if f.worse else f.verdict


def _percentiles(t: Times, scale: float) -> str:
    """`50 / 90 / 99 % within 1 / 2 / 3`."""
    return f"{' / '.join('–' if p is None else significant(p * scale) for p in (t.p50, t.p90, t.p99))} (50 / 90 / 99 %)"


def _verdict(v: Verified) -> str:
    if not v.as_predicted:
        return f"not as predicted: {', '.join(f.name for f in v.figures if f.worse)} clearly worse (exit code 1)"
    outside = [f.name for f in v.figures if f.verdict in ("above", "below")]
    return f"as predicted, but for {', '.join(outside)}" if outside else "as predicted"
