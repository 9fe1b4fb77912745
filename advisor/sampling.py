"""What requests to a model state: recommended by its publisher (sampling.csv), and where its accuracy was measured
(measured_with.csv)."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from advisor.errors import AdvisorError
from advisor.tables import column, read_rows

HINT = "delete it: what ships is read without it"
SAME_LENGTH = 0.005
"""Mean answer lengths this far apart, relatively, are of one run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SamplingRow:
    """What a model's publisher recommends in one mode. The first row of a model is its mode without a switch."""

    model: str = column("Hugging Face id")
    mode: str = column("thinking, non-thinking, or an effort: low, medium, high, max, adaptive")
    temperature: float | None = column("recommended; empty: not stated, as in the next three", default=None)
    top_p: float | None = column("recommended", default=None)
    top_k: int | None = column("recommended", default=None)
    min_p: float | None = column("recommended", default=None)
    switches: str = column("JSON of what a request adds to get this mode; empty: nothing", default="")
    source: str = column("where it was seen")
    source_url: str = column("the model's page", default="")
    as_of: str = column("when it was seen, ISO date", default="")

    @property
    def switch(self) -> Mapping[str, Any]:
        """What a request adds to get this mode."""
        found: dict[str, Any] = json.loads(self.switches or "{}")
        return found

    @property
    def stated(self) -> dict[str, float]:
        """The recommended parameters that are stated."""
        names = ("temperature", "top_p", "top_k", "min_p")
        return {name: getattr(self, name) for name in names if getattr(self, name) is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredRow:
    """How answers whose accuracy is known were drawn, as far as their source says. The first row that fits counts."""

    runs: str = column("what `runs` in points.csv, or one of the runs in it, begins with")
    model: str = column("Hugging Face id; empty: all", default="")
    generated_tokens: float | None = column("mean of the run, where points of several runs share a cell", default=None)
    mode: str = column("thinking, non-thinking, or an effort; empty: not stated, as in all that follow", default="")
    mode_assumed: bool = column("the source does not state the mode, it is the model's without a switch", default=False)
    weights: str = column("what was loaded where it is not the model by its own id", default="")
    endpoint: str = column("`completions`: a bare prompt, no chat template", default="")
    force: str = column("text that opens an answer where thinking is cut", default="")
    temperature: float | None = column("0: greedy", default=None)
    top_p: float | None = column("share of the probability that is drawn from", default=None)
    top_k: int | None = column("tokens that are drawn from", default=None)
    min_p: float | None = column("least probability, as a share of the largest", default=None)
    repetition_penalty: float | None = column("1: none", default=None)
    frequency_penalty: float | None = column("0: none", default=None)
    presence_penalty: float | None = column("0: none", default=None)
    max_tokens: int | None = column("cap on one answer", default=None)
    stop: str = column("text that ends an answer", default="")
    template: str = column("prompt with {question}", default="")
    system_prompt: str = column("before the question", default="")
    few_shot: str = column("JSON list of [prompt, answer] shown before the question", default="")
    chat_options: str | None = column("JSON of what the chat template was given; {}: nothing", default=None)
    note: str = column("what else to know", default="")
    source: str = column("where it was seen")
    source_url: str = column("its page", default="")
    as_of: str = column("when it was seen, ISO date", default="")

    def fits(self, runs: str, model: str, generated_tokens: float) -> bool:
        """Whether it is about a strategy point."""
        named = any(run.startswith(self.runs) for run in (runs, *runs.split()))
        of_length = self.generated_tokens is None or math.isclose(
            self.generated_tokens, generated_tokens, rel_tol=SAME_LENGTH
        )
        return named and self.model in {"", model} and of_length


class Sampling:
    """Rows of both tables; a workspace's own come before what ships."""

    def __init__(self, recommended: Iterable[SamplingRow] = (), measured: Iterable[MeasuredRow] = ()) -> None:
        self.recommended, self.measured = tuple(recommended), tuple(measured)

    @classmethod
    def read(cls, folders: Iterable[Path]) -> Sampling:
        """`sampling.csv` and `measured_with.csv` of each folder, later folders first. Raises AdvisorError."""
        own_first = tuple(folders)[::-1]
        return cls(
            [row for folder in own_first for row in _checked(folder / "sampling.csv")],
            [row for folder in own_first for row in read_rows(folder / "measured_with.csv", MeasuredRow, hint=HINT)],
        )

    def modes(self, model: str) -> dict[str, SamplingRow]:
        """The modes of a model that are known, the one without a switch first."""
        found: dict[str, SamplingRow] = {}
        for row in self.recommended:
            if row.model == model:
                found.setdefault(row.mode, row)
        return found

    def measured_with(self, runs: str, model: str, generated_tokens: float) -> MeasuredRow | None:
        """How the answers behind a strategy point were drawn, None where nothing is known of it."""
        return next((row for row in self.measured if row.fits(runs, model, generated_tokens)), None)


def mode_of(options: Mapping[str, Any] | None, modes: Mapping[str, SamplingRow]) -> str | None:
    """The mode that options of the chat template switch on, where one is known; without options the first."""
    if options == {}:
        return next(iter(modes), None)
    for mode, row in modes.items():
        switch = dict(row.switch)
        if dict(switch.pop("chat_template_kwargs", {})) | switch == options:
            return mode
    return None


def _checked(path: Path) -> tuple[SamplingRow, ...]:
    rows = read_rows(path, SamplingRow, hint=HINT)
    for line, row in enumerate(rows, 2):
        try:
            known = isinstance(row.switch, dict)
        except json.JSONDecodeError:
            known = False
        if not known:
            what = f"switches is {row.switches!r}, not a JSON object"
            raise AdvisorError(what, where=f"{path}, line {line}", hint=HINT)
    return rows
