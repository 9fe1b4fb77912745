"""What no screen shows is written as its code, and a shell gets back the words of a command."""

import subprocess

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from advisor.errors import LONGEST_HINT, LONGEST_PART, AdvisorError, checked_name, unknown
from advisor.printable import command_line, is_name, is_printable, shortened, shown, shown_lines

HOSTILE = ["\x1b[2J", "\x9b31m", "\u202etxt.exe", "\u2066a", "a\u200bb", "a\x00b", "\r\n", "\u2028", "\ud800", "\x7f"]


@given(st.text(st.characters(), max_size=50))
def test_what_is_shown_can_be_shown_and_read_back(text):
    assert is_printable(shown(text))
    assert is_printable(text) == (shown(text) == text)
    hidden = "".join(c if is_printable(c) else c.encode("unicode_escape").decode() for c in text)
    assert shown(text) == hidden


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_an_error_shows_a_value_escaped_and_on_one_line(text):
    line = str(AdvisorError(f"has the name {text}", where=f"file {text}", hint=f"or {text}"))
    assert is_printable(line)
    assert not is_name(text)
    with pytest.raises(AdvisorError, match="is no name"):
        checked_name(text, where="MODEL")


def test_an_error_cuts_a_value_of_any_length():
    long = "x" * 10**6
    assert len(str(AdvisorError(long, where=long, hint=long))) <= 2 * LONGEST_PART + LONGEST_HINT + 4
    assert len(str(unknown("model", long, ["qwen3-8b", long]))) < 3000
    assert shortened("abc", 3) == "abc"
    assert len(shortened("abcd", 3)) == 3


def test_line_breaks_of_ours_stay_those():
    assert shown_lines("a\n\x1bb") == "a\n\\x1bb"


WORDS = st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12), min_size=1)


@settings(max_examples=30, deadline=None)
@given(WORDS)
@example(["it's", "$(touch x)", "`y`", '"', "a\nb", "\\", "\\n", "\x1b[2J", "-rf", "", "~", "!", "\u202e", "\x7f9"])
def test_a_shell_reads_the_words_of_a_command_line(words):
    line = command_line(words)
    assert is_printable(line)
    printed = subprocess.run(["bash", "-c", f"printf '%s\\0' {line}"], capture_output=True, check=True).stdout
    assert printed.decode() == "".join(f"{word}\0" for word in words)


def test_bytes_that_are_no_text_come_back_too():
    line = command_line(["/tmp/\udcff"])
    assert subprocess.run(["bash", "-c", f"printf %s {line}"], capture_output=True).stdout == b"/tmp/\xff"
