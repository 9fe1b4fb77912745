"""Commands that look up: curve, models, gpus, tasks, measurements, check, doctor."""

from __future__ import annotations

from typing import Annotated

import typer

from advisor.cli import options
from advisor.cli.output import emit, emit_rows
from advisor.errors import AdvisorError
from advisor.tasks import DEFAULT_TASK


def curve(
    model: Annotated[str, typer.Argument(help="A model's name, see `advisor models`.")],
    task: options.Task = DEFAULT_TASK,
    strategy: Annotated[
        str | None, typer.Option(help="majority, thinking-budget, …; default: every strategy with a curve.")
    ] = None,
    workspace: options.WorkspaceFolder = None,
    as_json: options.Json = False,
) -> None:
    """Show accuracy against compute of one model.

    Measured points, the fitted curve, its asymptote and saturation point.
    """
    from advisor.fits import curve as verb
    from advisor.reports import curves

    opened = options.known_workspace(workspace)
    found = verb.curve(opened, model=model, task=task, strategy=strategy)
    emit(found, lambda _: curves.blocks(verb.lines(opened, model, task, strategy)), as_json)


def models(workspace: options.WorkspaceFolder = None, as_json: options.Json = False) -> None:
    """List the models that are known by name.

    With what their publishers recommend for sampling, and the modes of thinking that a request can choose.
    """
    from advisor.reports import listings

    opened = options.known_workspace(workspace)
    listed = listings.listed_models(opened.models.known(), opened.sampling)
    emit_rows("models", listed, listings.model_blocks(listed), as_json)


def gpus(
    price: options.PriceList = None,
    price_kind: options.PriceKind = None,
    refresh: Annotated[
        str | None,
        typer.Option(help="Write today's cloud prices to this CSV, for --price; needs a network and the prices extra."),
    ] = None,
    workspace: options.WorkspaceFolder = None,
    as_json: options.Json = False,
) -> None:
    """List the GPUs, with peaks and the price used."""
    from advisor.prices import checked_kind, parse_prices
    from advisor.rents import Rents
    from advisor.reports import imports, listings

    opened = options.known_workspace(workspace)
    if refresh:
        from advisor.importers.gpuhunt import refresh_prices

        emit(refresh_prices(opened, refresh), imports.price_blocks, as_json)
        return
    kind = None if price_kind is None else checked_kind(price_kind, where="--price-kind")
    own, offers = parse_prices(price or (), opened.gpus), opened.prices.offers
    rates = Rents.of_kind(offers, own, today=opened.today, kind=kind, named=opened.gpus).rates
    priced = listings.priced_gpus(opened.gpus, rates)
    emit_rows("gpus", priced, listings.gpu_blocks(opened.gpus, rates), as_json)


def tasks(workspace: options.WorkspaceFolder = None, as_json: options.Json = False) -> None:
    """List the tasks with known accuracies."""
    from advisor.recommendation.frontier import known_tasks
    from advisor.reports import listings

    known = known_tasks(options.known_workspace(workspace))
    emit_rows("tasks", known, listings.task_blocks(known), as_json)


def measurements(workspace: options.WorkspaceFolder = None, as_json: options.Json = False) -> None:
    """List what is recorded, finished or not.

    Answers by how they were drawn, measured loads by deployment; yours first, then what ships.
    """
    from advisor.reports import holdings
    from advisor.store.recorded import recorded

    found = recorded(options.known_workspace(workspace))
    emit_rows("measurements", found, holdings.recorded_blocks(found), as_json)


def check(workspace: options.WorkspaceFolder = None, as_json: options.Json = False) -> None:
    """Read every file and name each damaged one.

    Of your workspace, or without one of what ships. Says what is wrong and what to do, and changes nothing.
    """
    from advisor.fits.check import check as verb
    from advisor.reports import holdings

    opened = options.known_workspace(workspace)
    found = verb(opened)
    emit(found, holdings.check_blocks, as_json)
    if found.damaged:
        what, hint = f"{len(found.damaged)} of {found.files} files are damaged", "each is named on stdout"
        raise AdvisorError(what, where=found.folder, hint=hint)


def doctor(workspace: options.WorkspaceFolder = None, as_json: options.Json = False) -> None:
    """Say what this machine can measure.

    Engines with their versions, GPUs, driver and memory, what is missing and the command that brings it.
    """
    from advisor.profiler.doctor import doctor as verb
    from advisor.reports import machines

    emit(verb(options.known_workspace(workspace)), machines.blocks, as_json)
