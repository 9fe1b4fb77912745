"""Pages that are made from the program say what the program says."""

import importlib.util
import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"


def maker(name):
    spec = importlib.util.spec_from_file_location(name, DOCS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_formats_are_those_of_the_row_types():
    assert (DOCS / "formats.md").read_text(encoding="utf-8") == maker("make_formats").page()


@pytest.mark.slow
def test_every_command_and_flag_is_documented():
    page = (DOCS / "cli.md").read_text(encoding="utf-8")
    make_cli = maker("make_cli")
    parts = {part.split("\n")[0]: part for part in page.split("## advisor ")[1:]}
    assert list(parts) == make_cli.commands()
    for name, part in parts.items():
        assert set(re.findall(r"--[a-z-]+", part)) == set(re.findall(r"--[a-z-]+", make_cli.help_of(name)))
