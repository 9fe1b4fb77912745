"""Short names that tell set-ups apart: `temperature 0.6, enable_thinking false`."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from advisor.store.samples import SETUP

JUDGED = ("reward", "step_delimiter")
"""How rewards were asked for and made one: what tells the points of one reward model apart."""
FIRST = ("temperature", "chat_options", "template", "system_prompt", "few_shot")
ORDER = (*FIRST, *(name for name in SETUP if name not in FIRST), *JUDGED)
"""Columns in the order in which a name has them."""
PLAIN = {"chat_options": "chat options", "few_shot": "examples", "system_prompt": "system prompt"}
"""What columns of text are called; numbers keep the names that a request has for them."""
WORDS = 24
"""Characters of a long text that a name repeats."""
DIGITS = 4
"""Of the digest that tells texts with the same beginning apart."""

Setup = Mapping[str, Any]
"""Values of the columns of a set-up, None where not recorded."""


def labels(setups: Sequence[Setup]) -> list[str]:
    """A name for each of the different set-ups of one model, task and strategy; empty where there is only one.

    It has every column in which recorded set-ups differ. A set-up of which nothing is recorded has no name.
    """
    if len(setups) < 2:
        return [""] * len(setups)
    values = {name: {s.get(name) for s in setups} - {None} for name in ORDER}
    named = [[name for name in ORDER if len(values[name]) > 1 and s.get(name) is not None] for s in setups]
    for name in ORDER:  # what differs only in being recorded is named where nothing else tells it apart
        alike: dict[str, list[int]] = {}
        for at, s in enumerate(setups):
            alike.setdefault(_label(s, named[at], values), []).append(at)
        for group in alike.values():
            if len({setups[at].get(name) for at in group}) > 1:
                for at in group:
                    named[at] += [name] if any(setups[at].get(each) is not None for each in ORDER) else []
    return [_label(s, names, values) for s, names in zip(setups, named, strict=True)]


def joined(*parts: str) -> str:
    """Parts of a name as one."""
    return ", ".join(part for part in parts if part)


def _label(setup: Setup, names: Sequence[str], values: Mapping[str, set[Any]]) -> str:
    return joined(*(_text(name, setup.get(name), values[name]) for name in ORDER if name in names))


def _text(name: str, value: Any, others: set[Any]) -> str:
    """One column in words, `others` are all values that it has."""
    if value is None:
        return f"{PLAIN.get(name, name)} not recorded"
    if isinstance(value, float | int):
        return f"{name} {value:g}"
    if name == "endpoint":
        return f"{_readable(value)} endpoint"
    if not value:
        return f"no {PLAIN.get(name, name)}"
    short = _short(name, value)
    alike = [other for other in others if isinstance(other, str) and other and _short(name, other) == short]
    return short if len(alike) < 2 else f"{short} {hashlib.sha256(value.encode()).hexdigest()[:DIGITS]}"


def _short(name: str, value: str) -> str:
    """A text as its first words, examples as their number, options as they are."""
    try:
        parsed = json.loads(value) if name in {"few_shot", "chat_options"} else None
    except ValueError:
        parsed = None
    if name == "few_shot" and isinstance(parsed, list):
        return f"{len(parsed)} examples" if len(parsed) != 1 else "1 example"
    if name == "chat_options" and isinstance(parsed, dict):
        return ", ".join(_cut(f"{key} {_plain(option)}") for key, option in sorted(parsed.items()))
    if name == "step_delimiter":
        return f"steps end with {json.dumps(value[:WORDS])}"
    text = _cut(_readable(value.replace("{question}", " ")))
    return f"reward {text}" if name == "reward" else f"{PLAIN.get(name, name)} “{text}”"


def _plain(option: object) -> str:
    return option if isinstance(option, str) else json.dumps(option)


def _readable(text: str) -> str:
    """On one line, without signs that a terminal would obey."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())


def _cut(text: str) -> str:
    words = _readable(text)
    return words if len(words) <= WORDS else f"{words[:WORDS].rstrip()}…"
