"""docs/validation.md is made by several benchmarks, each of which replaces its own sections and leaves the others alone."""

from __future__ import annotations

from pathlib import Path

PAGE = Path(__file__).resolve().parent.parent / "docs" / "validation.md"
MARK = "\n## "


def put(heading: str, body: str) -> None:
    """Replace the section of that heading, or add it at the end."""
    top, *sections = PAGE.read_text(encoding="utf-8").split(MARK)
    mine = f"{heading}\n\n{body.rstrip()}\n"
    headings = [section.splitlines()[0] for section in sections]
    if heading in headings:
        sections[headings.index(heading)] = mine
    else:
        sections.append(mine)
    PAGE.write_text(MARK.join([top, *sections]), encoding="utf-8")


def put_all(text: str) -> None:
    """Begin the page with `text`, whose sections take the place of those of the same heading; the others follow."""
    old = PAGE.read_text(encoding="utf-8").split(MARK)[1:] if PAGE.exists() else []
    new = {section.splitlines()[0] for section in text.split(MARK)[1:]}
    kept = [section for section in old if section.splitlines()[0] not in new]
    PAGE.write_text(MARK.join([text, *kept]), encoding="utf-8")
