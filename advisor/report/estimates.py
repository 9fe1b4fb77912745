"""`advisor estimate`: one deployment, explained."""

from __future__ import annotations

import math

from advisor.errors import AdvisorError, unknown
from advisor.gpus import PRECISIONS, going_rates, load_gpu, parse_price
from advisor.models.catalog import catalog, load_model
from advisor.performance.estimate import estimate
from advisor.performance.parallelism import Parallelism
from advisor.performance.profiles import ENGINES, fitted_for
from advisor.report.tables import print_table, table, to_json
from advisor.store.workspace import Workspace
from advisor.units import bytes_text, significant


def show(
    model: str,
    gpu_name: str,
    *,
    gpu_count: int,
    parallelism: str,
    precision: str,
    prompt_tokens: int,
    generated_tokens: int,
    concurrency: int,
    engine: str,
    own_prices: list[str],
    workspace: str | None,
    as_json: bool,
) -> None:
    """Print the estimate as a table or as JSON. Raises AdvisorError for unknown names."""
    for flag, count in (("--gpu-count", gpu_count), ("--input-tokens", prompt_tokens), ("--output-tokens", generated_tokens), ("--concurrency", concurrency)):
        if not 1 <= count <= 10**8:
            raise AdvisorError(f"{count} is out of range", where=flag, mend="give a whole number from 1")
    Workspace.open(workspace)
    spec, gpu = load_model(model), load_gpu(gpu_name)
    if precision and precision not in PRECISIONS:
        raise unknown("precision", precision, PRECISIONS, where="--precision")
    if engine not in ENGINES:
        raise unknown("engine", engine, ENGINES, where="--engine")
    entry = catalog().get(spec.name)
    weights = precision or (entry.checkpoint_precision if entry else "bf16")
    layout = Parallelism.parse(parallelism) if parallelism else Parallelism(tp=gpu_count)
    if parallelism and gpu_count not in (1, layout.gpu_count):
        raise AdvisorError(f"{layout} takes {layout.gpu_count} GPUs, not {gpu_count}", where="--parallelism", mend="leave --gpu-count out")
    price = going_rates(tuple(p for text in own_prices for p in parse_price(text))).get(gpu.name)
    fitted = fitted_for(gpu.name, engine, weights, entry.shape if entry else "", data_parallel=layout.dp > 1)
    e = estimate(
        spec,
        gpu,
        fitted,
        price,
        parallelism=layout,
        precision=weights,
        prompt_tokens=prompt_tokens,
        generated_tokens=generated_tokens,
        concurrency=concurrency,
    )
    low, high = 1 / fitted.spread, fitted.spread
    if as_json:
        print(
            to_json(
                {
                    "model": spec.name,
                    "gpu": gpu.name,
                    "gpu_count": layout.gpu_count,
                    "parallelism": str(layout),
                    "precision": weights,
                    "engine": engine,
                    "concurrency": concurrency,
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
                    "provenance": {"performance": fitted.provenance, "source": fitted.source, "price": str(price) if price else None},
                    "interval": {
                        "tpot_s": {"low": e.tpot_s * low, "high": e.tpot_s * high},
                        "output_tokens_per_s": {"low": e.output_tokens_per_s * low, "high": e.output_tokens_per_s * high},
                    },
                }
            )
        )
        return
    kept = f"{significant(max(e.memory.max_sequences, 0))} sequences of {prompt_tokens + generated_tokens:,} tokens fit"
    usd = significant(e.usd_per_million_output_tokens) if e.usd_per_million_output_tokens else "– (no price known: give --price)"
    rows = [
        ["fits", "yes" if e.memory.fits else f"no: {bytes_text(e.memory.total_bytes)} of {bytes_text(e.memory.capacity_bytes)} usable per GPU"],
        [
            "weights / KV cache / overhead per GPU",
            " / ".join(bytes_text(b) for b in (e.memory.weights_bytes, e.memory.kv_cache_bytes, e.memory.overhead_bytes)),
        ],
        ["room", kept],
        ["TTFT", f"{significant(e.ttft_s)} s"],
        ["TPOT", f"{significant(e.tpot_s * 1e3)} ms ({significant(e.tpot_s * low * 1e3)} – {significant(e.tpot_s * high * 1e3)})"],
        ["throughput", f"{significant(e.output_tokens_per_s)} generated tokens/s"],
        ["USD per million generated tokens", usd],
        ["energy per request", f"{significant(e.energy_j_per_request)} J" if math.isfinite(e.energy_j_per_request) else "– (power limit unknown)"],
        ["a decode step is bound by", e.bound],
        ["speed from", f"{fitted.provenance}: {fitted.source}"],
        ["price from", str(price) if price else "–"],
    ]
    where = f"{layout.gpu_count} × {gpu.name} ({layout})"
    title = f"{spec.name} ({weights}) on {where}, {engine}, {prompt_tokens:,} → {generated_tokens:,} tokens, {concurrency} in flight"
    print_table(table(["", "estimate"], rows, title=title))
