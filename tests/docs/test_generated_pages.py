"""Pages that are made from the program say what the program says."""

import importlib.util
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"


def maker(name):
    spec = importlib.util.spec_from_file_location(name, DOCS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_formats_are_those_of_the_row_types():
    assert (DOCS / "formats.md").read_text(encoding="utf-8") == maker("make_formats").page()


def test_the_command_line_is_the_one_of_the_program():
    assert (DOCS / "cli.md").read_text(encoding="utf-8") == maker("make_cli").page()
