"""Units behind a number, under one name each, so that 5 cm and 5 m are told apart and 5 cm and 5 are not."""

from __future__ import annotations

import re

_NAMES = {
    "mm": "mm millimeter millimetre", "cm": "cm centimeter centimetre", "m": "meter metre",
    "km": "km kilometer kilometre", "in": "inch inches", "ft": "ft foot feet", "yd": "yd yard", "mi": "mi mile",
    "kg": "kg kilogram", "gram": "gram gramme", "mg": "mg milligram", "lb": "lb lbs pound", "oz": "oz ounce",
    "ton": "ton tonne", "s": "sec second", "min": "min minute", "h": "hr hrs hour", "day": "day", "week": "week",
    "month": "month", "year": "yr year", "ml": "ml milliliter millilitre", "l": "liter litre", "gal": "gal gallon",
    "mph": "mph", "dollar": "dollar usd buck", "cent": "cent", "euro": "euro eur", "degree": "degree deg",
    "radian": "radian rad", "percent": "percent percentage pct", "unit": "unit", "people": "people person",
    "child": "child children", "man": "man men", "woman": "woman women", "mole": "mol mole", "joule": "joule",
    "watt": "watt", "volt": "volt", "newton": "newton", "hz": "hz hertz", "ev": "ev",
}  # fmt: skip
UNITS = {alias: name for name, aliases in _NAMES.items() for alias in aliases.split()}
_SYMBOLS = {
    "m": "m",
    "s": "s",
    "h": "h",
    "g": "gram",
    "l": "l",
    "in": "in",
    "j": "joule",
    "w": "watt",
    "v": "volt",
    "n": "newton",
}
"""Too short to be told from a variable, but for LaTeX text."""

_POWER = r"(?:\s*\^\s*\{?\s*([-+]?\d)\s*\}?)?"
_TEXT = re.compile(r"^(.*?[\d})!a-z])\s*((?:\\?[ ,]|\\cdot|/)*\\text\s*\{.*)$")
_WORDS = re.compile(r"^(.*?[\d})])\s*([A-Za-z]{2,}(?:(?:\s+|\s*/\s*)[A-Za-z]+)*\.?" + _POWER + r")$")
_COUNTED = re.compile(r"[-+]?[\d.,/\s]+")
_NO_UNIT = {
    "or", "and", "to", "than", "less", "more", "times", "plus", "minus", "over", "not", "if", "when", "where", "of",
    "mod", "factorial", "squared", "cubed", "maybe", "dozen", "hundred", "x", "either", "as", "is", "for", "base",
}  # fmt: skip


def split(text: str) -> tuple[str, str]:
    r"""(expression, unit); no unit is the empty text.

    >>> split(r"5\text{ cm}^2"), split("12 square inches"), split(r"50\%"), split("2m")
    (('5', 'cm^2'), ('12', 'in^2'), ('50', 'percent'), ('2m', ''))
    """
    text = text.strip()
    if money := re.fullmatch(r"(-?)\\?[$€£]\s*(.+)", text):
        inner, unit = split(money[1] + money[2])
        sign = {"€": "euro", "£": "pound sterling"}.get(text.lstrip("-\\")[0], "dollar")
        return inner, unit if unit not in ("", "dollar") else sign
    if share := re.fullmatch(r"(.+?)\s*(?:\\?%|\\text\s*\{\s*\\?%\s*\}|\bper\s?cent|\bpercentage)", text):
        return share[1], "percent"
    if angle := re.fullmatch(r"(.+?)\s*\^\{\\circ\}\s*(?:\\text\s*\{)?\s*([CF]?)\s*\}?", text):
        plain = not re.search(r"\\(?:circ|sin|cos|tan|cot|sec|csc)", angle[1])
        return (angle[1], f"degree {angle[2]}".strip()) if plain else (text, "")
    if based := re.fullmatch(r"(\d+)\s*_\s*\{?\s*(?:\\text\s*\{)?\s*(\w+)\s*\}*", text):
        return based[1], f"base {_BASES.get(based[2], based[2])}"
    if (latex := _TEXT.match(text)) and (unit := _of_text(latex[2])):
        return latex[1].strip(), unit
    if (words := _WORDS.match(text)) and (unit := _of_words(words[1], words[2])):
        return words[1].strip(), unit
    return text, ""


_BASES = {
    "two": "2",
    "three": "3",
    "four": "4",
    "five": "5",
    "six": "6",
    "seven": "7",
    "eight": "8",
    "nine": "9",
    "ten": "10",
}


def _of_text(text: str) -> str:
    r"""The unit of `\text{ cm}^2`, `\text{m}/\text{s}`; empty where it is prose of several parts."""
    plain = re.sub(r"\\text\s*\{([^{}]*)\}", r" \1 ", text).replace(r"\cdot", " ").replace("\\", "")
    words = re.findall(r"[A-Za-z]+", plain)
    if not words or any(word.lower() in _NO_UNIT for word in words) or re.search(r"(?<!\^)(?<!\^\{)(?<!-)\d", plain):
        return ""
    return _canonical(plain, {**UNITS, **_SYMBOLS})


def _of_words(before: str, text: str) -> str:
    """The unit of plain words: known ones, or one plural behind a plain number."""
    words = [word.lower() for word in re.findall(r"[A-Za-z]+", text)]
    if any(word in _NO_UNIT for word in words):
        return ""
    counted = _COUNTED.fullmatch(before) is not None
    known = {**UNITS, **_SYMBOLS}
    if len(words) == 1 and words[0] == "in":
        return ""
    if all(_single(word) in known or word in ("per", "square", "cubic", "sq", "cu") for word in words):
        return _canonical(text, known)
    return _canonical(text, known) if counted and len(words) == 1 and words[0].endswith("s") else ""


def _single(word: str) -> str:
    return word if word in UNITS or word in _SYMBOLS else word.removesuffix("s")


def _canonical(text: str, known: dict[str, str]) -> str:
    text = re.sub(r"\s*\^\s*\{?\s*([-+]?\d)\s*\}?", r"^\1", text.lower()).replace(".", " ")
    text = re.sub(r"\bper\b", "/", text)
    for name, power in (("square", 2), ("sq", 2), ("cubic", 3), ("cu", 3)):
        text = re.sub(rf"\b{name}\s+([a-z]+)\b(?!\^)", rf"\1^{power}", text)
    text = re.sub(r"[a-z]+", lambda m: known.get(m[0], known.get(_single(m[0]), _single(m[0]))), text)
    unit = re.sub(r"\s*/\s*", "/", " ".join(text.split()))
    return {"mi/h": "mph", "kmh": "km/h", "kph": "km/h"}.get(unit, unit)
