"""Names that strangers may give a model, each of which means something in a format that it is written in."""

from tests.recommendation.made import MODEL

HOSTILE = (
    "me/it's",
    'me/"quoted"',
    "me/$(touch pwned) ${HOME} $HOME `id`",
    "me/a: b #c",
    "me/- x",
    "me/{{ .Values }} {% raw %} {{{",
    "me/$$(X) $$$",
    "me/*anchor &x !tag",
    "me/back\\slash \\n",
    "me/'; exit 3; echo '",
    "me/é 模型 🤖",
    "me/--trust-remote-code",
    "me/%s | yes > <b>",
    "me/null",
)


def renamed(workspace, folder, name):
    """A workspace that knows a model of that name, of the shape of one that ships."""
    import csv
    import io

    from advisor.store.workspace import Workspace

    entry = workspace.models[MODEL]
    (folder / "profiles").mkdir(parents=True)
    (folder / "profiles" / "models.csv").write_text(_csv(csv, io, entry, name), encoding="utf-8")
    source = workspace.profiles[0] / "models" / entry.config
    target = folder / "profiles" / "models" / entry.config
    target.mkdir(parents=True)
    (target / "config.json").write_text((source / "config.json").read_text())
    return Workspace(folder)


def _csv(csv, io, entry, name):
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["model", "config", "checkpoint_precision", "source"])
    writer.writerow([name, entry.config, entry.checkpoint_precision, "made"])
    return out.getvalue()
