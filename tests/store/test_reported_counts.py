"""Tables of counts and of strategies: what they hold, and what is refused."""

import pytest

from advisor.errors import AdvisorError
from advisor.store.reported_counts import reported_counts
from advisor.store.reported_strategies import reported_strategies
from advisor.store.workspace import Workspace

SHIPPED = Workspace()
COUNTS = "model,task,counts,source\n"
STRATEGIES = "model,active_parameters,task,strategy,n_samples,policy_flops,accuracies,tallies,source\n"


def table(folder, kind, text):
    place = folder / "measurements" / kind
    place.mkdir(parents=True)
    (place / "mine.csv").write_text(text, encoding="utf-8")
    return Workspace(folder)


def test_what_ships_carries_source_and_licence_and_is_a_family_of_sizes():
    rows = reported_counts(SHIPPED)
    assert all(row.source and row.license and row.as_of and row.source_commit for row in rows)
    assert {len(row.by_question) for row in rows} == {128}
    assert len({row.model for row in rows if row.task == "math"}) == 7
    assert all(drawn == 10_000 for row in rows if row.task == "math" for _, drawn in row.by_question.values())


def test_own_tables_are_added(tmp_path):
    ws = table(tmp_path, "counts", COUNTS + "a/b,mine,x:1:3/7 y:0/2,me\n")
    row = reported_counts(ws)[-1]
    assert dict(row.by_question) == {"x:1": (3, 7), "y": (0, 2)}
    assert row.generated_tokens is None
    assert len(reported_counts(ws)) == len(reported_counts(SHIPPED)) + 1


@pytest.mark.parametrize(
    "counts", ["", "x", "x:3", "x:3/2", "x:-1/2", "x:0/0", "x:1/2 x:1/2", ":1/2", "x:a/2", "x:1/2/3"]
)
def test_counts_that_cannot_be_are_refused(tmp_path, counts):
    ws = table(tmp_path, "counts", COUNTS + f"a/b,mine,{counts},me\n")
    with pytest.raises(AdvisorError, match="question:right/drawn"):
        reported_counts(ws)


def test_an_empty_name_is_named(tmp_path):
    with pytest.raises(AdvisorError, match="task is empty"):
        reported_counts(table(tmp_path, "counts", COUNTS + "a/b,,x:1/2,me\n"))


def test_strategies_are_read_in_thousandths(tmp_path):
    ws = table(tmp_path, "strategies", STRATEGIES + 'a,10,t,majority,4,1e6,0 250 1000,"1:2,1:0 0:4:0 4::0",me\n')
    row = reported_strategies(ws)[-1]
    assert row.by_question == (0.0, 0.25, 1.0)
    assert row.answers == ((1, (2, 1), 0), (0, (4,), 0), (4, (), 0))
    assert row.verifier_flops == 0


@pytest.mark.parametrize(
    ("accuracies", "tallies", "said"),
    [
        ("", "", "thousandths"),
        ("1001", "", "thousandths"),
        ("0 x", "", "thousandths"),
        ("-1", "", "thousandths"),
        ("0 0", "1:1:0", "tallies of 1 questions and accuracies of 2"),
        ("0", "1:1", "right:wrong"),
        ("0", "0::0", "right:wrong"),
        ("0", "1:-1:0", "right:wrong"),
    ],
)
def test_strategies_that_cannot_be_are_refused(tmp_path, accuracies, tallies, said):
    with pytest.raises(AdvisorError, match=said):
        reported_strategies(
            table(tmp_path, "strategies", STRATEGIES + f'a,10,t,majority,4,1e6,{accuracies},"{tallies}",me\n')
        )


def test_neither_is_a_task_or_a_candidate():
    offered = {point.task for point in SHIPPED.fits.points}
    assert not offered & {row.task for row in reported_strategies(SHIPPED)}
    assert "math" not in offered
