"""Predicted weights and KV cache against published peaks of allocated GPU memory."""

from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np

from advisor.performance.demand import demand
from advisor.store.workspace import Workspace


def memory_errors(data: Path) -> dict[str, np.ndarray]:
    """predicted / measured − 1, by precision."""
    query = (Path(__file__).parent / "memory_rows.sql").read_text()
    models = Workspace().models
    errors: dict[str, list[float]] = {}
    for model, precision, prompt, generated, measured in (
        duckdb.connect().execute(query, {"file": str(data / "qwen_speed_benchmark.csv")}).fetchall()
    ):
        d = demand(models.spec(model), precision, prompt, generated)
        errors.setdefault(precision, []).append(
            (float(d.resident_weight_bytes) + float(d.kv_sequence_bytes)) / measured - 1
        )
    return {precision: np.array(values) for precision, values in errors.items()}


def memory_rows(data: Path) -> list[list[str]]:
    """Lines of the table in docs/validation.md."""
    errors = memory_errors(data)
    cuts = {**errors, "all": np.concatenate(list(errors.values()))}
    return [
        [name, str(len(e)), f"{np.median(np.abs(e)):.1%}", f"{np.quantile(np.abs(e), 0.9):.1%}"]
        for name, e in cuts.items()
    ]
