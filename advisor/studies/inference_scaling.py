"""The study of inference scaling laws (arXiv 2408.00724): which size for which budget, where votes end, and whether
tree search beats sampling at equal FLOPs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from advisor.accuracy.estimators import Interval, over_questions
from advisor.arguments import checked_arguments
from advisor.fits.measured import measured
from advisor.fits.strategy_points import StrategyPoints
from advisor.models.catalog import Catalog
from advisor.store.folders import visible
from advisor.store.published import published_of
from advisor.store.reported_counts import CountRow, reported_counts
from advisor.store.reported_strategies import reported_strategies
from advisor.store.workspace import Workspace
from advisor.studies.compute_optimal_size import (
    Optimum,
    SizeLaw,
    Sizes,
    Takeover,
    compared,
    optima,
    size_law,
    takeovers,
)
from advisor.studies.coverage_tails import (
    PART,
    CoverageOfTask,
    CoverageTail,
    coverage_by_task,
    coverage_forecasts,
    coverage_tails,
)
from advisor.studies.inference_scaling_claims import claims
from advisor.studies.inference_scaling_evidence import Evidence
from advisor.studies.size_families import (
    ASSUMED_TOKENS,
    PREDICTED_TO,
    SIZES_NEEDED,
    Counts,
    Family,
    counts_of_answers,
    counts_of_rows,
    coverage_families,
    vote_families,
)
from advisor.studies.strategies_at_equal_flops import EQUAL_WITHIN, Contest, contests
from advisor.studies.strategy_series import Series, series_of_answers, series_of_rows
from advisor.studies.study import Basis, Study
from advisor.studies.voting_limits import LimitForecast, Plurality, limit_forecasts, pluralities
from advisor.values import Rows, Value

SCRIPT_ALLOWS_TOKENS = 1024
"""Of one answer, in the released script behind the shipped counts."""


@dataclass(frozen=True, slots=True)
class SizePoint(Value):
    """Accuracy of one size of a family at a budget of FLOPs a question, by `measure`."""

    task: str
    measure: str
    model: str
    budget_flops: float
    n_answers: int
    accuracy: float
    predicted: bool


@dataclass(frozen=True, slots=True)
class StrategyPoint(Value):
    """One strategy point with its FLOPs a question: 2·N·tokens, and with the reward model's; None: not known."""

    source: str
    caveat: str
    task: str
    model: str
    strategy: str
    n: int
    n_questions: int
    accuracy: Interval
    policy_flops: float | None
    total_flops: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class InferenceScaling(Study):
    """Inference scaling laws on what is stored.

    laws, optima, takeovers, sizes   of families of sizes: growth of the best size, the best at each budget, from where
                                     a larger one is ahead, and all curves
    tails, coverage                  coverage by the number of answers, and how well a part of them tells it by task
    limits, pluralities              where votes end
    contests, strategies             strategies at equal FLOPs, and their points
    """

    laws: Rows[SizeLaw]
    optima: Rows[Optimum]
    takeovers: Rows[Takeover]
    sizes: Rows[SizePoint]
    tails: Rows[CoverageTail]
    coverage: Rows[CoverageOfTask]
    limits: Rows[LimitForecast]
    pluralities: Rows[Plurality]
    contests: Rows[Contest]
    strategies: Rows[StrategyPoint]


@checked_arguments
def inference_scaling(workspace: Workspace) -> InferenceScaling:
    """Inference scaling laws on the stored answers, the tables of counts and those of strategies.

    Of a user's workspace the stored answers are its own. Accuracies are shares, FLOPs are per question. Raises
    AdvisorError for a damaged file.
    """
    models, points, rows = workspace.models, measured(workspace), reported_counts(workspace)
    counts = counts_of_rows(rows) + counts_of_answers(points)
    compared_sizes = [compared(each) for each in _families(counts, points, models)]
    series = series_of_rows(reported_strategies(workspace)) + series_of_answers(points, models)
    tables = (visible(root / "measurements" / "published", ".csv") for root in workspace.roots)
    published = tuple(published_of(file for files in tables for file in files))
    forecasts = coverage_forecasts(counts)
    found = Evidence(
        laws=tuple(size_law(each) for each in compared_sizes),
        optima=tuple(row for each in compared_sizes for row in optima(each)),
        takeovers=tuple(row for each in compared_sizes for row in takeovers(each)),
        tails=coverage_tails(forecasts),
        coverage=coverage_by_task(forecasts),
        limits=limit_forecasts(series),
        pluralities=pluralities(series),
        contests=contests(series),
        published=published,
        parameters={p.model: float(models.spec(p.model).active_parameters) for p in published if p.model in models},
    )
    return InferenceScaling(
        basis=_basis(counts, series),
        claims=claims(found),
        notes=tuple(_notes(rows, counts, found, models)),
        laws=Rows(found.laws, SizeLaw),
        optima=Rows(found.optima, Optimum),
        takeovers=Rows(found.takeovers, Takeover),
        sizes=Rows((row for each in compared_sizes for row in _size_points(each)), SizePoint),
        tails=found.tails,
        coverage=found.coverage,
        limits=found.limits,
        pluralities=found.pluralities,
        contests=found.contests,
        strategies=Rows((row for each in series for row in _strategy_points(each)), StrategyPoint),
    )


def _families(counts: Sequence[Counts], points: Sequence[StrategyPoints], models: Catalog) -> list[Family]:
    return coverage_families(counts, models) + vote_families(points, models)


def _size_points(sizes: Sizes) -> Iterable[SizePoint]:
    family = sizes.family
    for m, member in enumerate(family.members):
        for b, budget in enumerate(sizes.budgets):
            if (n := int(sizes.answers[m, b])) >= 1:
                accuracy, predicted = float(sizes.curves[m, b]), n > member.drawn
                yield SizePoint(family.task, family.measure, member.model, float(budget), n, accuracy, predicted)


def _strategy_points(series: Series) -> Iterable[StrategyPoint]:
    for p, n in enumerate(series.n):
        yield StrategyPoint(
            series.source,
            series.caveat,
            series.task,
            series.model,
            series.strategy,
            n,
            len(series.question_ids),
            over_questions(series.correct[:, p]),
            None if series.policy is None else float(series.policy[p]),
            None if series.total is None else float(series.total[p]),
        )


def _basis(counts: Sequence[Counts], series: Sequence[Series]) -> Basis:
    questions = sum(len(each.right) for each in counts)
    sources = dict.fromkeys([*(each.source for each in counts), *(each.source for each in series)])
    caveats = dict.fromkeys(each.caveat for each in series if each.caveat)
    data = (
        f"Right answers counted for {len(counts)} pairs of a model and a task ({questions:,} questions), and"
        f" {len(series)} strategies of a model on a task with the accuracy of every question."
        if counts or series
        else "Nothing is stored that the study could use."
    )
    return Basis(
        data=" ".join([data, *(f"Sources: {'; '.join(sources)}." for _ in [0] if sources), *caveats]),
        method=(
            "FLOPs are 2·N·generated tokens, N the weights that a token passes, as arXiv 2408.00724 counts; with"
            " rewards adds the reward model's passes. Coverage (at least one answer is right: what a perfect verifier"
            f" reaches) is exact up to the answers drawn and predicted to {PREDICTED_TO} times as many. Intervals are"
            " 90 % by bootstrap over questions, the same ones for all that is compared. A claim is confirmed where all"
            " that can tell agrees, contradicted where all disagrees, refined where both are seen. What carries a"
            " caveat counts only where nothing else can tell; with it, or by another measure than the claim's, a claim"
            " is refined at most."
        ),
        would_change=(
            f"Answers of {SIZES_NEEDED} or more sizes of one family to the same questions with their tokens, votes of"
            " 64 or more answers, and searches with a reward model: `advisor calibrate` draws them."
        ),
    )


def _notes(rows: Sequence[CountRow], counts: Sequence[Counts], found: Evidence, models: Catalog) -> Iterable[str]:
    if assumed := sorted({each.task for each in counts if each.tokens is None}):
        shift = SCRIPT_ALLOWS_TOKENS / ASSUMED_TOKENS
        yield (
            f"Tokens of an answer are not known on {' and '.join(assumed)}: {ASSUMED_TOKENS} are assumed for every"
            f" size. With {SCRIPT_ALLOWS_TOKENS}, all that the released script allows, every budget and takeover is"
            f" {shift:g} times as high; slopes and which size is best stay the same, unless answers of larger models"
            " differ in length."
        )
    if unknown := sorted({row.model for row in rows if row.model not in models}):
        yield f"Left out of families, since no config is known: {', '.join(unknown)}."
    if not found.laws:
        yield (
            f"No family of {SIZES_NEEDED} sizes answered the same questions with known tokens: nothing is said about"
            " the compute-optimal size."
        )
    if not found.limits:
        yield "No vote of 8 or more answers a question: nothing is said about its limit."
    if not found.contests:
        yield "No two strategies of one task that differ in rewards or search: nothing is said about strategies."
    if found.contests:
        yield f"FLOPs count as equal within a factor of {EQUAL_WITHIN:g}; the ratio is in the table."
    if found.tails:
        yield f"Coverage of all answers is predicted from every {PART}th."
