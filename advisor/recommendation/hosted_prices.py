"""Token prices of hosted APIs: the user's own CSV, or the list of the package genai-prices. None ship."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from advisor.errors import AdvisorError, MissingAbility, install
from advisor.input_files import checked_file
from advisor.store.workspace import Workspace
from advisor.tables import column, read_rows
from advisor.values import Value

WHERE = "--hosted"
PACKAGE = "genai-prices"
COLUMNS = "model,provider,usd_per_million_input_tokens,usd_per_million_output_tokens"
FORMS = f"accepted: the path of a CSV with the columns {COLUMNS}, or {PACKAGE}"
MOST_USD = 100_000
AT = time(12, tzinfo=UTC)
"""Where prices depend on the hour, those of this hour count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenPrice(Value):
    """What one provider asks for the tokens of one model."""

    model: str = column("Hugging Face id, or its last part")
    provider: str = column("who serves it")
    usd_per_million_input_tokens: float = column("of prompts")
    usd_per_million_output_tokens: float = column("of what is generated, reasoning included")
    usd_per_million_cached_input_tokens: float | None = column(
        "of a prompt that was sent before; empty: as any other", default=None
    )
    as_of: str = column("when it was seen: 2026-09-10, 2026-09, 2026-H2 or 2026", default="")
    source: str = column("where it was seen", default="")


@dataclass(frozen=True, slots=True)
class HostedPrices:
    """Prices of models that are known here, under their full ids, and the names that are not (of a CSV)."""

    prices: tuple[TokenPrice, ...]
    left_out: tuple[str, ...] = ()


NO_PRICES = HostedPrices(())


def hosted_prices(given: str, workspace: Workspace) -> HostedPrices:
    """A price list by its path, or that of the package. Raises AdvisorError, MissingAbility without the package."""
    if given == PACKAGE:
        return HostedPrices(tuple(_known(_package_prices(workspace), by_last_part(_models(workspace)))))
    if not given.endswith(".csv"):
        raise AdvisorError(f"{given!r} is no price list", where=WHERE, hint=FORMS)
    checked_file(Path(given), where=f"{WHERE} {given}", hint=FORMS, missing="no such price list")
    listed = read_rows(Path(given), TokenPrice, hint=FORMS)
    found = [_checked(price, f"{given}, line {line}") for line, price in enumerate(listed, 2)]
    by_last = by_last_part(_models(workspace))
    left_out = dict.fromkeys(price.model for price in found if known_model(price.model, by_last) is None)
    return HostedPrices(tuple(_known(found, by_last)), tuple(left_out))


def by_last_part(models: Iterable[str]) -> dict[str, list[str]]:
    """Full ids by their last part, in lower case."""
    found: dict[str, list[str]] = {}
    for model in models:
        found.setdefault(model.casefold().split("/")[-1], []).append(model)
    return found


def known_model(name: str, by_last: Mapping[str, Sequence[str]]) -> str | None:
    """The model of that very name, in any case; where only one fits, the organisation may be missing or shortened.

    >>> known = by_last_part(["deepseek-ai/DeepSeek-V3.2"])
    >>> known_model("deepseek/deepseek-v3.2", known)
    'deepseek-ai/DeepSeek-V3.2'
    >>> known_model("someone/deepseek-v3.2", known), known_model("deepseek-v3", known)
    (None, None)
    """
    owner, _, last = name.strip().casefold().rpartition("/")
    fitting = by_last.get(last, ())
    exact = [model for model in fitting if model.casefold() == name.strip().casefold()]
    near = [model for model in fitting if _letters(model.split("/")[0]).startswith(_letters(owner))]
    found = exact or near
    return found[0] if len(found) == 1 else None


def _letters(name: str) -> str:
    return "".join(letter for letter in name.casefold() if letter.isalnum())


def _models(workspace: Workspace) -> dict[str, None]:
    """Every model with a config or a strategy point: hosted, it needs no config to be costed."""
    return dict.fromkeys([*workspace.models, *(p.model for p in workspace.fits.points)])


def _known(prices: Iterable[TokenPrice], by_last: Mapping[str, Sequence[str]]) -> Iterator[TokenPrice]:
    for price in prices:
        model = known_model(price.model, by_last)
        if model is not None:
            yield replace(price, model=model)


def _checked(price: TokenPrice, where: str) -> TokenPrice:
    """Raises AdvisorError for a price that cannot be."""
    for name in ("input", "output", "cached_input"):
        usd = getattr(price, f"usd_per_million_{name}_tokens")
        if usd is not None and not (math.isfinite(usd) and 0 <= usd <= MOST_USD):
            what = f"{usd:g} is no price of a million tokens from zero to {MOST_USD:,} usd"
            raise AdvisorError(what, where=where, hint="e.g. 0.6")
    for name in ("model", "provider"):
        if not getattr(price, name).strip():
            raise AdvisorError(f"{name} is empty", where=where, hint=FORMS)
    return replace(price, source=price.source or where)


def _package_prices(workspace: Workspace) -> Iterator[TokenPrice]:
    """Prices by the token of models that are still offered, as of today. Raises MissingAbility without the package."""
    if find_spec("genai_prices") is None:
        what = f"hosted prices come from {PACKAGE}, which is not installed"
        raise MissingAbility(what, where=WHERE, hint=f"{install('hosted')}, or give a CSV")
    from importlib.metadata import version

    from genai_prices.data import providers

    now, release = datetime.combine(workspace.today, AT), f"{PACKAGE} {version(PACKAGE)}"
    for provider in providers:
        source = ", ".join([release, *(provider.pricing_urls or [])[:1]])
        for model in provider.models:
            charged = model.get_prices(now)
            usd = [_base(getattr(charged, f"{kind}_mtok", None)) for kind in ("input", "output", "cache_read")]
            if usd[0] is not None and usd[1] is not None and not model.deprecated:
                yield TokenPrice(
                    model=model.id,
                    provider=provider.id,
                    usd_per_million_input_tokens=usd[0],
                    usd_per_million_output_tokens=usd[1],
                    usd_per_million_cached_input_tokens=usd[2],
                    source=source,
                )


def _base(price: Any) -> float | None:
    """Of a price by tiers that of the shortest prompts: tiers begin far above a benchmark's."""
    base = getattr(price, "base", price)
    return None if base is None else float(base)
