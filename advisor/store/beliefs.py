"""What was derived from measurements: the tables of a profiles/ folder that `advisor fit` writes and can make again."""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from advisor.performance.roofline import SHARES, Efficiency
from advisor.provenance import Provenance
from advisor.tables import column, outside, read_rows

Row = TypeVar("Row")
Ranges = Mapping[str, tuple[float, float]]

REFIT = "run `advisor fit` again"

SetupKey = tuple[str, str, str, str | None, str, str]
"""Model, task, strategy, reward model, setup and runs of points."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A strategy point: what one model scores on one task under one strategy and budget, and what it spends.

    Tokens are means per question.
    """

    model: str = column("Hugging Face id")
    task: str = column("as in the samples")
    strategy: str = column("a published strategy, see docs/method.md")
    n_samples: int = column("answers of a vote, width of a search; 1 for a single answer")
    token_budget: int | None = column("cap on one answer; empty: the model's own end", default=None)
    n_questions: int = column("behind the accuracy")
    accuracy: float = column("share of the questions that are right")
    low: float = column("lower end of its 90 % interval")
    high: float = column("upper end of its 90 % interval")
    prompt_tokens: float | None = column("of the prompt", default=None)
    generated_tokens: float | None = column("of all samples together", default=None)
    depth_tokens: float | None = column("of the longest chain of tokens that waited for each other", default=None)
    depth_p50_tokens: float | None = column("that half of the questions stay within", default=None)
    depth_p95_tokens: float | None = column("that 95 % of the questions stay within", default=None)
    depth_p99_tokens: float | None = column("that 99 % of the questions stay within", default=None)
    answer_p999_tokens: float | None = column("length that 99.9 % of single answers stay within", default=None)
    cut: float | None = column("share of the answers that the cap stopped", default=None)
    right_tokens: float | None = column("mean length of right answers", default=None)
    wrong_tokens: float | None = column("mean length of wrong answers", default=None)
    provenance: Provenance = column("measured or published")
    runs: str = column("the runs it came from, or its source")
    reward_model: str | None = column("that scored the answers, where there is one", default=None)
    scored_tokens: float | None = column("that it passed", default=None)
    pass_at_k: float | None = column(
        "share of the questions where at least one of n_samples answers is right: the most that any selection can"
        " reach; lucky guesses count, so it flatters multiple choice",
        default=None,
    )
    setup: str = column(
        "what tells how its answers were drawn from other set-ups of the model, task and strategy; empty where nothing"
        " does, and where nothing of it was recorded",
        default="",
    )
    search_prompt_tokens: float | None = column(
        "prompt tokens that the whole search of a question computed, prefixes that it read again included; empty: of"
        " plain samples, whose prompt is computed once, or not recorded",
        default=None,
    )
    weak: bool = column(
        "whether the accuracy was read off a chart, at second hand, from a draft, or for a task that was inferred",
        default=False,
    )
    source_offset: float | None = column(
        "how far the source's accuracies on the task lie above those measured here, as models show that both have;"
        " what is believed is without it",
        default=None,
    )
    source_error: float | None = column(
        "standard error of that; of a source that shares no model with another, how far sources differ", default=None
    )
    believed: float | None = column(
        "the accuracy as it is believed beside those of all other models, which are shrunk towards each other, see"
        " docs/method.md",
        default=None,
    )
    draws: str = column(
        "draws of that in hundredths of a point; the n-th of all points of the task belong together",
        default="",
    )
    tokens_provenance: Provenance | None = column(
        "of generated_tokens: measured, published, or imputed from how wordy the model is; empty: as provenance",
        default=None,
    )
    tokens_spread: float = column(
        "factor of the 90 % interval of generated_tokens: above 1 where they are imputed", default=1.0
    )
    simulation_error: float | None = column(
        "standard error of an accuracy that was found by Monte Carlo, within its interval; empty: exact", default=None
    )

    @property
    def setup_key(self) -> SetupKey:
        """What it shares with the row of setups.csv that tells how its answers were drawn."""
        return (self.model, self.task, self.strategy, self.reward_model, self.setup, self.runs)

    @property
    def tokens_from(self) -> Provenance:
        """Where generated_tokens come from."""
        return self.tokens_provenance or self.provenance


@dataclass(frozen=True, slots=True, kw_only=True)
class SetupRow:
    """How the answers behind points of points.csv were drawn."""

    model: str = column("Hugging Face id")
    task: str = column("as in points.csv, like all up to runs")
    strategy: str = column("a published strategy")
    reward_model: str | None = column("that scored the answers, where there is one", default=None)
    setup: str = column("its name; empty: none", default="")
    runs: str = column("the runs it came from")
    drawn_with: str = column(
        "JSON of the columns of the set-up that are recorded, as in the samples; with a reward model also how it scored"
    )

    @property
    def key(self) -> SetupKey:
        """What names its points."""
        return (self.model, self.task, self.strategy, self.reward_model, self.setup, self.runs)

    @property
    def recorded(self) -> Mapping[str, Any]:
        """The columns that are recorded."""
        found: dict[str, Any] = json.loads(self.drawn_with)
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class CurveRow:
    """A fitted curve of accuracy against compute, with 90 % intervals."""

    model: str = column("Hugging Face id")
    task: str = column("as in the samples")
    strategy: str = column("a published strategy")
    unit: str = column("what compute counts: samples, token cap or tokens")
    n_questions: int = column("behind the curve")
    n_points: int = column("that it goes through")
    x_min: float = column("smallest measured compute")
    x_max: float = column("largest measured compute")
    family: str = column("of the curve, see docs/method.md")
    asymptote: float | None = column(
        "accuracy at unlimited compute; empty: the measured range cannot tell", default=None
    )
    asymptote_low: float = column("lower end of its 90 % interval; where the value is empty it is no less all the same")
    asymptote_high: float = column("upper end of its 90 % interval")
    saturation: float | None = column(
        "compute past which a doubling gains less than 0.5 points; empty: not reached, or the range cannot tell",
        default=None,
    )
    saturation_low: float = column("lower end of its 90 % interval; where the value is empty not before that")
    saturation_high: float = column("upper end of its 90 % interval; inf where the value is empty")
    at_4x: float = column("accuracy at four times the largest measured compute")
    at_4x_low: float = column("lower end of its 90 % interval")
    at_4x_high: float = column("upper end of its 90 % interval")
    limit: float | None = column("accuracy of unlimited votes, estimated from the answers", default=None)
    limit_low: float | None = column("lower end of its 90 % interval", default=None)
    limit_high: float | None = column("upper end of its 90 % interval", default=None)
    knots: str = column(
        "`compute:accuracy` pairs that the curve passes through, those beyond x_max predicted", free_text=True
    )
    provenance: Provenance = column("measured or published")
    runs: str = column("the runs it came from, or its source")
    reward_model: str | None = column("that scored the answers, where there is one", default=None)
    setup: str = column("name of the set-up, as in points.csv", default="")


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeedRow:
    """Fitted efficiencies of one GPU, engine and precision, or of a family for its GPUs that were not measured."""

    gpu: str = column(
        "name, as in gpus.csv, or its family: Hopper and Blackwell (for data centres), NVIDIA (all others), CDNA"
    )
    engine: str = column("vllm, sglang or trtllm")
    precision: str = column("of the weights")
    efficiency: Efficiency = column("")
    spread: float = column("factor of the 90 % interval of times")
    provenance: Provenance = column("fitted: from own runs on this GPU; pooled: from runs of all models, or elsewhere")
    runs: str = column("the runs it came from")


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectionRow:
    """What one model shape's own runs with an engine add to the efficiencies."""

    shape: str = column("folder of the model's config")
    gpu: str = column("name, as in gpus.csv; empty: any GPU that was not measured")
    engine: str = column("vllm, sglang or trtllm")
    precision: str = column("of the weights; empty: any that was not measured")
    n_runs: int = column("behind it")
    n_own: int = column("runs on that GPU that are the user's own, in any precision", default=0)
    shifts: str = column("of the efficiencies in their order in performance.csv, logarithms separated by spaces")
    tpot: str = column("coefficients of constant, GPUs and data-parallel attention for log TPOT")
    ttft: str = column("the same for log TTFT")
    low: str = column("least measured log2 of concurrency, prompt, answer and GPUs, and of data-parallel attention")
    high: str = column("the most of each")
    least: str = column("least that it adds to log TPOT and log TTFT on the measured loads")
    most: str = column("the most that it adds")
    spread: float = column("factor of the 90 % interval of times within that range")
    runs: str = column("where they came from")


TOKENS = tuple(name for name in Point.__dataclass_fields__ if name.endswith("_tokens"))
OF_A_POINT: Ranges = {
    **dict.fromkeys(("n_samples", "n_questions"), (1, 10**9)),
    **dict.fromkeys(("accuracy", "low", "high", "cut", "pass_at_k", "believed"), (0, 1)),
    **dict.fromkeys(("token_budget", *TOKENS), (0, 10**12)),
    "tokens_spread": (1, 10**9),
}
OF_A_CURVE: Ranges = {
    **dict.fromkeys(("n_questions", "n_points"), (1, 10**9)),
    **dict.fromkeys(("asymptote", "asymptote_low", "asymptote_high"), (0, 1)),
}
OF_EFFICIENCIES: Ranges = {
    **{f"efficiency.{name}": (0, 10**9) for name in Efficiency.__dataclass_fields__},
    **dict.fromkeys((f"efficiency.{name}" for name in SHARES), (1e-9, 1)),
    "spread": (1, 10**9),
}
OF_A_CORRECTION: Ranges = {"spread": (1, 10**9), "n_runs": (0, 10**9)}
"""What a figure can be at all, ends included."""


class Fits:
    """The derived tables of some profiles/ folders, each over the ones before it; `of_answers`: those whose points,
    curves and set-ups count, all where it is left out.

    Raises AdvisorError naming file, line and column of a damaged table when it is first read.
    """

    def __init__(self, folders: Iterable[Path], of_answers: Iterable[Path] | None = None) -> None:
        self.folders = tuple(folders)
        self.of_answers = self.folders if of_answers is None else tuple(of_answers)

    def __repr__(self) -> str:
        return f"<fits of {', '.join(map(str, self.folders))}>"

    @cached_property
    def points(self) -> tuple[Point, ...]:
        """Strategy points; where two folders have one, all rows of the later folder stand."""
        return self._overlaid(
            "points.csv",
            Point,
            OF_A_POINT,
            lambda p: (p.model, p.task, p.strategy, p.reward_model, p.setup, p.n_samples, p.token_budget),
            self.of_answers,
        )

    @cached_property
    def curves(self) -> tuple[CurveRow, ...]:
        """Fitted curves."""
        return self._overlaid(
            "curves.csv",
            CurveRow,
            OF_A_CURVE,
            lambda c: (c.model, c.task, c.strategy, c.reward_model, c.setup, c.unit),
            self.of_answers,
        )

    @cached_property
    def setups(self) -> Mapping[SetupKey, SetupRow]:
        """How the answers behind points were drawn, those of which something is recorded."""
        tables = (
            read_rows(folder / "setups.csv", SetupRow, hint=REFIT, fault=_no_object) for folder in self.of_answers
        )
        return {row.key: row for rows in tables for row in rows}

    def recorded_of(self, p: Point) -> Mapping[str, Any]:
        """How the answers behind a point were drawn: the columns of its set-up that are recorded."""
        row = self.setups.get(p.setup_key)
        return row.recorded if row else {}

    @cached_property
    def speeds(self) -> tuple[SpeedRow, ...]:
        """Efficiencies by GPU, engine and precision."""
        return self._overlaid(
            "performance.csv", SpeedRow, OF_EFFICIENCIES, lambda s: (s.gpu, s.engine, s.precision), self.folders
        )

    @cached_property
    def corrections(self) -> tuple[CorrectionRow, ...]:
        """What measured model shapes add to them."""
        return self._overlaid(
            "corrections.csv",
            CorrectionRow,
            OF_A_CORRECTION,
            lambda c: (c.shape, c.gpu, c.engine, c.precision),
            self.folders,
        )

    def _overlaid(
        self, name: str, row: type[Row], ranges: Ranges, key: Callable[[Row], Hashable], folders: Iterable[Path]
    ) -> tuple[Row, ...]:
        found: list[Row] = []
        for folder in folders:
            later = read_rows(folder / name, row, hint=REFIT, fault=lambda each: outside(each, ranges))
            replaced = {key(each) for each in later}
            found = [each for each in found if key(each) not in replaced] + list(later)
        return tuple(found)


def _no_object(row: SetupRow) -> str | None:
    try:
        found = json.loads(row.drawn_with)
    except (ValueError, RecursionError):
        found = None
    return None if isinstance(found, dict) else "drawn_with is no JSON object"
