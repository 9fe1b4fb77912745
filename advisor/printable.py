"""Texts of strangers as they may be shown: what moves a cursor, reorders, hides or breaks text is written as its code.

Names of models, tasks, runs and questions come in files that somebody else wrote. Such characters are refused in names
(`advisor.tables`, `advisor.store.sample_rules`); wherever a text is shown all the same, it is shown escaped.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable

UNPRINTABLE = (
    (0x00, 0x1F),  # C0: escape sequences, line breaks, NUL
    (0x7F, 0x9F),  # DEL and C1, of which some terminals take 9B for ESC [
    (0xAD, 0xAD),  # soft hyphen
    (0x034F, 0x034F),
    (0x061C, 0x061C),  # marks, embeddings, overrides and isolates of direction
    (0x115F, 0x1160),  # fillers that are drawn as nothing
    (0x17B4, 0x17B5),
    (0x180B, 0x180F),
    (0x200B, 0x200F),  # zero width
    (0x2028, 0x202E),  # line and paragraph separators, direction
    (0x2060, 0x206F),
    (0x3164, 0x3164),
    (0xD800, 0xDFFF),  # halves of characters
    (0xFEFF, 0xFEFF),
    (0xFFA0, 0xFFA0),
    (0xFFF0, 0xFFFB),
    (0x1D173, 0x1D17A),
    (0xE0000, 0xE0FFF),  # tags and selectors
)
"""First and last code of characters that no name has and no screen gets."""
_CLASS = re.compile("[" + "".join(f"\\U{first:08x}-\\U{last:08x}" for first, last in UNPRINTABLE) + "]")
SQL_CLASS = (
    "["
    + "".join(f"\\x{{{first:x}}}-\\x{{{last:x}}}" for first, last in UNPRINTABLE if not 0xD800 <= first <= 0xDFFF)
    + "]"
)
"""The same as a regular expression of DuckDB, whose texts have no halves of characters."""
LONGEST_NAME = 500
"""Characters of a name."""
NAME = f"a text of at most {LONGEST_NAME} characters without line breaks, control and invisible characters"


def is_printable(text: str) -> bool:
    """Whether a text can be shown as it is, on one line."""
    return _CLASS.search(text) is None


def is_name(text: str) -> bool:
    """Whether a text can name something: on one line, of a length that a person reads."""
    return len(text) <= LONGEST_NAME and is_printable(text)


def shown(text: str) -> str:
    r"""The text with codes in place of characters that cannot be shown.

    >>> shown("a\x1b[2Jb\n\u202ec")
    'a\\x1b[2Jb\\n\\u202ec'
    """
    return _CLASS.sub(lambda match: match[0].encode("unicode_escape").decode("ascii"), text)


def shown_lines(text: str) -> str:
    """The same for a text whose line breaks are ours."""
    return "\n".join(shown(line) for line in text.split("\n"))


def without_passwords(text: str) -> str:
    """The text without what stands before the host of an address.

    >>> without_passwords("http://me:secret@host/v1 does not answer")
    'http://…@host/v1 does not answer'
    """
    return re.sub(r"://[^\s/?#]*@", "://…@", text)


def shortened(text: str, most: int) -> str:
    """The text, without its middle where it is longer.

    >>> shortened("abcdefghij", 5)
    'abc…j'
    """
    if len(text) <= most:
        return text
    end = most // 3
    return f"{text[: most - 1 - end]}…{text[len(text) - end :]}"


def command_line(words: Iterable[str]) -> str:
    r"""A command of these words for a POSIX shell, on one line and without a character that cannot be shown.

    >>> command_line(["vllm", "serve", "it's $(here)\n"])
    "vllm serve $'it\\'s $(here)\\x0a'"
    """
    return " ".join(_quoted(word) for word in words)


def _quoted(word: str) -> str:
    if is_printable(word):
        return shlex.quote(word)
    plain = word.replace("\\", "\\\\").replace("'", "\\'")
    return "$'" + _CLASS.sub(lambda match: "".join(f"\\x{byte:02x}" for byte in _bytes(match[0])), plain) + "'"


def _bytes(character: str) -> bytes:
    """As the file system has it, where a byte that is no text is half a character."""
    try:
        return character.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # a half that stands for no byte
        return character.encode("utf-8", "surrogatepass")
