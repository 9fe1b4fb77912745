"""Every model's own frontier, against brute force over everything that a reader can choose."""

from itertools import combinations

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from advisor.provenance import Provenance
from advisor.recommendation.candidates import PACKAGE, rows
from advisor.recommendation.model_frontiers import model_frontiers
from advisor.recommendation.request import checked_request
from advisor.store.sql import statement
from advisor.units import COSTS
from tests.known import SHIPPED
from tests.recommendation.made import MODEL, point, workspace

COLUMNS = (
    "model varchar, gpu varchar, accuracy_provenance varchar, tokens_from varchar, weak boolean, accuracy double,"
    ' usd double, flops double, s double, "J" double, tokens double'
)
EVIDENCE = {
    "measured": ("measured", "measured", False),
    "published": ("published", "published", False),
    "imputed": ("published", "imputed", True),
    "weak": ("published", "published", True),
}
costs = st.sampled_from([0.0, 1.0, 2.0, 3.0, 64.0, float("nan"), float("inf"), None])
candidate_rows = st.lists(
    st.tuples(
        st.sampled_from("ab"), st.sampled_from("gh"), st.sampled_from(list(EVIDENCE)), st.sampled_from([0.0, 0.4, 1.0]),
        costs, costs,
    ),
    min_size=1,
    max_size=14,
)  # fmt: skip


def kept(made):
    """Rows of the query for made (model, gpu, evidence, accuracy, usd, s)."""
    connection = duckdb.connect()
    connection.execute(f"create table candidates (candidate_id bigint, {COLUMNS})")
    connection.executemany(
        "insert into candidates values (?, ?, ?, ?, ?, ?, ?, ?, 1, ?, 1, 1)",
        [(i, m, g, *EVIDENCE[e], a, usd, s) for i, (m, g, e, a, usd, s) in enumerate(made)],
    )
    found = rows(connection.execute(statement(PACKAGE, "model_frontiers")))
    return {row["candidate_id"]: (row["units"], row["anywhere"] or [], row["evidence"]) for row in found}


def steps(candidates):
    """The frontier of (cost, accuracy) pairs, as pairs."""
    best, found = -1.0, []
    for cost, accuracy in sorted(candidates, key=lambda each: (each[0], -each[1])):
        if accuracy > best:
            best = accuracy
            found.append((cost, accuracy))
    return found


def subsets(names):
    return [set(chosen) for n in range(1, len(names) + 1) for chosen in combinations(names, n)]


@settings(deadline=None, max_examples=60)
@given(candidate_rows)
def test_any_choice_of_gpu_models_and_evidence_has_the_frontier_of_all_candidates(made):
    found = kept(made)
    for unit, column in (("usd", 4), ("s", 5)):
        usable = [(i, row) for i, row in enumerate(made) if row[column] and 0 < row[column] < float("inf")]
        for gpu in ("g", "h", None):
            for evidence in subsets(list(EVIDENCE)):
                for models in subsets("ab"):
                    chosen = [
                        (i, row[column], row[3])
                        for i, row in usable
                        if gpu in (row[1], None) and row[2] in evidence and row[0] in models
                    ]
                    there = {i for i, (units, anywhere, _) in found.items() if unit in (units if gpu else anywhere)}
                    assert steps([c for _, *c in chosen]) == steps([c for i, *c in chosen if i in there])


@given(candidate_rows)
@settings(deadline=None, max_examples=40)
def test_of_a_model_gpu_and_evidence_none_is_beaten_by_another(made):
    found = kept(made)
    for i, (units, anywhere, evidence) in found.items():
        assert set(anywhere) <= set(units)
        assert evidence == made[i][2]
        rivals = [j for j in found if j != i and made[j][:3] == made[i][:3] and "usd" in found[j][0]]
        if "usd" in units:
            assert not [j for j in rivals if made[j][4] <= made[i][4] and made[j][3] >= made[i][3]]


def test_every_task_is_there_the_requests_own_first(tmp_path):
    ws = workspace(
        tmp_path,
        point(accuracy=0.6, low=0.5, high=0.7),
        point(n_samples=4, generated_tokens=4000.0, accuracy=0.7, low=0.6, high=0.8),
        point(n_samples=8, generated_tokens=8000.0, accuracy=0.65, low=0.6, high=0.8),
        point(task="no-tokens", generated_tokens=None),
    )
    request = checked_request(ws, task="mine", gpu=["h100-sxm", "l40s"], model=MODEL)
    first, *others = found = list(model_frontiers(ws, request))
    assert first.task == "mine"
    assert [each.task for each in others] == sorted({p.task for p in ws.fits.points} - {"mine"})
    assert {(p.n_samples, p.gpu) for p in first.points if "tokens" in p.units} == {
        (1, "h100-sxm"), (4, "h100-sxm"), (1, "l40s"), (4, "l40s")
    }  # fmt: skip
    assert {p.n_samples for p in first.points if "tokens" in p.anywhere} == {1, 4}
    assert {(p.evidence, p.is_moe, p.tokens_from) for p in first.points} == {("measured", False, Provenance.MEASURED)}
    assert not next(each for each in found if each.task == "no-tokens").points


@pytest.mark.parametrize("unit", COSTS)
def test_its_cheapest_gpus_make_the_shipped_frontier(unit):
    import advisor

    limits = {"task": "gsm8k", "gpu": ["h100-sxm", "l40s"]}
    found = next(iter(model_frontiers(SHIPPED, checked_request(SHIPPED, **limits))))
    drawn = steps([(getattr(p.costs, unit), p.accuracy.value) for p in found.points if unit in p.anywhere])
    known = advisor.frontier(SHIPPED, cost=unit, **limits).frontier
    assert drawn == [(c.cost(unit), c.accuracy.value) for c in known]
