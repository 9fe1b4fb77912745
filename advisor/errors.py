"""What can go wrong in a way the user can mend.

AdvisorError          bad input                    exit 2
├── NoAnswer          nothing meets the request    exit 1
└── MissingAbility    this machine cannot do it    exit 3
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from advisor.printable import LONGEST_NAME, NAME, is_name, shortened, shown, without_passwords

DISTRIBUTION = "frontier-advisor"
"""What `pip` calls this program; the name `advisor` belongs to another project on the public index."""

MOST_LISTED = 20
"""Names that an error lists when none of them is near; more are a listing command's job."""
LONGEST_PART, LONGEST_HINT = 600, 1500
"""Characters of an error's parts: a stranger's value may be of any length."""


class AdvisorError(Exception):
    """One clear line: what is wrong, where, and how to mend it."""

    exit_code = 2

    def __init__(self, what: str, *, where: str = "", hint: str = "") -> None:
        self.what, self.where, self.hint = what, where, hint
        super().__init__(str(self))

    def __str__(self) -> str:
        where, what = (_one_line(part, LONGEST_PART) for part in (self.where, self.what))
        line = f"{where}: {what}" if where else what
        return f"{line}; {_one_line(self.hint, LONGEST_HINT)}" if self.hint else line


class NoAnswer(AdvisorError):
    """The request is sound and nothing known meets it. `answer` is what `--json` prints all the same."""

    exit_code = 1

    def __init__(self, what: str, *, where: str = "", hint: str = "", answer: object = None) -> None:
        super().__init__(what, where=where, hint=hint)
        self.answer = answer


class MissingAbility(AdvisorError):
    """A missing extra, no GPU, an unreachable server: this machine cannot."""

    exit_code = 3


def _one_line(text: str, most: int) -> str:
    return shortened(shown(without_passwords(" ".join(text.split()))), most)


def install(*extras: str) -> str:
    """The command that installs extras of this program.

    >>> install("tasks")
    "pip install 'frontier-advisor[tasks]'"
    """
    return f"pip install '{DISTRIBUTION}[{','.join(extras)}]'"


def checked_name(name: str, *, where: str) -> str:
    """The name of a model, task or question. Raises AdvisorError for one that is empty or cannot be shown."""
    if not name.strip() or not is_name(name):
        raise AdvisorError(f"{name!r} is no name", where=where, hint=f"a name is {NAME}")
    return name


def unknown(kind: str, name: str, known: Iterable[str], *, where: str = "", listed_by: str = "") -> AdvisorError:
    """The error for a name that is not known, with near matches; `listed_by` is the command that lists all names."""
    names, name = sorted(set(known)), shortened(name, LONGEST_NAME)  # a near match of a long text takes minutes
    by_folded = {n.casefold(): n for n in names}
    begun = [folded for folded in by_folded if folded.startswith(name.casefold())] if len(name) > 2 else []
    near = begun[:3] or difflib.get_close_matches(name.casefold(), by_folded, n=3, cutoff=0.5)
    if near:
        hint = f"did you mean {' or '.join(by_folded[n] for n in near)}?"
    elif listed_by and len(names) > MOST_LISTED:
        hint = f"`{listed_by}` lists what is known"
    elif names:
        hint = f"known: {', '.join(names)}"
    else:
        hint = f"no {kind} is known here"
    return AdvisorError(f"unknown {kind} {name!r}", where=where, hint=hint)
