"""`advisor compare`: two models, say dense and mixture of experts, side by side over concurrency and context."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from advisor.errors import AdvisorError, NoAnswer
from advisor.performance.crossings import crossings
from advisor.performance.estimate import Estimate
from advisor.report.estimates import Asked, Deployment, deployment
from advisor.report.tables import print_table, table, to_json
from advisor.store.workspace import Workspace
from advisor.units import bytes_text, significant

CONCURRENCIES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)
CONTEXTS = (1024, 8192, 32768)
GPU_COUNTS = (1, 2, 4, 8, 16)
ROOM = 64
"""Requests at the shortest context that a sensible replica holds."""


@dataclass(frozen=True, slots=True)
class Point:
    """Both models at one load; None where one does not fit."""

    context_tokens: int
    concurrency: int
    each: tuple[Estimate | None, Estimate | None]


def show(models: tuple[str, str], asked: Asked, contexts: Sequence[int], workspace: str | None, as_json: bool) -> None:
    """Print the comparison. Raises AdvisorError, NoAnswer where a model fits on no such GPUs."""
    Workspace.open(workspace)
    pair = (_smallest(models[0], asked, min(contexts)), _smallest(models[1], asked, min(contexts)))
    if pair[0].spec.name == pair[1].spec.name and pair[0].precision == pair[1].precision:
        raise AdvisorError(f"{pair[0].spec.name} is compared with itself", where="compare", hint="name two models")
    points = [
        Point(context, c, (_at(pair[0], context, asked, c), _at(pair[1], context, asked, c)))
        for context in contexts
        for c in CONCURRENCIES
    ]
    points = [p for p in points if any(p.each)]
    if as_json:
        print(to_json(_plain(pair, points)))
        return
    _print(pair, points, asked)


def _smallest(model: str, asked: Asked, context: int) -> Deployment:
    """The model on the fewest GPUs that hold it and ROOM requests, else it alone; or on as many as were asked for."""
    counts = GPU_COUNTS if asked.gpu_count == 0 else (asked.gpu_count,)
    each = [deployment(replace(asked, model=model, gpu_count=count, prompt_tokens=context)) for count in counts]
    for room in (ROOM, 1):
        for d in each:
            if d.estimate(context, asked.generated_tokens, room).memory.fits:
                return d
    d = each[-1]
    raise NoAnswer(
        f"{d.spec.name} ({d.precision}) does not fit on {counts[-1]} × {d.gpu.name}",
        where="--gpu",
        hint="name a larger GPU, or --precision",
    )


def _at(d: Deployment, context: int, asked: Asked, concurrency: int) -> Estimate | None:
    if context + asked.generated_tokens > d.spec.max_context:
        return None
    e = d.estimate(context, asked.generated_tokens, concurrency)
    return e if e.memory.fits else None


def _figures(points: Sequence[Point], which: int, name: str) -> list[float | None]:
    return [getattr(p.each[which], name) if p.each[which] else None for p in points]


def _crossings(points: Sequence[Point], name: str) -> list[tuple[float, bool]]:
    return crossings([p.concurrency for p in points], _figures(points, 0, name), _figures(points, 1, name))


def _plain(pair: tuple[Deployment, Deployment], points: Sequence[Point]) -> dict[str, Any]:
    contexts = sorted({p.context_tokens for p in points})
    return {
        "models": [
            {
                "model": d.spec.name,
                "precision": d.precision,
                "gpu": d.gpu.name,
                "gpu_count": d.layout.gpu_count,
                "is_moe": d.spec.is_moe,
                "provenance": {
                    "performance": d.fitted.provenance,
                    "source": d.fitted.source,
                    "price": str(d.price) if d.price else None,
                },
            }
            for d in pair
        ],
        "points": [
            {
                "context_tokens": p.context_tokens,
                "concurrency": p.concurrency,
                "each": [
                    e
                    and {
                        "tpot_s": e.tpot_s,
                        "ttft_s": e.ttft_s,
                        "output_tokens_per_s": e.output_tokens_per_s,
                        "usd_per_million_output_tokens": e.usd_per_million_output_tokens,
                        "total_bytes": e.memory.total_bytes,
                        "spread": e.spread,
                    }
                    for e in p.each
                ],
            }
            for p in points
        ],
        "crossings": [
            {
                "context_tokens": context,
                "figure": figure,
                "concurrency": at,
                "smaller_from_there": pair[0 if first else 1].spec.name,
            }
            for context in contexts
            for figure in ("tpot_s", "usd_per_million_output_tokens")
            for at, first in _crossings([p for p in points if p.context_tokens == context], figure)
        ],
    }


def _print(pair: tuple[Deployment, Deployment], points: Sequence[Point], asked: Asked) -> None:
    names = tuple(d.spec.name.split("/")[-1] for d in pair)
    for context in sorted({p.context_tokens for p in points}):
        some = [p for p in points if p.context_tokens == context]
        columns = [
            "in flight",
            *(f"{n} {what}" for what in ("TPOT ms", "tokens/s", "GB/GPU", "USD/M") for n in ("A", "B")),
            "cheaper",
        ]
        rows = [[str(p.concurrency), *_cells(p), _cheaper(p, names)] for p in some]
        print_table(table(columns, rows, title=f"{context:,} → {asked.generated_tokens:,} tokens", right=columns[:-1]))
        priced = [("usd_per_million_output_tokens", "cheaper a token")] if all(d.price for d in pair) else []
        for figure, word in (("tpot_s", "faster a token"), *priced):
            told = [
                f"from {significant(at)} in flight on {names[0 if first else 1]} is {word}"
                for at, first in _crossings(some, figure)
            ]
            print("\n".join(told or [_always(some, figure, names, word)]))
        print()
    for which, d in enumerate(pair):
        kind = "mixture of experts" if d.spec.is_moe else "dense"
        spreads = sorted({f"{e.spread:.2f}" for e in (p.each[which] for p in points) if e})
        within = f"times within a factor {' or '.join(spreads)}" if spreads else "fits at none of these loads"
        print(
            f"{'AB'[which]}: {d}, {kind}; {within} ({d.fitted.provenance}: {d.fitted.source}); {d.price or 'no price known'}"
        )
    if not all(d.price for d in pair):
        print("advisor: no price known for this GPU: give --price", file=sys.stderr)


def _cells(p: Point) -> list[str]:
    def both(cell: Any) -> list[str]:
        return [cell(e) if e else "–" for e in p.each]

    return [
        *both(lambda e: significant(e.tpot_s * 1e3)),
        *both(lambda e: significant(e.output_tokens_per_s)),
        *both(lambda e: bytes_text(e.memory.total_bytes).removesuffix(" GB")),
        *both(lambda e: significant(e.usd_per_million_output_tokens)),
    ]


def _cheaper(p: Point, names: tuple[str, ...]) -> str:
    costs = [e.usd_per_million_output_tokens if e else None for e in p.each]
    known = [(cost, name) for cost, name in zip(costs, names, strict=True) if cost is not None]
    return min(known)[1] if known else "–"


def _always(points: Sequence[Point], name: str, names: tuple[str, ...], word: str) -> str:
    """Who is smaller at the first load that both hold, where none overtakes the other."""
    for a, b in zip(_figures(points, 0, name), _figures(points, 1, name), strict=True):
        if a and b:
            return f"no crossing: {names[0 if a < b else 1]} is {word} wherever both fit"
    return f"no load that both hold tells which is {word}"
