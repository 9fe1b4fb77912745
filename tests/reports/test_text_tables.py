"""Tables that adapt to the room there is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor.reports import terminal
from advisor.reports.markdown_text import to_markdown
from advisor.reports.text_tables import fitted, short_name, table

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


SPEEDS = table(
    ["in flight", "A TPOT ms", "B TPOT ms", "A tokens/s", "B tokens/s", "A USD/M", "cheaper"],
    [["1", "5.26", "12.2", "188", "1,193", "0.143", "Qwen3-30B-A3B"], ["2", "6", "7", "8", "9", "10", "Qwen3-8B"]],
    right=["in flight", "A TPOT ms", "B TPOT ms", "A tokens/s", "B tokens/s", "A USD/M"],
    names=["cheaper"],
    optional=["cheaper", "B tokens/s"],
)


@pytest.mark.parametrize("columns", range(40, 121))
def test_no_figure_and_no_word_of_a_header_is_cut(monkeypatch, capsys, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    terminal.print_table(SPEEDS)
    printed = [line.split() for line in capsys.readouterr().out.splitlines()]
    shown = fitted(SPEEDS, columns)
    assert all(list(row) in printed for row in shown.rows)
    words = {word for line in printed for word in line}
    assert {word for column in shown.columns for word in column.split()} <= words


def test_figures_alone_may_be_wider_than_the_terminal(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "40")
    figures = ["1,234,567,890"] * 5
    terminal.print_table(table(list("abcde"), [figures], right=list("abcde")))
    assert figures in [line.split() for line in capsys.readouterr().out.splitlines()]


def test_columns_that_are_left_out_are_named(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "60")
    terminal.print_table(SPEEDS)
    told = "not shown at this width: cheaper; widen the terminal or add --json"
    assert " ".join(capsys.readouterr().out.split()).endswith(told)
    monkeypatch.setenv("COLUMNS", "120")
    terminal.print_table(SPEEDS)
    assert "not shown" not in capsys.readouterr().out


def test_no_line_ends_in_blanks(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "80")
    terminal.print_table(SPEEDS)
    assert all(line == line.rstrip() for line in capsys.readouterr().out.splitlines())
