"""Strategy points: what one model scores on one task under one strategy and budget, and what it spends.

Derived from measurements alone, so they can be thrown away and made again at any time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from advisor.accuracy.estimators import Interval, over_questions, wilson
from advisor.calibration.measured import Measured


@dataclass(frozen=True, slots=True)
class Point:
    """Means per question: `generated_tokens` of all samples together, `depth_tokens` of the longest chain.

    `token_budget` is the cap on one answer (None: the model's own end); `cut` the share of answers it stopped;
    `right_tokens`, `wrong_tokens` the mean length of right and wrong answers; `scored_tokens` passed `reward_model`, where there is one.
    """

    model: str
    task: str
    strategy: str
    n_samples: int
    token_budget: int | None
    n_questions: int
    accuracy: float
    low: float
    high: float
    prompt_tokens: float | None
    generated_tokens: float | None
    depth_tokens: float | None
    cut: float | None
    right_tokens: float | None
    wrong_tokens: float | None
    provenance: str
    runs: str
    reward_model: str | None = None
    scored_tokens: float | None = None


def measured_points(m: Measured) -> list[Point]:
    """One Point each, caps that stop nothing or everything left out."""
    cut = 1 - m.finished.mean(axis=0) if m.finished is not None else None
    found = []
    for p, (k, budget) in enumerate(zip(m.n_samples, m.token_budget, strict=True)):
        if cut is not None and not 0.005 < cut[p] < 0.995:
            continue
        accuracy = over_questions(m.correct[:, p])
        found.append(
            Point(
                m.model, m.task, m.strategy, k, budget, len(m.correct), accuracy.value, accuracy.low, accuracy.high, m.prompt_tokens,
                generated_tokens=float(m.generated[p]) if m.generated is not None else None,
                depth_tokens=float(m.depth[p]) if m.depth is not None else None,
                cut=float(cut[p]) if cut is not None else None,
                right_tokens=m.right_tokens if k == 1 else None,
                wrong_tokens=m.wrong_tokens if k == 1 else None,
                provenance="measured",
                runs=m.runs,
                reward_model=m.reward_model,
                scored_tokens=float(m.scored[p]) if m.scored is not None else None,
            )
        )  # fmt: skip
    return found


def published_points(rows: list[dict[str, Any]], known: list[Point]) -> list[Point]:
    """Published accuracies that no measured point stands for; of several sources for one point, one that knows its tokens."""
    taken = {_key(p.model, p.task, p.strategy, p.n_samples, None) for p in known}
    found: dict[tuple[object, ...], Point] = {}
    for row in rows:
        key = _key(
            row["model"],
            row["task"],
            row["strategy"],
            row["n_samples"],
            row["generated_tokens"] if row["strategy"] != "majority" else None,
        )
        if key in taken or (key in found and found[key].generated_tokens is not None):
            continue
        accuracy = _interval(row["accuracy"], row["stderr"], row["n_questions"])
        tokens = row["generated_tokens"]
        found[key] = Point(
            row["model"], row["task"], row["strategy"], row["n_samples"], None, row["n_questions"], accuracy.value, accuracy.low, accuracy.high, None,
            generated_tokens=tokens,
            depth_tokens=tokens / row["n_samples"] if tokens is not None else None,
            cut=None,
            right_tokens=None,
            wrong_tokens=None,
            provenance="published",
            runs=row["origin"],
        )  # fmt: skip
    return list(found.values())


def _key(*parts: object) -> tuple[object, ...]:
    return parts


def _interval(accuracy: float, stderr: float | None, n_questions: int) -> Interval:
    """From the source's standard error where it gives one, else Wilson's over the questions."""
    if stderr:
        return Interval(accuracy, max(0.0, accuracy - 1.645 * stderr), min(1.0, accuracy + 1.645 * stderr))
    low, high = wilson(accuracy, n_questions)
    return Interval(accuracy, float(np.clip(low, 0, accuracy)), float(np.clip(high, accuracy, 1)))


def ordered(points: list[Point]) -> list[Point]:
    """By task, model, strategy and budget."""
    return sorted(
        points,
        key=lambda p: (p.task, p.model.lower(), p.strategy, p.n_samples, p.token_budget or 0, p.generated_tokens or 0),
    )
