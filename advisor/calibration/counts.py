"""How far a run has come."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from advisor.calibration.rows import UNCHECKED
from advisor.store.samples import Sample
from advisor.work import Work


@dataclass(slots=True)
class Counts:
    """Questions, answers and failures of a run; `work` since the start of this process, which found `resumed` done.

    `judged` counts the questions with a checked answer, `unchecked` the answers that took too long to compare;
    `set_aside` names the lines of its journal that no answer can be, whose questions are drawn again.
    """

    n_questions: int
    done: int = 0
    failed: int = 0
    right: float = 0.0
    judged: int = 0
    unchecked: int = 0
    resumed: int = 0
    answers: int = 0
    loops: int = 0
    work: Work = field(default_factory=Work)
    reasons: Counter[str] = field(default_factory=Counter)
    started: float = field(default_factory=time.monotonic)
    latest: float = field(default_factory=time.monotonic)
    set_aside: tuple[str, ...] = ()

    def add(self, samples: Sequence[Sample], failure: str | None = None) -> None:
        """The rows of one question, or why its requests failed."""
        self.done += 1
        self.latest = time.monotonic()
        if failure is not None:
            self.failed += 1
            self.reasons[failure] += 1
            return
        checked = [sample.correct for sample in samples if sample.finish_reason != UNCHECKED]
        if checked:
            self.judged += 1
            self.right += sum(checked) / len(checked)
        self.unchecked += len(samples) - len(checked)
        self.answers += len(samples)
        self.loops += sum(sample.finish_reason == "loop" for sample in samples)

    @property
    def accuracy(self) -> float | None:
        """Share of right answers among those checked, every question weighing the same; None where there is none."""
        return self.right / self.judged if self.judged else None

    @property
    def tokens_per_s(self) -> float:
        """Generated from the first request to the latest answer; starting and stopping engines does not count."""
        return self.work.generated_tokens / max(self.latest - self.started, 1e-9)

    @property
    def left_s(self) -> float | None:
        """Time left at the pace so far; None before the first answer of this process."""
        drawn = self.done - self.resumed
        return (self.latest - self.started) / drawn * (self.n_questions - self.done) if drawn else None
