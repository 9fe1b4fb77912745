"""`advisor estimate`: one deployment, explained, and under load where asked."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from advisor.errors import AdvisorError, unknown
from advisor.gpus import PRECISIONS, GpuSpec, Price, going_rates, load_gpu, parse_price
from advisor.models.catalog import catalog, load_model
from advisor.models.spec import ModelSpec
from advisor.performance.demand import KV_BYTES
from advisor.performance.estimate import Estimate, estimate
from advisor.performance.parallelism import Parallelism
from advisor.performance.profiles import ENGINES, Fitted, fitted_for
from advisor.report.tables import print_table, table, to_json
from advisor.store.workspace import Workspace
from advisor.units import bytes_text, parse_duration, significant


@dataclass(frozen=True, slots=True)
class Asked:
    """What was typed; rate, qps and the limits ask how it does under load."""

    model: str
    gpu: str
    gpu_count: int
    parallelism: str
    precision: str
    prompt_tokens: int
    generated_tokens: int
    concurrency: int
    engine: str
    prices: tuple[str, ...] = ()
    rate: float | None = None
    qps: float | None = None
    max_ttft: str | None = None
    max_tpot: str | None = None
    kv_precision: str = "bf16"

    @property
    def under_load(self) -> bool:
        """Whether percentiles are asked for."""
        return any(value is not None for value in (self.rate, self.qps, self.max_ttft, self.max_tpot))


@dataclass(frozen=True, slots=True)
class Deployment:
    """A model on its GPUs, with what is known of its speed and price."""

    spec: ModelSpec
    gpu: GpuSpec
    layout: Parallelism
    precision: str
    kv_precision: str
    fitted: Fitted
    price: Price | None

    def estimate(self, prompt_tokens: int, generated_tokens: int, concurrency: int) -> Estimate:
        """Memory, times and cost at that load. Raises AdvisorError."""
        return estimate(
            self.spec,
            self.gpu,
            self.fitted,
            self.price,
            parallelism=self.layout,
            precision=self.precision,
            kv_precision=self.kv_precision,
            prompt_tokens=prompt_tokens,
            generated_tokens=generated_tokens,
            concurrency=concurrency,
        )

    def __str__(self) -> str:
        cache = "" if self.kv_precision == "bf16" else f", KV cache in {self.kv_precision}"
        return (
            f"{self.spec.name} ({self.precision}{cache}) on {self.layout.gpu_count} × {self.gpu.name} ({self.layout})"
        )


def deployment(asked: Asked) -> Deployment:
    """Names and numbers as typed, resolved. Raises AdvisorError."""
    counts = (
        ("--gpu-count", asked.gpu_count),
        ("--input-tokens", asked.prompt_tokens),
        ("--output-tokens", asked.generated_tokens),
    )
    for flag, count in (*counts, ("--concurrency", asked.concurrency)):
        if not 1 <= count <= 10**8:
            raise AdvisorError(f"{count} is out of range", where=flag, hint="give a whole number from 1")
    for flag, rate in (("--rate", asked.rate), ("--qps", asked.qps)):
        if rate is not None and not (math.isfinite(rate) and 0 < rate <= 1e6):
            raise AdvisorError(f"{rate:g} is out of range", where=flag, hint="give requests per second, above 0")
    spec, gpu = load_model(asked.model), load_gpu(asked.gpu)
    if asked.precision and asked.precision not in PRECISIONS:
        raise unknown("precision", asked.precision, PRECISIONS, where="--precision")
    if asked.kv_precision not in KV_BYTES:
        raise unknown("precision", asked.kv_precision, KV_BYTES, where="--kv-precision")
    if asked.engine not in ENGINES:
        raise unknown("engine", asked.engine, ENGINES, where="--engine")
    entry = catalog().get(spec.name)
    weights = asked.precision or (entry.checkpoint_precision if entry else "bf16")
    layout = Parallelism.parse(asked.parallelism) if asked.parallelism else Parallelism(tp=asked.gpu_count)
    if asked.parallelism and asked.gpu_count not in (1, layout.gpu_count):
        raise AdvisorError(
            f"{layout} takes {layout.gpu_count} GPUs, not {asked.gpu_count}",
            where="--parallelism",
            hint="leave --gpu-count out",
        )
    price = going_rates(tuple(p for text in asked.prices for p in parse_price(text))).get(gpu.name)
    fitted = fitted_for(gpu.name, asked.engine, weights, entry.shape if entry else "", data_parallel=layout.dp > 1)
    return Deployment(spec, gpu, layout, weights, asked.kv_precision, fitted, price)


def show(asked: Asked, workspace: str | None, as_json: bool) -> None:
    """Print the estimate as a table or as JSON. Raises AdvisorError for unknown names."""
    Workspace.open(workspace)
    d = deployment(asked)
    e = d.estimate(asked.prompt_tokens, asked.generated_tokens, asked.concurrency)
    load = _under_load(asked, d, e) if asked.under_load else {}
    if as_json:
        print(to_json(_plain(asked, d, e) | load))
        return
    title = f"{d}, {asked.engine}, {asked.prompt_tokens:,} → {asked.generated_tokens:,} tokens, {asked.concurrency} in flight"
    print_table(table(["", "estimate"], [*_rows(asked, d, e), *_load_rows(asked, load)], title=title))


def _under_load(asked: Asked, d: Deployment, e: Estimate) -> dict[str, Any]:
    """Percentiles at the rate or concurrency, and within limits the most that one replica carries and the replicas for a rate."""
    from advisor.performance.under_load import Limits, replica

    if not e.memory.fits:
        raise AdvisorError(f"{d} does not fit", where="--gpu-count", hint="give more GPUs, or fewer tokens or requests")
    lengths = {"prompt_tokens": asked.prompt_tokens, "generated_tokens": asked.generated_tokens}
    one = replica(
        d.spec, d.gpu, d.fitted, parallelism=d.layout, precision=d.precision, kv_precision=d.kv_precision, **lengths
    )
    load = one.at_rate(asked.rate) if asked.rate else one.at_concurrency(asked.concurrency)
    found: dict[str, Any] = {"load": asdict(load)}
    if (asked.max_ttft, asked.max_tpot, asked.qps) == (None, None, None):
        return found
    ttft_s, tpot_s = (
        parse_duration(text, where=flag) if text else math.inf
        for flag, text in (("--max-ttft", asked.max_ttft), ("--max-tpot", asked.max_tpot))
    )
    limits = Limits(ttft_s, tpot_s)
    rate = one.largest_rate(limits)
    replicas = math.ceil(asked.qps / rate) if asked.qps and rate else None
    return found | {
        "within_limits": {
            "max_concurrency": one.largest_concurrency(limits),
            "max_requests_per_s": rate,
            "replicas": replicas,
        }
    }


def _plain(asked: Asked, d: Deployment, e: Estimate) -> dict[str, Any]:
    low, high = 1 / e.spread, e.spread
    return {
        "model": d.spec.name,
        "gpu": d.gpu.name,
        "gpu_count": d.layout.gpu_count,
        "parallelism": str(d.layout),
        "precision": d.precision,
        "kv_precision": d.kv_precision,
        "engine": asked.engine,
        "concurrency": asked.concurrency,
        "fits": e.memory.fits,
        "memory": {
            "weights_bytes": e.memory.weights_bytes,
            "kv_cache_bytes": e.memory.kv_cache_bytes,
            "overhead_bytes": e.memory.overhead_bytes,
            "total_bytes": e.memory.total_bytes,
            "capacity_bytes": e.memory.capacity_bytes,
            "max_sequences": e.memory.max_sequences,
        },
        "ttft_s": e.ttft_s,
        "tpot_s": e.tpot_s,
        "request_s": e.request_s,
        "output_tokens_per_s": e.output_tokens_per_s,
        "usd_per_million_output_tokens": e.usd_per_million_output_tokens,
        "energy_j_per_request": e.energy_j_per_request,
        "prefill_flops": e.prefill_flops,
        "decode_flops_per_token": e.decode_flops_per_token,
        "bound": e.bound,
        "provenance": {
            "performance": d.fitted.provenance,
            "source": d.fitted.source,
            "price": str(d.price) if d.price else None,
        },
        "interval": {
            "tpot_s": {"low": e.tpot_s * low, "high": e.tpot_s * high},
            "output_tokens_per_s": {"low": e.output_tokens_per_s * low, "high": e.output_tokens_per_s * high},
        },
    }


def _rows(asked: Asked, d: Deployment, e: Estimate) -> list[list[str]]:
    low, high = 1 / e.spread, e.spread
    kept = f"{significant(max(e.memory.max_sequences, 0))} sequences of {asked.prompt_tokens + asked.generated_tokens:,} tokens fit"
    usd = (
        significant(e.usd_per_million_output_tokens)
        if e.usd_per_million_output_tokens
        else "– (no price known: give --price)"
    )
    return [
        [
            "fits",
            "yes"
            if e.memory.fits
            else f"no: {bytes_text(e.memory.total_bytes)} of {bytes_text(e.memory.capacity_bytes)} usable per GPU",
        ],
        [
            "weights / KV cache / overhead per GPU",
            " / ".join(
                bytes_text(b) for b in (e.memory.weights_bytes, e.memory.kv_cache_bytes, e.memory.overhead_bytes)
            ),
        ],
        ["room", kept],
        ["TTFT", f"{significant(e.ttft_s)} s"],
        [
            "TPOT",
            f"{significant(e.tpot_s * 1e3)} ms ({significant(e.tpot_s * low * 1e3)} – {significant(e.tpot_s * high * 1e3)})",
        ],
        ["throughput", f"{significant(e.output_tokens_per_s)} generated tokens/s"],
        ["USD per million generated tokens", usd],
        [
            "energy per request",
            f"{significant(e.energy_j_per_request)} J"
            if math.isfinite(e.energy_j_per_request)
            else "– (power limit unknown)",
        ],
        ["a decode step is bound by", e.bound],
        ["speed from", f"{d.fitted.provenance}: {d.fitted.source}"],
        ["price from", str(d.price) if d.price else "–"],
    ]


def _load_rows(asked: Asked, found: dict[str, Any]) -> list[list[str]]:
    if not found:
        return []
    load = found["load"]
    told = f"at {significant(asked.rate)} requests/s" if asked.rate else f"with {asked.concurrency} in flight"

    def percentiles(name: str, scale: float) -> str:
        return " / ".join(significant(load[name][p] * scale) for p in ("p50", "p90", "p99"))

    rows = [
        [
            f"{told}, one replica",
            f"{significant(load['output_tokens_per_s'])} tokens/s, {significant(load['in_flight'])} in flight on average",
        ],
        [
            "TTFT of 50 / 90 / 99 % of the requests",
            f"{percentiles('ttft_s', 1)} s, without the burst that a benchmark begins with",
        ],
        ["TPOT of 50 / 90 / 99 %", f"{percentiles('tpot_s', 1e3)} ms"],
    ]
    if within := found.get("within_limits"):
        most = f"{within['max_concurrency']} in flight, or {significant(within['max_requests_per_s'])} requests/s"
        rows.append(
            [
                "most within the limits for 90 %",
                most if within["max_concurrency"] else "nothing: one request alone is too slow",
            ]
        )
        if asked.qps:
            rows.append(
                [
                    f"replicas for {significant(asked.qps)} requests/s",
                    str(within["replicas"]) if within["replicas"] else "none would do",
                ]
            )
    return rows
