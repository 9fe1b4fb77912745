"""Calibrating in a store that several share: one draws at a time, on what all others have drawn."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager

from advisor.calibration.counts import Counts
from advisor.calibration.sampling_plan import Plan
from advisor.errors import AdvisorError
from advisor.store.claims import Claim, claimed
from advisor.store.mirror import Mirror
from advisor.store.sql import statement
from advisor.store.workspace import Workspace
from advisor.tasks.task import Task


@contextmanager
def drawn_alone(workspace: Workspace, plans: Sequence[Plan], task: Task) -> Iterator[Sequence[Claim]]:
    """Keep others from drawing the same answers meanwhile; in a folder there is nobody to keep.

    On entering, what others have recorded is here, with the texts that the plans can take up; on leaving, what was
    sealed is in the store, before anybody else may draw. Raises NoAnswer where somebody else draws, AdvisorError where
    a newer version of the program has recorded a run, MissingAbility where the store cannot be written.
    """
    shared = workspace.shared
    if shared is None:
        yield ()
        return
    with ExitStack() as held:
        names = sorted({plan.draws_id(task) for plan in plans})
        claims = [
            held.enter_context(claimed(shared.remote, each, shared.place, shared.folder / "claims")) for each in names
        ]
        shared.pull()
        shared.fetch_texts({run for plan in plans for run in _runs(workspace, shared, plan, task)})
        shared.notes += [note for claim in claims for note in claim.notes]
        try:
            yield claims
        finally:
            shared.push()


def counted_for(claims: Sequence[Claim], watch: Callable[[Counts], None]) -> Callable[[Counts], None]:
    """The same, and others see how far it is. It raises NoAnswer where somebody else has taken over."""

    def both(counts: Counts) -> None:
        for claim in claims:
            claim.progress(counts.done, counts.n_questions)
        watch(counts)

    return both


def _runs(workspace: Workspace, shared: Mirror, plan: Plan, task: Task) -> Iterator[str]:
    """Runs whose texts a plan needs: its own, and those that may have drawn some of its answers."""
    run = plan.run_id_in(shared.folder / "measurements" / "samples", task)
    if columns := shared.newer.get(f"measurements/samples/{run}.parquet"):
        what = f"was drawn by a newer version of the program, which wrote the column {', '.join(columns)}"
        raise AdvisorError(what, where=f"run {run}", hint="`pip install --upgrade` the program, or give another --seed")
    yield run
    if plan.search == "sampling" and plan.sampling.seed is not None:
        connection = workspace.samples.connect()
        drawn_by = {"model": plan.model, "task": task.name, "seed": plan.sampling.seed}
        found = connection.execute(statement("advisor.calibration", "runs_of_draws"), drawn_by)
        yield from (name for (name,) in found.fetchall())
