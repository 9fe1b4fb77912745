"""The letter of a multiple choice, as people write it in prose."""

from __future__ import annotations

import re

from advisor.tasks.stated import final, refuses, sentence

_COMMAND = re.compile(r"\\(?:text|textbf|mathrm|mathbf|operatorname|boxed|rm|bf)\b\s*|[*_${}`]|\\[()\[\]]")
_WHOLE = re.compile(r"(?:option|choice|answer)?\s*[(\[]?\s*([A-Ja-j])\s*[)\].:]*", re.IGNORECASE)
_LABEL = re.compile(r"[(\[]?([A-J])(?:[)\]:]|\.(?=\s|$))|\(([a-j])\)|([a-j])\)")
_NAMED = re.compile(r"\b(?:option|choice)\s*[(\[]?([A-Ja-j])\b(?!['’])", re.IGNORECASE)
_LONE = re.compile(r"(?<![\w'’.-])[(\[]?([A-J])\b(?!['’-]\w|\s*[=^+/<>])[)\]]?")
_ARTICLE = re.compile(
    r"\b(?:A\s+(?!(?:and|or|nor|is|are|was|were|but|because|since|as|seems|looks|not|must|rather)\b)"
    r"(?=[a-z]{2})|I\s+(?=[a-z])|I['’]\w+)"
    r"|\b(?i:plan|vitamin|hepatitis|group|team|type|class|grade|figure|case|section|part|point|person|train)\s+[A-J]\b"
)
_LETTERS = r"[(\[]?[A-J]\b[)\]]?(?:\s*(?:,\s*(?:or|nor|and)?|or|nor|and)\s*[(\[]?[A-J]\b[)\]]?)*"
_DENIED = re.compile(
    rf"(?:\b(?i:not|neither|none of|isn['’]t|rather than|instead of|eliminat\w*|exclud\w*|reject\w*|rul\w+ out|except"
    rf"|unlike|never)\s+(?:(?:option|choice|answer)s?\s+)?{_LETTERS}"
    rf"|(?:\b(?:option|choice)s?\s+)?{_LETTERS}\s+(?:is|are|was|were|can|cannot|does|do|could|would|seems?)"
    r"(?:\s*(?:not\b|n['’]t|both|all|also|be|clearly|obviously))*\s*(?:wrong|incorrect|false|out|eliminated|excluded"
    r"|invalid|impossible|correct|right|the (?:answer|one)|it|work|fit)\b)"
)
_PICKED = re.compile(
    r"\b(?:choose|pick|select|guess|go(?:ing)? with|go for|mark|answer with|it(?:['’]s| is)|must be"
    r"|therefore|thus|hence|so)[,:]?\s+"
    r"(?:(?:the\s+)?(?:option|choice|answer)\s+)?[(\[]?([A-J])\b(?!\s+[a-z]{2}|['’])",
    re.IGNORECASE,
)
_CONFIRMED = re.compile(
    r"[(\[]?\b([A-J])\b[)\]]?\s+(?:is|must be|seems|looks)\s+(?:the\s+)?(?:correct|right|answer|best)\b"
)


def choice(text: str) -> str | None:
    """The letter of a multiple choice; None where a text names several, or none.

    >>> choice("The answer is (C).")
    'C'
    """
    stated = final(text)
    if stated is not None:
        return _of_statement(stated)
    if refuses(text):
        return None
    lines = [line for line in text[-400:].splitlines() if line.strip()]
    return _of_prose(_plain(lines[-1])) if lines else None


def _plain(text: str) -> str:
    return _COMMAND.sub("", text.replace("\\ ", " ")).strip()


def _of_statement(stated: str) -> str | None:
    plain = _plain(stated)
    if whole := _WHOLE.fullmatch(plain):
        return whole[1].upper()
    # what follows a label is the option's text: its letters are not choices
    if (label := _LABEL.match(plain)) and not re.match(r"\s*(?:or|and|,|/)\s*[(\[]?[A-J]\b", plain[label.end() :]):
        return next(letter for letter in label.groups() if letter).upper()
    denies = re.match(r"(?:not|neither)\b", plain, re.IGNORECASE)
    return _only(sentence(plain)) or (_of_prose(plain) if denies else None)


def _of_prose(line: str) -> str | None:
    """The letter of a last line that has no "answer is"."""
    if whole := _WHOLE.fullmatch(line):
        return whole[1].upper()
    allowed = _without_denied(line)
    for pattern in (_CONFIRMED, _PICKED):
        found = {letter.upper() for letter in pattern.findall(allowed) if letter.upper() == letter}
        if found:
            return found.pop() if len(found) == 1 else None
    if (label := _LABEL.match(line)) and len(_LABEL.findall(line)) == 1:
        return next(letter for letter in label.groups() if letter).upper()
    return _only(line)


def _without_denied(text: str) -> str:
    """Without what is said to be wrong: "not A", "B is wrong"; a confirmed letter stays."""

    def kept(match: re.Match[str]) -> str:
        confirmed = re.search(
            r"\s(?:is|are|was|seems?|looks?)\s+(?:clearly\s+|also\s+)?(?:correct|right|the|it)\b", match[0]
        )
        return match[0] if confirmed and not re.match(r"(?:not|neither|isn)", match[0]) else " "

    return _DENIED.sub(kept, text)


def _only(text: str) -> str | None:
    """The one letter that is named and not denied."""
    allowed = _without_denied(text)
    named = {letter.upper() for letter in _NAMED.findall(allowed)}
    found = named or set(_LONE.findall(_ARTICLE.sub(" ", allowed)))
    return found.pop() if len(found) == 1 else None
