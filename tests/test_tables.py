"""Rows of a table as frozen dataclasses."""

from dataclasses import dataclass
from enum import StrEnum

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor.errors import AdvisorError
from advisor.performance.roofline import Efficiency
from advisor.printable import is_printable
from advisor.store.beliefs import SpeedRow
from advisor.store.seal import write_rows
from advisor.tables import column, columns, create_table, read_rows


class Kind(StrEnum):
    GOOD = "good"
    BAD = "bad"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line."""

    name: str = column("what it is")
    n: int = column("how many")
    share: float | None = column("of all; empty: not known", default=None)
    done: bool = column("whether it is", default=False)
    kind: Kind = column("good or bad", default=Kind.GOOD)


def test_a_column_is_stated_once():
    assert [(c.name, c.words, c.required) for c in columns(Row)] == [
        ("name", "text", True),
        ("n", "whole number", True),
        ("share", "number or null", False),
        ("done", "true or false", False),
        ("kind", "text", False),
    ]
    connection = duckdb.connect()
    connection.execute(create_table(Row, "rows", "own boolean"))
    types = [row[1] for row in connection.execute("describe rows").fetchall()]
    assert types == ["VARCHAR", "BIGINT", "DOUBLE", "BOOLEAN", "VARCHAR", "BOOLEAN"]


texts = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=8).filter(is_printable)
made = st.builds(
    Row,
    name=texts,
    n=st.integers(-(10**9), 10**9),
    share=st.none() | st.integers(0, 1000).map(lambda i: i / 1000),
    done=st.booleans(),
    kind=st.sampled_from(Kind),
)


@given(st.lists(made, min_size=1, max_size=5))
def test_what_is_written_is_read_back(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("table") / "rows.csv"
    write_rows(path, rows)
    assert list(read_rows(path, Row, hint="")) == rows


def test_an_absent_column_takes_its_default(tmp_path):
    (tmp_path / "t.csv").write_text("n,name,extra\n3,x,ignored\n")
    assert read_rows(tmp_path / "t.csv", Row, hint="") == (Row(name="x", n=3),)


def test_no_file_has_no_rows(tmp_path):
    assert read_rows(tmp_path / "none.csv", Row, hint="") == ()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name\nx\n", "t.csv: lacks the column 'n'; mend it"),
        ("name,n\nx,many\n", "t.csv, line 2: n is 'many', not a whole number; mend it"),
        ("name,n\nx,1_000\n", "n is '1_000'"),
        ("name,n\nx,٣\n", "not a whole number"),
        ("name,n,done\nx,1,maybe\n", "done is 'maybe', not a true or false"),
        ("name,n,kind\nx,1,ugly\n", "kind is 'ugly'"),
        ("name,n\nx,1\ny\n", "line 3: has 1 cells for 2 columns"),
        ('name,n\n"x,1\n', "cannot be read as a table"),
        ("name,n\nx,\n", "n is ''"),
        ("name,n,n\nx,1,2\n", "has the column 'n' twice"),
        ("name,n,kinds\nx,1,good\n", "has the column 'kinds'; did you mean kind?"),
    ],
)
def test_a_damaged_table_names_file_line_and_column(tmp_path, text, message):
    (tmp_path / "t.csv").write_text(text, encoding="utf-8")
    with pytest.raises(AdvisorError) as caught:
        read_rows(tmp_path / "t.csv", Row, hint="mend it")
    assert message in str(caught.value)


def test_bytes_that_are_no_text_are_one_line(tmp_path):
    (tmp_path / "t.csv").write_bytes(b"name,n\n\xff\xfe,1\n")
    with pytest.raises(AdvisorError, match="cannot be read as a table"):
        read_rows(tmp_path / "t.csv", Row, hint="")


def test_an_inner_dataclass_stands_for_its_own_columns(tmp_path):
    row = SpeedRow(
        gpu="l4", engine="vllm", precision="fp8", efficiency=Efficiency(dense=0.25), spread=1.5,
        provenance="fitted", runs="made",
    )  # fmt: skip
    write_rows(tmp_path / "t.csv", [row])
    (back,) = read_rows(tmp_path / "t.csv", SpeedRow, hint="")
    assert back.efficiency.dense == 0.25
    assert back == row
