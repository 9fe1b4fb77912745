"""Write docs/cli.md from the program itself.

python docs/make_cli.py
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

COMMANDS = (
    "recommend",
    "frontier",
    "curve",
    "report",
    "estimate",
    "models",
    "gpus",
    "tasks",
    "import",
    "calibrate",
    "profile",
    "compare",
    "fit",
)
PAGE = Path(__file__).parent / "cli.md"


def help_of(*command: str) -> str:
    environment = {**os.environ, "COLUMNS": "110", "NO_COLOR": "1", "TERM": "dumb"}
    told = subprocess.run(
        [sys.executable, "-m", "advisor", *command, "--help"],
        capture_output=True,
        text=True,
        check=True,
        env=environment,
    ).stdout
    return "\n".join(line.rstrip() for line in told.strip().replace("python -m advisor", "advisor").splitlines())


def page() -> str:
    parts = ["# Command line\n\nMade by `python docs/make_cli.py`."]
    parts += [f"## advisor {name}\n\n```\n{help_of(name)}\n```" for name in COMMANDS]
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
