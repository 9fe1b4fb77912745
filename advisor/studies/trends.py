"""The trend of every task that has one, side by side: what the findings report shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from advisor.accuracy.estimators import Array, Interval
from advisor.accuracy.release_trend import UNKNOWN, Estimate, Over
from advisor.arguments import checked_arguments
from advisor.errors import NoAnswer
from advisor.recommendation.request import checked_request
from advisor.store.workspace import Workspace
from advisor.studies.frontier_history import Fall
from advisor.studies.study import Basis, Claim, Study, Verdict
from advisor.studies.trend import Trend, trend_and_slopes_of
from advisor.studies.trend_claims import Fitted, pooled_claims, progress
from advisor.units import counted
from advisor.values import Rows

if TYPE_CHECKING:
    import pandas


@dataclass(frozen=True, slots=True)
class TaskTrend:
    """A task in one line: how many models have a date and a cost there, from when to when, and the fits' gains.

    gain, edge   factors by which the compute for an accuracy falls in a year, over all models and at the upper edge;
                 no numbers where it cannot be told
    per_year     what a year adds at equal compute, as a share of the questions at the target; None: nothing is fitted
    halving      months, over all models
    entries      models that entered the frontier, the first ones included; `now` are on it today, `moe_now` of them
                 mixtures of experts, as `moe` of all models are
    fall         by which the least compute for an accuracy was observed to fall, between which dates
    why_not      why nothing is fitted; empty where it is
    """

    task: str
    n_models: int
    imputed: int
    first: str
    last: str
    fall: Fall
    gain: Estimate
    edge: Estimate
    halving: Estimate
    per_year: Interval | None
    entries: int
    now: int
    moe_now: int
    moe: int
    verdict: Verdict
    why_not: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Trends(Study):
    """Every task with two dated models, those with most models first; `pictured` is the first of them in full.

    `without` are tasks that have no trend, and why.
    """

    tasks: Rows[TaskTrend]
    pictured: Trend | None
    without: tuple[str, ...]

    def to_frame(self) -> pandas.DataFrame:
        """One line a task."""
        return self.tasks.to_frame()


@checked_arguments
def trends(workspace: Workspace, *, evidence: str = "published") -> Trends:
    """The trend of every task in the workspace; of none where nothing is known.

    evidence  which accuracies count: measured, published (those too that sources report) or any (weak ones too)

    Raises AdvisorError for another kind of evidence.
    """
    found: list[tuple[Trend, dict[Over, Array]]] = []
    without = []
    for task in sorted({p.task for p in workspace.fits.points}):
        try:
            request = checked_request(workspace, task=task, evidence=evidence)
            found.append(trend_and_slopes_of(workspace, request, None))
        except NoAnswer as none:  # of one task; the others may have one
            without.append(f"{task}: {none.what}")
    found.sort(key=lambda each: (-len({a.model for a in each[0].answers}), each[0].task))
    rows = [_row(each) for each, _ in found]
    fitted = [row for each in found for row in _fitted(*each)]
    return Trends(
        basis=_basis(rows),
        claims=Rows(pooled_claims(fitted, len(rows)), Claim),
        notes=tuple(note for each, _ in found for note in each.notes if note.startswith(f"{each.task}: ")),
        tasks=Rows(rows, TaskTrend),
        pictured=found[0][0] if found else None,
        without=tuple(without),
    )


def _row(found: Trend) -> TaskTrend:
    every, edge = found.fit(Over.ALL), found.fit(Over.UPPER)
    kinds = {each.model: each.is_moe for each in found.answers}
    now = {each.model for each in found.history if not each.until}
    return TaskTrend(
        task=found.task,
        n_models=len(kinds),
        imputed=len({each.model for each in found.answers if each.imputed}),
        first=found.answers[0].released,
        last=found.answers[-1].released,
        fall=found.fall,
        gain=every.gain if every else UNKNOWN,
        edge=edge.gain if edge else UNKNOWN,
        halving=every.halving if every else UNKNOWN,
        per_year=found.points_per_year,
        entries=len({each.model for each in found.history}),
        now=len(now),
        moe_now=sum(kinds[model] for model in now),
        moe=sum(kinds.values()),
        verdict=progress(found.fits),
        why_not=found.no_fit[0].partition(": ")[2] if not every else "",
    )


def _fitted(found: Trend, slopes: dict[Over, Array]) -> list[Fitted]:
    every = found.fit(Over.ALL)
    n_models = len({each.model for each in found.answers})
    return [Fitted(found.task, n_models, found.fall, every.gain, every.per_decade, slopes)] if every else []


def _basis(rows: Sequence[TaskTrend]) -> Basis:
    n_imputed, n = sum(row.imputed for row in rows), sum(row.n_models for row in rows)
    return Basis(
        data=f"Single answers up to their own end of {counted(n, 'model')} on {counted(len(rows), 'task')}, counted "
        f"anew on each, tokens of {n_imputed} imputed; release dates as their publishers or the hub give them",
        method="On each task logit of the accuracy beyond guessing on log10(FLOPs) and release date; 90 % intervals by "
        "a bootstrap over questions and releases; mean slopes over tasks as random effects, releases resampled "
        "together; what was observed of the least compute for an accuracy can only be a fall; models chosen because "
        "they led are shown beside, never as the answer",
        would_change="counted tokens where they are imputed, and models that were never measured here, which is no "
        "random sample of what was released",
    )
