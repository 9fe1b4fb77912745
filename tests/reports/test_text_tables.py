"""Tables that adapt to the room there is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor.reports import terminal
from advisor.reports.text_tables import fitted, short_name, table, to_markdown

T = table(
    ["model", "accuracy", "how", "extra"],
    [["org/a-long-model-name", "81.0 %", "one answer, at most 512 tokens", "x" * 12], ["b", "7.5 %", "greedy", "y"]],
    right=["accuracy"],
    names=["model"],
    optional=["extra"],
)


def test_with_room_for_all_nothing_changes():
    assert fitted(T, 200) == T


def test_names_lose_their_organisation_before_columns_go():
    wide = T.needed_width()
    short = fitted(T, wide - 1)
    assert short.rows[0][0] == "a-long-model-name"
    assert short.columns == T.columns
    assert fitted(T, short.needed_width() - 1).columns == ("model", "accuracy", "how")


def test_only_optional_columns_go():
    assert fitted(T, 1).columns == ("model", "accuracy", "how")
    assert fitted(T, 1).rows[1] == ("b", "7.5 %", "greedy")


@given(st.integers(1, 200))
def test_a_table_that_can_fit_fits(width):
    found = fitted(T, width)
    assert found.needed_width() <= width or not found.optional


def test_figures_and_names_are_never_broken_and_sentences_at_words():
    narrow = table(["n", "why"], [["1,234.5", "a sentence of many words that has to be broken"]], right=["n"])
    assert narrow.needed_width() == (7 + 3) + (20 + 3)


def test_markdown_escapes_bars_and_aligns_figures():
    lines = to_markdown(table(["a", "b"], [["x|y", "1"]], right=["b"])).splitlines()
    assert lines == ["| a | b |", "| --- | ---: |", "| x\\|y | 1 |"]


def test_short_names():
    assert short_name("org/name") == "name"
    assert short_name("name") == "name"


@pytest.mark.parametrize("columns", [50, 80, 120])
def test_printed_lines_are_no_wider_than_the_terminal(monkeypatch, capsys, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    terminal.show([T, "Why:  " + "word " * 60, terminal.Verbatim("as it is")])
    lines = capsys.readouterr().out.splitlines()
    assert max(len(line) for line in lines) <= columns
    assert lines[-1] == "as it is"
    assert sum("word" in line for line in lines) > 1
    continued = [line for line in lines if line.startswith("      word")]
    assert continued  # what follows a label stands under it


def test_piped_output_has_a_width_of_its_own(monkeypatch):
    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.setattr("os.get_terminal_size", lambda *_: (_ for _ in ()).throw(OSError()))
    assert terminal.width() == 120
    monkeypatch.setenv("COLUMNS", "77")
    assert terminal.width() == 77
    monkeypatch.setenv("COLUMNS", "3")
    assert terminal.width() == 40


def test_markup_in_a_cell_is_text(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "80")
    terminal.print_table(table(["a"], [["[red]not markup[/red]"]]))
    assert "[red]not markup[/red]" in capsys.readouterr().out
