"""Every command of docs/examples.md gives the pick that the page quotes, and the arithmetic by hand agrees."""

import importlib.util
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BENCHMARKS = ROOT / "benchmarks"
PAGE = (ROOT / "docs" / "examples.md").read_text(encoding="utf-8")
NUMBERS = range(1, 14)
LOOSE = 0.05
"""The script itself is stricter; here a new price or a refit may pass, a wrong factor may not."""
PICK = re.compile(r"^(\S+/\S+) · [^$]*? · (\d+ × [a-z0-9-]+)", re.MULTILINE)


@pytest.fixture(scope="module")
def examples():
    sys.path.insert(0, str(BENCHMARKS))
    try:
        module = importlib.util.module_from_spec(
            spec := importlib.util.spec_from_file_location("examples", BENCHMARKS / "examples.py")
        )
        sys.modules["examples"] = module
        spec.loader.exec_module(module)
        yield module
    finally:
        sys.path.remove(str(BENCHMARKS))
        sys.modules.pop("examples", None)


@pytest.fixture
def page(examples, advisor, monkeypatch):
    """The script, with its commands run in this process, which starts faster."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setattr(examples, "run", lambda command, *more: advisor(*examples.words(command), *more))
    return examples


def test_every_case_has_a_check(examples):
    assert sorted(examples.sections(PAGE)) == sorted(examples.CASES) == list(NUMBERS)


@pytest.mark.parametrize("number", NUMBERS)
def test_what_is_printed_follows_by_hand(page, number):
    _, commands = page.sections(PAGE)[number]
    checks = list(page.CASES[number][0](commands))
    assert len(checks) >= 5
    apart = [check.cells for check in checks if not check.holds and (check.least or abs(check.difference) > LOOSE)]
    assert not apart


@pytest.mark.parametrize("number", NUMBERS)
def test_every_command_gives_the_pick_that_the_page_quotes(page, number):
    text, commands = page.sections(PAGE)[number]
    quoted = text.partition("<!-- printed -->")[2].partition("<!-- end -->")[0]
    printed = page.screen(commands, page.CASES[number][1])
    assert PICK.findall(printed) == PICK.findall(quoted)
    if not PICK.findall(quoted):  # no pick: the line that says so, or a comparison
        assert re.sub(r"[\d.e-]+", "", printed) == re.sub(r"[\d.e-]+", "", quoted.strip())


def test_a_wrong_figure_is_seen(examples):
    assert not examples.Check("a factor of two", "", 1.0, 2.0).holds
    assert not examples.Check("below a bound", "", 1.0, 0.99, least=True).holds
    assert examples.Check("above a bound", "", 1.0, 3.0, least=True).holds
    assert examples.Check("rounded", "", 1.0, 1.001).holds
