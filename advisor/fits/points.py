"""Rows of points.csv from what was measured and what was published.

Derived from measurements alone, so they can be thrown away and made again at any time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from advisor.accuracy.estimators import Array, Interval, over_questions, wilson
from advisor.fits.draws import Z90
from advisor.fits.lengths import PERCENTILES
from advisor.fits.strategy_points import StrategyPoints
from advisor.fits.votes import CAP_MATTERS
from advisor.provenance import Provenance
from advisor.store.beliefs import Point
from advisor.store.published import Published


def measured_points(m: StrategyPoints) -> list[Point]:
    """One Point each, without caps that stop nothing or nearly everything."""
    cut = _cut(m)
    return [_measured_point(m, p, None if cut is None else float(cut[p])) for p in kept(m)]


def kept(m: StrategyPoints) -> list[int]:
    """The places of those points."""
    cut = _cut(m)
    return [p for p in range(len(m.n_samples)) if cut is None or CAP_MATTERS < cut[p] < 1 - CAP_MATTERS]


def _cut(m: StrategyPoints) -> Array | None:
    """(P,) share of the answers that a cap stops."""
    return None if m.finished is None else np.asarray(1 - m.finished.mean(axis=0))


def _measured_point(m: StrategyPoints, p: int, cut: float | None) -> Point:
    accuracy, simulated = over_questions(m.correct[:, p]), _at(m.simulation_error, p)
    if simulated:
        accuracy = _widened(accuracy, Z90 * simulated)
    return Point(
        model=m.model,
        task=m.task,
        strategy=m.strategy,
        n_samples=m.n_samples[p],
        token_budget=m.token_budget[p],
        n_questions=len(m.correct),
        accuracy=accuracy.value,
        low=accuracy.low,
        high=accuracy.high,
        prompt_tokens=m.prompt_tokens,
        generated_tokens=_at(m.generated, p),
        depth_tokens=_at(m.depth, p),
        depth_p50_tokens=_wait(m, p, 50),
        depth_p95_tokens=_wait(m, p, 95),
        depth_p99_tokens=_wait(m, p, 99),
        answer_p999_tokens=_at(m.longest, p),
        cut=cut,
        right_tokens=m.right_tokens if m.n_samples[p] == 1 else None,
        wrong_tokens=m.wrong_tokens if m.n_samples[p] == 1 else None,
        provenance=Provenance.MEASURED,
        runs=m.runs,
        reward_model=m.reward_model,
        scored_tokens=_at(m.scored, p),
        pass_at_k=None if m.any_right is None else float(m.any_right[:, p].mean()),
        setup=m.setup,
        search_prompt_tokens=_at(m.search_prompt, p),
        tokens_provenance=None if m.generated is None else Provenance.MEASURED,
        simulation_error=simulated,
    )


def _widened(interval: Interval, by: float) -> Interval:
    """With another error, independent of its own."""
    below, above = (float(np.hypot(end - interval.value, by)) for end in (interval.low, interval.high))
    return Interval(interval.value, max(0.0, interval.value - below), min(1.0, interval.value + above))


def _wait(m: StrategyPoints, p: int, percentile: int) -> float | None:
    return None if m.waits is None else float(m.waits[p, PERCENTILES.index(percentile)])


def _at(values: Array | None, p: int) -> float | None:
    return None if values is None else float(values[p])


def published_points(rows: Iterable[Published], known: Iterable[Point]) -> list[Point]:
    """Published accuracies without a measured point; of several sources for one point the best (`_is_better`)."""
    taken = {(p.model, p.task, p.strategy, p.n_samples, None) for p in known}
    found: dict[tuple[object, ...], Point] = {}
    for row in rows:
        tokens = row.generated_tokens
        key = (row.model, row.task, row.strategy, row.n_samples, None if row.strategy == "majority" else tokens)
        if key in taken or (key in found and not _is_better(row, found[key])):
            continue
        accuracy = _interval(row)
        found[key] = Point(
            model=row.model,
            task=row.task,
            strategy=row.strategy,
            n_samples=row.n_samples,
            n_questions=row.n_questions,
            accuracy=accuracy.value,
            low=accuracy.low,
            high=accuracy.high,
            generated_tokens=tokens,
            depth_tokens=None if tokens is None else tokens / row.n_samples,
            provenance=Provenance.PUBLISHED,
            runs=row.origin,
            weak=row.weak,
            tokens_provenance=None if tokens is None else Provenance.PUBLISHED,
        )
    return list(found.values())


def _is_better(row: Published, before: Point) -> bool:
    """Of several sources for one point one that is not weak counts, then one that reports its tokens, then the last."""
    if row.weak != before.weak:
        return before.weak
    return before.generated_tokens is None


def published_error(row: Published) -> float:
    """The standard error of its accuracy, by the longer side of the interval."""
    interval = _interval(row)
    return max(interval.high - interval.value, interval.value - interval.low, 1e-4) / Z90


def _interval(row: Published) -> Interval:
    """From the source's standard error where it gives one, else Wilson's over the questions."""
    value = row.accuracy
    if row.stderr:
        return Interval(value, max(0.0, value - Z90 * row.stderr), min(1.0, value + Z90 * row.stderr))
    low, high = wilson(value, row.n_questions)
    return Interval(value, float(np.clip(low, 0, value)), float(np.clip(high, value, 1)))


def ordered(points: Sequence[Point]) -> list[Point]:
    """By task, model, strategy, set-up and budget."""

    def place(p: Point) -> tuple[object, ...]:
        budget = (p.n_samples, p.token_budget or 0, p.generated_tokens or 0)
        return (p.task, p.model.lower(), p.strategy, p.setup, *budget)

    return sorted(points, key=place)
