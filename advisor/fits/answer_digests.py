"""Digests of everything that the fit of a set-up follows from: equal ones, and it need not be made again."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from itertools import groupby
from pathlib import Path
from typing import Any

from advisor.fits.measured import Stored
from advisor.fits.stored_answers import PACKAGE, Drawn
from advisor.store.sql import statement

LIBRARIES = ("duckdb", "numpy", "scipy")
"""Those that the fits of answers are computed with."""


@dataclass(frozen=True, slots=True)
class Digested:
    """What was drawn one way, and how many answers that are."""

    drawn: Drawn
    n_answers: int


Part = tuple[int, str, int, str]
"""When it was sealed, run, answers and their digest."""


def answer_digests(stored: Stored, basis: str) -> Mapping[str, Digested]:
    """Everything that was drawn by the digest of its answers, of how they were drawn, and of `basis`."""
    parts = defaultdict[int, list[Part]](list)
    for way, run, sealed_at, n, digest in stored.connection.execute(statement(PACKAGE, "answer_digests")).fetchall():
        parts[way].append((sealed_at, run, n, digest))
    found: dict[str, Digested] = {}
    for drawn in stored.drawn:
        runs = set(drawn.runs)
        own = [part for part in parts[drawn.way] if part[1] in runs]
        found[_digest([basis, _named(drawn), _by_age(own)])] = Digested(drawn, sum(n for _, _, n, _ in own))
    return found


def _named(drawn: Drawn) -> dict[str, Any]:
    """What a fit takes of how answers were drawn: not the number of the way, nor whose runs they are."""
    return asdict(replace(drawn, way=0, own_runs=(), n_engines=0))


def _by_age(parts: Sequence[Part]) -> list[list[tuple[Any, ...]]]:
    """In the order in which they were sealed, which a copy of a workspace keeps, without the times."""
    return [[part[1:] for part in alike] for _, alike in groupby(parts, key=lambda part: part[0])]


def _digest(content: object) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def basis_of(learned: Path) -> str:
    """The digest of this program, of the libraries it computes with, and of the table of what it learned before."""
    root = Path(__file__).parent.parent
    found = hashlib.sha256(json.dumps({name: version(name) for name in LIBRARIES}).encode())
    for file in [*sorted(path for path in root.rglob("*") if path.suffix in {".py", ".sql"}), learned]:
        found.update(hashlib.sha256(file.read_bytes()).digest())
    return found.hexdigest()
