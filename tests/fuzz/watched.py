"""A command line in this process, watched: how it ended, and what was wrong with that."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import tempfile
import traceback
import warnings
from dataclasses import dataclass
from pathlib import Path

from advisor.cli import main
from advisor.printable import is_printable

PATIENCE_S = 120
"""Nothing takes so long: what does is stuck."""
CODES = {0, 1, 2, 3}


class Stuck(BaseException):
    """A command that does not end."""


@dataclass(frozen=True)
class Case:
    """A seed's command line. `names`: one of these stands in the line of a failure; `keeps`: a folder that a failure
    leaves as it was."""

    arguments: tuple[str, ...]
    names: tuple[str, ...] = ()
    keeps: Path | None = None


@dataclass(frozen=True)
class Outcome:
    """How a command ended; `problems` are empty where it did as it should."""

    seed: int
    case: Case
    code: int
    err: str
    problems: tuple[str, ...]

    def __str__(self):
        return (
            f"seed {self.seed}: {self.case.arguments!r} -> {self.code}\n{self.err[-2000:]}\n{'; '.join(self.problems)}"
        )


def watched(seed: int, case: Case) -> Outcome:
    """Run a case, and what is wrong with its end."""
    before = listing(case.keeps)
    out, err = io.StringIO(), io.StringIO()
    old = signal.signal(signal.SIGALRM, _stuck)
    signal.setitimer(signal.ITIMER_REAL, PATIENCE_S)
    debug = os.environ.pop("ADVISOR_DEBUG", None)
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), warnings.catch_warnings():
            warnings.simplefilter("error")  # a warning would be a second line
            warnings.filterwarnings("ignore", category=ResourceWarning)
            code = main.run(list(case.arguments))
    except (Exception, Stuck):
        code = -1
        err.write(traceback.format_exc())
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, old)
        if debug is not None:
            os.environ["ADVISOR_DEBUG"] = debug
    problems = [*_of_text(code, out.getvalue(), err.getvalue()), *_of_failure(code, case, err.getvalue())]
    if code in CODES - {0} and listing(case.keeps) != before:
        problems.append("a failure left something")
    return Outcome(seed, case, code, err.getvalue(), tuple(problems))


def _stuck(*_: object) -> None:
    raise Stuck


def listing(folder: Path | None) -> list[tuple[str, int]]:
    """Files that are not hidden, with their sizes."""
    files = folder.rglob("*") if folder else ()
    return sorted((str(f), f.stat().st_size) for f in files if f.is_file() and not f.name.startswith("."))


def _of_text(code: int, out: str, err: str) -> list[str]:
    problems = [] if code in CODES else ["stuck or a traceback" if code == -1 else f"exit {code}"]
    if not all(is_printable(line) for line in (*out.split("\n"), *err.split("\n"))):
        problems.append("a character that no screen shows")
    if not all(len(line) < 4000 for line in err.split("\n")):
        problems.append("an endless line")
    return problems


def _of_failure(code: int, case: Case, err: str) -> list[str]:
    if code not in CODES - {0}:
        return []
    lines = err.splitlines()
    if code == 3 and lines and lines[0].startswith("advisor: ready after"):  # a run that began says how it goes
        lines = lines[-1:]
    if len(lines) != 1 or not lines[0].startswith("advisor: "):
        return ["not one line"]
    named = any(name in lines[0] for name in (*case.names, "--", "No such option"))
    return [] if code != 2 or named else ["names neither file nor flag"]


@contextlib.contextmanager
def scratch():
    """An empty folder, which is the working folder too: a case that writes where it should not, writes there."""
    here = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            yield Path(folder)
        finally:
            os.chdir(here)
