"""The verb `frontiers`: every task's frontier in FLOPs, dollars, seconds and joules, and that of their mean."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from advisor.arguments import checked_arguments
from advisor.errors import NoAnswer
from advisor.recommendation.request import checked_request
from advisor.store.workspace import Workspace
from advisor.studies.cheapest import Fleetwide, cheapest, names_of
from advisor.studies.filled import Filled, filled
from advisor.studies.frontier_claims import flops_claim, moe_places
from advisor.studies.shared_tasks import LEAST_MODELS, LEAST_TASKS, shared_tasks
from advisor.studies.study import Basis, Claim, Study
from advisor.studies.task_frontiers import Membership, TaskFrontiers, task_frontiers
from advisor.units import counted
from advisor.values import Rows

if TYPE_CHECKING:
    import pandas


@dataclass(frozen=True, slots=True, kw_only=True)
class Frontiers(Study):
    """Frontiers by task, those with most models first.

    mean     over the tasks that make the most of models measured on all of them; None where five share no two tasks
    filled   over all tasks of five models and more, missing cells filled in; None where there are not enough
    without  tasks that have no frontier, and why
    """

    tasks: Rows[TaskFrontiers]
    mean: TaskFrontiers | None
    filled: Filled | None
    without: tuple[str, ...]

    def to_frame(self) -> pandas.DataFrame:
        """One line a move."""
        import pandas

        every = [*self.tasks, *([self.mean] if self.mean else [])]
        frames = [each.moves.to_frame().assign(task=each.name) for each in every if each.moves]
        return pandas.concat(frames, ignore_index=True) if frames else pandas.DataFrame()


@checked_arguments
def frontiers(workspace: Workspace, *, evidence: str = "published") -> Frontiers:
    """Who is on the frontier of accuracy against FLOPs, USD, seconds and joules per question, and who only on some.

    Single answers, each model on the rented GPUs that answer its questions for the fewest USD.

    evidence  which accuracies count: measured, published (those too that sources report) or any (weak ones too)

    Raises AdvisorError for another kind of evidence.
    """
    by_task: dict[str, Fleetwide] = {}
    without = []
    for task in sorted({p.task for p in workspace.fits.points}):
        try:
            by_task[task] = cheapest(workspace, checked_request(workspace, task=task, evidence=evidence))
        except NoAnswer as none:  # of one task; the others may have one
            without.append(f"{task}: {none.what}")
    found = [task_frontiers(task, (task,), each) for task, each in by_task.items()]
    found.sort(key=lambda each: (-len(set(each[1].models)), each[0].name))
    compared = [who for _, who in found if len(set(who.models)) > 1]
    complete = filled(by_task)
    return Frontiers(
        basis=_basis(by_task),
        claims=Rows(_claims(compared), Claim),
        notes=(*filter(None, [moe_places(compared)]), *(_unpriced(each) for each, _ in found if each.unpriced)),
        tasks=Rows((each for each, _ in found), TaskFrontiers),
        mean=_mean(workspace, by_task, evidence),
        filled=complete[0] if complete else None,
        without=tuple(without),
    )


def _mean(workspace: Workspace, by_task: dict[str, Fleetwide], evidence: str) -> TaskFrontiers | None:
    tasks = shared_tasks({task: frozenset(names_of(found.deployed)) for task, found in by_task.items()})
    if not tasks:
        return None
    request = checked_request(workspace, task=tasks, evidence=evidence)
    try:
        found = cheapest(workspace, request)
    except NoAnswer:  # their answers were drawn otherwise on one task than on another
        return None
    return task_frontiers(f"mean of {counted(len(tasks), 'task')}", tasks, found)[0]


def _claims(found: list[Membership]) -> list[Claim]:
    return [flops_claim(found, unit, words) for unit, words in (("usd", "USD"), ("s", "seconds"), ("J", "joules"))]


def _unpriced(each: TaskFrontiers) -> str:
    return f"{each.name}: no GPU with a price holds {', '.join(each.unpriced)}"


def _basis(by_task: dict[str, Fleetwide]) -> Basis:
    n = len({name for found in by_task.values() for name in names_of(found.deployed)})
    return Basis(
        data=f"Single answers up to their own end of {counted(n, 'model')} on {counted(len(by_task), 'task')}, each "
        "where it costs least on rented GPUs that are always full; seconds within which 95 % of its answers end there",
        method="On the frontier where no other is as cheap and as accurate and better in one; chances by 300 joint "
        "draws of accuracy, speed and imputed tokens, prices as they are; intervals of the shares of places resample "
        "the releases too; joules by an H100's shares of the power limit; "
        f"the mean over tasks that {LEAST_MODELS} models or more share, chosen for the most models × tasks",
        would_change=f"prices, GPUs of your own, traffic that does not fill a machine, and models on fewer than "
        f"{LEAST_TASKS} tasks being measured on more",
    )
