"""Licences of models: which names a request may use, and which models they leave."""

from __future__ import annotations

from collections.abc import Iterable

from advisor.errors import unknown
from advisor.models.catalog import Catalog
from advisor.store.beliefs import Point


def checked_licenses(given: Iterable[str], models: Catalog) -> tuple[str, ...]:
    """Licences by their ids, which are in lower case; each once. Raises AdvisorError for one that no model has."""
    known = {entry.license for entry in models.values() if entry.license}
    found = [name.strip().lower() for name in given]
    for name in found:
        if name not in known:
            raise unknown("licence", name, known, where="--license", listed_by="advisor models")
    return tuple(dict.fromkeys(found))


def licenses_of(p: Point, models: Catalog) -> tuple[str, ...]:
    """Of the model and of the reward model that a point needs; empty where it is not known."""
    return tuple(models[name].license if name in models else "" for name in (p.model, p.reward_model) if name)
