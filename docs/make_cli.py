"""Write docs/cli.md from the program itself.

python docs/make_cli.py
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from advisor.cli.main import COMMANDS

PAGE = Path(__file__).parent / "cli.md"


def commands() -> list[str]:
    """Names in the order of `advisor --help`."""
    return [name for group in COMMANDS.values() for name in group]


def help_of(*command: str) -> str:
    """What `--help` prints, without trailing spaces."""
    environment = {**os.environ, "COLUMNS": "110", "NO_COLOR": "1", "TERM": "dumb"}
    printed = subprocess.run(
        [sys.executable, "-m", "advisor", *command, "--help"],
        capture_output=True,
        text=True,
        check=True,
        env=environment,
    ).stdout
    return "\n".join(line.rstrip() for line in printed.strip().replace("python -m advisor", "advisor").splitlines())


def page() -> str:
    """The whole page."""
    parts = ["# Command line\n\nMade by `python docs/make_cli.py`.", f"```\n{help_of()}\n```"]
    parts += [f"## advisor {name}\n\n```\n{help_of(name)}\n```" for name in commands()]
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
