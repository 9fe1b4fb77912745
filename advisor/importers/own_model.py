"""The user's own models: a config.json becomes a row of the workspace's models.csv, so that they can be costed."""

from __future__ import annotations

import datetime
import json
import os
import re
from dataclasses import dataclass, replace
from pathlib import Path

from advisor.arguments import checked_arguments
from advisor.counting import counted
from advisor.errors import AdvisorError, checked_name
from advisor.input_files import checked_file
from advisor.models.catalog import IMPORTED, ModelEntry
from advisor.models.counted import FAMILY as COUNTED
from advisor.models.families import FORMS, read_config, read_keys, spec_from_config
from advisor.models.quantization import known_precision
from advisor.store.locks import SHORT_WAIT_S, locked
from advisor.store.seal import sealed, write_rows
from advisor.store.workspace import Workspace
from advisor.tables import read_rows
from advisor.values import Value


@dataclass(frozen=True, slots=True)
class ImportedModel(Value):
    """A model that is in the workspace now, and its size."""

    model: str
    parameters: int
    active_parameters: int


@checked_arguments
def import_model(
    workspace: Workspace, path: str | os.PathLike[str], *, name: str | None = None, license: str | None = None
) -> ImportedModel:
    """Add the model of a folder, or of a config.json, by `name` or the folder's own.

    `license` is its id, "apache-2.0" or one of your own; None keeps what an earlier import said. Raises AdvisorError
    where the model cannot be read or costed, the name stands for another one, or the license is no id.
    """
    licensed = _license_id(license) if license is not None else None
    config = checked_file(Path(path) / "config.json" if os.path.isdir(path) else Path(path), hint=FORMS)
    folder = config.parent.resolve()  # not of the file, which in a cache of models is a link to elsewhere
    name = checked_name(name or folder.name, where=f"name of {folder}")
    keys, content = read_keys(config, count=counted), config.read_bytes()
    spec = spec_from_config(keys, name=name, where=str(config))
    if spec.family == COUNTED:  # what was counted is kept: reading it takes no transformers
        content = json.dumps(keys, indent=1).encode()
    row = ModelEntry(
        model=name,
        license=licensed or "",
        license_source=IMPORTED if licensed else "",
        config=name.replace("/", "--"),
        checkpoint_precision=known_precision(spec.checkpoint_precision, where=str(config)),
        source=IMPORTED,
        source_url=str(folder),
        as_of=datetime.date.today().isoformat(),
    )
    table = workspace.writable / "profiles" / "models.csv"
    with locked(table, wait_s=SHORT_WAIT_S):
        _add(row, content, table)
    return ImportedModel(name, spec.total_parameters, spec.active_parameters)


def _add(row: ModelEntry, config: bytes, table: Path) -> None:
    """Keep the config, and the row in the table over the one it had. Raises AdvisorError for another model's name."""
    rows = read_rows(table, ModelEntry, hint="delete it and import the models again")
    kept = table.parent / "models" / row.config / "config.json"
    if kept.exists():
        read_config(kept)
    known = next((other for other in rows if other.model == row.model), None)
    if known and (known.source != IMPORTED or (kept.exists() and kept.read_bytes() != config)):
        hint = "rename the folder of one of them"
        raise AdvisorError(f"{row.model!r} is the name of another model here", where=str(table), hint=hint)
    if known and known.source_url != row.source_url and os.path.isdir(known.source_url):  # two checkpoint-500, say
        what = f"{row.model!r} is the name of the model in {known.source_url} here"
        raise AdvisorError(what, where=row.source_url, hint="rename the folder of one of them")
    if known and not row.license:
        row = replace(row, license=known.license, license_source=known.license_source)
    sealed(kept, lambda temporary: temporary.write_bytes(config))
    write_rows(table, [*(each for each in rows if each.model != row.model), row])


def _license_id(text: str) -> str:
    """In lower case, as `--license` compares it. Raises AdvisorError."""
    found = text.strip().lower()
    if not re.fullmatch(r"[a-z0-9][a-z0-9.+:_-]{0,63}", found):
        hint = "give an id without spaces, e.g. apache-2.0, llama3.1 or our-own"
        raise AdvisorError(f"{text!r} is no id of a licence", where="--license", hint=hint)
    return found


def stored_name(workspace: Workspace, model: str, *, where: str = "MODEL") -> str:
    """The name that a model's measurements are stored under: of a folder the name it is imported by, else the full id.

    Raises AdvisorError where a folder cannot be imported, or a name is unknown and no id of Hugging Face.
    """
    if os.path.isdir(model):
        return import_model(workspace, model).model
    try:
        return workspace.models.resolve_or_keep(checked_name(model, where=where))
    except AdvisorError as error:
        raise AdvisorError(error.what, where=where, hint=error.hint) from None
