"""What a page is made with, the `page` extra: Altair's specifications and the bundle of Vega that draws them."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec

from advisor.errors import MissingAbility, install

MODULES = {"altair": "altair", "vl_convert": "vl-convert-python", "markdown_it": "markdown-it-py"}


def check_installed() -> None:
    """Raises MissingAbility where one of them is not installed."""
    missing = [name for module, name in MODULES.items() if find_spec(module) is None]
    if missing:
        what = f"a page takes {' and '.join(missing)}, not installed here"
        raise MissingAbility(what, where="--html", hint=install("page"))


@cache
def bundle() -> str:
    """JavaScript that defines `vegaEmbed`, with Vega, Vega-Lite and Vega's interpreter of expressions inside."""
    import vl_convert

    return vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")
