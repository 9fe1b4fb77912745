"""The model that a name means, where answers of models without a config are stored too."""

from __future__ import annotations

from advisor.errors import AdvisorError
from advisor.printable import command_line
from advisor.store.workspace import Workspace


def named_model(workspace: Workspace, name: str, *, where: str = "MODEL") -> str:
    """The full id of a model with a config. Raises AdvisorError, which says where the config alone is missing."""
    try:
        return workspace.models.resolve(name, where=where)
    except AdvisorError:
        answered = {p.model for p in workspace.fits.points} - set(workspace.models)
        folded = name.casefold()
        found = [model for model in sorted(answered) if folded in (model.casefold(), model.casefold().split("/")[-1])]
        if not found:
            raise
    what = f"answers of {found[0]} are stored, but its config is missing, without which nothing that it costs is known"
    raise AdvisorError(what, where=where, hint=f"bring it in with `{import_command(workspace)}`")


def import_command(workspace: Workspace) -> str:
    """What brings in the config of a model: FOLDER is where its config.json lies, and named as the model is."""
    own = ["--workspace", workspace.name] if workspace.own else []
    return command_line(["advisor", "import", "model", "FOLDER", *own])
