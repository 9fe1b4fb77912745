"""The verb `frontiers`, on what ships and on workspaces of one's own."""

import json

import numpy as np
import pytest

import advisor
from advisor.accuracy.estimators import Interval
from advisor.recommendation.request import checked_request
from advisor.studies.cheapest import UNITS, cheapest
from advisor.studies.frontier_claims import alike, flops_claim, moe_places
from advisor.studies.frontiers import frontiers
from advisor.studies.moves import rival_of
from advisor.studies.study import Verdict
from advisor.studies.task_frontiers import Membership, centred, membership, sameness, task_frontiers
from tests.known import SHIPPED
from tests.studies.made import DENSE, MOE, Own, one
from tests.studies.test_frontier_history import answer


@pytest.fixture(scope="module")
def redux():
    return cheapest(SHIPPED, checked_request(SHIPPED, task="mmlu-redux"))


def test_each_model_lies_where_recommend_would_pay_least_for_it(redux):
    for model in ("meta-llama/Llama-3.1-8B-Instruct", "deepseek-ai/DeepSeek-V2.5"):
        (own,) = (d for d in redux.deployed if d.answer.model == model)
        front = advisor.frontier(SHIPPED, task="mmlu-redux", model=model, cost="usd").frontier
        assert own.usd == min(c.usd for c in front)
        (least,) = (c for c in front if c.usd == own.usd)
        assert (own.gpu, own.gpu_count, own.concurrency) == (least.gpu, least.gpu_count, least.concurrency)
        assert (own.flops, own.s, own.J) == (least.flops, least.latency_s, least.energy_j)


def test_the_frontier_of_a_cost_is_that_of_brute_force(redux):
    found, _ = task_frontiers("mmlu-redux", ("mmlu-redux",), redux)
    assert {s.model for s in found.standings} == {p.model for p in SHIPPED.fits.points if p.task == "mmlu-redux"}
    for unit in UNITS:
        for own in found.standings:
            beaten = any(
                o.places[unit].cost <= own.places[unit].cost
                and o.accuracy.value >= own.accuracy.value
                and (o.places[unit].cost < own.places[unit].cost or o.accuracy.value > own.accuracy.value)
                for o in found.standings
            )
            assert own.places[unit].leads is not beaten


def test_moves_are_the_differences_and_name_who_beats_them(redux):
    found, _ = task_frontiers("mmlu-redux", ("mmlu-redux",), redux)
    by_model = {s.model: s for s in found.standings}
    for unit in UNITS[1:]:
        differ = {s.model for s in found.standings if s.places[unit].leads != s.places["flops"].leads}
        moves = [m for m in found.moves if m.unit == unit]
        assert {m.model for m in moves} == differ
        for move in moves:
            own, rival = by_model[move.model], by_model[move.rival]
            assert move.enters is own.places[unit].leads
            where = "flops" if move.enters else unit
            assert rival.accuracy.value >= own.accuracy.value
            assert rival.places[where].cost <= own.places[where].cost
            assert move.cost_ratio == pytest.approx(own.places[unit].cost / rival.places[unit].cost)
            assert move.flops_ratio == pytest.approx(own.places["flops"].cost / rival.places["flops"].cost)
            assert "GB of weights on" in move.why
            assert "in flight" in move.why


def test_chances_are_shares_of_the_draws(redux):
    found, who = task_frontiers("mmlu-redux", ("mmlu-redux",), redux)
    leaders = {unit: sum(s.places[unit].chance for s in found.standings) for unit in UNITS}
    for unit in UNITS:
        assert leaders[unit] == pytest.approx(who.drawn[unit].sum(axis=0).mean())
        best = found.standings[0]
        assert best.places[unit].chance > 0
    assert 0 < found.same["usd"].low <= found.same["usd"].high <= 1


def test_nothing_beats_who_leads(redux):
    costs = [d.usd for d in redux.deployed]
    assert rival_of(redux.deployed, int(np.argmin(costs)), "usd") is None


@pytest.mark.slow
def test_what_ships_has_every_part():
    found = frontiers(SHIPPED)
    names = {each.name for each in found.tasks}
    assert names | {w.partition(":")[0] for w in found.without} == {p.task for p in SHIPPED.fits.points}
    assert len(found.mean.tasks) >= 2
    assert len({s.model for s in found.mean.standings}) >= 5
    assert found.filled.known < found.filled.cells
    assert all(0 <= s.filled < 1 for s in found.filled.standings)
    assert any(s.filled > 0 for s in found.filled.standings)
    assert json.loads(found.to_json())["claims"][0]["verdict"] in set(Verdict)
    assert set(found.to_frame()["unit"]) == set(UNITS[1:])


def test_a_team_with_a_few_models_gets_its_frontiers():
    points = [one(model, 0.4 + 0.05 * i, task=task) for i, model in enumerate(DENSE) for task in ("ours", "yours")]
    found = frontiers(Own(*points))
    assert [each.name for each in found.tasks] == ["ours", "yours"]
    assert found.mean.tasks == ("ours", "yours")
    assert {s.filled for s in found.filled.standings} == {0.0}
    assert {c.verdict for c in found.claims} == {Verdict.OPEN}  # of two tasks
    assert found.notes[0].startswith("0 mixtures of experts and 6 dense models are too few")
    known = {s.model: s.accuracy.value for s in found.mean.standings}
    assert {s.model: s.accuracy.value for s in found.filled.standings} == pytest.approx(known)


def test_missing_cells_are_marked_and_surer_where_they_are_known():
    every = [one(model, 0.3 + 0.05 * i, task=t) for i, model in enumerate((*DENSE, *MOE)) for t in ("a", "b", "c")]
    found = frontiers(Own(*(p for p in every if (p.model, p.task) != (DENSE[0], "c")))).filled
    rows = {s.model: s for s in found.standings}
    assert rows[DENSE[0]].filled == pytest.approx(1 / 3)
    assert rows[DENSE[0]].evidence == "filled in"
    assert rows[DENSE[0]].accuracy.value == pytest.approx(0.3, abs=0.03)
    width = {model: row.accuracy.high - row.accuracy.low for model, row in rows.items()}
    assert width[DENSE[0]] == max(width.values())


@pytest.mark.parametrize("points", [(), (one(DENSE[0], 0.5),), (one(DENSE[0], 0.5, tokens=None),)])
def test_nothing_known_is_a_study_that_says_so(points):
    found = frontiers(Own(*points))
    assert found.mean is None
    assert found.filled is None
    assert {c.verdict for c in found.claims} == {Verdict.OPEN}
    assert found.to_frame().empty


def places(flops, usd, moe, draws=50, releases=None):
    """A task whose frontiers are known in every draw alike."""
    models = tuple(f"m{i}" for i in range(len(moe)))
    believed = {"flops": np.array(flops), "usd": np.array(usd)}
    drawn = {unit: np.tile(leads[:, None], draws) for unit, leads in believed.items()}
    return Membership(models, releases or models, np.array(moe), believed, drawn)


T, F = True, False
KINDS = [F] * 10


def test_places_of_mixtures_are_counted_without_a_verdict():
    moe = [T] * 10 + [F] * 10
    more = moe_places([places([T] * 9 + [F] * 11, [T] * 20, moe)])
    assert more.startswith("9 of 9 places on the frontiers in FLOPs of 1 task (100 %)")
    assert "10 of the 20 compared (50 %): +50 points (90 %: " in more
    assert "too few to say" in moe_places([places([T] * 20, [T] * 20, [T] * 4 + [F] * 16)])
    assert moe_places([]) == ""


def flops_verdict(usd, n_tasks=3):
    return flops_claim([places([T] * 10, usd, KINDS)] * n_tasks, "usd", "USD")


def test_the_claim_on_dollars_turns_with_the_data():
    assert flops_verdict([T] * 10).verdict is Verdict.CONFIRMED
    assert flops_verdict([T] * 2 + [F] * 8).verdict is Verdict.CONTRADICTED
    some = flops_verdict([T] * 7 + [F] * 3)
    assert some.verdict is Verdict.REFINED
    assert "of 30 places" in some.ours
    assert "9 are lost in USD and 0 others gained: 70 % of all" in some.ours
    assert "10 models" in some.ours
    assert some.source.startswith("our own expectation")


def test_few_models_or_tasks_say_nothing_of_dollars():
    assert flops_verdict([T] * 10, n_tasks=2).verdict is Verdict.OPEN
    four = places([T] * 4, [T] * 4, [F] * 4)
    assert flops_claim([four] * 5, "usd", "USD").verdict is Verdict.OPEN
    assert (
        flops_claim([], "usd", "USD").ours
        == "takes 5 models with a price on 3 tasks, here are 0 on 0 that have two or more"
    )


@pytest.mark.parametrize(
    ("ends", "verdict"),
    [
        ((0.9, 1.0), Verdict.CONFIRMED),
        ((0.2, 0.49), Verdict.CONTRADICTED),
        ((0.49, 0.9), Verdict.OPEN),
        ((0.5, 0.95), Verdict.REFINED),
        ((0.3, 0.8), Verdict.REFINED),
    ],
)
def test_an_interval_with_both_thresholds_tells_nothing(ends, verdict):
    assert alike(Interval(0.6, *ends)) is verdict


def test_models_that_came_out_together_are_one_piece_of_evidence():
    """Half of the models are on both frontiers: of many releases that is surer than of two."""
    usd = [T] * 5 + [F] * 5
    alone = sameness([places([T] * 10, usd, KINDS)], "usd")
    together = sameness([places([T] * 10, usd, KINDS, releases=("a",) * 5 + ("b",) * 5)], "usd")
    assert alone.value == together.value == 0.5
    assert together.low < alone.low < 0.5 < alone.high < together.high
    every = sameness([places([T] * 10, usd, KINDS)] * 4, "usd")  # the same models again are no more models
    assert every.low == pytest.approx(alone.low)


def test_a_value_lies_within_its_own_interval():
    """Draws in which half of the places are lost, around a belief that all are kept, and the other way round."""
    who = places([T] * 10, [T] * 10, KINDS)
    who.drawn["usd"][5:] = False
    assert sameness([who], "usd").high == sameness([who], "usd").value == 1.0
    assert sameness([who], "usd").low > 0.7
    assert centred(0.6, np.linspace(0.1, 0.3, 101), (0.0, 1.0)) == Interval(
        pytest.approx(0.6), pytest.approx(0.51), pytest.approx(0.69)
    )
    for each in frontiers(SHIPPED).tasks:
        assert all(0 <= same.low <= same.value <= same.high <= 1 for same in each.same.values())


def test_membership_takes_the_first_column_as_believed():
    accuracies = (np.array([0.5, 0.6]), np.array([[0.5], [0.4]]))
    answers = [answer("x/a", "2025-01"), answer("x/b", "2025-01")]
    who = membership(answers, accuracies, {"flops": np.array([[1.0, 1.0], [2.0, 2.0]])})
    assert who.believed["flops"].tolist() == [True, True]
    assert who.drawn["flops"].tolist() == [[True], [False]]
    assert len(set(who.releases)) == 1
    assert answer("x/a", "").release != answer("x/b", "").release
