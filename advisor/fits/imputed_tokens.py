"""Tokens of strategy points whose answers nobody counted, imputed from how wordy the model is (wordiness.py)."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from advisor.fits.reported_lengths import reported_lengths
from advisor.fits.wordiness import Answered, predicted
from advisor.provenance import Provenance
from advisor.sampling import mode_of
from advisor.store.beliefs import Point, SetupRow
from advisor.store.workspace import Workspace

Z90 = 1.645
MOST_SPREAD = 3.0
"""Factor of the 90 % interval past which nothing is imputed: on a task of which no length is known it is about ten."""
OWN_END = ("majority", "greedy")
"""Strategies whose answers end by themselves, so that a vote of k takes k times the tokens of one."""


def with_imputed_tokens(points: Sequence[Point], drawn_with: Iterable[SetupRow], workspace: Workspace) -> list[Point]:
    """The points, those of answers that end by themselves with imputed tokens where none were counted.

    Learned from the points with tokens, those that ship, and the reported lengths. `drawn_with`: how the points' answers
    were drawn. Raises AdvisorError for a damaged table.
    """
    recorded = {row.key: row for row in drawn_with}
    asked = [p for p in points if p.generated_tokens is None and _ends_by_itself(p)]
    known = _known(points, recorded, workspace)
    if not asked or not known:
        return list(points)
    tokens = np.array([each for _, each in known])
    log_tokens, deviation = predicted(
        [who for who, _ in known], tokens, [_answered(p, recorded.get(key_of(p)), workspace) for p in asked]
    )
    imputed = {
        id(p): replace(
            p,
            generated_tokens=round(p.n_samples * math.exp(mean), 1),
            tokens_provenance=Provenance.IMPUTED,
            tokens_spread=round(math.exp(Z90 * wide), 3),
        )
        for p, mean, wide in zip(asked, log_tokens, deviation, strict=True)
        if math.exp(Z90 * wide) <= MOST_SPREAD
    }
    return [imputed.get(id(p), p) for p in points]


def known_lengths(workspace: Workspace) -> list[tuple[Answered, float]]:
    """Whose answers have a known mean length, and that: reported ones and single answers of points."""
    return _known((), {}, workspace)


def _known(
    points: Iterable[Point], recorded: dict[tuple[object, ...], SetupRow], workspace: Workspace
) -> list[tuple[Answered, float]]:
    """Reported lengths, those of single answers among `points`, and among what ships beside them."""
    own = {key_of(p) for p in points}
    shipped = [p for p in workspace.fits.points if key_of(p) not in own]
    counted = [
        (p, row)
        for these, rows in ((shipped, workspace.fits.setups), (points, recorded))
        for p in these
        if p.n_samples == 1 and p.generated_tokens and p.tokens_from != Provenance.IMPUTED and _ends_by_itself(p)
        for row in (rows.get(key_of(p)),)
    ]
    reported = [
        (Answered(row.model, row.mode, _released(row.model, workspace), row.task, row.kind), row.generated_tokens)
        for row in reported_lengths(workspace)
    ]
    return [*reported, *((_answered(p, row, workspace), p.generated_tokens or 0.0) for p, row in counted)]


def _ends_by_itself(p: Point) -> bool:
    return p.strategy in OWN_END and p.token_budget is None


def key_of(p: Point) -> tuple[object, ...]:
    return (p.model, p.task, p.strategy, p.reward_model, p.setup, p.runs)


def _answered(p: Point, drawn: SetupRow | None, workspace: Workspace) -> Answered:
    return Answered(p.model, _mode(p, drawn, workspace), _released(p.model, workspace), p.task)


def _mode(p: Point, drawn: SetupRow | None, workspace: Workspace) -> str:
    """As stated by the source or switched by the set-up, else the model's mode without a switch."""
    modes = workspace.sampling.modes(p.model)
    stated = workspace.sampling.measured_with(p.runs, p.model, (p.generated_tokens or 0.0) / p.n_samples)
    if stated and stated.mode:
        return stated.mode
    options = drawn.recorded.get("chat_options") if drawn else None
    return (mode_of(_parsed(options), modes) if options else None) or next(iter(modes), "")


def _parsed(options: object) -> dict[str, object] | None:
    """Options of a chat template as they are recorded; None where they are no JSON object: whoever imported wrote it."""
    try:
        found = json.loads(str(options))
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _released(model: str, workspace: Workspace) -> str:
    return workspace.models[model].released if model in workspace.models else ""
