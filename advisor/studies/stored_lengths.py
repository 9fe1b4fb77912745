"""FLOPs over all lengths of stored answers beside those of an answer of mean length.

Attention grows with the square of the length, so that answers of many lengths take more than as many of the mean one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from advisor.fits.costs import TYPICAL_PROMPT_TOKENS
from advisor.fits.stored_answers import draws
from advisor.store.sql import statement
from advisor.store.workspace import Workspace

PACKAGE = "advisor.studies"


@dataclass(frozen=True, slots=True)
class LengthSpread:
    """A model's stored answers on a task: `spread` is the standard deviation of their lengths over the mean, `factor`
    the mean of their FLOPs over those of one answer of mean length."""

    task: str
    model: str
    setup: str
    answers: int
    mean_tokens: float
    spread: float
    factor: float


def length_spreads(workspace: Workspace) -> list[LengthSpread]:
    """Of every way in which answers with lengths were drawn, of models whose config is known.

    Raises AdvisorError for a damaged file.
    """
    connection = workspace.samples.connect()
    drawn = {each.way: each for each in draws(connection) if each.model in workspace.models}
    rows = connection.execute(statement(PACKAGE, "stored_lengths")).fetchall()
    found = []
    for way, n, prompts, tokens in rows:
        if way not in drawn:
            continue
        one, spec = drawn[way], workspace.models.spec(drawn[way].model)
        prompt_tokens = [TYPICAL_PROMPT_TOKENS if p is None else p for p in prompts]
        flops = np.mean([spec.trace_flops(p, g) for p, g in zip(prompt_tokens, tokens, strict=True)])
        at_mean = spec.trace_flops(round(np.mean(prompt_tokens)), round(np.mean(tokens)))
        spread = float(np.std(tokens) / np.mean(tokens))
        found.append(
            LengthSpread(one.task, one.model, one.setup, n, float(np.mean(tokens)), spread, float(flops / at_mean))
        )
    return found
