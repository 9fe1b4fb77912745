"""Standard streams that never fail in the middle of the work: closed ones, ASCII terminals, readers that went away."""

from __future__ import annotations

import codecs
import contextlib
import io
import os
import sys

ALIKE = str.maketrans(
    {
        **dict.fromkeys("–—−‑─┄", "-"),
        **dict.fromkeys("│┊·∙⋅", "|"),
        **dict.fromkeys("┌┐└┘├┤┬┴┼", "+"),
        **dict.fromkeys("’′", "'"),
        **dict.fromkeys("“”", '"'),
        **dict.fromkeys("●■◆", "*"),
        **dict.fromkeys("○□◇", "o"),
        "×": "x",
        "÷": "/",
        "…": "...",
        "→": "->",
        "←": "<-",
        "≤": "<=",
        "≥": ">=",
        "≈": "~",
        "²": "^2",
        "±": "+-",
        "√": "sqrt",
        "∞": "inf",
        "†": "+",
        "‡": "++",
        "€": "EUR",
        "£": "GBP",
        "§": "section ",
    }
)
"""What our signs become where the terminal has only ASCII; any other becomes its escape, as \\u4f60."""
ERRORS = "advisor.alike"


class Notes(io.TextIOWrapper):
    """Where notes and progress go: that nobody reads them any more ends no run."""

    def write(self, text: str, /) -> int:
        """As in the base class, or into nothing."""
        with contextlib.suppress(OSError, ValueError):
            return super().write(text)
        return len(text)

    def flush(self) -> None:
        """As in the base class, or nothing."""
        with contextlib.suppress(OSError, ValueError):
            super().flush()


def prepare() -> None:
    """Make the standard streams of this process such as the program needs them.

    A closed stdout takes its place again, so that no file that is opened later gets its number, and refuses what is
    written; a closed stderr takes everything.
    """
    codecs.register_error(ERRORS, _alike)
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDONLY if number == 1 else os.O_RDWR)
    if sys.stdout is None:
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors=ERRORS)
    encoding = "utf-8" if sys.stderr is None else sys.stderr.encoding
    sys.stderr = Notes(open(2, "wb", 0, closefd=False), encoding, ERRORS, write_through=True)  # noqa: SIM115


def _alike(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    signs = error.object[error.start : error.end].translate(ALIKE)
    return signs.encode("ascii", "backslashreplace").decode(), error.end
