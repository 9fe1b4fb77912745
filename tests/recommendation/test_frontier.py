"""The SQL frontier and pick against brute force."""

import duckdb
from hypothesis import given, settings
from hypothesis import strategies as st

from advisor.recommendation.candidates import PACKAGE
from advisor.store.sql import statement

few = st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.5000001, 3.0, 1e9])
rows = st.lists(
    st.tuples(st.sampled_from(["a", "b"]), few, st.sampled_from([0.0, 0.2, 0.4, 0.4001, 1.0])), min_size=1, max_size=14
)


def brute(candidates):
    kept = []
    for i, (task, cost, accuracy) in enumerate(candidates):
        beaten = any(
            t == task and c <= cost and a >= accuracy and (c < cost or a > accuracy or j < i)
            for j, (t, c, a) in enumerate(candidates)
            if j != i
        )
        if not beaten:
            kept.append(i)
    return kept


@given(rows)
@settings(max_examples=120, deadline=None)
def test_frontier_equals_brute_force(candidates):
    connection = duckdb.connect()
    connection.execute(
        "create table candidates (candidate_id bigint, task varchar, accuracy double,"
        ' usd double, flops double, s double, "J" double, tokens double)'
    )
    connection.executemany(
        "insert into candidates values (?, ?, ?, ?, 0, 0, 0, 0)",
        [(i, t, a, c) for i, (t, c, a) in enumerate(candidates)],
    )
    found = connection.execute(statement(PACKAGE, "frontier"), {"cost": "usd"}).fetchall()
    assert sorted(row[0] for row in found) == brute(candidates)
    assert found == sorted(found, key=lambda row: (row[1], row[2]))
