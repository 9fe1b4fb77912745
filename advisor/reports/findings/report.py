"""The verb `report_findings`: every study as Markdown with pictures, and as one page for a browser."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import partial
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import quote

from advisor.arguments import checked_arguments
from advisor.errors import install
from advisor.printable import command_line
from advisor.reports.findings.sections import RENDERINGS, figures, made_by, overview, sections
from advisor.reports.markdown_text import escaped
from advisor.reports.report import checked_paths, write_text
from advisor.reports.terminal import Block
from advisor.store.seal import sealed
from advisor.store.workspace import Workspace
from advisor.studies.findings import Findings


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingsReport(Findings):
    """The studies and the files that hold them: Markdown and a page, None where not wanted, and pictures."""

    report: str | None
    page: str | None
    pictures: tuple[str, ...]
    notes: tuple[str, ...] = ()


@checked_arguments
def report_findings(
    workspace: Workspace, *, findings: Findings, output: str | Path | None = None, html: str | Path | None = None
) -> FindingsReport:
    """Write the findings as Markdown to `output`, their pictures beside it, as one self-contained page to `html`.

    One of the two at least. Raises AdvisorError where it cannot be written, MissingAbility where a page is wanted and
    what makes it is not installed.
    """
    to_markdown, to_page = checked_paths(output, html)
    command = again(workspace, to_markdown, to_page)
    drawn = _drawn(findings)
    files: dict[str, Path] = {}
    if to_page:
        from advisor.reports.page.findings import findings_page

        write_text(to_page, findings_page(workspace, findings, drawn, command))
    if to_markdown:
        files = {name: to_markdown.parent / f"{to_markdown.stem}-{name.replace('_', '-')}.svg" for name in drawn}
        for name, path in files.items():
            sealed(path, partial(Path.write_bytes, data=drawn[name]))
        write_text(to_markdown, markdown(findings, workspace, files, command))
    missing = find_spec("matplotlib") is None
    return FindingsReport(
        **{field.name: getattr(findings, field.name) for field in fields(Findings)},
        report=str(to_markdown) if to_markdown else None,
        page=str(to_page) if to_page else None,
        pictures=tuple(str(path) for path in files.values()),
        notes=(f"no pictures without matplotlib; {install('plots')} adds them",) if missing else (),
    )


def blocks(written: FindingsReport) -> list[Block]:
    """What `advisor report --kind findings` prints."""
    return [", ".join(file for file in (written.report, written.page, *written.pictures) if file)]


def markdown(found: Findings, workspace: Workspace, pictures: Mapping[str, Path], command: str) -> str:
    """The whole report as GitHub-flavoured Markdown; `pictures` are files by their studies."""
    images = {name: [f"![{escaped(RENDERINGS[name].title)}]({quote(path.name)})"] for name, path in pictures.items()}
    parts = [*overview(found, workspace), *sections(found, images), *made_by(command)]
    return "\n\n".join(part.rstrip() for part in parts) + "\n"


def again(workspace: Workspace, output: Path | None, html: Path | None) -> str:
    """The command that makes this report again."""
    given = {"--output": output, "--html": html, "--workspace": workspace.name}
    words = [word for flag, value in given.items() if value for word in (flag, str(value))]
    own = ["--own-answers"] if workspace.alone else []
    return command_line(["advisor", "report", "--kind", "findings", *own, *words])


def _drawn(found: Findings) -> dict[str, bytes]:
    """The pictures as SVG by study; none without matplotlib."""
    if find_spec("matplotlib") is None:
        return {}
    from advisor.reports import plots

    with plots.plain_texts():
        return {name: _svg(figure) for name, figure in figures(found).items()}


def _svg(figure: Any) -> bytes:
    from advisor.reports.plots import plain_ticks

    plain_ticks(figure)
    file = BytesIO()
    figure.savefig(file, format="svg", metadata={"Date": None})
    return file.getvalue()
