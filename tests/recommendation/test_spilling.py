"""What does not fit into the memory that a database may take lies in files for as long: the answers stay the same."""

import duckdb
import pytest

from advisor.recommendation.candidates import PACKAGE, feasible
from advisor.recommendation.model_points import WORTH
from advisor.store.measurements import spilling
from advisor.store.sql import statement
from advisor.units import COSTS

MADE = """
create table candidates as
select
    i + 1 as candidate_id, i % 20 + 1 as point_id, 'task' as task, 'model-' || (i % 50) as model, 'h100-sxm' as gpu,
    'what is said of it ' || hash(i) as runs, exp(5 * (hash(i) % 100000) / 100000) / 1000 as usd,
    0.5 + 0.06 * ln(usd * 1000) + (hash(i, 1) % 1000) / 10000 as accuracy, accuracy as assured, usd as flops, usd as s,
    usd as "J", usd as tokens, 0.1 as ttft_s, 0.01 as tpot_s, 1 / usd as questions_per_s, 1.2 as spread,
    1.7 as ttft_spread, 1.2 as usd_spread, 1.0 as tokens_spread, 1.0 as bill_tokens_spread, 1.2 as slow_usd_spread,
    0.0 as scenario
from range(300000) as rows(i)
"""
LIMITS = {**dict.fromkeys((*COSTS, "max_ttft", "max_tpot", "min_accuracy")), "cost": "usd", "worth": WORTH}


def answered(connection):
    """The frontier and the pick of three hundred thousand candidates; how many bytes lie in files."""
    connection.execute("set threads = 1")
    connection.execute(MADE)
    ties = "select a + 1 as point_id, b + 1 as other_id, 0.03 as half_width from range(20) as r(a), range(20) as s(b)"
    connection.execute(f"create table ties as {ties}")
    frontier = connection.execute(statement(PACKAGE, "frontier"), {"cost": "usd"}).fetchall()
    pick = connection.execute(f"from ({feasible(statement(PACKAGE, 'pick'))}) order by place", LIMITS).fetchall()
    (spilled,) = connection.execute("select coalesce(sum(size), 0) from duckdb_temporary_files()").fetchall()[0]
    return frontier, pick, spilled


def test_candidates_that_do_not_fit_lie_in_files(tmp_path, monkeypatch):
    frontier, pick, spilled = answered(duckdb.connect())
    assert (spilled, len(pick)) == (0, 50)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    connection = spilling()
    connection.execute("set memory_limit = '50MB'")
    few_frontier, few_pick, spilled = answered(connection)
    assert spilled > 10_000_000
    assert few_frontier == frontier
    assert few_pick == pick
    assert len(list(tmp_path.glob("advisor-*/*.tmp"))) > 0
    connection.close()
    assert not list(tmp_path.iterdir())


def test_without_files_the_same_candidates_do_not_fit():
    """Which shows that the limit is one."""
    connection = duckdb.connect()
    connection.execute("set memory_limit = '50MB'; set temp_directory = ''")
    with pytest.raises(duckdb.OutOfMemoryException):
        answered(connection)
