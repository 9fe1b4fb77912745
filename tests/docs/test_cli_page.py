import importlib.util
import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.slow
def test_the_page_says_what_the_program_says():
    spec = importlib.util.spec_from_file_location("make_cli", DOCS / "make_cli.py")
    assert spec
    assert spec.loader
    make_cli = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(make_cli)
    flags = {
        part.split("\n")[0]: set(re.findall(r"--[a-z-]+", part))
        for part in (DOCS / "cli.md").read_text().split("## advisor ")[1:]
    }
    assert flags == {name: set(re.findall(r"--[a-z-]+", make_cli.help_of(name))) for name in make_cli.COMMANDS}
