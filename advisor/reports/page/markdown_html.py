"""Our own Markdown as HTML. Tags, images and links to elsewhere in it stay text, no style stands in an attribute.

Headings have the names that links of the page go to; a long table is folded, and of every cell its column is known, so
that a narrow screen can show a row as a list.
"""

from __future__ import annotations

import re
from functools import cache
from html import escape
from itertools import pairwise
from typing import TYPE_CHECKING

from advisor.reports.markdown_text import anchor

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

PREFIX = "section-"
"""Of the ids of headings: a panel has ids of its own."""
LONG, WIDE = 60, 8
"""Cells from which on a table is folded, and columns from which on a printed page needs smaller type."""


def to_html(markdown: str) -> str:
    r"""The HTML of Markdown that `markdown_text` wrote.

    >>> to_html("a **b** &lt;c> <d> ![e](f)")
    '<p>a <strong>b</strong> &lt;c&gt; &lt;d&gt; ![e](f)</p>\n'
    """
    parser = _parser()
    tokens: list[Token] = []
    for token in parser.parse(markdown):
        if "style" in token.attrs:  # a column of figures
            del token.attrs["style"]
            token.attrs["class"] = "figure"
        tokens.append(token)
        if token.type == "table_close":
            start = max(at for at, each in enumerate(tokens) if each.type == "table_open")
            tokens[start:] = _table(tokens[start:])
    for token, content in pairwise(tokens):
        if (token.type, token.tag) == ("heading_open", "h2"):
            token.attrs["id"] = PREFIX + anchor(_text(content))
    for child in (child for token in tokens for child in token.children or ()):
        if child.type == "link_open":
            child.attrs["href"] = f"#{PREFIX}{str(child.attrs['href']).removeprefix('#')}"
    html: str = parser.renderer.render(tokens, parser.options, {})
    return html


def _table(tokens: list[Token]) -> list[Token]:
    """A table in a box that scrolls, a long one folded; its cells know their columns."""
    columns = [_text(content) for head, content in pairwise(tokens) if head.type == "th_open"]
    n_rows = sum(token.type == "tr_open" for token in tokens) - 1
    cells = [token for token in tokens if token.type == "td_open"]
    for at, cell in enumerate(cells):
        cell.attrs["data-label"] = columns[at % len(columns)]
    width = " wide" if len(columns) >= WIDE else ""
    before, after = f'<div class="table{width}">', "</div>\n"
    if n_rows * len(columns) >= LONG:
        summary = escape(f"Table of {n_rows} rows: {', '.join(columns)}")
        before, after = f"<details><summary>{summary}</summary>{before}", f"{after}</details>\n"
    return [_raw(before), *tokens, _raw(after)]


def _raw(html: str) -> Token:
    from markdown_it.token import Token

    return Token("html_block", "", 0, content=html)


def _text(inline: Token) -> str:
    return "".join(child.content for child in inline.children or ())


@cache
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": False}).enable("table").disable(["image", "autolink"])
    parser.validateLink = lambda url: re.fullmatch(r"#[\w%-]+", url) is not None  # type: ignore[method-assign]
    return parser
