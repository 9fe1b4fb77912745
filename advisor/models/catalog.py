"""The models known by name: rows of models.csv, each with a config file beside it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from advisor.checkpoints import HINT, CheckpointRow
from advisor.errors import AdvisorError, unknown
from advisor.models.families import Count, read_config
from advisor.models.spec import ModelSpec
from advisor.printable import LONGEST_NAME, shortened
from advisor.tables import column, read_rows
from advisor.values import Rows

if TYPE_CHECKING:
    import pandas

IMPORTED = "imported"
"""The source of a model that the user brought."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelEntry:
    """One model that is known by name."""

    model: str = column("Hugging Face id, or the name of an own model")
    config: str = column("folder of its config.json in models/; models of one shape share it")
    released: str = column("YYYY-MM; where its publisher's date was not seen, that of its page on the hub", default="")
    checkpoint_precision: str = column("of the published weights: bf16, fp8, fp4, int8 or int4")
    aliases: str = column("other ids of the same weights on the hub, with spaces between", default="")
    max_context: int | None = column("tokens, where the model's page says another than the config", default=None)
    license: str = column("as the model's page on the hub names it; empty: not known", default="")
    license_source: str = column("where that was seen; empty where the licence is", default="")
    published_parameters_b: float | None = column("as its publisher counts, in 10^9", default=None)
    published_active_parameters_b: float | None = column("as its publisher counts, in 10^9", default=None)
    source: str = column(f"where the config was seen; `{IMPORTED}`: the user's own", default="")
    source_url: str = column("the model's page, or the folder of an own model", default="")
    as_of: str = column("when it was seen, ISO date", default="")

    @property
    def shape(self) -> str:
        """The name of its config, which models of the same shape share."""
        return self.config

    @property
    def weights(self) -> str:
        """What a server loads: the id, or the folder of the user's own model."""
        return self.source_url if self.source == IMPORTED else self.model


@dataclass(frozen=True, slots=True)
class KnownModel:
    """One line of `advisor models`."""

    model: str
    family: str
    released: str
    total_parameters: int
    active_parameters: int
    is_moe: bool
    kv_bytes_per_token: int
    max_context: int
    checkpoint_precision: str
    license: str
    source_url: str


class Catalog(Mapping[str, ModelEntry]):
    """Models by id; their configs are read when first needed.

    `checkpoints` are weights of these models in other precisions, published under ids of their own.
    """

    def __init__(
        self, entries: Mapping[str, tuple[ModelEntry, Path]], checkpoints: Iterable[CheckpointRow] = ()
    ) -> None:
        self._entries = dict(entries)
        self._specs: dict[str, ModelSpec] = {}
        self._aliases = {
            alias.casefold(): entry.model for entry, _ in self._entries.values() for alias in entry.aliases.split()
        }
        own = {model.casefold() for model in self._entries}
        self._quantised = {
            row.checkpoint.casefold(): row
            for row in checkpoints
            if row.model in self._entries and row.checkpoint.casefold() not in own
        }

    @classmethod
    def read(cls, folders: Iterable[Path]) -> Catalog:
        """`models.csv` of each folder, later ones over earlier ones. Raises AdvisorError for a damaged table."""
        hint, folders = "delete it and import the models again", tuple(folders)
        entries = {
            entry.model: (entry, folder / "models" / entry.config / "config.json")
            for folder in folders
            for entry in read_rows(folder / "models.csv", ModelEntry, hint=hint)
        }
        return cls(
            entries,
            [row for folder in folders for row in read_rows(folder / "checkpoints.csv", CheckpointRow, hint=HINT)],
        )

    def __getitem__(self, model: str) -> ModelEntry:
        return self._entries[model][0]

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __repr__(self) -> str:
        return f"<{len(self)} models>"

    def __len__(self) -> int:
        return len(self._entries)

    def resolve(self, name: str, *, where: str = "MODEL") -> str:
        """The full id of a model: case-insensitive, an unambiguous last part will do. Raises AdvisorError."""
        folded = name.casefold()
        matches = self._named(folded)
        if len(matches) == 1:
            return matches[0]
        if matches:
            what = f"{name!r} is the last part of several names"
            raise AdvisorError(what, where=where, hint=f"give one of {', '.join(matches)}")
        if row := self.checkpoint(name):
            hint = f"give {row.model} with --precision {row.precision}"
            raise AdvisorError(f"{row.checkpoint} is {row.model} in {row.precision}", where=where, hint=hint)
        if base := self._base(folded):
            what = f"unknown model {shortened(name, LONGEST_NAME)!r}"
            raise AdvisorError(what, where=where, hint=f"did you mean {base}?")
        names = {model.split("/")[-1] for model in self} | set(self)
        raise unknown("model", name, names, where=where, listed_by="advisor models")

    def _named(self, folded: str) -> list[str]:
        """The models of a folded id, else of a folded last part."""
        ids = {**self._aliases, **{model.casefold(): model for model in self}}
        if folded in ids:
            return [ids[folded]]
        return list(dict.fromkeys(model for id_, model in ids.items() if id_.split("/")[-1] == folded))

    def checkpoint(self, name: str) -> CheckpointRow | None:
        """The published weights of this id, or of this last part, in another precision than the model's own."""
        folded = name.casefold()
        last = (row for id_, row in self._quantised.items() if id_.split("/")[-1] == folded)
        return self._quantised.get(folded) or next(last, None)

    def _base(self, folded: str) -> str:
        """What an unknown id seems to be made of, with the precision its name ends in; empty for nothing."""
        last = folded.split("/")[-1]
        plain, precision = _without_format(last)
        found = self._named(plain)
        if not found or (plain == last and "/" not in folded):
            return ""
        return f"{found[0]} with --precision {precision}" if precision else found[0]

    def resolve_or_keep(self, name: str) -> str:
        """The full id of a known model; an id with its organisation that is not known here stays as it is.

        Raises AdvisorError for any other name.
        """
        try:
            return self.resolve(name)
        except AdvisorError:
            if "/" in name:
                return name
            raise

    def spec(self, model: str) -> ModelSpec:
        """The ModelSpec of a model of the catalog, by its full id."""
        if model not in self._specs:
            entry, spec = self[model], read_config(self._entries[model][1], name=model)
            own = entry.max_context or spec.max_context
            self._specs[model] = replace(spec, max_context=own, checkpoint_precision=entry.checkpoint_precision)
        return self._specs[model]

    def load(self, name_or_path: str, *, count: Count | None = None) -> ModelSpec:
        """A ModelSpec by name, or from the path of a config.json (or its folder); of weights published in another
        precision the model's, in that one. `count` reads a config of no known family. Raises AdvisorError."""
        path = Path(name_or_path)
        if name_or_path.endswith(".json") or os.path.exists(path / "config.json"):
            return read_config(path, count=count)
        if (row := self.checkpoint(name_or_path)) and not self._named(name_or_path.casefold()):
            return replace(self.spec(row.model), checkpoint_precision=row.precision)
        return self.spec(self.resolve(name_or_path))

    def checkpoint_precision(self, model: str) -> str:
        """Of a model of the catalog its published weights' precision, of any other 16 bit."""
        return self[model].checkpoint_precision if model in self else "bf16"

    def shape(self, model: str) -> str:
        """The name of its config; empty for a model outside the catalog."""
        return self[model].shape if model in self else ""

    def known(self) -> Rows[KnownModel]:
        """Every model with its size. Raises AdvisorError for a config that cannot be read."""
        return Rows(_known(self[model], self.spec(model)) for model in self)

    def to_frame(self) -> pandas.DataFrame:
        """One line a model."""
        return self.known().to_frame()


FORMATS = {
    "fp8": "fp8", "fp8-dynamic": "fp8", "fp8-block": "fp8", "fp8-kv": "fp8", "awq": "int4", "awq-int4": "int4",
    "gptq": "int4", "gptq-int4": "int4", "gptq-int8": "int8", "int4": "int4", "int8": "int8", "nvfp4": "fp4",
    "fp4": "fp4", "mxfp4": "fp4", "nvfp4-v2": "fp4", "bnb-4bit": "int4", "unsloth-bnb-4bit": "int4", "4bit": "int4",
    "8bit": "int8", "quantized.w4a16": "int4", "quantized.w8a8": "int8", "w4a16": "int4", "w8a8": "int8",
    "gguf": "", "bf16": "bf16", "hf": "",
}  # fmt: skip
"""The precision of repositories whose names end so."""


def _without_format(last: str) -> tuple[str, str]:
    """The last part of a folded id without the ending that names a format, and the precision of that."""
    ends = [end for end in FORMATS if last.endswith((f"-{end}", f"_{end}"))]
    longest = max(ends, key=len, default="")
    return (last[: -len(longest) - 1], FORMATS[longest]) if longest else (last, "")


def _known(entry: ModelEntry, spec: ModelSpec) -> KnownModel:
    return KnownModel(
        model=entry.model,
        family=spec.family,
        released=entry.released,
        total_parameters=spec.total_parameters,
        active_parameters=spec.active_parameters,
        is_moe=spec.is_moe,
        kv_bytes_per_token=2 * spec.kv_elements_per_token,
        max_context=spec.max_context,
        checkpoint_precision=entry.checkpoint_precision,
        license=entry.license,
        source_url=entry.source_url,
    )
