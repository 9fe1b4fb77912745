"""The models known by name: profiles/models.csv and the config files beside it."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from advisor.errors import AdvisorError, unknown
from advisor.models.families import read_config
from advisor.models.spec import ModelSpec
from advisor.shipped import profile_folders, read_once

OWN = "imported"
"""The source of a model that the user brought."""


@dataclass(frozen=True, slots=True)
class CatalogEntry:
    """One row of models.csv; parameters in units, `released` as YYYY-MM."""

    model: str
    config: Path
    released: str
    checkpoint_precision: str
    published_parameters: float | None
    published_active_parameters: float | None
    source: str
    source_url: str
    as_of: str

    @property
    def shape(self) -> str:
        """The name of its config, which models of the same shape share."""
        return self.config.parent.name

    @property
    def weights(self) -> str:
        """What a server is told to load: the id, or the folder of the user's own model."""
        return self.source_url if self.source == OWN else self.model


@read_once
def catalog() -> dict[str, CatalogEntry]:
    """Every model that ships, and the user's own, by Hugging Face id or name. Raises AdvisorError where the user's list is damaged."""
    found: dict[str, CatalogEntry] = {}
    for profiles in profile_folders():
        table = profiles / "models.csv"
        if table.exists():
            try:
                with table.open(newline="", encoding="utf-8") as file:
                    found |= {row["model"]: _entry(profiles, row) for row in csv.DictReader(file)}
            except (KeyError, ValueError, TypeError, csv.Error) as error:
                raise AdvisorError(
                    f"is damaged ({type(error).__name__}: {error})",
                    where=str(table),
                    hint="delete it and import the models again",
                ) from None
    return found


def _entry(root: Path, row: dict[str, str]) -> CatalogEntry:
    total, active = row["published_parameters_b"], row["published_active_parameters_b"]
    return CatalogEntry(
        row["model"],
        root / "models" / row["config"] / "config.json",
        row["released"],
        row["checkpoint_precision"],
        float(total) * 1e9 if total else None,
        float(active) * 1e9 if active else None,
        row["source"],
        row["source_url"],
        row["as_of"],
    )


def resolve_name(name: str) -> str:
    """The full id of a model: case-insensitive, an unambiguous last part will do. Raises AdvisorError."""
    folded = name.casefold()
    exact = [m for m in catalog() if m.casefold() == folded]
    matches = exact or [m for m in catalog() if m.casefold().split("/")[-1] == folded]
    if len(matches) == 1:
        return matches[0]
    if matches:
        raise AdvisorError(f"{name!r} names several models", where="MODEL", hint=f"say which: {', '.join(matches)}")
    last_parts = {m.split("/")[-1] for m in catalog()}
    raise unknown("model", name, last_parts | set(catalog()), where="MODEL")


def catalogued(name: str) -> str:
    """The full id of a known model; a folder, or an id with its organisation that is not known here, as it stands. Raises AdvisorError."""
    try:
        return resolve_name(name)
    except AdvisorError:
        if "/" in name:
            return name
        raise


@read_once
def _specs() -> dict[str, ModelSpec]:
    return {}


def spec_of(name: str) -> ModelSpec:
    """The ModelSpec of a catalogued model, by its full id."""
    read = _specs()
    if name not in read:
        read[name] = read_config(catalog()[name].config, name=name)
    return read[name]


def load_model(name_or_path: str) -> ModelSpec:
    """A ModelSpec by catalogued name, or from a path to a config.json (or its folder). Raises AdvisorError."""
    path = Path(name_or_path)
    if name_or_path.endswith(".json") or (path.is_dir() and (path / "config.json").exists()):
        return read_config(path)
    return spec_of(resolve_name(name_or_path))
