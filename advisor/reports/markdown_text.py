"""GitHub-flavoured Markdown in which texts stay texts: nothing in a name makes a heading, a link, a table or HTML.

What is written here is the only Markdown of a report; every text comes in through one of these functions.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from advisor.printable import shown, shown_lines
from advisor.reports.text_tables import Table

_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_ENTITY = re.compile("[&<>]")
_SIGNS = re.compile(r"[\\`*\[\]|~$#]|(?<![^\W_])_|_(?![^\W_])")
"""Signs that mean something anywhere; an underline between letters does not."""
_OPENING = re.compile(r"(?:[-+=:]|\d+[.)])(?=\s|[-=:+]|$)")
"""What makes a list, a rule or a heading of the line above at the start of a line."""


def escaped(text: str) -> str:
    r"""The text as Markdown that shows it as it is, on one line.

    >>> escaped("a_b *c* <b>[x](y)")
    'a_b \\*c\\* &lt;b&gt;\\[x\\](y)'
    """
    line = _SIGNS.sub(lambda match: f"\\{match[0]}", shown(text).strip())
    line = _ENTITY.sub(lambda match: _ENTITIES[match[0]], line)
    opening = _OPENING.match(line)
    return line if opening is None else f"{line[: opening.end() - 1]}\\{line[opening.end() - 1 :]}"


def heading(text: str, level: int = 2) -> str:
    """A heading."""
    return f"{'#' * level} {escaped(text)}"


def paragraph(text: str, label: str = "") -> str:
    """A paragraph, behind a label in bold."""
    return f"**{label}** {escaped(text)}" if label else escaped(text)


def bullets(texts: Iterable[str]) -> str:
    """A list; empty text of none."""
    return "\n".join(f"- {escaped(text)}" for text in texts)


def link(title: str) -> str:
    """A link to the heading of this title on the same page."""
    return f"[{escaped(title)}](#{anchor(title)})"


def linked_bullets(items: Iterable[tuple[str, str]]) -> str:
    """A list of texts, each with a link to a heading behind it; the link alone where the text is empty."""
    return "\n".join(f"- {escaped(text)} {link(title)}" if text else f"- {link(title)}" for text, title in items)


def anchor(title: str) -> str:
    """The name that GitHub gives the heading of this title.

    >>> anchor("Dense models, or not?")
    'dense-models-or-not'
    """
    return re.sub(r"[^\w\- ]", "", shown(title).strip().lower()).replace(" ", "-")


def code(text: str) -> str:
    """A text in the line as it is typed."""
    fence = "`" * _longer_than_in(text)
    space = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{space}{shown(text)}{space}{fence}"


def fenced(text: str, language: str = "") -> str:
    """Lines as they are typed, or drawn."""
    fence = "`" * max(3, _longer_than_in(text))
    return f"{fence}{language}\n{shown_lines(text)}\n{fence}"


def _longer_than_in(text: str) -> int:
    return max((len(run) for run in re.findall("`+", text)), default=0) + 1


def to_markdown(t: Table, linked: str | None = None) -> str:
    """A table; the cells of the column `linked` are links to the headings that they name."""
    rule = ["---:" if column in t.right else "---" for column in t.columns]
    written = [link if column == linked else escaped for column in t.columns]
    cells = ([write(cell) for write, cell in zip(written, row, strict=True)] for row in t.rows)
    lines = [[escaped(column) for column in t.columns], rule, *cells]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"
