"""The study `wrong_answers`: what wrong answers cost against right ones, and what stopping them early saves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from advisor.accuracy.estimators import Array, Interval, wilson
from advisor.arguments import checked_arguments
from advisor.store.workspace import Workspace
from advisor.studies.answer_sets import AnswerSet, answer_sets
from advisor.studies.early_stopping import FOLDS, CapPoint, Rule, Saving, Scored, cap_points, learned, outcomes
from advisor.studies.intervals import over_pairs
from advisor.studies.study import Basis, Study
from advisor.studies.token_prices import token_prices
from advisor.studies.wrong_claims import TAIL, claims
from advisor.studies.wrong_costs import AnswerCosts, Ratios, answer_costs
from advisor.values import Rows


@dataclass(frozen=True, slots=True, kw_only=True)
class OfTask:
    """The pairs of one benchmark, or all others.

    n       pairs; `dearer` of them have a ratio above 1
    n_within, within  pairs with a ratio on the same questions, and its geometric mean; None without one
    """

    task: str
    n: int
    dearer: int
    n_within: int
    within: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs:
    """Over pairs of a model and a benchmark with right and wrong answers, each by the set with the longest answers.

    n              pairs; `dearer` of them have a ratio above 1, `surely_dearer` and `surely_cheaper` of the `n_sure`
                   with answers enough for its interval to count
    not_dearer_on  benchmarks of the other pairs
    share_dearer   with benchmarks, models and questions resampled, no narrower than Wilson's interval; None: no pair
    by_task        the same by benchmark
    ratio          geometric mean of tokens of a wrong answer over those of a right one
    n_within       pairs with questions enough that have right and wrong answers: `within_ratio` is the geometric mean
                   on these questions, `ratio_where_within` that on all questions of the same pairs
    wrong_share    mean share of the tokens that went to wrong answers
    """

    n: int
    dearer: int
    surely_dearer: int
    surely_cheaper: int
    n_sure: int
    not_dearer_on: tuple[str, ...]
    by_task: tuple[OfTask, ...]
    share_dearer: Interval | None
    ratio: Interval | None
    n_within: int
    within_ratio: Interval | None
    ratio_where_within: Interval | None
    wrong_share: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopping:
    """A rule over all pairs, on questions that its caps were not chosen on: means of shares, None without a pair."""

    rule: Rule
    n: int
    accuracy_lost: Interval | None
    tokens_saved: Interval | None
    wrong_avoided: Interval | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tails:
    """The rule that keeps right answers over all `n` pairs, of which `n_tailed` have a tail: a share of at least TAIL
    of the tokens lies beyond its cap. None without a pair.

    long_wrong  mean share of wrong ones among the longest tenth of the answers; `wrong` among all, `excess` the mean of
                what the first is more
    spared      share of the questions: right answers that the cap loses fewer than a random cut of as many answers
    """

    n: int
    n_tailed: int
    accuracy_lost: Interval | None
    tokens_saved: Interval | None
    long_wrong: Interval | None
    wrong: float | None
    excess: Interval | None
    spared: Interval | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WrongAnswers(Study):
    """Tokens, FLOPs and USD of wrong against right answers, and what caps on the tokens of an answer change.

    `caps` is accuracy and the share answered wrongly under every cap, `savings` what learned caps do; intervals are
    90 %.
    """

    costs: Rows[AnswerCosts]
    pairs: Pairs
    caps: Rows[CapPoint]
    savings: Rows[Saving]
    stopping: Rows[Stopping]
    tails: Tails


@checked_arguments
def wrong_answers(workspace: Workspace) -> WrongAnswers:
    """What wrong answers cost by model and benchmark, and what stopping or abstaining at a learned cap saves and loses.

    Raises AdvisorError for a damaged file.
    """
    timed = [(each, own) for each in answer_sets(workspace) if (own := each.timed())]
    sets = [each for each, _ in timed]
    costs: list[tuple[AnswerCosts, Ratios]] = []
    caps: list[CapPoint] = []
    savings: list[tuple[Saving, Scored]] = []
    for (of, (ids, answers)), price in zip(timed, token_prices(workspace, sets), strict=True):
        costs.append(answer_costs(of, ids, answers, workspace.models, price))
        found = outcomes(ids, answers)
        caps += cap_points(of, found, price)
        if len(found.ids) >= 2 * FOLDS and found.right.any():
            savings += [learned(of, found, rule, price) for rule in Rule]
    pairs = pairs_of(costs)
    of_pairs = longest([row for row, _ in costs])
    stopping = [_stopping(rule, savings, of_pairs) for rule in Rule]
    tails = _tails(savings, [each for each in costs if name_of(each[0]) in of_pairs])
    return WrongAnswers(
        basis=BASIS,
        claims=Rows(claims(pairs, tails)),
        notes=_notes(sets, [row for row, _ in costs]),
        costs=Rows((row for row, _ in costs), AnswerCosts),
        pairs=pairs,
        caps=Rows(caps, CapPoint),
        savings=Rows((row for row, _ in savings), Saving),
        stopping=Rows(stopping, Stopping),
        tails=tails,
    )


Name = tuple[str, str, str, str]
"""Of a set: model, task, strategy and set-up."""


def name_of(of: AnswerCosts | Saving | CapPoint) -> Name:
    """What tells a set from all others."""
    return (of.model, of.task, of.strategy, of.setup)


def longest(costs: Sequence[AnswerCosts]) -> set[Name]:
    """Names of the sets that stand for a model and a benchmark: with right and wrong answers, the longest ones."""
    of_pair: dict[tuple[str, str], AnswerCosts] = {}
    for each in costs:
        if each.ratio is not None:
            before = of_pair.get((each.model, each.task))
            if before is None or _length(each) > _length(before):
                of_pair[each.model, each.task] = each
    return {name_of(each) for each in of_pair.values()}


def _length(of: AnswerCosts) -> float:
    wrong = of.n_wrong / of.n_answers
    return wrong * (of.wrong_tokens or 0.0) + (1 - wrong) * (of.right_tokens or 0.0)


def pairs_of(costs: Sequence[tuple[AnswerCosts, Ratios]]) -> Pairs:
    """All pairs that the rows of the sets hold."""
    of_pairs = longest([row for row, _ in costs])
    chosen = [(row, drawn) for row, drawn in costs if name_of(row) in of_pairs]
    rows = [row for row, _ in chosen]
    ratios = [row.ratio for row in rows if row.ratio is not None]
    sure = [row.ratio for row in rows if row.ratio is not None and row.is_sure]
    shares = [row.wrong_share.value for row in rows if row.wrong_share is not None]
    draws, names = _filled([drawn.ratio for _, drawn in chosen]), _names(rows)
    with_both = [drawn for row, drawn in chosen if row.within_ratio is not None]
    names_within = _names([row for row in rows if row.within_ratio is not None])
    return Pairs(
        n=len(rows),
        dearer=sum(ratio.value > 1 for ratio in ratios),
        surely_dearer=sum(ratio.low > 1 for ratio in sure),
        surely_cheaper=sum(ratio.high < 1 for ratio in sure),
        n_sure=len(sure),
        not_dearer_on=tuple(sorted({row.task for row in rows if row.ratio and row.ratio.value <= 1})),
        share_dearer=_at_least_wilson(over_pairs((draws > 1).astype(float), names), len(rows)),
        by_task=tuple(_of_task(task, rows) for task in sorted({row.task for row in rows})),
        ratio=_geometric(draws, names),
        n_within=len(with_both),
        within_ratio=_geometric(_filled([drawn.within for drawn in with_both]), names_within),
        ratio_where_within=_geometric(_filled([drawn.ratio for drawn in with_both]), names_within),
        wrong_share=float(np.mean(shares)) if shares else None,
    )


def _names(rows: Sequence[AnswerCosts]) -> list[tuple[str, str]]:
    return [(row.model, row.task) for row in rows]


def _of_task(task: str, rows: Sequence[AnswerCosts]) -> OfTask:
    own = [row for row in rows if row.task == task]
    within = [row.within_ratio.value for row in own if row.within_ratio is not None]
    return OfTask(
        task=task,
        n=len(own),
        dearer=sum(row.ratio is not None and row.ratio.value > 1 for row in own),
        n_within=len(within),
        within=float(np.exp(np.mean(np.log(within)))) if within else None,
    )


def _filled(draws: Sequence[Array]) -> Array:
    """(P, 1 + DRAWS) draws. One in which a set has no wrong or no right answer has no ratio: its own value stands."""
    found = np.array(draws)
    return np.where(np.isnan(found), found[:, :1], found) if len(draws) else found


def _at_least_wilson(of: Interval | None, n: int) -> Interval | None:
    """Where all pairs are alike, resampling them shows no error; widened, an interval may leave what shares can be."""
    if of is None:
        return None
    low, high = wilson(of.value, n)
    return Interval(of.value, max(min(of.low, low), 0.0), min(max(of.high, high), 1.0))


def _geometric(ratios: Array, names: Sequence[tuple[str, str]]) -> Interval | None:
    found = over_pairs(np.log(ratios), names)
    return found and Interval(*(float(np.exp(each)) for each in (found.value, found.low, found.high)))


def _stopping(rule: Rule, savings: Sequence[tuple[Saving, Scored]], of_pairs: set[Name]) -> Stopping:
    """Over the same pairs."""
    chosen = [(row, scored) for row, scored in savings if row.rule is rule and name_of(row) in of_pairs]
    own, names = [scored for _, scored in chosen], [(row.model, row.task) for row, _ in chosen]
    return Stopping(
        rule=rule,
        n=len(own),
        accuracy_lost=_of_shares([each.lost for each in own], names),
        tokens_saved=_of_shares([each.saved for each in own], names),
        wrong_avoided=_of_shares([each.avoided for each in own], names),
    )


def _of_shares(draws: Sequence[Array], names: Sequence[tuple[str, str]]) -> Interval | None:
    """Their mean; widened, its interval may leave what shares can be."""
    found = over_pairs(np.array(draws), names)
    return found and Interval(found.value, max(found.low, 0.0), min(found.high, 1.0))


def _tails(savings: Sequence[tuple[Saving, Scored]], costs: Sequence[tuple[AnswerCosts, Ratios]]) -> Tails:
    """Of the pairs that `costs` are those of."""
    scored = {name_of(row): (row, drawn) for row, drawn in savings if row.rule is Rule.KEEP_RIGHT}
    own = [(row, drawn, *scored[name_of(row)]) for row, drawn in costs if name_of(row) in scored]
    names = _names([row for row, *_ in own])
    return Tails(
        n=len(own),
        n_tailed=sum(saving.tail >= TAIL for _, _, saving, _ in own),
        accuracy_lost=_of_shares([each.lost for *_, each in own], names),
        tokens_saved=_of_shares([each.saved for *_, each in own], names),
        long_wrong=_of_shares(list(_filled([drawn.long_wrong for _, drawn, *_ in own])), names),
        wrong=float(np.mean([row.n_wrong / row.n_answers for row, *_ in own])) if own else None,
        excess=over_pairs(_filled([drawn.excess for _, drawn, *_ in own]), names),
        spared=over_pairs(np.array([each.spared for *_, each in own]), names),
    )


BASIS = Basis(
    data="Stored single answers whose generated tokens were recorded (measurements/samples/), right or wrong each",
    method=(
        "Means over questions that count the same, with 90 % intervals by bootstrap over questions; where pairs of a"
        " model and a benchmark are averaged, over benchmarks and over models too, each where there are three or more,"
        " widened for few of them as Student's are. Within a question, its own right and wrong answers are compared."
        " A cap is chosen on four fifths of the questions and scored on the others. USD are tokens at the price per"
        " token of the model's question on the cheapest deployment rented on demand and kept busy; FLOPs are those of"
        " each answer with its prompt"
    ),
    would_change=(
        "more answers of each question (with one, difficulty and being wrong cannot be told apart), recorded reasons"
        " for stopping, and models or benchmarks whose wrong answers are short, such as guesses"
    ),
)


def _notes(sets: Sequence[AnswerSet], costs: Sequence[AnswerCosts]) -> tuple[str, ...]:
    if not costs:
        return ("no stored answers have their lengths recorded: `advisor calibrate` or `advisor import` bring some in",)
    notes = []
    failed = [each for each in sets if each.failed]
    if failed:
        shown = ", ".join(f"{each.failed} of {each.model} on {each.task}" for each in failed)
        notes.append(
            f"taken for failed requests and left out: answers without a token, or with so few that nothing is readable"
            f" in them ({shown})"
        )
    unknown = sum(not each.finish_recorded for each in sets)
    if unknown:
        notes.append(
            f"of {len(sets)} sets {unknown} do not record why answers ended: cut answers and loops among their wrong"
            " ones cannot be told apart"
        )
    if any(each.cut or each.looping for each in costs):
        notes.append("answers that a limit cut would have been longer: their tokens are a lower bound")
    if any(each.usd_per_million_tokens is None for each in costs):
        notes.append("USD are left out of models without fitted points or without a deployment that has a price")
    notes.append(
        "a cut answer counts as not given; what it costs to give none, or to ask another model then, is not in here"
    )
    return tuple(notes)
