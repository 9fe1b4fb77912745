"""Extracting answers and comparing them: mathematics, multiple choice, exact or numeric.

Nothing that a model wrote is ever run.

Every kind maps an answer's text to a class; equal classes are equal answers, None is an answer that could not be read.
"""

from __future__ import annotations

import atexit
import multiprocessing
import re
from collections.abc import Callable
from functools import lru_cache
from importlib.util import find_spec
from typing import Any

from advisor.errors import MissingAbility, install, unknown

LONGEST = 20_000
"""Only the end of a text is read: answers come last, and patterns stay fast on runaway output."""

_PHRASE = re.compile(r"(?:final answer|answer)\**\s*(?:is|:|=)\s*:?\s*\**\s*(.+)", re.IGNORECASE)
_LETTER = re.compile(r"\(?\b([A-J])\b\)?")
_NUMBER = re.compile(r"[-+]?\$?\d[\d,]*(?:\.\d+)?(?:[eE][-+]?\d+)?%?")


def boxed(text: str) -> str | None:
    r"""The content of the last \boxed{…}, braces balanced.

    >>> boxed(r"so \boxed{\frac{1}{2}} it is")
    '\\frac{1}{2}'
    """
    start = text.rfind("\\boxed{")
    if start < 0:
        return None
    depth = 0
    for i in range(start + 6, len(text)):
        depth += {"{": 1, "}": -1}.get(text[i], 0)
        if depth == 0:
            return text[start + 7 : i].strip()
    return None


def final(text: str) -> str | None:
    """What follows the last "answer:" or fills the last box, on one line."""
    tail = text[-LONGEST:]
    if (inside := boxed(tail)) is not None:
        return inside
    found = [m[1] for line in tail.splitlines() if (m := _PHRASE.search(line))]
    return found[-1].strip().strip("*").rstrip(".").strip() if found else None


def states_answer(kind: str, text: str) -> bool:
    """Whether a text states its answer, by the final phrase or a box.

    A tree search stops there; any line of working may hold a number.
    """
    return (arithmetic(text) if kind == "arithmetic" else final(text)) is not None


def choice(text: str) -> str | None:
    """The letter of a multiple choice.

    >>> choice("The answer is (C).")
    'C'
    """
    stated = final(text)
    letters: list[str] = _LETTER.findall(stated if stated is not None else text[-200:])
    if not letters:
        return None
    return letters[0] if stated is not None else letters[-1]


def number(text: str) -> str | None:
    """A number in canonical form: the final answer's, else the last in the text.

    >>> number("Total: 1,200 + 34.50 = 1,234.50")
    '1234.5'
    """
    stated = final(text)
    found = _NUMBER.findall(stated if stated is not None else text[-LONGEST:])
    if not found:
        return None
    plain = found[0 if stated is not None else -1].replace(",", "").replace("$", "").rstrip("%")
    value = float(plain)
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)


def exact(text: str) -> str | None:
    """The final answer, or the last line, in small letters without outer punctuation."""
    lines = [line for line in text[-LONGEST:].splitlines() if line.strip()]
    stated = final(text) or (lines[-1] if lines else None)
    return " ".join(stated.lower().strip(" .!\"'").split()) or None if stated else None


def arithmetic(text: str) -> str | None:
    """The number after the last line that starts with `A`, as tasks/arithmetic.py writes it."""
    found = re.findall(r"^A (\d{1,4})$", text, re.MULTILINE)
    return str(int(found[-1])) if found else None


def math(text: str) -> str | None:
    """A mathematical answer in the canonical form of math-verify; read as an expression, never run.

    Raises MissingAbility without the `tasks` extra.
    """
    found: str | None = in_limited_time(canonical, final(text) or text[-300:])
    return found


def canonical(expression: str) -> str | None:
    """The printed form of an expression; in a process of its own, since parsing may not end."""
    from math_verify import parse

    parsed = parse(f"\\boxed{{{expression}}}", parsing_timeout=None)
    return str(parsed[0]) if parsed else None


def same_value(reference: str, answer: str) -> bool:
    """Whether two expressions are equal, like `(x+1)**2` and `x**2 + 2*x + 1`; in a process of its own."""
    from math_verify import parse, verify

    expected, stated = (parse(f"\\boxed{{{text}}}", parsing_timeout=None) for text in (reference, answer))
    return bool(verify(expected, stated, timeout_seconds=None))


SECONDS = 5.0
_worker: list[Any] = []


@lru_cache(maxsize=100_000)
def in_limited_time(work: Callable[..., Any], *arguments: str) -> Any:
    """The result of `work` in a second process, None where it takes longer than SECONDS.

    Raises MissingAbility without math-verify.
    """
    if find_spec("math_verify") is None:
        raise MissingAbility(
            "mathematical answers are compared by math-verify, which is not installed",
            hint=install("tasks"),
        )
    if not _worker:
        _worker.append(multiprocessing.get_context("spawn").Pool(1))
    try:
        return _worker[0].apply_async(work, arguments).get(timeout=SECONDS)
    except multiprocessing.TimeoutError:
        stop_worker()
        return None


def stop_worker() -> None:
    """End the second process, if there is one: when all answers are compared, or the program ends."""
    while _worker:
        _worker.pop().terminate()


atexit.register(stop_worker)


def is_same_answer(kind: str, reference: str, text: str) -> bool:
    """Whether the answer in a text is that of a reference."""
    read = KINDS[kind]
    answer = read(text)
    known = reference if kind == "arithmetic" else read(f"answer: {reference}")
    if answer is None or answer == known:
        return answer is not None
    return kind == "math" and bool(in_limited_time(same_value, reference, final(text) or ""))


KINDS: dict[str, Callable[[str], str | None]] = {
    "math": math,
    "choice": choice,
    "number": number,
    "exact": exact,
    "arithmetic": arithmetic,
}


def reader(kind: str) -> Callable[[str], str | None]:
    """The function that reads answers of a kind. Raises AdvisorError."""
    if kind not in KINDS:
        raise unknown("kind of answer", kind, KINDS, where="--answers")
    return KINDS[kind]
