"""The point that stands for each model, against brute force and in answers."""

import json
import math
from dataclasses import replace

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import advisor
from advisor.provenance import Provenance
from advisor.recommendation.candidates import PACKAGE
from advisor.recommendation.model_points import WORTH, model_points
from advisor.store.sql import statement
from tests.recommendation.made import point, workspace

costs = st.sampled_from([1.0, 2.0, 3.0, 64.0, 1e9, float("nan"), None])
rows = st.lists(
    st.tuples(st.sampled_from(["a", "b", "c"]), costs, st.sampled_from([0.0, 0.4, 0.405, 0.43, 1.0])),
    min_size=1,
    max_size=12,
)


def database(candidates):
    connection = duckdb.connect()
    connection.execute(
        "create table candidates (candidate_id bigint, task varchar, model varchar, strategy varchar, n_samples bigint,"
        " token_budget bigint, setup varchar, gpu varchar, gpu_count bigint, usd double, flops double, s double,"
        ' "J" double, tokens double, accuracy double, low double, high double, accuracy_provenance varchar)'
    )
    connection.executemany(
        "insert into candidates"
        " values (?, 't', ?, 'majority', 1, null, '', 'g', 1, ?, 0, ?, 0, 0, ?, ?, ?, 'published')",
        [(i, m, c, i, a, a - 0.04, a + 0.04) for i, (m, c, a) in enumerate(candidates)],
    )
    known = "from (from candidates where usd is not null and not isnan(usd))"
    connection.execute(
        f"create temp table front as {statement(PACKAGE, 'frontier').replace('from candidates', known)}",
        {"cost": "usd"},
    )
    return connection


def brute(candidates, front):
    """The expected (model, cost, accuracy, on_frontier) of every model with a known cost."""
    found = []
    for model in {m for m, _, _ in candidates}:
        own = [
            (i, c, a) for i, (m, c, a) in enumerate(candidates) if m == model and c is not None and not math.isnan(c)
        ]
        leading = [each for each in own if each[0] in front]
        if not (eligible := leading or own):
            continue
        top = max(a for _, _, a in eligible)
        equals = [each for each in eligible if each[2] >= top - 0.04]
        _, cost, accuracy = max(equals, key=lambda each: (each[2] - 0.01 * math.log2(each[1]), -each[0]))
        found.append((model, cost, accuracy, bool(leading)))
    return sorted(found, key=lambda each: (each[1], -each[2], each[0]))


@given(rows)
@settings(max_examples=150, deadline=None)
def test_every_model_is_at_its_best_on_the_frontier_or_of_all(candidates):
    connection = database(candidates)
    front = {row[0] for row in connection.execute("select candidate_id from front").fetchall()}
    found = [(m.model, m.cost, m.accuracy.value, m.on_frontier) for m in model_points(connection, "usd")]
    assert found == brute(candidates, front)


def test_a_doubling_of_the_cost_has_to_buy_a_point_of_accuracy():
    assert WORTH == 0.01
    (dear,) = model_points(database([("a", 1.0, 0.4), ("a", 2.0, 0.4101)]), "usd")
    (cheap,) = model_points(database([("a", 1.0, 0.4), ("a", 2.0, 0.4099)]), "usd")
    assert (dear.cost, cheap.cost) == (2.0, 1.0)


def test_beyond_the_interval_accuracy_counts_alone():
    (best,) = model_points(database([("a", 1.0, 0.4), ("a", 1e9, 0.4401)]), "usd")
    assert (best.cost, best.accuracy.value) == (1e9, 0.4401)


def test_it_says_its_unit_interval_and_evidence():
    (only,) = model_points(database([("a", 3.0, 0.4)]), "usd")
    assert (only.unit, only.evidence, only.on_frontier) == ("usd", Provenance.PUBLISHED, True)
    assert (only.accuracy.low, only.accuracy.high) == (0.4 - 0.04, 0.4 + 0.04)
    (by_time,) = model_points(database([("a", 3.0, 0.4)]), "s")
    assert (by_time.unit, by_time.cost) == ("s", 0.0)


@pytest.fixture
def two_models(tmp_path):
    cheap = point(accuracy=0.5, low=0.45, high=0.55)
    dear = point(model="openai/gpt-oss-120b", accuracy=0.9, low=0.85, high=0.95, generated_tokens=20_000.0)
    beaten = point(model="Qwen/Qwen3-32B", accuracy=0.3, low=0.25, high=0.35, provenance=Provenance.PUBLISHED)
    return workspace(tmp_path, cheap, dear, beaten)


def test_models_above_the_budget_and_beaten_ones_are_in_the_answer(two_models):
    dearest = advisor.frontier(two_models, task="mine").models[-1]
    found = advisor.recommend(two_models, task="mine", budget=f"{dearest.cost / 2!r}usd")
    assert found.recommended.model == "Qwen/Qwen3-8B"
    assert [(m.model, m.on_frontier, m.evidence) for m in found.models] == [
        ("Qwen/Qwen3-8B", True, "measured"),
        ("Qwen/Qwen3-32B", False, "published"),
        ("openai/gpt-oss-120b", True, "measured"),
    ]
    unlimited = advisor.frontier(two_models, task="mine").models
    assert tuple(replace(m, best=None) for m in found.models) == unlimited
    assert [m.best for m in found.models] == pytest.approx([0.99, 0, 0.01], abs=0.02)  # twice the budget: too slow
    assert json.loads(found.to_json())["models"][2]["accuracy"] == {"value": 0.9, "low": 0.85, "high": 0.95}


def test_they_are_over_the_unit_of_the_first_budget(two_models):
    found = advisor.recommend(two_models, task="mine", budget=["1000s", "1usd"])
    assert {m.unit for m in found.models} == {"s"}
    on_frontier = {(m.model, m.cost) for m in found.models if m.on_frontier}
    assert on_frontier <= {(c.model, c.latency_s) for c in found.frontier}


def test_without_an_answer_the_key_is_there(advisor, tmp_path):
    code, out, _ = advisor("recommend", "--budget", "1e-9usd", "--json")
    assert (code, json.loads(out)["models"]) == (1, [])
