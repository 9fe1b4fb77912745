"""Our own Markdown as HTML. Tags, links and images in it stay text, and no style stands in an attribute."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markdown_it import MarkdownIt


def to_html(markdown: str) -> str:
    r"""The HTML of Markdown that `markdown_text` wrote.

    >>> to_html("a **b** &lt;c> <d> ![e](f)")
    '<p>a <strong>b</strong> &lt;c&gt; &lt;d&gt; ![e](f)</p>\n'
    """
    parser = _parser()
    tokens = parser.parse(markdown)
    for token in tokens:
        if "style" in token.attrs:  # a column of figures
            del token.attrs["style"]
            token.attrs["class"] = "figure"
    html: str = parser.renderer.render(tokens, parser.options, {})
    return html.replace("<table>", '<div class="table"><table>').replace("</table>", "</table></div>")


@cache
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark", {"html": False}).enable("table").disable(["image", "link", "autolink"])
