"""Pictures in text."""

import pytest

from advisor.accuracy.estimators import Interval
from advisor.reports.text_pictures import canvas, picture


@pytest.fixture(autouse=True)
def wide(monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")


def rows(text):
    """The cells, by row."""
    return [line[9:] for line in text.splitlines() if line[8:9] in {"│", "┤"}]


def exact(x, accuracy):
    return x, Interval(accuracy, accuracy, accuracy)


def test_each_point_stands_at_its_cost_and_accuracy():
    drawn = rows(picture([exact(1, 0.0), exact(10, 0.5), exact(100, 1.0)], lambda x: 0.0, "x"))
    assert len(drawn) == 21
    assert [(i, line.index("●")) for i, line in enumerate(drawn) if "●" in line] == [(0, 72), (10, 36), (20, 0)]


def test_an_interval_is_a_bar():
    drawn = rows(picture([exact(1, 0.0), (10, Interval(0.5, 0.4, 0.7)), exact(100, 1.0)], lambda x: 0.0, "x"))
    assert [line[36] if len(line) > 36 else " " for line in drawn[5:14]] == [
        " ",
        "│",
        "│",
        "│",
        "│",
        "●",
        "│",
        "│",
        " ",
    ]


def test_beyond_the_last_point_the_line_is_dashed():
    last = rows(picture([exact(1, 0.0), exact(10, 0.0)], lambda x: 0.0, "x", until=100))[-1]
    assert last[1:36] == "─" * 35
    assert last[37:] == "┄" * 36


def test_the_axis_has_round_ticks_around_what_is_drawn():
    text = picture([exact(1, 0.62), exact(100, 0.78)], lambda x: 0.7, "x").splitlines()
    assert [line.split("%")[0].strip() for line in text if "┤" in line] == ["80", "75", "70", "65", "60"]
    assert text[-3][9:][0] == text[-3][9:][36] == text[-3][9:][72] == "┬"
    assert text[-2].split() == ["1", "10", "100"]


def test_one_place_alone_is_no_picture():
    assert picture([exact(1, 0.5), exact(1, 0.6)], lambda x: 0.5, "x") == ""
    assert picture([], lambda x: 0.5, "x") == ""


@pytest.mark.parametrize("columns", [50, 60, 80])
def test_it_is_no_wider_than_the_terminal(monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    lines = picture([exact(1, 0.5), exact(1000, 0.6)], lambda x: 0.5, "cost (log scale)").splitlines()
    assert max(len(line) for line in lines) <= columns
    assert lines[-1].strip() == "cost (log scale)"


def test_what_is_outside_the_cells_is_not_drawn():
    drawn = canvas((1.0, 100.0), (0, 100), columns=10, rows=10)
    drawn.write(8, 0, "long")
    drawn.put(-1, 0, "x")
    drawn.put(0, 11, "x")
    assert rows(drawn.text(""))[0] == "        lon"
    assert not any("x" in line for line in rows(drawn.text("")))


def test_a_line_is_dotted_beyond_what_was_measured():
    """Lengths may be measured beyond the last point."""
    points = [exact(1, 0.2), exact(10, 0.2)]
    (row,) = (line for line in rows(picture(points, lambda x: 0.2, "x", measured=100, until=1000)) if "─" in line)
    assert (row.index("┄"), row.rindex("─")) == (49, 48)
    (row,) = (line for line in rows(picture(points, lambda x: 0.2, "x", until=1000)) if "┄" in line)
    assert row.index("┄") == 25
