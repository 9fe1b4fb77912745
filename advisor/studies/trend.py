"""The verb `trend`: the frontier of accuracy against compute over release dates, and what a year is worth."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from advisor.accuracy.estimators import Array, Interval
from advisor.accuracy.release_trend import (
    LEAST_MODELS,
    LEAST_RELEASES,
    Estimate,
    Over,
    Releases,
    ReleaseTrend,
    trend_and_slopes,
    why_not,
)
from advisor.accuracy.resampling import seed_of
from advisor.arguments import checked_arguments
from advisor.errors import AdvisorError, NoAnswer
from advisor.recommendation.eligible import question_notes
from advisor.recommendation.request import Request, checked_request
from advisor.recommendation.uncosted import LeftOut, left_out
from advisor.store.workspace import Workspace
from advisor.studies.compute_fall import fall_notes, known_falls, yearly_points
from advisor.studies.frontier_history import Entry, Fall, History, Step, entries, observed_fall, steps
from advisor.studies.one_answer import OneAnswer, accuracy_draws, flops_draws, one_answer, one_answer_mixes
from advisor.studies.study import Basis, Claim, Study
from advisor.studies.trend_claims import claims_of
from advisor.tasks import DEFAULT_TASK
from advisor.tasks.questions import DATASETS
from advisor.units import counted
from advisor.values import Rows

if TYPE_CHECKING:
    import pandas

DATE = re.compile(r"\d{4}-(0[1-9]|1[0-2])")
"""How a release date begins."""
OPTIONS = {"mmlu-pro": 10, "mmlu-redux": 4}
"""Of benchmarks whose answers ship and whose questions are not loaded (arXiv 2406.01574, 2406.04127)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend(Study):
    """The frontier of a task over release dates.

    floor     the accuracy of guessing where the options of the task are known, else 0
    fits      what accuracy gains by compute and by the year, over all models and two ways over the better ones; by how
              much compute falls is no number where the notes say why it cannot be told
    no_fit    why there is no fit, or none over some of them
    history   which model entered the frontier when, and whom it beat
    steps     the least FLOPs per question for the accuracy `target` as the dates go by, `fallen` the factor from the
              first of them to the last
    answers   the models with a date, by date; `undated` those without, `left_out` those whose compute is not known
    """

    task: str
    target: float
    floor: float
    fits: Rows[ReleaseTrend]
    no_fit: tuple[str, ...]
    history: Rows[Entry]
    steps: Rows[Step]
    fallen: Estimate
    answers: Rows[OneAnswer]
    undated: tuple[str, ...]
    left_out: Rows[LeftOut]

    @property
    def fall(self) -> Fall:
        """What was observed of the least FLOPs for the target."""
        first, last = (self.steps[at].date if self.steps else "" for at in (0, -1))
        return Fall(self.target, first, last, self.fallen)

    def fit(self, over: Over) -> ReleaseTrend | None:
        """The fit over these models, where there is one."""
        return next((each for each in self.fits if each.over is over), None)

    @property
    def points_per_year(self) -> Interval | None:
        """What a year adds to the accuracy at equal compute, a share of the questions at the target; None: no fit."""
        every = self.fit(Over.ALL)
        return yearly_points(every, self.target, self.floor) if every else None

    def to_frame(self) -> pandas.DataFrame:
        """One line an entry of the frontier."""
        return self.history.to_frame()


@checked_arguments
def trend(
    workspace: Workspace,
    *,
    task: str = DEFAULT_TASK,
    target: float | None = None,
    model: str | Sequence[str] | None = None,
    evidence: str = "published",
    license: str | Sequence[str] | None = None,
    exclude_model: str | Sequence[str] | None = None,
) -> Trend:
    """The frontier of accuracy against FLOPs per question, single answers, over the models' release dates.

    task           name of a task, as `advisor tasks` lists it
    target         the accuracy whose compute is followed, e.g. 0.7; None: half way between the best of the first date
                   and the best of all
    model          name of a model, or a list: only these
    evidence       which accuracies count: measured, published (those too that sources report) or any (weak ones too)
    license        of the model, "apache-2.0", or a list: only these
    exclude_model  name of a model, or a list: none of these

    Raises AdvisorError, NoAnswer where fewer than two models have a date, an accuracy and token counts.
    """
    request = checked_request(
        workspace, task=task, model=model, evidence=evidence, license=license, exclude_model=exclude_model
    )
    return trend_and_slopes_of(workspace, request, target)[0]


def trend_and_slopes_of(
    workspace: Workspace, request: Request, target: float | None
) -> tuple[Trend, dict[Over, Array]]:
    """The same of a checked request, with the draws of each fit's slopes, as `trend_and_slopes` gives them.

    Releases have the same weights on all tasks.
    """
    mixes = one_answer_mixes(workspace, request)
    undated = sorted({m.point.model for m in mixes if not DATE.match(workspace.models[m.point.model].released)})
    dated = [m for m in mixes if m.point.model not in undated]
    dated.sort(key=lambda m: workspace.models[m.point.model].released)
    if len({m.point.model for m in dated}) < 2:
        raise _too_few(request, len({m.point.model for m in dated}), undated)
    answers = [one_answer(workspace, each) for each in dated]
    accuracies, flops = accuracy_draws(dated), flops_draws(answers)
    believed = np.array([[each.accuracy.value] for each in answers]), np.array([[each.flops] for each in answers])
    history = History(tuple(answers), np.hstack([believed[1], flops]), np.hstack([believed[0], accuracies]))
    floor = guessing(request.task)
    aim = _default_target(history, floor) if target is None else _checked_target(target, floor)
    releases = releases_of(history, floor)
    refused = {over: why_not(releases, over) for over in Over}
    seed = seed_of("trend")
    fitted = [trend_and_slopes(releases, over, aim, seed=seed) for over, why in refused.items() if not why]
    imputed = [each for each in answers if each.imputed]
    fits = known_falls([fit for fit, _ in fitted], len(answers), len(imputed))
    notes = fall_notes(request.task, [fit for fit, _ in fitted], len(answers), len(imputed), (aim, floor))
    found = steps(history, aim)
    fall = observed_fall(history, found, aim)
    answer = Trend(
        basis=_basis(len(answers), len(imputed)),
        claims=Rows(claims_of(request.task, fall, fits, refused), Claim),
        notes=(*question_notes(workspace, request), *notes),
        task=request.task,
        target=aim,
        floor=floor,
        fits=Rows(fits, ReleaseTrend),
        no_fit=tuple(f"{over}: {why}" for over, why in refused.items() if why),
        history=Rows(entries(history), Entry),
        steps=Rows(found, Step),
        fallen=fall.factor,
        answers=Rows(answers, OneAnswer),
        undated=tuple(undated),
        left_out=left_out(workspace, request),
    )
    return answer, {fit.over: slopes for fit, slopes in fitted}


def _too_few(request: Request, n: int, undated: Sequence[str]) -> NoAnswer:
    of, where = ("of those named ", "--model") if request.models else ("", "--task")
    what = (
        f"a trend on {request.task} takes two models with a release date, an accuracy and token counts, and {of}"
        f"{n} {'has' if n == 1 else 'have'} them"
    )
    hint = "`advisor tasks` shows what is known; measure more models with `advisor calibrate`"
    if undated:
        hint = f"{counted(len(undated), 'model')} without a release date: {', '.join(undated[:5])}; {hint}"
    return NoAnswer(what, where=where, hint=hint)


def _checked_target(target: float, floor: float) -> float:
    if not floor < target < 1:
        what = f"{target:g} is no accuracy to follow"
        raise AdvisorError(what, where="--target", hint=f"above {floor:g}, which guessing has, and below 1, e.g. 0.7")
    return float(target)


def _default_target(h: History, floor: float) -> float:
    """A multiple of five percent about half way between the best of the first date and the best of all."""
    accuracies = h.accuracies[:, 0]
    middle = (accuracies[h.until(h.dates[0])].max() + accuracies.max()) / 2
    return float(np.clip(np.floor(20 * middle) / 20, floor + 0.05, 0.95))


def guessing(task: str) -> float:
    """The accuracy of guessing on a public benchmark with a fixed number of options; 0 where none is known."""
    source = DATASETS.get(task)
    options = 1 + len(source.wrong) if source and source.wrong else OPTIONS.get(task)
    return 1 / options if options else 0.0


def releases_of(h: History, floor: float) -> Releases:
    """Imputed lengths are predictions, so that their error leaves the slopes as they are and shows in the residuals."""
    answers = h.answers
    leads = h.leads_at_release()
    return Releases(
        years=np.array([years_of(each.released) for each in answers]),
        flops=h.flops[:, 0],
        accuracies=h.accuracies[:, 0],
        draws=h.accuracies[:, 1:],
        questions=np.array([float(each.n_questions) for each in answers]),
        groups=[each.release for each in answers],
        leads=leads[:, 0],
        leads_draws=leads[:, 1:],
        floor=floor,
    )


def years_of(released: str) -> float:
    """The year of a date YYYY-MM with its month as a fraction.

    >>> years_of("2025-07")
    2025.5
    """
    return int(released[:4]) + (int(released[5:7]) - 1) / 12


def _basis(n: int, n_imputed: int) -> Basis:
    counts = f"{counted(n, 'single answer')} up to their own end, tokens of {n_imputed} of them imputed"
    return Basis(
        data=f"{counts}; FLOPs by the models' configs; release dates as their publishers or the hub give them",
        method="Logit of the accuracy beyond guessing on log10(FLOPs) and date, models weighted by the error of their "
        "accuracy and by what "
        "models differ by; 90 % intervals by a bootstrap over questions and releases; the frontier as of every date",
        would_change="counted tokens where they are imputed; models that were never measured here, which is no random "
        f"sample of what was released; without {LEAST_MODELS} models of {LEAST_RELEASES} releases nothing is fitted",
    )
