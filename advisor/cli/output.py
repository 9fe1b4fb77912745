"""What a command prints: one JSON object, or text and tables; notes go to stderr."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, TypeVar

from advisor.errors import MissingAbility
from advisor.printable import shortened, shown, without_passwords
from advisor.values import Value, to_json

if TYPE_CHECKING:
    from advisor.reports.terminal import Block

LONGEST_LINE = 3000
"""Characters of a line on stderr, which names of strangers are in."""
Answer = TypeVar("Answer", bound=Value)


def say(text: str) -> None:
    """One line on stderr, what no screen shows as its code, and no password."""
    print(f"advisor: {shortened(shown(without_passwords(text)), LONGEST_LINE)}", file=sys.stderr)


def emit(answer: Answer, blocks: Callable[[Answer], Iterable[Block]], as_json: bool) -> None:
    """Print a verb's answer, and what it has to say beside it."""
    for note in getattr(answer, "notes", ()):
        say(note)
    write(to_json(answer) if as_json else blocks(answer))


def emit_rows(name: str, rows: Iterable[object], blocks: Iterable[Block], as_json: bool) -> None:
    """Print a listing: in JSON one object with the list under its name."""
    write(to_json({name: list(rows)}) if as_json else blocks)


def write(answer: str | Iterable[Block]) -> None:
    """Print one JSON object, or blocks.

    Raises MissingAbility where stdout takes no more, BrokenPipeError where nobody reads it.
    """
    from advisor.reports.terminal import Verbatim, show

    blocks = [Verbatim(_encodable(answer))] if isinstance(answer, str) else list(answer)
    try:
        show(blocks)
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        leave_stdout()
        raise unwritten(error) from None


def _encodable(text: str) -> str:
    """The JSON as it is, or with escapes where stdout's encoding lacks one of its characters."""
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        return json.dumps(json.loads(text))
    return text


def unwritten(error: OSError) -> MissingAbility:
    """Why stdout took no more."""
    return MissingAbility(f"cannot be written ({error.strerror})", where="stdout", hint="make room, or write elsewhere")


def leave_stdout() -> None:
    """Give up what is still to be written, so that ending the process does not fail on it again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
