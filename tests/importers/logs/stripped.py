"""Takes out of logs what only says on which machine they were made."""

from __future__ import annotations

import re
from pathlib import Path


def strip(folder: Path, here: Path, *patterns: str) -> None:
    """Replaces the path `here` by `.` in all text files of a folder, and empties what a pattern's group holds."""
    for file in folder.rglob("*"):
        if file.suffix in {".json", ".jsonl", ".yaml"}:
            text = file.read_text(encoding="utf-8").replace(str(here), ".")
            for pattern in patterns:
                text = re.sub(pattern, lambda m: m[0].replace(m[1], ""), text)
            file.write_text(text, encoding="utf-8")
