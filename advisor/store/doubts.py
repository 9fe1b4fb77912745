"""What speaks against measured loads, for rows of the table `runs` as they are imported, profiled or listed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from advisor.gpus import Gpus
from advisor.models.catalog import Catalog
from advisor.performance.plausible import COLUMNS, doubts, reported

NAMED = 10
"""Doubtful loads that are named one by one; of more their number is given."""


def is_timed(row: Mapping[str, Any]) -> bool:
    """Whether a load was answered and timed. Zero means not measured: benchmarks give it for answers of one token."""
    times = ("tpot_s", "request_s", "output_tokens_per_s")
    return row.get("status", "ok") == "ok" and any(row.get(name) for name in times)


def doubts_of(rows: Sequence[Mapping[str, Any]], models: Catalog, gpus: Gpus) -> list[str]:
    """What speaks against each load, in words; empty where nothing does.

    Of a load that failed, or of a model or GPU without specs here, only what its source says.
    """
    said = [str(row.get("doubt") or "") for row in rows]
    judged = [i for i, row in enumerate(rows) if is_timed(row) and row["model"] in models and row["gpu"] in gpus]
    if judged:
        found = doubts(reported(columns_of([rows[i] for i in judged]), models, gpus))
        for i, doubt in zip(judged, found, strict=True):
            said[i] = doubt
    return said


def columns_of(rows: Sequence[Mapping[str, Any]]) -> dict[str, np.ndarray[Any, np.dtype[Any]]]:
    """The columns that a run is judged by; a cache of unknown precision is taken for 16 bit, as engines keep it."""
    found = {name: np.array([row.get(name) for row in rows], dtype=object) for name in COLUMNS}
    usual = {"kv_precision": "bf16", "parallelism": "tp1", "engine": "vllm"}
    for name, value in usual.items():
        found[name] = np.array([cell or value for cell in found[name].tolist()], dtype=object)
    return found


def doubtful_notes(rows: Sequence[Mapping[str, Any]], said: Sequence[str]) -> list[str]:
    """A line for each doubtful load: which it is, and why it is not fitted."""
    doubtful = [(row, doubt) for row, doubt in zip(rows, said, strict=True) if doubt]
    lines = [f"doubtful, kept and not fitted: {load_words(row)}: {doubt}" for row, doubt in doubtful[:NAMED]]
    more = len(doubtful) - NAMED
    return [*lines, f"doubtful, kept and not fitted: {more} more loads, see --json of `advisor measurements`"][
        : len(lines) + (more > 0)
    ]


def load_words(row: Mapping[str, Any]) -> str:
    """Which load a row is."""
    lengths = f"{row['prompt_tokens']:,.0f} + {row['generated_tokens']:,.0f} tokens"
    where = f"{row['gpu']} ({row.get('parallelism') or 'tp1'})"
    return f"{row['model']} ({row['precision']}) on {where}, {row['concurrency']:,.4g} in flight, {lengths}"
