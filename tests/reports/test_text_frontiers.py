"""A frontier in text."""

import pytest

import advisor as package
from advisor.provenance import Provenance
from advisor.reports.frontier_view import of_frontier, of_recommendation
from advisor.reports.text_frontiers import frontier_text
from tests.known import SHIPPED
from tests.reports.pictured import mark, view


@pytest.fixture(autouse=True)
def wide(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")


def grid(text):
    """The cells, by row."""
    return [line[9:] for line in text.splitlines() if line[8:9] in {"│", "┤"}]


def test_points_have_their_names_and_the_pick_has_brackets():
    text = frontier_text(
        view(mark("mid, the pick", 10.0, 0.6, picked=True), mark("low", 1.0, 0.4), mark("high", 100.0, 0.8))
    )
    assert "(●)" in text
    assert "mid, the pick" in text
    names = [line for line in grid(text) if "low" in line or "high" in line]
    assert len(names) == 2
    assert any("high ●" in line for line in names)


def test_the_frontier_is_a_staircase_from_point_to_point():
    cells = grid(frontier_text(view(mark("a", 1.0, 0.4), mark("b", 100.0, 0.8))))
    (high,) = (i for i, line in enumerate(cells) if "b ●" in line)
    (low,) = (i for i, line in enumerate(cells) if line.rstrip().endswith("┘"))
    corner = cells[high].index("●")
    assert low > high
    assert cells[low].index("┘") == corner
    assert cells[low][cells[low].index("●") + 1 : corner] == "─" * (corner - cells[low].index("●") - 1)
    assert {cells[i][corner] for i in range(high + 1, low)} == {"│"}
    assert set(cells[high][corner + 1 :]) == {"─"}


def test_two_steps_in_one_column_make_one_wall():
    steps = [(1.0, 0.4), (100.0, 0.6), (100.0001, 0.8)]
    cells = grid(frontier_text(view(mark("a", 1.0, 0.4), mark("b", 100.0001, 0.8), steps=steps)))
    corner = next(line.index("●") for line in cells if "b ●" in line)
    wall = [line[corner] for line in cells if line[corner : corner + 1].strip()]
    assert wall[0] == "●"
    assert wall[-1] == "┘"
    assert set(wall[1:-1]) == {"│"}


def test_kinds_of_evidence_and_what_is_beaten_have_signs_of_their_own():
    text = frontier_text(
        view(
            mark("m", 1.0, 0.3),
            mark("p", 100.0, 0.8, evidence=Provenance.PUBLISHED),
            mark("q", 10.0, 0.2, leads=False, evidence=Provenance.PUBLISHED),
            mark("r", 30.0, 0.1, leads=False),
            mark("i", 60.0, 0.15, leads=False, evidence=Provenance.IMPUTED),
        )
    )
    cells = "\n".join(grid(text))
    for sign, name in (("●", "m"), ("◆", "p"), ("◇", "q"), ("○", "r"), ("□", "i")):
        assert f"{sign} {name}" in cells or f"{name} {sign}" in cells
    assert "● measured, from stored answers" in text
    assert "◆ as published by its source" in text
    assert "■ estimated" in text
    assert "◇ ○ □ beaten by another model   ─ frontier" in text


@pytest.mark.parametrize(("budget", "between"), [(1.0, 0.0), (10.0, 0.5), (100.0, 1.0)])
def test_the_budget_is_a_vertical_line_at_its_cost(budget, between):
    text = frontier_text(view(mark("a", 1.0, 0.4), mark("b", 100.0, 0.8), budget=budget))
    head, cells = text.splitlines()[0], grid(text)
    column = head.index("┊") - 9
    a, b = (line.index("●") for line in reversed(cells) if "●" in line)
    assert f"budget {budget:g} USD" in head
    assert column == pytest.approx(a + between * (b - a), abs=1)
    assert all(line[column].strip() for line in cells)  # what is drawn over it hides it in places
    assert sum(line[column] == "┊" for line in cells) >= 6


def test_a_budget_outside_is_an_arrow():
    right = frontier_text(view(mark("a", 1.0, 0.4), mark("b", 10.0, 0.8), budget=5000.0)).splitlines()
    assert right[0].rstrip().endswith("budget 5,000 USD →")
    left = frontier_text(view(mark("a", 1.0, 0.4), mark("b", 10.0, 0.8), budget=0.001)).splitlines()
    assert left[0].strip() == "← budget 0.001 USD"
    assert not any("┊" in line for line in left + right)


def test_a_crowd_gets_keys_that_are_listed_below():
    crowd = [mark(f"a-model-with-a-long-name-{i}", 10 + 0.001 * i, 0.5 + 0.001 * i, leads=False) for i in range(12)]
    text = frontier_text(view(mark("a", 1.0, 0.4), mark("b", 100.0, 0.8), *crowd))
    for i in range(12):
        assert f"a-model-with-a-long-name-{i}" in text
    assert "1 ○ a-model-with-a-long-name" in text
    assert any("1" in line for line in grid(text))


def test_more_than_there_are_keys_are_counted():
    crowd = [mark(f"a-model-with-a-long-name-{i}", 10.0, 0.5, leads=False) for i in range(60)]
    text = frontier_text(view(mark("a", 1.0, 0.4), *crowd))
    named = sum(f"a-model-with-a-long-name-{i}" in text.replace("\n", " ").split() for i in range(60))
    assert 35 <= named < 60
    assert f"and {60 - named} more" in text


@pytest.mark.parametrize("columns", [60, 80, 120])
@pytest.mark.parametrize("task", ["gpqa-diamond", "mmlu-redux"])
def test_what_ships_fits_the_terminal_and_names_every_model(monkeypatch, columns, task):
    monkeypatch.setenv("COLUMNS", str(columns))
    found = package.frontier(SHIPPED, task=task)
    text = frontier_text(of_frontier(found))
    assert max(len(line) for line in text.splitlines()) <= columns
    assert all(m.model.split("/")[-1] in text for m in found.models)
    answer = package.recommend(SHIPPED, task=task, budget="0.002usd")
    assert f"{answer.recommended.model.split('/')[-1]}, the pick" in frontier_text(of_recommendation(answer))


def test_nothing_to_draw_is_no_text():
    assert frontier_text(view(steps=[])) == ""


def test_the_command_prints_it(advisor):
    code, out, _ = advisor("frontier", "--task", "gpqa-diamond")
    assert code == 0
    assert "USD per question, log scale" in out
    assert "─ frontier" in out
