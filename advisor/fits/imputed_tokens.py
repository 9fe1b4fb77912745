"""Tokens of strategy points whose answers nobody counted, imputed from how wordy the model is (wordiness.py)."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from advisor.fits.wordiness import CHARACTERS_A_TOKEN, Answered, predicted
from advisor.provenance import Provenance
from advisor.sampling import mode_of
from advisor.store.beliefs import Fits, Point, SetupKey, SetupRow
from advisor.store.reported_lengths import reported_lengths
from advisor.store.workspace import Workspace

Z90 = 1.645
MOST_SPREAD = 3.0
"""Factor of the 90 % interval past which nothing is imputed; on a task of which no length is known it is wider."""
OWN_END = ("majority", "greedy")
"""Strategies whose answers end by themselves, so that a vote of k takes k times the tokens of one."""
Setups = Mapping[SetupKey, SetupRow]


def with_imputed_tokens(points: Sequence[Point], drawn_with: Iterable[SetupRow], workspace: Workspace) -> list[Point]:
    """The points, those of answers that end by themselves with imputed tokens where none were counted.

    Learned from the points with tokens, those that ship, and the reported lengths. `drawn_with`: how the answers of the
    points were drawn. Raises AdvisorError for a damaged table.
    """
    setups = {row.key: row for row in drawn_with}
    unknown = [p for p in points if p.generated_tokens is None and _ends_by_itself(p)]
    reported = _reported(workspace)
    if not unknown:
        return list(points)
    shipped = Fits(workspace.profiles[:1] if workspace.own else ())  # what ships follows from its measurements alone
    known = [*reported, *_counted(points, setups, workspace), *_counted(shipped.points, shipped.setups, workspace)]
    who, tokens = zip(*known, strict=True)
    kinds = {each.task: each.kind for each, _ in reported}
    answers = [replace(each, kind=kinds.get(each.task, each.kind)) for each in _answers(unknown, setups, workspace)]
    log_tokens, deviation = predicted(who, np.array(tokens), answers)
    imputed = {
        id(p): replace(
            p,
            generated_tokens=round(p.n_samples * math.exp(mean), 1),
            tokens_provenance=Provenance.IMPUTED,
            tokens_spread=round(math.exp(Z90 * wide), 3),
        )
        for p, mean, wide in zip(unknown, log_tokens, deviation, strict=True)
        if math.exp(Z90 * wide) <= MOST_SPREAD
    }
    return [imputed.get(id(p), p) for p in points]


def known_lengths(workspace: Workspace) -> list[tuple[Answered, float]]:
    """Whose answers have a known mean length, and that: reported ones and those of fitted points."""
    return [*_reported(workspace), *_counted(workspace.fits.points, workspace.fits.setups, workspace)]


def _reported(workspace: Workspace) -> list[tuple[Answered, float]]:
    """Tokens, or what characters stand for."""
    return [
        (
            Answered(
                row.model, row.mode, _released(row.model, workspace), row.task, row.kind, row.generated_tokens is None
            ),
            row.generated_tokens or (row.characters or 0.0) / CHARACTERS_A_TOKEN,
        )
        for row in reported_lengths(workspace)
    ]


def _counted(points: Iterable[Point], setups: Setups, workspace: Workspace) -> list[tuple[Answered, float]]:
    """Those of single answers that were counted."""
    single = [
        p
        for p in points
        if p.n_samples == 1 and p.generated_tokens and _ends_by_itself(p) and p.tokens_from is not Provenance.IMPUTED
    ]
    tokens = [p.generated_tokens or 0.0 for p in single]
    return list(zip(_answers(single, setups, workspace), tokens, strict=True))


def _ends_by_itself(p: Point) -> bool:
    return p.strategy in OWN_END and p.token_budget is None


def _answers(points: Iterable[Point], setups: Setups, workspace: Workspace) -> list[Answered]:
    """Who answers what at points of benchmarks."""
    return [
        Answered(p.model, _mode(p, setups.get(p.setup_key), workspace), _released(p.model, workspace), p.task)
        for p in points
    ]


def _mode(p: Point, drawn: SetupRow | None, workspace: Workspace) -> str:
    """As stated by the source or switched by the set-up, else the model's mode without a switch."""
    modes = workspace.sampling.modes(p.model)
    stated = workspace.sampling.measured_with(p.runs, p.model, (p.generated_tokens or 0.0) / p.n_samples)
    if stated and stated.mode:
        return stated.mode
    options = drawn.recorded.get("chat_options") if drawn else None
    return mode_of(_parsed(options), modes) or next(iter(modes), "")


def _parsed(options: object) -> dict[str, object] | None:
    """Recorded options of a chat template; None where they are no JSON object: anybody may have written them."""
    try:
        found = json.loads(str(options))
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _released(model: str, workspace: Workspace) -> str:
    return workspace.models[model].released if model in workspace.models else ""
