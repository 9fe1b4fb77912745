"""The verb `deploy`: a recommendation as the files that start it, test it and watch it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from advisor.arguments import checked_arguments
from advisor.deployments.files import FILES, README, DeployedFile, of
from advisor.deployments.folder import checked_folder, write_folder
from advisor.deployments.plan import Plan, plan_of
from advisor.deployments.render import check_installed, rendered
from advisor.errors import AdvisorError
from advisor.printable import command_line
from advisor.recommendation.candidate import Candidate
from advisor.recommendation.pick import Recommendation
from advisor.reports.markdown import request_words
from advisor.reports.terminal import Block, Labelled
from advisor.reports.text_tables import table
from advisor.reports.words import candidate_strategy, gpus_text
from advisor.store.workspace import Workspace
from advisor.values import Rows, Value


@dataclass(frozen=True, slots=True)
class Deployed(Value):
    """The files that were written into `folder`, of which candidate, and which were left out, with the reason."""

    folder: str
    files: Rows[DeployedFile]
    left_out: tuple[str, ...]
    image: str
    candidate: Candidate
    notes: tuple[str, ...]


def checked_output(output: str | Path) -> Path:
    """The folder to write. Raises AdvisorError for one that may not be replaced, MissingAbility without jinja2."""
    check_installed()
    checked_folder(Path(output), where=_where(output))
    return Path(output)


@checked_arguments
def deploy(
    workspace: Workspace, *, recommendation: Recommendation, output: str | Path, choice: int | None = None
) -> Deployed:
    """Write the files that start a recommendation, test it and watch it, into a folder of their own.

    recommendation  what `recommend` answered
    output          the folder: a new one, an empty one, or one of this verb whose files nobody changed; it is replaced
                    as a whole, or left as it is
    choice          the number of one of the other choices, as `recommend` lists them, instead of the pick

    Raises AdvisorError where the folder holds anything else or cannot be written, for a choice that there is not, and
    for a deployment over several machines that no file is known to start; MissingAbility without jinja2.
    """
    folder = checked_output(output)
    c = _chosen(recommendation, choice)
    found = replace(recommendation, recommended=c, day=recommendation.day if choice is None else None)
    plan = plan_of(workspace, found, c)
    files = [of(kind, plan) for kind in FILES if kind.why_not(plan) == ""]
    left_out = tuple(f"{kind.name} is left out: {why}" for kind in FILES if (why := kind.why_not(plan)))
    again = _again(found, folder, choice, workspace)
    texts = rendered(plan, found, again, [*files, of(README, plan)], left_out)
    write_folder(folder, texts, where=_where(output))
    return Deployed(
        folder=str(folder),
        files=Rows([*files, of(README, plan)], DeployedFile),
        left_out=left_out,
        image=plan.image.name,
        candidate=c,
        notes=_notes(recommendation, c, plan, left_out),
    )


def _chosen(found: Recommendation, choice: int | None) -> Candidate:
    if choice is None:
        return found.recommended
    if not 1 <= choice <= len(found.alternatives):
        known = f"1 to {len(found.alternatives)}" if found.alternatives else "there is no other choice"
        raise AdvisorError(f"there is no choice {choice}", where="--choice", hint=f"{known}; leave it out for the pick")
    return found.alternatives[choice - 1]


def _again(found: Recommendation, folder: Path, choice: int | None, workspace: Workspace) -> str:
    numbered = [] if choice is None else ["--choice", str(choice)]
    words = ["advisor", "deploy", "--output", str(folder), *numbered, *request_words(found.request, workspace.name)]
    return command_line(words)


def _notes(found: Recommendation, c: Candidate, plan: Plan, left_out: tuple[str, ...]) -> tuple[str, ...]:
    """What a reader has to know of the pick, or why another one was not it, and of the files."""
    about = found.notes if c is found.recommended else (f"not the pick: {c.why_not}",)
    local = (f"the weights have to lie in {plan.weights_folder} on every machine",) if plan.weights_folder else ()
    return (*about, *local, *left_out)


def _where(output: str | Path) -> str:
    return f"--output {output}"


def blocks(written: Deployed) -> list[Block]:
    """What `advisor deploy` prints."""
    c = written.candidate
    replicas = f"{c.replicas} × " if c.replicas > 1 else ""
    rows = [[file.name, file.what, file.checked or "–"] for file in written.files]
    return [
        f"{c.model} · {candidate_strategy(c)} · {replicas}{gpus_text(c)}",
        Labelled("In", written.folder),
        Labelled("Image", written.image or "none known"),
        table(["file", "what", "checked by"], rows),
        Labelled("Next", f"{Path(written.folder) / README.name} has the order of commands"),
    ]
