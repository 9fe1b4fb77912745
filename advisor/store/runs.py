"""Measured loads of serving engines: the columns of measurements/runs/*.parquet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from advisor.printable import NAME, is_name
from advisor.store.row_types import type_fault
from advisor.tables import column, columns

SHOWN = 60
STATES = ("ok", "oom", "failed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One load that an engine was measured under; null: not measured."""

    run_id: str = column("the profile or import it belongs to; names the file", default="")
    source: str = column("what measured it: advisor profile, vllm bench serve, guidellm, …", default="")
    measured_at: str | None = column("ISO 8601, as far as known", default=None)
    model: str = column("Hugging Face id, or the name of an own model")
    gpu: str = column("name, as in gpus.csv")
    parallelism: str = column("`tp1`, `tp8`, `dp4`, …", default="tp1")
    precision: str = column("of the weights")
    kv_precision: str | None = column(
        "of the KV cache, bf16 or fp8; null: not recorded, taken for bf16, the engines' default", default=None
    )
    engine: str = column("vllm, sglang or trtllm", default="vllm")
    engine_version: str | None = column("as the engine reports it", default=None)
    status: str = column("ok, oom (out of memory) or failed, with the reason in note", default="ok")
    prompt_tokens: float = column("mean of the requests, as all times without a percentile")
    generated_tokens: float = column("mean of the requests")
    concurrency: float = column("requests in flight: the limit where one was set, else the mean by Little's law")
    request_rate: float | None = column("requests/s offered; null: a new one for each answered", default=None)
    n_requests: int | None = column("answered", default=None)
    duration_s: float | None = column("of the measurement", default=None)
    ttft_s: float | None = column("time to first token", default=None)
    ttft_p50_s: float | None = column("its median", default=None)
    ttft_p90_s: float | None = column("its 90th percentile", default=None)
    ttft_p99_s: float | None = column("its 99th percentile", default=None)
    tpot_s: float | None = column("(end to end − TTFT) / (generated − 1)", default=None)
    tpot_p50_s: float | None = column("its median", default=None)
    tpot_p90_s: float | None = column("its 90th percentile", default=None)
    tpot_p99_s: float | None = column("its 99th percentile", default=None)
    request_s: float | None = column("end to end", default=None)
    request_p50_s: float | None = column("its median", default=None)
    request_p90_s: float | None = column("its 90th percentile", default=None)
    request_p99_s: float | None = column("its 99th percentile", default=None)
    output_tokens_per_s: float | None = column("generated tokens of the whole deployment", default=None)
    predicted_tpot_s: float | None = column(
        "what `advisor profile` predicted of the load before it measured it; null: a repeat, or nothing predicted",
        default=None,
    )
    predicted_half_width: float | None = column(
        "90 % interval of that as a share of it: 0.1 is from 1/1.1 of it to 1.1 times it", default=None
    )
    weights_bytes: int | None = column("of all GPUs together, as the rest", default=None)
    kv_cache_bytes: int | None = column("set aside for the cache", default=None)
    kv_cache_tokens: int | None = column("that fit into it at once", default=None)
    peak_memory_bytes: int | None = column("in use at most", default=None)
    power_w: float | None = column("mean power of all GPUs", default=None)
    energy_j: float | None = column("of the whole measurement", default=None)
    start_s: float | None = column("until the engine takes requests", default=None)
    clock_hz: float | None = column("highest clock of the processors", default=None)
    driver: str | None = column("version of the GPU driver", default=None)
    expert_skew: float | None = column(
        "how unevenly real questions used a mixture's experts (docs/method.md); null: not counted", default=None
    )
    dummy_weights: bool | None = column("random weights: a mixture of experts routes at random", default=None)
    doubt: str | None = column(
        "what speaks against the figures, as far as their source says: they are kept and not fitted; null: nothing."
        " What cannot be for other reasons is found anew whenever they are read (docs/method.md)",
        default=None,
        free_text=True,
    )
    offline: bool | None = column(
        "whole batches whose requests begin at once: concurrency is the batch, request_s its time from the beginning to"
        " the end of the last answer; null: no",
        default=None,
    )
    replicas: int | None = column("alike engines that share the requests, where more than one; null: one", default=None)
    prefill_parallelism: str | None = column(
        "of an engine that reads prompts alone, on GPUs of its own; parallelism and replicas are then of those that"
        " decode; null: the same GPUs do both",
        default=None,
    )
    prefill_replicas: int | None = column("engines that read prompts alone; null: one, or none", default=None)
    front_end: str | None = column(
        "what requests pass on their way to the engine, as `dynamo`: TTFT holds its time, too, and is not fitted;"
        " null: nothing, or not known",
        default=None,
    )
    note: str | None = column("why it failed, for example", default=None, free_text=True)


def hidden_fault(row: Mapping[str, Any]) -> str | None:
    """Which name or remark of a load cannot be shown on one line, and what it has to be; None where all can."""
    for each in columns(Run):
        value = row.get(each.name)
        if each.is_one_line and isinstance(value, str) and not is_name(value):
            return f"{each.name} is {value[:SHOWN]!r}; it is {NAME}"
    return None


def fault_of_load(key: str, rows: list[dict[str, Any]]) -> str | None:
    """What makes the rows that a journal has for one load impossible; None where nothing does."""
    for row in rows:
        if found := type_fault(Run, row):
            return str(found)
        if hidden := hidden_fault(row):
            return hidden
        if row.get("status", "ok") not in STATES:
            return f"status is {row['status']!r}; known: {', '.join(STATES)}"
        numbers = {name: value for name, value in row.items() if isinstance(value, int | float)}
        if negative := next((name for name, value in numbers.items() if value < 0), None):
            return f"{negative} is {numbers[negative]!r}; no figure of a load is below zero"
    return None
