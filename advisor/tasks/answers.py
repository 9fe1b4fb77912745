"""Extracting answers and comparing them: mathematics, multiple choice, exact or numeric.

Nothing that a model wrote is ever run.

Every kind maps an answer's text to a class; equal classes are equal answers, None is an answer that could not be read.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from advisor.errors import unknown
from advisor.tasks.choices import choice
from advisor.tasks.equality import class_of, equal
from advisor.tasks.expressions import Answer
from advisor.tasks.limited import in_limited_time
from advisor.tasks.numbers import number
from advisor.tasks.stated import LONGEST, final, refuses, sentence
from advisor.tasks.symbolic import read_answer

_INLINE = re.compile(r"(?<!\\)\$\$?([^$]+?)(?<!\\)\$\$?|\\\((.+?)\\\)|\\\[(.+?)\\\]", re.DOTALL)
NOTHING = ("as written:", "text:")
_NOT = re.compile(r",?\s+(?:and\s+)?(?:not|rather than|instead of)\b")
_PROSE_AROUND = re.compile(r"[A-Za-z]{2,}")


def states_answer(kind: str, text: str) -> bool:
    """Whether a text states its answer, by the final phrase or a box.

    A tree search stops there; any line of working may hold a number.
    """
    return (arithmetic(text) if kind == "arithmetic" else final(text)) is not None


def exact(text: str) -> str | None:
    """The final answer, or the last line, in small letters without outer punctuation."""
    lines = [line for line in text[-LONGEST:].splitlines() if line.strip()]
    stated = final(text) or (lines[-1] if lines else None)
    if stated is None:
        return None
    plain = re.sub(r"\\text(?:bf|it|rm)?\s*\{([^{}]*)\}", r"\1", stated).replace("−", "-").replace("’", "'")
    if plain.count("$") == 2 and plain.startswith("$") and plain.endswith("$"):
        plain = plain[1:-1]
    return " ".join(plain.lower().strip(" .!\"'*_“”").split()) or None


def arithmetic(text: str) -> str | None:
    """The number after the last line that starts with `A`, as tasks/arithmetic.py writes it."""
    found = re.findall(r"^A (\d{1,4})$", text, re.MULTILINE)
    return str(int(found[-1])) if found else None


def math(text: str) -> str | None:
    """A mathematical answer's class; read as an expression, never run.

    Raises NotChecked where reading takes too long, MissingAbility without the `tasks` extra.
    """
    answer = _mathematical(text)
    return None if answer is None else class_of(answer)


def _mathematical(text: str) -> Answer | None:
    answer: Answer | None = in_limited_time(read_answer, expression(text) or "")
    return answer if answer is not None and class_of(answer) not in NOTHING else None


def expression(text: str) -> str | None:
    """The mathematical expression that a text ends in: its final answer's, else the last between dollars, else the
    last number."""
    stated = final(text)
    if stated is None:
        found = list(_INLINE.finditer(text[-LONGEST:]))
        if refuses(text):
            return None
        return _together(text[-LONGEST:], found) if found else _only_number(text.rstrip().rpartition("\n")[2])
    if "\\boxed" in text and "$" not in stated:
        return stated
    if (before := _NOT.split(stated)[0]).strip() and "\\boxed" not in text:
        stated = before
    found = list(_INLINE.finditer(stated))
    around = _INLINE.sub(" ", stated)
    if not found or around.count("$"):
        return sentence(stated) or None
    if re.search(r"\b(?:or|and|not)\b", around):
        return " ".join(re.sub(r"(?<!\\)\$|\\[()\[\]]", " ", sentence(stated)).split())
    if re.match(r"\s*\$?\s*(?:\\?%|percent\b)", stated[found[0].end() :]):
        return f"{_content(found[0])}\\%"
    return _content(found[0]) if _PROSE_AROUND.search(around) or not around.strip() else stated


def _together(text: str, found: list[re.Match[str]]) -> str:
    """The last formula, with the one before it where only "and", "or" or a comma lies between them."""
    if len(found) > 1 and re.fullmatch(r"\s*(?:,|,?\s*and|,?\s*or)\s*", text[found[-2].end() : found[-1].start()]):
        return f"{_content(found[-2])}, {_content(found[-1])}"
    return _content(found[-1])


def _only_number(line: str) -> str | None:
    """The number of a line that has but one, or says what it equals."""
    return number(line) if "=" in line or len(set(re.findall(r"\d[\d.,]*", line))) == 1 else None


def _content(match: re.Match[str]) -> str:
    return next(group for group in match.groups() if group is not None).strip()


def is_same_answer(kind: str, reference: str, text: str) -> bool:
    """Whether the answer in a text is that of a reference.

    Raises NotChecked where comparing takes too long: the answer is then neither right nor wrong.
    """
    if kind == "math":
        stated = _mathematical(text)
        known = _mathematical(reference if final(reference) else f"\\boxed{{{reference}}}")
        return stated is not None and known is not None and equal(known, stated)
    read = KINDS[kind]
    answer = read(text)
    known_class = reference if kind == "arithmetic" else read(reference if final(reference) else f"answer: {reference}")
    return answer is not None and answer == known_class


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
