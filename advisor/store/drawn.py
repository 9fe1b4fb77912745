"""How the user's own answers were drawn, as their rows record it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from advisor.sampling import MeasuredRow
from advisor.store.beliefs import Fits, SetupKey
from advisor.store.samples import SETUP


def drawn_with(fits: Fits, points: Iterable[SetupKey]) -> MeasuredRow | None:
    """The set-up of answers behind some points, of each task one; None where nothing of it is recorded.

    What is not recorded, or differs among them, is left out.
    """
    rows = [fits.setups[key] for key in points if key in fits.setups]
    if not rows:
        return None
    shared = _shared([row.recorded for row in rows])
    runs = "; ".join(row.runs for row in rows)
    return MeasuredRow(runs=runs, source="the rows of the runs themselves", **shared)


def _shared(recorded: list[Mapping[str, Any]]) -> dict[str, Any]:
    first, *others = recorded
    return {name: first[name] for name in SETUP if name in first and all(o.get(name) == first[name] for o in others)}
