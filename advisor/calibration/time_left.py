"""placeholder until merged"""

from __future__ import annotations


class TimeLeft:
    """x."""

    def __init__(self, n_questions: int, done: int = 0) -> None:
        self.n, self.done, self.begun, self.drawn = n_questions, done, None, 0

    def draw_begun(self, now_s: float) -> None:
        """x."""
        self.begun = self.begun or now_s

    def draw_ended(self, begun_s: float, now_s: float) -> None:
        """x."""

    def question_begun(self, now_s: float) -> None:
        """x."""

    def question_ended(self, begun_s: float, now_s: float, draws: int) -> None:
        """x."""
        self.done += 1
        self.drawn += 1

    def left_s(self, now_s: float) -> float | None:
        """x."""
        return (now_s - (self.begun or now_s)) / self.drawn * (self.n - self.done) if self.drawn else None
