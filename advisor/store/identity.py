"""Names of runs: the same for the same content, whatever the program's version, and files that hold it already.

A name ends in a digest of the content as canonical JSON: keys sorted, values that equal the default of their field left
out. So an option that is added later, at its default, changes no name. Whoever changes a default, or what an option
means, raises VERSION; a test holds names of known content fixed.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from typing import Any

VERSION = 1
DIGITS = 12
LONGEST_WORDS = 90
RUN_ID = re.compile(r"[\w-][\w.-]{0,119}")
"""What can name a run, and so its file: with a dot before it that would be hidden."""


def run_id(words: str, content: object) -> str:
    """The words in lower case as far as a file's name allows, and the digest of the content.

    >>> run_id("Qwen3 8B/aime24", {"seed": 0})
    'qwen3-8b-aime24-f3faa986e8b7'
    """
    return f"{re.sub(r'[^a-z0-9_.-]+', '-', words.lower())[:LONGEST_WORDS]}-{digest(content)}"


def digest(content: object) -> str:
    """Hexadecimal digits that stand for dataclasses, mappings, sequences, texts, numbers and None."""
    text = json.dumps({"version": VERSION, "content": canonical(content)}, sort_keys=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:DIGITS]


def canonical(value: object) -> Any:
    """Plain JSON values; of a dataclass the fields that differ from their defaults, of a mapping all but None.

    Raises TypeError for a value of another kind, whose printed form may change.
    """
    if is_dataclass(value) and not isinstance(value, type):
        pairs = ((f, getattr(value, f.name)) for f in fields(value))
        return {f.name: canonical(inner) for f, inner in pairs if f.default is MISSING or inner != f.default}
    if isinstance(value, Mapping):
        return {str(key): canonical(inner) for key, inner in value.items() if inner is not None}
    if isinstance(value, (list, tuple)):
        return [canonical(inner) for inner in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if value is None or isinstance(value, (str, int, float)):
        return value
    raise TypeError(f"{type(value).__name__} has no canonical form")


def begun(folder: Path, names: Sequence[str]) -> str:
    """The first of the names under which the folder holds a run, sealed or begun; else the first.

    Names after the first are what former versions called the same content.
    """
    found = (n for n in names if (folder / f"{n}.parquet").exists() or (folder / f".{n}.jsonl").exists())
    return next(found, names[0])
