"""Numbers in prose and LaTeX, read exactly: no number is rounded on the way."""

from __future__ import annotations

import re
from fractions import Fraction

from advisor.tasks.notation import ascii_math
from advisor.tasks.stated import LONGEST, final, refuses, sentence

MOST_DIGITS = 1000
_PLAIN = r"(?:\d+(?:\.\d+)?|\.\d+)"
_POWER = r"(?:[eE](?P<e>[-+]?\d+)\b|\s*(?:\\times|\\cdot|\*|x)\s*10\s*(?:\^|\*\*)\s*\{?\s*(?P<ten>[-+]?\d+)\s*\}?)"
_FRACTION = r"\\[dtc]?frac\s*(?:\{\s*(?P<above>-?\d+)\s*\}\s*\{\s*(?P<below>-?\d+)\s*\}|(?P<a>\d)\s*(?P<b>\d))"
_NUMBER = re.compile(
    rf"(?P<sign>(?<![\w.)}}\]])[-+]\s*)?(?:\\?\$\s*)?(?:(?:(?P<whole>\d+)\s*)?{_FRACTION}"
    rf"|(?P<mixed>\d+)\s+(?P<over>\d+)\s*/\s*(?P<under>\d+)|(?P<plain>{_PLAIN})(?:{_POWER}|\s*/\s*(?P<divisor>\d+)\b)?)"
)
_MADE_OF_MORE_BEFORE = re.compile(
    r"(?:\\(?!text|mathrm|\$|\(|\[|approx|quad|,|;|!)[a-zA-Z]+\s*\{?|[\^_/+*√<>]|[\w)}]\s*-"
    r"|\b(?:(?:more|less|greater|fewer|other) than|log|ln|sin|cos|tan|sqrt|root of)\s*\(?)\s*$",
    re.IGNORECASE,
)
_MADE_OF_MORE_AFTER = re.compile(
    r"\s*(?:[\^+*!√_(]|-\s*[\d\\a-z]|/\s*\d|\\(?:times|cdot|div|sqrt|pi|frac|pm|mod|le|ge|infty)\b|:\s*\d"
    r"|(?:thousand|million|billion|trillion|dozen|hundred|minus|plus|times|divided|over)\b)"
    r"|[a-zA-Z](?![a-zA-Z])(?<![mgslhL])|[.,]\d"
)
_SPACED = re.compile(r"(?<![\d.,])\d{1,3}(?: \d{3})+(?![\d,])")
_SEVERAL_NAMES = re.compile(r"[a-zA-Z]\s*=[^=]*(?:[,;]|\band\b)[^=]*[a-zA-Z]\s*=")
_OPEN = re.compile(rf"\?|\b(?:isn['’]t|is not|not|(?:cannot|can['’]t) be)\s+(?:equal to\s+)?\$?-?{_PLAIN}")
_COUNTS_ELSE = re.compile(r"\b(?:after|per|every|step|case|part|question|problem|equation|exercise)\s*$", re.IGNORECASE)
_COMPOUND = re.compile(
    r"\s*(?:[hm]|hrs?|hours?|min|minutes?|days?|weeks?|months?|years?|ft|feet|lbs?|pounds?|dollars?|')[,\s]*"
)
_MINUS = re.compile(r"(?<![\d)])(^|\s)(?:minus|negative)\s+(?=[\d$])", re.IGNORECASE)
_UNIT_POWER = re.compile(r"(?<=[a-zA-Z}])\s*\^\s*\{?[23]\}?|\^\s*\{?\s*\\circ\s*\}?")
_HEDGE = re.compile(
    r"\b(?:or|either|maybe|perhaps|possibly|might|between|not sure|and)\b|\bto\b|\\pm|\\text\{\s*or\s*\}"
)
_DENIED = re.compile(rf"\b(?:not|isn't|rather than|instead of)\s+(?:equal to\s+|\$)?-?{_PLAIN}\b")


def number(text: str) -> str | None:
    """A number in canonical form, without unit or per cent sign: the final answer's, else the last in the text.

    None where the answer is more than a number, or several.

    >>> number("Total: 1,200 + 34.50 = 1,234.50"), number("The answer is 1/3.")
    ('1234.5', '1/3')
    """
    stated = final(text)
    if stated is not None:
        return _written(_of_statement(ascii_math(stated)))
    tail = ascii_math(text[-LONGEST:])
    found = list(_NUMBER.finditer(tail))
    if not found or refuses(text) or _is_part(tail, found[-1]) or _COUNTS_ELSE.search(tail[: found[-1].start()]):
        return None
    between = tail[found[-2].end() : found[-1].start()] if len(found) > 1 else ""
    if re.fullmatch(r"\s*(?:or|to|-)\s*", between) or _OPEN.search(tail.rstrip().rpartition("\n")[2]):
        return None
    return _written(_value(found[-1]))


def numeral(text: str) -> Fraction | None:
    r"""The value of a text that is one number and nothing else, like `-1.5`, `3 1/2`, `6.02\times 10^{23}`."""
    found = _NUMBER.fullmatch(text.strip())
    return _value(found) if found and "$" not in text else None


def _of_statement(stated: str) -> Fraction | None:
    stated = _MINUS.sub(r"\1-", _DENIED.sub(" ", _UNIT_POWER.sub("", sentence(stated))))
    if _SEVERAL_NAMES.search(stated):
        return None
    parts = _SPACED.sub(lambda m: m[0].replace(" ", ""), stated).split("=")
    part = parts[-1]
    exact, approximate = part.partition(r"\approx")[::2]
    part = exact if _NUMBER.search(exact) else approximate or part
    found = list(_NUMBER.finditer(part))
    if not found or _is_part(part, found[0]):
        return None
    values = [_value(match) for match in found]
    several = len(found) > 1 and len(set(values)) > 1
    between = part[found[0].end() : found[1].start()] if several else ""
    if several and (_HEDGE.search(part) or re.fullmatch(r"\s*[,;]\s*", between) or _COMPOUND.fullmatch(between)):
        return None
    return values[0]


def _is_part(text: str, match: re.Match[str]) -> bool:
    """Whether more is written than a number: a root, a power, a product."""
    before, after = text[: match.start()], text[match.end() :]
    attached = re.search(r"(?<![a-zA-Z\\])[a-zA-Z]$", before)
    return bool(_MADE_OF_MORE_BEFORE.search(before) or _MADE_OF_MORE_AFTER.match(after) or attached)


def _value(match: re.Match[str]) -> Fraction | None:
    """None where something is divided by zero, or there are digits or a power of ten out of all reason."""
    if len(match[0]) > MOST_DIGITS:
        return None
    g = match.groupdict()
    above, below = g["above"] or g["a"] or g["over"], g["below"] or g["b"] or g["under"]
    power = int(g["e"] or g["ten"] or 0)
    if abs(power) > MOST_DIGITS or 0 in (int(below or 1), int(g["divisor"] or 1)):
        return None
    if above is not None:
        value = int(g["whole"] or g["mixed"] or 0) + Fraction(int(above), int(below or 1))
    else:
        value = Fraction(g["plain"]) * Fraction(10) ** power / int(g["divisor"] or 1)
    return -value if (g["sign"] or "").strip() == "-" else value


def _written(value: Fraction | None) -> str | None:
    """As a whole number, a decimal that ends, or else a fraction."""
    if value is None:
        return None
    twos_and_fives, below = 0, value.denominator
    for factor in (2, 5):
        n = 0
        while below % factor == 0:
            below, n = below // factor, n + 1
        twos_and_fives = max(twos_and_fives, n)
    if below > 1 or twos_and_fives > 400:
        return str(value)
    digits = f"{abs(value.numerator) * 10**twos_and_fives // value.denominator:0{twos_and_fives + 1}d}"
    point = len(digits) - twos_and_fives
    return ("-" if value < 0 else "") + digits[:point] + (f".{digits[point:]}" if twos_and_fives else "")
