"""What `advisor trend` prints."""

from dataclasses import replace

import pytest

from advisor.accuracy.release_trend import Estimate, Over, points
from advisor.reports.terminal import Labelled, Verbatim
from advisor.reports.trends import (
    CHOSEN,
    OPEN_ENDS,
    blocks,
    caveats,
    fits_table,
    history_table,
    open_cell,
    picture,
    steps_table,
)
from advisor.studies.trend import trend
from advisor.values import Rows
from tests.known import SHIPPED
from tests.studies.made import Own, one


@pytest.fixture(autouse=True)
def wide(monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")


@pytest.fixture(scope="module")
def found():
    return trend(SHIPPED, task="mmlu-redux", target=0.7)


def test_slopes_are_shown_as_points_at_the_target(found):
    row = fits_table(found).rows[0]
    slope = found.fit(Over.ALL).per_decade
    assert row[0] == "all models"
    assert row[2].startswith(f"{100 * points(slope.value, 0.7, 0.25):+.1f} (")
    assert row[4] == open_cell(found.fit(Over.ALL).gain, " ×")


def test_the_tables_have_a_line_a_step_and_an_entry(found):
    assert len(steps_table(found).rows) == len(found.steps)
    assert [row[1] for row in history_table(found, 3).rows] == [e.model for e in found.history[-3:]]


def test_the_picture_has_a_digit_a_model_and_the_staircase(found):
    cells = "\n".join(line[9:] for line in picture(found).splitlines() if line[8:9] in {"│", "┤"})
    digits = sum(cells.count(d) for d in "34")
    assert len({a.model for a in found.answers}) * 0.6 < digits <= len(found.answers)
    assert "┌" in cells or "─" in cells
    assert "3 2023   4 2024   ─ frontier today" in picture(found)


def test_all_fits_on_the_screen_of_a_terminal(found):
    texts = [b.text for b in blocks(found) if isinstance(b, Verbatim)]
    assert max(len(line) for text in texts for line in text.splitlines()) <= 120


def test_few_models_are_told_why_there_is_no_fit():
    ws = Own(one("meta-llama/Llama-3.1-8B-Instruct", 0.5), one("Qwen/Qwen3-8B", 0.7))
    shown = blocks(trend(ws, task="mine", target=0.9))
    (why,) = (b for b in shown if isinstance(b, Labelled))
    assert why.text == "over all models: 2 answers of 2 releases; it takes 8 answers of 6"
    assert "no model reaches 90 % (--target)" in shown


def test_what_is_biased_and_what_is_open_is_said(found):
    assert caveats(found) == [CHOSEN]
    open_ended = replace(found, fits=Rows([replace(each, gain=Estimate(9.0, 2.0, None)) for each in found.fits]))
    assert caveats(open_ended) == [CHOSEN, OPEN_ENDS]
    alone = trend(SHIPPED, task="gpqa-diamond", evidence="measured")
    assert alone.fit(Over.FRONTIER) is None
    assert CHOSEN not in caveats(alone)


def test_the_cheapest_and_the_dearest_are_inside_the_picture():
    ws = Own(one("meta-llama/Llama-3.1-8B-Instruct", 0.5), one("Qwen/Qwen3-8B", 0.7, tokens=9000.0))
    lines = [line[9:] for line in picture(trend(ws, task="mine")).splitlines() if line[8:9] in {"│", "┤"}]
    columns = {digit: max(line.find(digit) for line in lines) for digit in "45"}
    assert 0 < columns["4"] < columns["5"] < 110
