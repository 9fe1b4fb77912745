"""The user's own models: a config.json becomes a row of the workspace's profiles/models.csv, so that they can be costed."""

from __future__ import annotations

import datetime
import json
import shutil
from pathlib import Path
from typing import Any

from advisor.errors import AdvisorError
from advisor.models.catalog import OWN
from advisor.models.families import read_config
from advisor.shipped import overlay
from advisor.store.seal import read_table, sealed, write_table
from advisor.store.workspace import Workspace

COLUMNS = (
    "model", "config", "released", "checkpoint_precision", "published_parameters_b", "published_active_parameters_b", "source", "source_url", "as_of",
)  # fmt: skip
FORMS = "a model is a config.json in the form of Hugging Face, or its folder"


def import_model(path: Path, workspace: Workspace, name: str | None = None) -> str:
    """Know the model of a folder, or of a config.json, by `name` or the folder's own; the name.

    Raises AdvisorError where it cannot be read or costed, or the name stands for another model.
    """
    config = path / "config.json" if path.is_dir() else path
    if not config.is_file():
        raise AdvisorError("no such file", where=str(config), hint=FORMS)
    folder = config.resolve().parent
    name = name or folder.name
    read_config(config, name=name)
    profiles = workspace.writable_root / "profiles"
    rows = read_table(profiles / "models.csv")
    known = next((row for row in rows if row["model"] == name), None)
    kept = profiles / "models" / name.replace("/", "--") / "config.json"
    if known is not None and (known["source"] != OWN or (kept.exists() and kept.read_bytes() != config.read_bytes())):
        raise AdvisorError(
            f"{name!r} is the name of another model here",
            where=str(profiles / "models.csv"),
            hint="rename the folder of one of them",
        )
    row = dict.fromkeys(COLUMNS, "") | {
        "model": name,
        "config": kept.parent.name,
        "checkpoint_precision": checkpoint_precision(json.loads(config.read_text(encoding="utf-8"))),
        "source": OWN,
        "source_url": str(folder),
        "as_of": datetime.date.today().isoformat(),
    }
    sealed(kept, lambda temporary: shutil.copyfile(config, temporary))
    write_table(profiles / "models.csv", [*(r for r in rows if r["model"] != name), row])
    overlay(workspace.own and workspace.own / "profiles")
    return name


def checkpoint_precision(config: dict[str, Any]) -> str:
    """The precision that a config's weights are in.

    >>> checkpoint_precision({"quantization_config": {"quant_method": "awq", "bits": 4}})
    'int4'
    """
    quantised = config.get("quantization_config") or {}
    method = str(quantised.get("quant_method", ""))
    if method in {"fp8", "mxfp4", "nvfp4"}:
        return "fp8" if method == "fp8" else "fp4"
    bits = quantised.get("bits")
    return f"int{bits}" if bits in {4, 8} else "bf16"
