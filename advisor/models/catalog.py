"""The models known by name: profiles/models.csv and the config files beside it."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from advisor.errors import AdvisorError, unknown
from advisor.models.families import read_config
from advisor.models.spec import ModelSpec
from advisor.shipped import shipped_root


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


@cache
def catalog() -> dict[str, CatalogEntry]:
    """Every model that ships, by Hugging Face id."""
    root = shipped_root() / "profiles"
    with (root / "models.csv").open(newline="", encoding="utf-8") as file:
        return {row["model"]: _entry(root, row) for row in csv.DictReader(file)}


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
        raise AdvisorError(f"{name!r} names several models", where="MODEL", mend=f"say which: {', '.join(matches)}")
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


@cache
def spec_of(name: str) -> ModelSpec:
    """The ModelSpec of a catalogued model, by its full id."""
    return read_config(catalog()[name].config, name=name)


def load_model(name_or_path: str) -> ModelSpec:
    """A ModelSpec by catalogued name, or from a path to a config.json (or its folder). Raises AdvisorError."""
    path = Path(name_or_path)
    if name_or_path.endswith(".json") or (path.is_dir() and (path / "config.json").exists()):
        return read_config(path)
    return spec_of(resolve_name(name_or_path))
