"""docs/validation.md is made by several benchmarks: each replaces its own sections and leaves the others alone."""

from __future__ import annotations

from pathlib import Path

PAGE = Path(__file__).resolve().parent.parent / "docs" / "validation.md"
MARK = "\n## "


def table(rows: list[list[str]], columns: list[str]) -> str:
    """A Markdown table, all but the first column to the right."""
    rule = ["---", *["---:"] * (len(columns) - 1)]
    return "\n".join("| " + " | ".join(r) + " |" for r in [columns, rule, *rows]) + "\n"


def put(heading: str, body: str, page: Path = PAGE) -> None:
    """Replace the section of that heading, or add it at the end."""
    top, *sections = page.read_text(encoding="utf-8").split(MARK)
    mine = f"{heading}\n\n{body.rstrip()}\n"
    headings = [section.splitlines()[0] for section in sections]
    if heading in headings:
        sections[headings.index(heading)] = mine
    else:
        sections.append(mine)
    page.write_text(MARK.join([top, *sections]), encoding="utf-8")


def put_all(text: str) -> None:
    """Begin the page with `text`, whose sections replace those of the same heading; the others follow."""
    old = PAGE.read_text(encoding="utf-8").split(MARK)[1:] if PAGE.exists() else []
    new = {section.splitlines()[0] for section in text.split(MARK)[1:]}
    kept = [section for section in old if section.splitlines()[0] not in new]
    PAGE.write_text(MARK.join([text, *kept]), encoding="utf-8")
