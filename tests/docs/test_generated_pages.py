"""Pages that are made from the program say what the program says."""

import ast
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


def test_the_command_line_is_the_one_of_the_program():
    assert (DOCS / "cli.md").read_text(encoding="utf-8") == maker("make_cli").page()


@pytest.mark.parametrize("script", ["make_gpus", "make_models"])
def test_help_of_the_scripts_behind_the_tables_names_every_column_they_read(script):
    source = (DOCS.parent / "profiles" / f"{script}.py").read_text(encoding="utf-8")
    read = set(re.findall(r"""(?:(?:row|facts)\[|number\(|flops\()["'](\w+)["']""", source))
    named = set(re.findall(r"\w+", ast.get_docstring(ast.parse(source))))
    assert len(read) > 10
    assert read <= named, read - named
