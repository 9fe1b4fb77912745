"""Models and engines as they are typed, for the commands that run them."""

from __future__ import annotations

import os
from pathlib import Path

from advisor.errors import AdvisorError
from advisor.importers.own_model import import_model
from advisor.models.catalog import catalogued
from advisor.store.workspace import Workspace


def named(model: str, workspace: Workspace) -> str:
    """The name that a model's figures are stored under; a folder with a config is known in the workspace from now on. Raises AdvisorError."""
    if not os.path.isdir(model):
        return catalogued(model)
    return import_model(Path(model), workspace)


def weights(asked: str, name: str) -> str:
    """What the engine loads: the folder, or the id."""
    return asked if os.path.isdir(asked) else name


def options(texts: tuple[str, ...]) -> dict[str, object]:
    """`name=value` settings of vLLM's engine, numbers and booleans read as such. Raises AdvisorError.

    >>> options(("dtype=float32", "max_model_len=512", "enforce_eager=true"))
    {'dtype': 'float32', 'max_model_len': 512, 'enforce_eager': True}
    """
    found: dict[str, object] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name.isidentifier():
            raise AdvisorError(
                f"{text!r} is no setting", where="--engine-option", hint="accepted: name=value, e.g. max_model_len=8192"
            )
        lowered = value.lower()
        found[name] = (
            lowered == "true"
            if lowered in {"true", "false"}
            else int(value)
            if value.lstrip("-").isdigit()
            else _number(value)
        )
    return found


def _number(value: str) -> object:
    try:
        return float(value)
    except ValueError:
        return value
