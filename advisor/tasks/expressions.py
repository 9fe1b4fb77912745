r"""Mathematical answers as values and groups of values: lists, sets, tuples, intervals, unions, matrices.

Brackets, separators and relations are read here, from the text; each value by a function that is handed in.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from advisor.tasks import physical_units
from advisor.tasks.notation import tidy


@dataclass(frozen=True, slots=True)
class Number:
    """What a formula says: equal `key`, equal formula.

    exact      the value of a rational number as written, p/q
    digits     of a real constant, 30 significant
    equation   the line `name = formula` in the form of an equation
    """

    key: str
    digits: str | None = None
    equation: str | None = None


@dataclass(frozen=True, slots=True)
class Value:
    """One formula or word.

    `places` are decimals of a decimal number; `unit` and `name` (of x = …) are empty where not said.
    """

    number: Number
    places: int | None = None
    unit: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """`shape` is list, set, tuple, interval, union or matrix (of rows that are tuples); `brackets` of an interval."""

    shape: str
    items: tuple[Answer, ...]
    brackets: str = ""
    name: str = ""


Answer = Value | Group
Read = Callable[[str], Number]

_OPENING = {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}
_SEPARATOR = re.compile(
    r"\s*(?:[,;]\s*(?:(?:\\text\s*\{\s*)?\b(?:and|or)\b(?:\s*\})?)?|(?:\\text\s*\{\s*)(?:and|or)\s*\}"
    r"|\b(?:and|or)\b)\s*"
)
_VARIABLE = r"(?:[a-zA-Z]|\\(?:theta|alpha|beta|lambda|mu|phi|omega|gamma))(?:_\{?\w+\}?)?"
_NAME = re.compile(rf"(?:{_VARIABLE})?(?:\s*\(\s*{_VARIABLE}(?:\s*,\s*{_VARIABLE})*\s*\))?")
_COMPARISON = re.compile(r"\\le(?![a-z])|\\ge(?![a-z])|<|>")
_MATRIX = re.compile(r"\\begin\s*\{([pbBvV]?matrix|array)\}(?:\{[^}]*\})?(.*?)\\end\s*\{\1\}")
_DECIMAL = re.compile(r"-?(\d*)\.(\d+)")
_FUNCTIONS = {
    "sin",
    "cos",
    "tan",
    "cot",
    "sec",
    "csc",
    "log",
    "exp",
    "max",
    "min",
    "gcd",
    "lcm",
    "det",
    "mod",
    "arcsin",
}
_REALS = re.compile(r"(?:all\s+)?real(?:\s+numbers?)?|\\mathbb\s*\{?R\}?")
_NOTHING = re.compile(r"\\emptyset|no\s+(?:real\s+)?solutions?|empty\s+set")
_INFINITE = {"\\infty": "infinity", "+\\infty": "infinity", "-\\infty": "-infinity"}


def parse(text: str, read: Read) -> Answer:
    """The answer that a text holds; `read` reads one formula."""
    return _parse(tidy(text), read)


def _parse(text: str, read: Read) -> Answer:
    text = text.strip()
    if re.fullmatch(r"\\text\s*\{[^{}]*\}", text):
        text = tidy(text[text.index("{") + 1 : -1])
    plain = re.sub(r"\\text\s*\{([^{}]*)\}", r"\1", text).strip().lower()
    if _NOTHING.fullmatch(plain):
        return Group("set", ())
    if _REALS.fullmatch(plain.replace("{r}", "{R}").replace("mathbb r", "mathbb R")):
        return _interval("()", "-\\infty", "\\infty", read)
    if len(parts := _split(text, re.compile(r"\\cup(?![a-z])"))) > 1:
        return _union([_parse(part, read) for part in parts])
    if len(parts := _split(text, _SEPARATOR)) > 1:
        items = [_parse(part, read) for part in parts]
        intervals = all(isinstance(item, Group) and item.shape == "interval" for item in items)
        return _union(items) if intervals and re.search(r"\bor\b", text) else Group("list", tuple(items))
    return (
        _bracketed(text, read)
        or _matrix(text, read)
        or _related(text, read)
        or _two_signs(text, read)
        or _value(text, read)
    )


def _split(text: str, separator: re.Pattern[str]) -> list[str]:
    """The parts between separators that lie in no bracket; not in the braces of a command either."""
    parts, depth, start, i = [], 0, 0, 0
    while i < len(text):
        if text[i] == "\\" and text[i + 1 : i + 2] in ("{", "}"):
            depth += 1 if text[i + 1] == "{" else -1
            i += 2
            continue
        if depth == 0 and (match := separator.match(text, i)) and match.end() > i:
            parts.append(text[start : match.start()])
            i = start = match.end()
            continue
        depth += _OPENING.get(text[i], 0)
        i += 1
    return [part for part in [*parts, text[start:]] if part.strip()]


def _enclosed(text: str) -> tuple[str, str] | None:
    """(brackets, what they hold) where one pair of brackets holds it all."""
    opening = "\\{" if text.startswith("\\{") else text[:1]
    closing = "\\}" if text.endswith("\\}") else text[-1:]
    if opening not in ("\\{", "(", "[") or closing not in ("\\}", ")", "]") or len(text) < 2:
        return None
    depth = 0
    for i, sign in enumerate(text):
        depth += _OPENING.get(sign, 0)
        if depth == 0 and i < len(text) - 1 and sign != "\\":
            return None
    if depth or (opening == "\\{") != (closing == "\\}"):
        return None
    return (opening + closing).replace("\\", ""), text[len(opening) : len(text) - len(closing)]


def _bracketed(text: str, read: Read) -> Answer | None:
    if (found := _enclosed(text)) is None:
        return None
    brackets, inside = found
    parts = _split(inside, re.compile(r"\s*[,;]\s*"))
    if brackets == "{}":
        if condition := re.fullmatch(r"(.+?)(?:\\mid|\||:)(.+)", inside):
            return _parse(condition[2], read)
        return Group("set", tuple(_parse(part, read) for part in parts))
    if len(parts) == 1:
        return _parse(parts[0], read) if brackets == "()" or _MATRIX.fullmatch(inside.strip()) else None
    if brackets != "()" and len(parts) == 2 and not parts[0].strip().startswith("["):
        return _interval(brackets, parts[0], parts[1], read)
    items = tuple(_parse(part, read) for part in parts)
    if brackets == "[]" and all(isinstance(item, Group) and item.shape in ("tuple", "interval") for item in items):
        return Group("matrix", tuple(Group("tuple", item.items) for item in items if isinstance(item, Group)))
    return Group("tuple", items)


def _interval(brackets: str, start: str, end: str, read: Read, name: str = "") -> Group:
    return Group("interval", (_parse(start, read), _parse(end, read)), brackets, name)


def _union(items: list[Answer]) -> Answer:
    names = {item.name for item in items} - {""}
    bare = tuple(replace(item, name="") for item in items)
    return Group("union", bare, name=names.pop() if len(names) == 1 else "".join(sorted(names)))


def _matrix(text: str, read: Read) -> Answer | None:
    match = _MATRIX.fullmatch(text)
    if match is None or match[1] in ("vmatrix", "Vmatrix"):
        return None
    rows = [row for row in re.split(r"\\\\(?:\[[^\]]*\])?", match[2]) if row.strip()]
    return Group("matrix", tuple(Group("tuple", tuple(_parse(c, read) for c in row.split("&"))) for row in rows))


def _related(text: str, read: Read) -> Answer | None:
    """x = 5, 2 < x \\le 3, x \\in [0, 1)."""
    if len(parts := _split(text, re.compile(r"\s*\\in(?![a-z])\s*"))) == 2 and re.fullmatch(_VARIABLE, parts[0]):
        return replace(_parse(parts[1], read), name=parts[0])
    if len(parts := _split(text, re.compile(r"\s*(?<![<>!:])=(?!=)\s*"))) > 1:
        return _equation(parts, read)
    if len(parts := _split(text, _COMPARISON)) > 1:
        return _inequality(parts, _COMPARISON.findall(text), read)
    return None


def _equation(parts: list[str], read: Read) -> Answer:
    names = [part.strip() for part in parts[:-1] if _NAME.fullmatch(part.strip())]
    if names:
        found = _parse(parts[-1], read)
        if isinstance(found, Value):
            line = read(f"{names[0]}={parts[-1]}")
            return replace(found, name=names[0].replace(" ", ""), number=replace(found.number, equation=line.equation))
        return replace(found, name=names[0].replace(" ", ""))
    if len(parts) == 2 and re.search(r"[a-zA-Z]", re.sub(r"\\[a-zA-Z]+", "", "".join(parts))):
        return Value(read("=".join(parts)))
    return _parse(parts[-1], read)


def _inequality(parts: list[str], signs: list[str], read: Read) -> Answer | None:
    parts = [part.strip() for part in parts]
    if len(parts) != len(signs) + 1 or len(parts) > 3:
        return None
    if signs[0] in (">", "\\ge"):
        parts, signs = parts[::-1], [{">": "<", "\\ge": "\\le"}.get(s, s) for s in signs[::-1]]
    if any(sign in (">", "\\ge") for sign in signs):
        return None
    opening, closing = ("[" if signs[0] == "\\le" else "("), ("]" if signs[-1] == "\\le" else ")")
    if len(parts) == 3 and re.fullmatch(_VARIABLE, parts[1]):
        return _interval(opening + closing, parts[0], parts[2], read, parts[1])
    if len(parts) == 2 and re.fullmatch(_VARIABLE, parts[0]) and not re.search(_bounded(parts[0]), parts[1]):
        return _interval("(" + closing, "-\\infty", parts[1], read, parts[0])
    if len(parts) == 2 and re.fullmatch(_VARIABLE, parts[1]) and not re.search(_bounded(parts[1]), parts[0]):
        return _interval(opening + ")", parts[0], "\\infty", read, parts[1])
    return None


def _bounded(variable: str) -> str:
    return rf"(?<![a-zA-Z\\]){re.escape(variable)}(?![a-zA-Z])"


def _two_signs(text: str, read: Read) -> Answer | None:
    if len(re.findall(r"\\pm(?![a-z])", text)) != 1:
        return None
    return Group(
        "list", tuple(_parse(re.sub(r"\\pm(?![a-z])\s*", sign, text).removeprefix("+"), read) for sign in "+-")
    )


def _value(text: str, read: Read) -> Answer:
    if text in _INFINITE:
        return Value(Number(_INFINITE[text]))
    core, unit = physical_units.split(text)
    core, places = core.strip(), None
    if (inside := _enclosed(core)) and inside[0] == "()":
        found = _parse(inside[1], read)
        return replace(found, unit=unit) if unit and isinstance(found, Value) else found
    if decimal := _DECIMAL.fullmatch(core):
        places = len(decimal[2])
    if not unit and is_prose(core):
        words = re.sub(r"\\text\s*\{([^{}]*)\}", r" \1 ", core)
        return Value(Number(f"text: {' '.join(words.lower().split())}".strip(" .!\"'")))
    return Value(read(core), places, unit)


def is_prose(text: str) -> bool:
    r"""Whether a text is words: \text{…}, or letters in a row that are neither a function nor a product."""
    if "\\text" in text:
        return True
    return any(
        word.lower() not in _FUNCTIONS for word in re.findall(r"[A-Za-z]{3,}", re.sub(r"\\[a-zA-Z]+", " ", text))
    )
