"""The verb `frontiers`, on what ships and on workspaces of one's own."""

import json

import numpy as np
import pytest

import advisor
from advisor.recommendation.request import checked_request
from advisor.studies.cheapest import UNITS, cheapest
from advisor.studies.frontier_claims import flops_claim, moe_claim
from advisor.studies.frontiers import frontiers
from advisor.studies.moves import rival_of
from advisor.studies.study import Verdict
from advisor.studies.task_frontiers import Membership, membership, task_frontiers
from tests.known import SHIPPED
from tests.studies.made import DENSE, MOE, Own, one


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
    assert found.claims[0].verdict is Verdict.OPEN  # no mixture of experts to compare with
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


def places(flops, usd, moe, draws=50):
    """A task whose frontiers are known in every draw alike."""
    models = tuple(f"m{i}" for i in range(len(moe)))
    believed = {"flops": np.array(flops), "usd": np.array(usd)}
    drawn = {unit: np.tile(leads[:, None], draws) for unit, leads in believed.items()}
    return Membership(models, np.array(moe), believed, drawn)


T, F = True, False


def test_the_claim_on_mixtures_turns_with_the_data():
    moe = [T] * 10 + [F] * 10
    assert moe_claim([places([T] * 9 + [F] * 11, [T] * 20, moe)]).verdict is Verdict.CONFIRMED
    assert moe_claim([places([F] * 11 + [T] * 9, [T] * 20, moe)]).verdict is Verdict.CONTRADICTED
    assert moe_claim([places([T, F] * 10, [T] * 20, moe)]).verdict is Verdict.OPEN
    few = [T] * 6 + [F] * 30
    assert moe_claim([places([T] * 6 + [T] * 8 + [F] * 22, [T] * 36, few)]).verdict is Verdict.REFINED
    assert moe_claim([places([T] * 20, [T] * 20, [T] * 4 + [F] * 16)]).verdict is Verdict.OPEN
    assert moe_claim([]).verdict is Verdict.OPEN


def test_the_claim_on_dollars_turns_with_the_data():
    moe = [F] * 10
    assert flops_claim([places([T] * 10, [T] * 10, moe)], "usd", "USD").verdict is Verdict.CONFIRMED
    assert flops_claim([places([T] * 10, [T] * 3 + [F] * 7, moe)], "usd", "USD").verdict is Verdict.CONTRADICTED
    some = flops_claim([places([T] * 10, [T] * 8 + [F] * 2, moe)], "usd", "USD")
    assert some.verdict is Verdict.REFINED
    assert "2 are lost in USD and 0 others gained: 80 % of all" in some.ours
    unsure = places([T] * 10, [T] * 4 + [F] * 6, moe)
    unsure.drawn["usd"][4:6, :10] = True  # six of ten in a fifth of the draws
    assert flops_claim([unsure], "usd", "USD").verdict is Verdict.REFINED
    assert flops_claim([], "usd", "USD").verdict is Verdict.OPEN


def test_membership_takes_the_first_column_as_believed():
    accuracies = (np.array([0.5, 0.6]), np.array([[0.5], [0.4]]))
    who = membership(("a", "b"), np.array([F, T]), accuracies, {"flops": np.array([[1.0, 1.0], [2.0, 2.0]])})
    assert who.believed["flops"].tolist() == [True, True]
    assert who.drawn["flops"].tolist() == [[True], [False]]
