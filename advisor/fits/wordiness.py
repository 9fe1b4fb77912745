"""How wordy a model is: tokens of an answer that nobody counted, from those of other models and on other tasks.

The logarithm of the mean length is a sum of what the task, thinking, the model's generation and date, and the model
itself add, each normal around zero with the spread below: a linear model with random effects, as a Gaussian process.
What is known of nothing keeps its whole spread, so the interval says how much is known.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from advisor.accuracy.estimators import Array

SPREADS = {
    "all": 3.0,
    "thinking": 3.0,
    "effort": 0.41,
    "date": 0.26,
    "date of thinking": 0.14,
    "task": 0.65,
    "task of thinking": 1.11,
    "generation": 0.25,
    "generation on a kind": 0.27,
    "model": 0.13,
    "model on a kind": 0.13,
    "characters": 0.25,
    "model on a task": 1.0,
}
"""Standard deviation of log tokens that each adds: empirical Bayes over what ships (benchmarks/wordiness.py); the first
two, which hardly matter, are wide. `characters`: tokens of a task over characters / CHARACTERS_A_TOKEN, an assumption
that admits 2.7 to 6 characters a token."""
CHARACTERS_A_TOKEN = 4.0
NOISE = {"benchmark": 0.23}
OTHER_NOISE = 0.41
"""Standard deviation of what is left to a model on a task: on a benchmark, and on a few questions or a simple task."""
COUNTED = 0.05
"""Standard deviation of a mean that was counted."""
EFFORTS = {"low": -2.0, "medium": -1.0, "xhigh": 0.5}
"""Steps from full effort, which is what models do that have no levels."""
NOT_THINKING = ("", "non-thinking")
"""Modes of models that answer at once; empty: none is known, as of models that have no other."""
BENCHMARK = "benchmark"
GENERATION = re.compile(r"[a-z_-]*(\d+(\.\d+)?)?")
"""What names of one generation begin with: `qwen2.5`, `llama-3.1`, `gpt-5`."""
YEAR = 2025.0
"""From which dates are counted."""


@dataclass(frozen=True, slots=True)
class Answered:
    """Who answers what: a model in a mode, released YYYY-MM (empty: not known), on a task of a kind.

    `in_characters`: its tokens are CHARACTERS_A_TOKEN of them each."""

    model: str
    mode: str
    released: str
    task: str
    kind: str = BENCHMARK
    in_characters: bool = False

    @property
    def thinks(self) -> bool:
        """Whether it reasons before it answers."""
        return self.mode not in NOT_THINKING

    @property
    def generation(self) -> str:
        """The model's name up to its first number."""
        found = GENERATION.match(self.model.split("/")[-1].lower().removeprefix("meta-"))
        return found.group(0).strip("-") if found else ""

    def terms(self) -> Iterator[tuple[str, str, float]]:
        """What its length is a sum of: a name of SPREADS, which of that name, and how much of it."""
        thinking = " thinking" if self.thinks else ""
        who = f"{self.model}{thinking}"
        yield "all", "", 1.0
        yield "task", self.task, 1.0
        yield "generation", self.generation, 1.0
        yield "generation on a kind", f"{self.generation}{thinking} {self.kind}", 1.0
        yield "model", who, 1.0
        yield "model on a kind", f"{who} {self.kind}", 1.0
        yield "model on a task", f"{who} {self.task}", NOISE.get(self.kind, OTHER_NOISE)
        yield "date", "", _years(self.released)
        if self.in_characters:
            yield "characters", self.task, 1.0
        if self.thinks:
            yield "thinking", "", 1.0
            yield "effort", "", EFFORTS.get(self.mode, 0.0)
            yield "date of thinking", "", _years(self.released)
            yield "task of thinking", self.task, 1.0


def _years(released: str) -> float:
    """Since YEAR; none where it is not known."""
    year, _, month = released.partition("-")
    return float(year) + (float(month) - 1) / 12 - YEAR if year and month else 0.0


def predicted(known: Sequence[Answered], tokens: Array, unknown: Sequence[Answered]) -> tuple[Array, Array]:
    """Log tokens of the answers whose tokens are not known and their standard deviation, from the tokens of known ones.

    Shapes (K,), (K,) → (A,), (A,). The standard deviation is that of a new figure.
    """
    from sklearn.feature_extraction import DictVectorizer
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import DotProduct

    terms = [
        {f"{name} {which}": SPREADS[name] * amount for name, which, amount in row.terms()} for row in (*known, *unknown)
    ]
    columns = DictVectorizer(sparse=False).fit_transform(terms)  # of both: what only `unknown` have is known of nothing
    of_known, of_unknown = columns[: len(known)], columns[len(known) :]
    log_tokens = np.log(tokens)
    level = log_tokens.mean()
    process = GaussianProcessRegressor(DotProduct(0.0, "fixed"), alpha=COUNTED**2, optimizer=None)
    mean, deviation = process.fit(of_known, log_tokens - level).predict(of_unknown, return_std=True)
    return level + mean, np.asarray(deviation)
