"""One self-contained page of Markdown, charts and panels: `page(title, parts)`.

Nothing is fetched, and the policy in the page lets nothing be: scripts and styles run by their hashes alone, and Vega
interprets its expressions instead of compiling them. Texts of strangers come in as Markdown (`markdown_text`) or as
data; neither can make a tag.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from string import Template
from typing import Any

from advisor.distribution import own_version
from advisor.printable import shown
from advisor.reports.page.libraries import bundle
from advisor.reports.page.markdown_html import to_html

PACKAGE = "advisor.reports.page"
POLICY = (
    "default-src 'none'; script-src {scripts}; style-src {styles}; img-src {images}; base-uri 'none';"
    " form-action 'none'"
)


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart of its own, with what it shows in words below it.

    `name` is its id on the page, `spec` Vega-Lite with its data inside: an Altair chart as `charts.dressed` gives it.
    """

    name: str
    spec: Mapping[str, Any]
    caption: str


@dataclass(frozen=True, slots=True)
class Panel:
    """Controls around charts: `name`.html and `name`.js of this package.

    The script finds `charts`, each chart's view by its id, and its data as `dataOf(name)`.
    """

    name: str
    charts: Mapping[str, Mapping[str, Any]]
    data: Any


@dataclass(frozen=True, slots=True)
class Picture:
    """An SVG that stands in the page as an image, and what it shows in words."""

    svg: bytes
    caption: str


Part = str | Chart | Panel | Picture
"""A text is Markdown."""


def page(title: str, parts: Sequence[Part]) -> str:
    """The HTML of a page of these parts, in their order."""
    panels = [part for part in parts if isinstance(part, Panel)]
    charts = {part.name: part.spec for part in parts if isinstance(part, Chart)}
    charts |= {name: spec for panel in panels for name, spec in panel.charts.items()}
    scripts = [bundle(), _file("page.js"), *(_file(f"{panel.name}.js") for panel in panels)] if charts else []
    data = {"charts": charts, **{panel.name: panel.data for panel in panels}}
    style = _file("page.css")
    return Template(_file("page.html")).substitute(
        policy=html.escape(
            POLICY.format(
                scripts=_hashes(scripts),
                styles=_hashes([style]),
                images="data:" if any(isinstance(part, Picture) for part in parts) else "'none'",
            ),
            quote=True,
        ),
        title=html.escape(shown(title)),
        style=style,
        body="\n".join(_html(part) for part in parts),
        data="\n".join(_data(name, value) for name, value in data.items()),
        scripts="\n".join(f"<script>{script}</script>" for script in scripts),
        version=html.escape(own_version()),
    )


def _html(part: Part) -> str:
    if isinstance(part, Panel):
        return _file(f"{part.name}.html")
    if isinstance(part, Chart):
        caption, name = html.escape(shown(part.caption)), html.escape(part.name, quote=True)
        return f'<figure><div class="chart" id="{name}"></div><figcaption>{caption}</figcaption></figure>'
    if isinstance(part, Picture):
        caption, source = html.escape(shown(part.caption), quote=True), base64.b64encode(part.svg).decode("ascii")
        image = f'<img class="picture" src="data:image/svg+xml;base64,{source}" alt="{caption}">'
        return f'<figure class="zoom"><label><input type="checkbox"> larger{image}</label></figure>'
    return to_html(part)


def _data(name: str, value: Any) -> str:
    r"""A block of data; `<` is written as its code, so that nothing in a text ends the block.

    >>> _data("a", "</script>")
    '<script type="application/json" id="data-a">"\\u003c/script>"</script>'
    """
    text = json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")
    return f'<script type="application/json" id="data-{html.escape(name, quote=True)}">{text}</script>'


def _hashes(texts: Sequence[str]) -> str:
    """What a policy names them by; 'none' of none."""
    hashes = (base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii") for text in texts)
    return " ".join(f"'sha256-{each}'" for each in hashes) or "'none'"


@cache
def _file(name: str) -> str:
    return files(PACKAGE).joinpath(name).read_text(encoding="utf-8")
