"""The entry point: which commands there are, and the only place where errors become words and exit codes."""

from __future__ import annotations

import errno
import gc
import os
import signal
import sys
from collections import Counter
from collections.abc import Callable
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from advisor.cli import choose, collect, draw, lookup, options, study
from advisor.cli.output import leave_stdout, say, unwritten
from advisor.cli.streams import prepare
from advisor.errors import AdvisorError, MissingAbility
from advisor.printable import shortened, shown

COMMANDS: dict[str, dict[str, Callable[..., None]]] = {
    "Choose": {
        "recommend": choose.recommend,
        "frontier": choose.frontier,
        "compare": choose.compare,
        "trend": study.trend,
        "estimate": choose.estimate,
        "report": choose.report,
        "deploy": choose.deploy,
    },
    "Measure": {
        "calibrate": draw.calibrate,
        "regrade": draw.regrade,
        "profile": collect.profile,
        "verify": collect.verify,
        "import": collect.import_,
        "fit": collect.fit,
    },
    "Look up": {
        "curve": lookup.curve,
        "models": lookup.models,
        "gpus": lookup.gpus,
        "tasks": lookup.tasks,
        "measurements": lookup.measurements,
        "check": lookup.check,
        "doctor": lookup.doctor,
    },
}


INTERRUPTED = 130
_signals: list[int] = []
"""Signals to end that came: what a library makes of KeyboardInterrupt may be any exception."""
DUCKDB_INTERRUPTED = "Query interrupted"
"""What DuckDB makes of a signal that it takes itself: a RuntimeError of this text."""
FULL = {errno.ENOSPC, errno.EDQUOT}
LONGEST_LINE = 1000
"""Characters of a line about a mistyped command."""
NUMBERS = {"float", "int", "integer"}
"""Types of options, as they name themselves."""


class Commands(TyperGroup):
    """Help that lists the commands under headings."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """One section a heading."""
        longest = max(len(name) for name in self.commands)
        for heading, commands in COMMANDS.items():
            with formatter.section(heading):
                room = formatter.width - 6 - longest
                rows = [(name.ljust(longest), self.commands[name].get_short_help_str(room)) for name in commands]
                formatter.write_dl(rows)


class Command(TyperCommand):
    """A command that accepts each single-valued option once: the last of two is never silently the winner.

    Numbers are in the digits 0 to 9, without the underscores of Python.
    """

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """The remaining arguments, as in the base class."""
        typed, _, order = self.make_parser(ctx).parse_args(args=list(args))
        for parameter, times in Counter(order).items():
            if times > 1 and not parameter.multiple and not getattr(parameter, "is_flag", False):
                ctx.fail(f"{parameter.opts[0]} is given {times} times; it takes one value")
            text = typed.get(str(parameter.name))
            for each in text if isinstance(text, list) else [str(text)]:
                if parameter.type.name in NUMBERS and ("_" in each or not each.isascii()):
                    ctx.fail(f"{parameter.opts[0]}: {each!r} is no number; write it in the digits 0 to 9")
        return super().parse_args(ctx, args)


app = typer.Typer(
    name="advisor",
    cls=Commands,
    help="Which open model, inference strategy, GPU and configuration for a budget?",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"max_content_width": 120, "help_option_names": ["--help", "-h"]},
)
for _commands in COMMANDS.values():
    for _name, _command in _commands.items():
        app.command(_name, cls=Command)(_command)


def _print_version(wanted: bool) -> None:
    if wanted:
        from advisor.distribution import own_version

        print(f"advisor {own_version()}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run the command line of this process and end it.

    A command lives for half a second: collecting garbage and taking the libraries down would be a fifth of it.
    """
    gc.disable()
    prepare()
    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) is not signal.SIG_IGN:  # as under nohup, or in the background of a script
            signal.signal(number, interrupt)
    try:
        code = _flushed(run(sys.argv[1:]))
    except KeyboardInterrupt:  # once more, while the first is being dealt with
        code = _interrupted()
    os._exit(code)


def interrupt(number: int, _frame: object) -> None:
    """Remember that a signal to end came, and end what runs. Raises KeyboardInterrupt."""
    _signals.append(number)
    raise KeyboardInterrupt


def _flushed(code: int) -> int:
    """The exit code when what was printed has left the process."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        return 0
    except OSError as error:
        print(f"advisor: {unwritten(error)}", file=sys.stderr)
        return MissingAbility.exit_code
    return code


def run(arguments: list[str]) -> int:
    """Run one command line and return its exit code."""
    code = _ran(lambda: app(arguments, standalone_mode=False))
    if code == INTERRUPTED:  # what it recorded is made in a shared store by the next command
        return code
    pushed = _ran(options.push_shared)
    return code or pushed


def _ran(work: Callable[[], object]) -> int:
    """The exit code of some work, what went wrong said on one line."""
    try:
        code = work()
    except BaseException as error:
        return _interrupted() if _is_interruption(error) else _failed(error)
    if code == INTERRUPTED:  # what typer makes of KeyboardInterrupt
        return _interrupted()
    return code if isinstance(code, int) else 0


def _is_interruption(error: BaseException) -> bool:
    """Whether it follows from a signal, as itself or as what a library made of it."""
    is_duckdb = isinstance(error, RuntimeError) and str(error) == DUCKDB_INTERRUPTED
    return bool(_signals) or is_duckdb or isinstance(error, (typer.Abort, KeyboardInterrupt))


def _failed(error: BaseException) -> int:
    """Say what went wrong on one line; the exit code. Raises what is no failure of a command."""
    from typer.exceptions import TyperException

    if isinstance(error, AdvisorError):
        print(f"advisor: {error}", file=sys.stderr)
        return error.exit_code
    if isinstance(error, TyperException):
        print(_usage_line(error), file=sys.stderr)
        return 2
    if isinstance(error, (BrokenPipeError, SystemExit)):  # typer and rich make the one of the other
        leave_stdout()
        return 0
    if os.environ.get("ADVISOR_DEBUG") or not isinstance(error, Exception):
        raise error
    if reason := _of_the_machine(error):
        print(f"advisor: {reason}", file=sys.stderr)
        return reason.exit_code
    what = f"bug in advisor ({type(error).__name__}: {error})"
    say(f"{shortened(' '.join(what.split()), LONGEST_LINE)}; ADVISOR_DEBUG=1 shows the traceback")
    return 70


def _interrupted() -> int:
    print("advisor: interrupted", file=sys.stderr)
    return INTERRUPTED


def _of_the_machine(error: Exception) -> AdvisorError | None:
    """What the machine refused where nobody expected it to: a file, room on the disk, memory."""
    if isinstance(error, MemoryError):
        return MissingAbility("there is not enough memory", hint="run it on a larger machine, or on less")
    if isinstance(error, OSError) and error.errno in FULL:
        where = os.getcwd() if error.filename is None else os.fsdecode(error.filename)
        return MissingAbility(f"cannot be written ({error.strerror})", where=where, hint="make room")
    if isinstance(error, OSError) and error.filename is not None:
        what = f"cannot be read or written ({error.strerror})"
        return AdvisorError(what, where=os.fsdecode(error.filename), hint="mend its permissions")
    duckdb = sys.modules.get("duckdb")
    if duckdb and isinstance(error, (duckdb.IOException, duckdb.OutOfMemoryException)):
        return MissingAbility(str(error).splitlines()[0], hint="make room in memory, and on the disk of this folder")
    return None


def _usage_line(error: Exception) -> str:
    """One line for a mistyped command line; the whole help where nothing was typed."""
    text = str(getattr(error, "format_message", error.__str__)())
    return text if text.startswith("Usage:") else f"advisor: {shortened(shown(' '.join(text.split())), LONGEST_LINE)}"
