"""What the findings open with turns with the figures."""

from types import SimpleNamespace as Made

import pytest

from advisor.accuracy.estimators import Interval
from advisor.reports.findings import opening
from advisor.studies.early_stopping import Rule
from advisor.studies.kinds_tables import ALL_TASKS
from advisor.studies.saturated import Status


@pytest.mark.parametrize(
    ("low", "high", "advice"),
    [
        (0.3, 0.9, "Prefer mixtures"),
        (1.1, 2.0, "Prefer dense"),
        (0.8, 1.25, "Mixture of experts or dense is no reason"),
        (0.79, 1.25, "Whether mixtures of experts are cheaper than dense models cannot be told"),
        (0.8, 1.26, "Whether mixtures of experts are cheaper than dense models cannot be told"),
    ],
)
def test_a_kind_is_advised_where_the_interval_tells(low, high, advice):
    def row(dated, value):
        return Made(equal="accuracy", figure="usd", task=ALL_TASKS, dated=dated, moe=3, dense=1, value=value)

    said = opening._mixtures(Made(differences=[row(False, Interval(9, 9, 9)), row(True, Interval(0.8, low, high))]))
    assert said.startswith(advice)
    assert f"0.80 times the dollars of a dense model (90 %: {low:.2f} to {high:.2f}; 3 mixtures and 1 dense m" in said
    assert opening._mixtures(Made(differences=[])) == ""


@pytest.mark.parametrize(("alike", "advice"), [(9, "FLOPs rank models much as"), (5, "Compare models by dollars")])
def test_dollars_are_advised_where_flops_choose_others(alike, advice):
    def standing(i, usd):
        places = {"flops": Made(leads=True), "usd": Made(leads=usd)}
        return Made(model=f"m{i}", places=places)

    tasks = [Made(standings=[standing(i, i < alike) for i in range(10)])]
    said = opening._dollars(Made(tasks=tasks))
    assert said.startswith(advice)
    assert f"of 10 places on the frontier in FLOPs or in dollars of 1 task {10 * alike} % are on both" in said
    assert opening._dollars(Made(tasks=[Made(standings=tasks[0].standings[:4])])) == ""


def test_a_cap_is_advised_by_how_many_it_serves(monkeypatch):
    monkeypatch.setattr(opening, "longest", lambda _: {"all"})
    monkeypatch.setattr(opening, "name_of", lambda _: "all")

    def said(*saved, lost=0.008):
        savings = [
            Made(
                rule=Rule.KEEP_RIGHT,
                model=f"lab/m{i}",
                task="t",
                tokens_saved=Interval(share, share / 2, 1),
                accuracy_lost=Interval(lost, 0, 1),
            )
            for i, share in enumerate(saved)
        ]
        return opening._caps(Made(costs=[], savings=savings))

    assert said(0.0, 0.01).startswith("A cap on the length of answers hardly saves")
    few = said(0.0, 0.01, 0.2)
    assert few.startswith("Cap the length of answers of some models")
    assert few.endswith(
        "loses 1 point at most on questions it was not learned from, for 1 of 3 pairs of model and task: 20 %."
    )
    assert said(0.1, 0.2).startswith("Cap the length of answers: ")
    assert said(0.1, 0.2).endswith(": 10 % to 20 %.")
    assert said(0.1, 0.2, lost=0.012).startswith("A cap on the length of answers hardly saves")
    assert said() == ""


def test_votes_and_thinking_are_counted_by_their_status():
    def curves(unit, *at):
        return [Made(unit=unit, compute=Made(status=status)) for status in at]

    thinking = curves("tokens", Status.REACHED, Status.NOT_REACHED, Status.CANNOT_TELL, Status.CANNOT_TELL)
    saturation = Made(curves=[*thinking, *curves("samples", Status.CANNOT_TELL)], epsilon=0.005)
    assert opening._thinking(saturation) == (
        "Whether longer thinking pays: a doubling still adds 0.5 points in 1 of 4 measured curves, no longer in 1, and"
        " in 2 it cannot be told."
    )
    votes = [
        Made(saving=Interval(s, s, s), gain=Interval(0, low, 0)) for s, low in ((1.4, -0.001), (1.8, 0.0), (1.5, 0.0))
    ]
    found = Made(saturation=saturation, other_claims=Made(votes=[]))
    assert opening._votes(found) == "Whether more votes pay cannot be told from 1 measured curve."
    found.other_claims = Made(votes=votes)
    said = opening._votes(found)
    assert said.startswith("Stop a vote once the answers to come cannot turn it: that takes 1.40 to 1.80 times fewer")
    assert "loses 0.1 points at most (3 pairs" in said
    found.other_claims = Made(votes=votes[:2])
    assert opening._votes(found).startswith(
        "Stopping a vote once the answers to come cannot turn it is measured on few"
    )
    found.other_claims = Made(votes=votes)
    votes[0].gain = Interval(-0.03, -0.05, -0.02)
    assert opening._votes(found).startswith("A vote that stops early loses")
