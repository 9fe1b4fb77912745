r"""Finding the answer that a text states: in its last \boxed{…}, after "answer is", or after ####."""

from __future__ import annotations

import re

LONGEST = 20_000
"""Only the end of a text is read: answers come last, and patterns stay fast on runaway output."""

_PHRASE = re.compile(
    r"(?:final answer|answer|correct (?:option|choice))[*_]*(?:\s*(?:is|would be|must be)\b(?:\s*:)?|\s*[:=])"
    r"(?:\s*(?:is|:))?\s*|^\s*####\s*",
    re.IGNORECASE,
)
_HEADING = re.compile(r"^[\s#*_]*(?:the\s+)?(?:final\s+)?answer[\s*_:]*$", re.IGNORECASE)
_TAKEN_BACK = re.compile(
    r"\b(?:wait|actually|correction|sorry|i made (?:a|an) (?:mistake|error)|that(?:'s| is) (?:wrong|not right))\b",
    re.IGNORECASE,
)
_BOX = re.compile(r"\\boxed\s*\{")
_BETWEEN_BOXES = re.compile(r"[\s$,;.]*(?:(?:\\text\s*\{\s*)?(and|or)(?:\s*\})?)?[\s$,;.]*", re.IGNORECASE)
_REFUSAL = re.compile(
    r"\b(?:i (?:do not|don['’]t) know|(?:i am|i['’]m) (?:not sure|unsure|sorry|unable)|i (?:cannot|can['’]t|can not)\b"
    r"|no idea|unable to|as an ai\b|not (?:possible|enough information)|(?:cannot|can['’]t|could not) be"
    r"|cannot (?:say|tell|solve|determine)|impossible to (?:say|tell))",
    re.IGNORECASE,
)


def boxed(text: str) -> str | None:
    r"""The content of the last \boxed{…}, braces balanced.

    >>> boxed(r"so \boxed{\frac{1}{2}} it is")
    '\\frac{1}{2}'
    """
    found = _boxes(text)
    return found[-1][2] if found else None


def _boxes(text: str) -> list[tuple[int, int, str]]:
    """(start, end, content) of the boxes that end a text together; none where the last box never closes."""
    found = []
    for match in _BOX.finditer(text):
        if (end := closing_brace(text, match.end())) is None:
            return []
        found.append((match.start(), end + 1, text[match.end() : end].strip()))
    return found


def closing_brace(text: str, start: int) -> int | None:
    """Where the brace closes that was opened before `start`; None where it never does."""
    depth = 1
    for i in range(start, len(text)):
        # an escaped brace is a sign of its own, and comes in pairs in all that is well formed
        depth += {"{": 1, "}": -1}.get(text[i], 0)
        if depth == 0:
            return i
    return None


def final(text: str) -> str | None:
    """What fills the last box, else what follows the last "answer:" on its line or below that heading.

    Boxes with nothing but "and", "or" or a comma between them are one answer of several parts.
    """
    tail = text[-LONGEST:]
    boxes = _boxes(tail)
    if boxes and boxes[-1][2]:
        end = boxes[-1][1]
        taken_back = _TAKEN_BACK.search(tail, end)
        if taken_back and (corrected := _phrased(tail[taken_back.start() :])):
            return corrected
        return _joined(tail, boxes)
    return _phrased(tail)


def _joined(text: str, boxes: list[tuple[int, int, str]]) -> str:
    start, _, whole = boxes[-1]
    for before, end, content in reversed(boxes[:-1]):
        between = _BETWEEN_BOXES.fullmatch(text[end:start])
        if between is None or content == whole or end > start:
            break
        whole, start = f"{content} {between[1].lower() if between[1] else ','} {whole}", before
    return whole


def _phrased(text: str) -> str | None:
    lines = [line for line in text.splitlines() if line.strip()]
    for i in range(len(lines) - 1, -1, -1):
        if _HEADING.match(lines[i]):
            if i + 1 < len(lines):
                return _bare(lines[i + 1])
            continue
        if found := list(_PHRASE.finditer(lines[i])):
            # a colon right after the phrase is part of it: what follows "answer is: answer:" is what counts
            rest = _bare(lines[i][found[-1].end() :])
            if rest:
                return rest
    return None


def _bare(text: str) -> str:
    """Without bold marks around it and the full stop after it."""
    text = text.strip().strip("*_`").strip()
    return without_stop(re.sub(r"(?:\*\*|__|`)", "", text))


def without_stop(text: str) -> str:
    """Without the full stop that ends it; the dots of a decimal that goes on stay."""
    return re.sub(r"(?<!\.)\.$", "", text.strip()).strip()


def refuses(text: str) -> bool:
    """Whether a text that states no answer says that it has none."""
    return _REFUSAL.search(text[-LONGEST:]) is not None


def sentence(text: str) -> str:
    """The first sentence of a stated answer, without the reason that follows it.

    >>> sentence("5, because 2 + 3 is 5. Done")
    '5'
    """
    first = re.split(r"(?<=[\w)}\]$%*])[.!](?=\s)(?!\s*\d)|\s(?=wait\b)", text, maxsplit=1, flags=re.IGNORECASE)[0]
    reason = r"[,;]?\s+\(?(?:because|since|as (?:it|the|we|this)|so (?:the|we|it|that)|which|where)\b"
    return re.split(reason, first, maxsplit=1, flags=re.IGNORECASE)[0].strip()
