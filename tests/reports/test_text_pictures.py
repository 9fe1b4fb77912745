"""Pictures in text."""

import pytest

from advisor.reports.text_pictures import picture, staircase


@pytest.fixture(autouse=True)
def wide(monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")


def rows(text):
    return [line.partition("│")[2] for line in text.splitlines() if "│" in line]


def test_each_point_stands_at_its_cost_and_accuracy():
    drawn = rows(picture([(1, 0.0), (10, 0.5), (100, 1.0)], lambda x: 0.0, "x"))
    assert [(i, line.index("●")) for i, line in enumerate(drawn) if "●" in line] == [(0, 72), (7, 36), (14, 0)]


def test_beyond_the_last_point_the_line_is_dashed():
    last = rows(picture([(1, 0.0), (10, 0.0)], lambda x: 0.0, "x", until=100))[-1]
    assert last[1:36] == "─" * 35
    assert last[37:] == "┄" * 36


def test_a_frontier_holds_its_level_until_the_next_point():
    drawn = rows(staircase([(1, 0.2), (10, 0.8), (100, 1.0)], "usd"))
    assert drawn[11] == "●" + "─" * 35  # 20 % from 1 to just below 10
    assert drawn[3] == " " * 36 + "●" + "─" * 35


def test_one_place_alone_is_no_picture():
    assert picture([(1, 0.5), (1, 0.6)], lambda x: 0.5, "x") == ""
    assert picture([], lambda x: 0.5, "x") == ""


def test_it_is_no_wider_than_the_terminal(monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    lines = picture([(1, 0.5), (1000, 0.6)], lambda x: 0.5, "cost (log scale)").splitlines()
    assert max(len(line) for line in lines) <= 60
    assert lines[-1].split()[0] == "1.00"
    assert lines[-1].split()[-1] == "1,000"
