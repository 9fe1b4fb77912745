"""What to do after the findings, in at most five sentences; each follows by a rule from a study's figures."""

from __future__ import annotations

from collections.abc import Sequence

from advisor.studies.dense_and_moe import DenseAndMoe
from advisor.studies.early_stopping import Rule
from advisor.studies.findings import Findings
from advisor.studies.frontiers import Frontiers
from advisor.studies.kinds_tables import ALL_TASKS
from advisor.studies.saturated import Status
from advisor.studies.saturation import CurveSaturation, Saturation
from advisor.studies.shared_tasks import LEAST_MODELS
from advisor.studies.wrong_answers import WrongAnswers, longest, name_of
from advisor.units import counted, percent

SAME = 0.9
"""Share of the places that FLOPs and dollars give alike, from which on the one stands for the other."""
WORTH = 0.05
"""Share of the tokens that a cap has to save."""
LITTLE = 0.01
"""Share of the questions that a cap, or a vote that stops early, may lose."""
ALIKE = (0.8, 1.25)
"""Within which a factor of cost makes no difference to a choice."""
PAIRS_NEEDED = 3
"""Pairs of model and task from which an advice holds beyond them."""


def opening(found: Findings) -> list[tuple[str, str]]:
    """Sentences, each with the name of the study that it follows from; of what is not known there is none."""
    sentences = (
        (_dollars(found.frontiers), "frontiers"),
        (_mixtures(found.dense_and_moe), "dense_and_moe"),
        (_caps(found.wrong_answers), "wrong_answers"),
        (_votes(found), "other_claims" if found.other_claims.votes else "saturation"),
        (_thinking(found.saturation), "saturation"),
    )
    return [(sentence, name) for sentence, name in sentences if sentence]


def _dollars(found: Frontiers) -> str:
    led = [[s.places[unit].leads for unit in ("flops", "usd")] for task in found.tasks for s in task.standings]
    either = sum(any(each) for each in led)
    if len({s.model for task in found.tasks for s in task.standings}) < LEAST_MODELS:
        return ""
    share = sum(all(each) for each in led) / either
    advice = "Compare models by dollars, not by FLOPs" if share < SAME else "FLOPs rank models much as dollars do"
    places = counted(either, "place")
    return (
        f"{advice}: of {places} on the frontier in FLOPs or in dollars of {counted(len(found.tasks), 'task')}"
        f" {percent(share, 0)} are on both."
    )


def _mixtures(found: DenseAndMoe) -> str:
    over = {d.dated: d for d in found.differences if (d.equal, d.figure, d.task) == ("accuracy", "usd", ALL_TASKS)}
    if not over:
        return ""
    is_dated = True in over
    value = over[is_dated].value
    if value.high < 1:
        advice = "Prefer mixtures of experts"
    elif value.low > 1:
        advice = "Prefer dense models"
    elif ALIKE[0] <= value.low and value.high <= ALIKE[1]:
        advice = "Mixture of experts or dense is no reason to choose a model"
    else:
        advice = "Whether mixtures of experts are cheaper than dense models cannot be told"
    equal = "accuracy and release date" if is_dated else "accuracy"
    return (
        f"{advice}: at equal {equal} a mixture costs {value.value:.2f} times the dollars of a dense model (90 %:"
        f" {value.low:.2f} to {value.high:.2f}; {counted(over[is_dated].moe, 'mixture')} and"
        f" {counted(over[is_dated].dense, 'dense model')})."
    )


def _caps(found: WrongAnswers) -> str:
    """Of each model and task the set with the longest answers, as the section shows."""
    of_pairs = longest(found.costs)
    learned = [s for s in found.savings if s.rule is Rule.KEEP_RIGHT and name_of(s) in of_pairs]
    if not learned:
        return ""
    saving = [s for s in learned if s.tokens_saved.value >= WORTH and s.tokens_saved.low > 0]
    worth = [s for s in saving if s.accuracy_lost.value <= LITTLE]
    said = (
        f"was to keep 99 % of the right answers saves {percent(WORTH, 0)} of the tokens or more, and loses"
        f" {100 * LITTLE:g} point at most on questions it was not learned from,"
    )
    pairs = f"{len(worth)} of {counted(len(learned), 'pair')} of model and task"
    if not worth:
        return f"A cap on the length of answers hardly saves: none that {said} for {pairs}."
    saved = sorted(s.tokens_saved.value for s in worth)
    advice = (
        "Cap the length of answers" if 2 * len(worth) > len(learned) else "Cap the length of answers of some models"
    )
    share = percent(saved[0], 0) if len(saved) == 1 else f"{percent(saved[0], 0)} to {percent(saved[-1], 0)}"
    return f"{advice}: the smallest cap that {said} for {pairs}: {share}."


def _votes(found: Findings) -> str:
    curves = [each for each in found.saturation.curves if each.unit == "samples"]
    said = f"whether more votes pay{_standing(curves, found.saturation.epsilon)}" if curves else ""
    votes = found.other_claims.votes
    if not votes:
        return f"{said[:1].upper()}{said[1:]}." if said else ""
    lost = max(0.0, *(-v.gain.low for v in votes))
    savings = sorted(v.saving.value for v in votes)
    factor = f"{savings[0]:.2f} to {savings[-1]:.2f}" if len(votes) > 1 else f"{savings[0]:.2f}"
    if len(votes) < PAIRS_NEEDED:
        advice = "Stopping a vote once the answers to come cannot turn it is measured on few pairs alone"
    elif lost < LITTLE:
        advice = "Stop a vote once the answers to come cannot turn it"
    else:
        advice = "A vote that stops early loses"
    first = (
        f"{advice}: that takes {factor} times fewer answers and loses {100 * lost:.1f} points at most"
        f" ({counted(len(votes), 'pair')} of model and task)"
    )
    return f"{first}; {said}." if said else f"{first}."


def _thinking(found: Saturation) -> str:
    curves = [each for each in found.curves if each.unit == "tokens"]
    return f"Whether longer thinking pays{_standing(curves, found.epsilon)}." if curves else ""


def _standing(curves: Sequence[CurveSaturation], epsilon: float) -> str:
    """In how many of them a doubling still adds so much, by the status of each."""
    at = [each.compute.status for each in curves]
    if set(at) == {Status.CANNOT_TELL}:
        return f" cannot be told from {counted(len(curves), 'measured curve')}"
    return (
        f": a doubling still adds {100 * epsilon:g} points in {at.count(Status.NOT_REACHED)} of"
        f" {counted(len(curves), 'measured curve')}, no longer in {at.count(Status.REACHED)}, and in"
        f" {at.count(Status.CANNOT_TELL)} it cannot be told"
    )
