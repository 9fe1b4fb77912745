"""Questions: generated, from a local file, or from a public dataset."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Question:
    """One question; `prompt` is what the model sees, `reference` the right answer."""

    question_id: str
    prompt: str
    reference: str
