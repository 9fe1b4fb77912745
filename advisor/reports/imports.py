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
from advisor.units import significant


def sample_blocks(done: ImportedSamples) -> list[Block]:
    """Of answers."""
    runs = f"{len(done.new_runs)} runs added, {len(done.unchanged)} there already"
    return [f"{done.rows:,} answers: {runs}. Next: advisor fit"]


def run_blocks(done: ImportedRuns) -> list[Block]:
    """Of measured loads."""
    loads = f"{done.rows:,} measured load{'s' if done.rows != 1 else ''}"
    return [f"{loads} {'added' if done.added else 'there already'} as {done.run_id}. Next: advisor fit"]


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
    return [f"{done.prices} prices → {done.path}; use them with --price {done.path}"]


def fit_blocks(done: FitSummary) -> list[Block]:
    """Of a fit."""
    answers = f"{done.points} strategy points and {done.curves} curves of {done.n_pairs} model-task pairs"
    speed = f"speed of {done.corrections} combinations of model, GPU, engine and precision"
    return [f"{answers}, {speed} → {done.path}"]
