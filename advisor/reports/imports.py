"""What an import or a fit did, for a person."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from advisor.fits.fit import FitSummary
from advisor.importers.files import ImportedSamples
from advisor.importers.gpuhunt import RefreshedPrices
from advisor.importers.own_model import ImportedModel
from advisor.importers.serving_runs import ImportedRuns
from advisor.reports.terminal import Block
from advisor.units import counted, significant


def sample_blocks(done: ImportedSamples) -> list[Block]:
    """Of answers."""
    runs = f"{counted(len(done.new_runs), 'run')} added, {len(done.unchanged)} there already"
    texts = f", {counted(done.texts, 'text')} kept" if done.texts else ""
    return [f"{counted(done.rows, 'answer')}: {runs}{texts}"]


def run_blocks(done: ImportedRuns) -> list[Block]:
    """Of measured loads."""
    loads = counted(done.rows, "measured load")
    return [f"{loads} {'added' if done.added else 'there already'} as {done.run_id}"]


def model_blocks(done: ImportedModel) -> list[Block]:
    """Of a model."""
    sizes = f"{significant(done.parameters)} parameters, {significant(done.active_parameters)} active"
    return [f"{done.model} is in this workspace now: {sizes}"]


BLOCKS: dict[str, Callable[[Any], list[Block]]] = {
    "answers": sample_blocks,
    "loads": run_blocks,
    "model": model_blocks,
}
"""By what an importer brings."""


def price_blocks(done: RefreshedPrices) -> list[Block]:
    """Of cloud prices."""
    return [f"{counted(done.prices, 'price')} → {done.path}; use them with --price {done.path}"]


def fit_blocks(done: FitSummary) -> list[Block]:
    """Of a fit."""
    shown = f"{counted(done.points, 'strategy point')} and {counted(done.curves, 'curve')}"
    answers = f"{shown} of {counted(done.n_pairs, 'model-task pair')}"
    speed = f"speed of {counted(done.corrections, 'combination')} of model, GPU, engine and precision"
    return [f"{answers}, {speed} → {done.path}"]
