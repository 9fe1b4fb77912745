"""What is known here: models, GPUs, tasks."""

from __future__ import annotations

from pathlib import Path

from advisor.gpus import going_rates, parse_price
from advisor.gpus import gpus as known_gpus
from advisor.models.catalog import catalog, spec_of
from advisor.report.tables import print_table, table, to_json
from advisor.store.workspace import Workspace
from advisor.units import bytes_text, significant


def show_models(workspace: str | None, as_json: bool) -> None:
    """`advisor models`."""
    Workspace.open(workspace)
    specs = {name: spec_of(name) for name in catalog()}
    if as_json:
        listed = [
            {
                "model": name,
                "family": spec.family,
                "released": catalog()[name].released,
                "total_parameters": spec.total_parameters,
                "active_parameters": spec.active_parameters,
                "is_moe": spec.is_moe,
                "kv_bytes_per_token": 2 * spec.kv_elements_per_token,
                "max_context": spec.max_context,
                "checkpoint_precision": catalog()[name].checkpoint_precision,
                "source_url": catalog()[name].source_url,
            }
            for name, spec in specs.items()
        ]
        print(to_json({"models": listed}))
        return
    rows = [
        [
            name,
            catalog()[name].released,
            "MoE" if spec.is_moe else "dense",
            f"{spec.total_parameters / 1e9:.2f}",
            f"{spec.active_parameters / 1e9:.2f}",
            f"{2 * spec.kv_elements_per_token / 1e3:.0f}",
            catalog()[name].checkpoint_precision,
        ]
        for name, spec in specs.items()
    ]
    columns = ["model", "released", "kind", "total B", "active B", "KV kB/token", "precision"]
    print_table(table(columns, rows, right=columns[3:6]))


def show_gpus(own_prices: list[str], workspace: str | None, as_json: bool) -> None:
    """`advisor gpus`."""
    Workspace.open(workspace)
    rates = going_rates(tuple(price for text in own_prices for price in parse_price(text)))
    if as_json:
        print(
            to_json(
                {"gpus": [{"gpu": name, "spec": gpu, "price": rates.get(name)} for name, gpu in known_gpus().items()]}
            )
        )
        return
    rows = []
    for name, gpu in known_gpus().items():
        peaks = [
            significant(gpu.peak_flops_per_s[p] / 1e12) if p in gpu.peak_flops_per_s else "–"
            for p in ("bf16", "fp8", "fp4")
        ]
        rate = rates.get(name)
        rows.append(
            [
                name,
                bytes_text(gpu.memory_bytes),
                significant(gpu.memory_bytes_per_s / 1e12),
                *peaks,
                f"{gpu.tdp_w:.0f}",
                gpu.link,
                significant(rate.usd_per_hour) if rate else "–",
                str(rate) if rate else "none known: give --price",
            ]
        )
    columns = ["GPU", "memory", "TB/s", "bf16 TFLOP/s", "fp8", "fp4", "W", "link", "USD/h", "price seen"]
    print_table(table(columns, rows, right=["memory", "TB/s", "bf16 TFLOP/s", "fp8", "fp4", "W", "USD/h"]))


def refresh_prices(path: str, as_json: bool) -> None:
    """`advisor gpus --refresh`."""
    from advisor.importers.gpuhunt import refresh

    rows = refresh(Path(path), known_gpus())
    print(
        to_json({"path": path, "prices": rows}) if as_json else f"{rows} prices → {path}; use them with --price {path}"
    )


def show_tasks(workspace: str | None, as_json: bool) -> None:
    """`advisor tasks`."""
    from advisor.recommend.recommend import tasks

    rows = tasks(Workspace.open(workspace))
    if as_json:
        print(to_json({"tasks": rows}))
        return
    columns = ["task", "models", "models_with_tokens", "points", "n_questions"]
    print_table(table(columns, [[str(row[c]) for c in columns] for row in rows], right=columns[1:]))
