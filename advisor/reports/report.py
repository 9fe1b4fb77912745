"""The verb `report`: a recommendation as Markdown for a ticket, pictures beside it, and as a page for a browser."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from importlib.util import find_spec
from pathlib import Path

from advisor.arguments import checked_arguments
from advisor.errors import AdvisorError, NoAnswer, install
from advisor.fits.curve import lines
from advisor.fits.line import Line
from advisor.printable import is_printable
from advisor.recommendation.pick import Recommendation
from advisor.reports.frontier_view import of_recommendation
from advisor.reports.markdown import again, markdown
from advisor.reports.terminal import Block
from advisor.store.seal import check_writable, sealed
from advisor.store.workspace import Workspace

SUFFIXES = {"--output": (".md", ".markdown"), "--html": (".html", ".htm")}
KINDS = {"--output": "Markdown file", "--html": "HTML file"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Report(Recommendation):
    """A recommendation and the files that hold it: Markdown and a page, None where not wanted, and pictures."""

    report: str | None
    page: str | None
    pictures: tuple[str, ...]


def checked_paths(output: str | Path | None, html: str | Path | None) -> tuple[Path | None, Path | None]:
    """The paths of a Markdown file and of a page. Raises AdvisorError where neither is named, or one by another suffix.

    Raises AdvisorError too where one cannot be written, MissingAbility where its disk is full, or a page is wanted and
    what makes it is not installed.
    """
    if output is None and html is None:
        hint = "give -o report.md for Markdown with pictures, --html report.html for a page in a browser, or both"
        raise AdvisorError("name the file to write", where="report", hint=hint)
    found = _checked("--output", output), _checked("--html", html)
    if html is not None:
        from advisor.reports.page.libraries import check_installed

        check_installed()
    return found


def _checked(flag: str, given: str | Path | None) -> Path | None:
    if given is None:
        return None
    path = Path(given)
    if path.suffix not in SUFFIXES[flag]:
        what = f"is no {KINDS[flag]}"
        raise AdvisorError(what, where=f"{flag} {given}", hint=f"name it like report{SUFFIXES[flag][0]}")
    if not is_printable(str(path)):
        raise AdvisorError("is no name of a file", where=f"{flag} {given}", hint="leave out what no screen shows")
    if path.is_dir():
        raise AdvisorError("cannot write here (it is a folder)", where=f"{flag} {given}", hint="name a file in it")
    if path.parent.exists() and not path.parent.is_dir():
        what = f"cannot write here ({path.parent} is no folder)"
        raise AdvisorError(what, where=f"{flag} {given}", hint="name a file in a folder")
    check_writable(path)
    return path


@checked_arguments
def report(
    workspace: Workspace,
    *,
    recommendation: Recommendation,
    output: str | Path | None = None,
    html: str | Path | None = None,
) -> Report:
    """Write a recommendation as Markdown to `output`, its pictures beside it, as one self-contained page to `html`.

    One of the two at least. Raises AdvisorError where it cannot be written, MissingAbility where a page is wanted and
    what makes it is not installed.
    """
    to_markdown, to_page = checked_paths(output, html)
    curves = _curves(workspace, recommendation)
    command = again(recommendation.request, to_markdown, workspace.name, html=to_page)
    pictures: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    if to_page:
        from advisor.reports.page.recommendation import recommendation_page

        write_text(to_page, recommendation_page(workspace, recommendation, curves, command))
    if to_markdown:
        drawn = _pictures(to_markdown, recommendation, curves)
        write_text(to_markdown, markdown(recommendation, curves, drawn, command))
        pictures = tuple(str(to_markdown.parent / name) for name in drawn.values())
        notes = () if drawn else (f"no pictures without matplotlib; {install('plots')} adds them",)
    same = {field.name: getattr(recommendation, field.name) for field in fields(Recommendation)}
    return Report(
        **(same | {"notes": (*recommendation.notes, *notes)}),
        report=str(to_markdown) if to_markdown else None,
        page=str(to_page) if to_page else None,
        pictures=pictures,
    )


def write_text(path: Path, text: str) -> None:
    """Seal a text file."""

    def write(temporary: Path) -> None:
        temporary.write_text(text, encoding="utf-8")

    sealed(path, write)


def _curves(workspace: Workspace, found: Recommendation) -> list[Line]:
    """The pick's curves; of several tasks there is none."""
    try:
        return lines(workspace, found.recommended.model, found.task) if len(found.tasks) == 1 else []
    except NoAnswer:
        return []


def blocks(written: Report) -> list[Block]:
    """What `advisor report` prints."""
    return [", ".join(file for file in (written.report, written.page, *written.pictures) if file)]


def _pictures(path: Path, found: Recommendation, curves: Sequence[Line]) -> dict[str, str]:
    """Draw what matplotlib can; the names of the files by what they show."""
    if find_spec("matplotlib") is None:
        return {}
    from advisor.reports import plots

    drawn = {"frontier": f"{path.stem}-frontier.svg"}
    plots.frontier_picture(path.parent / drawn["frontier"], of_recommendation(found))
    if any(line.tokens_at(line.curve.x_min) for line in curves):
        drawn["curve"] = f"{path.stem}-curve.svg"
        plots.curve_picture(path.parent / drawn["curve"], curves, found.recommended)
    return drawn
