"""Every example of docs/python.md runs, in order, and gives what the page says."""

import ast
import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "python.md"
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


def test_every_example_runs_and_gives_what_the_page_says(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names, compared = {}, 0
    assert len(BLOCKS) == 17
    for block in BLOCKS:
        lines = block.splitlines()
        for statement in ast.parse(block).body:
            source = ast.get_source_segment(block, statement)
            promised = lines[statement.end_lineno - 1].partition("# → ")[2]
            if not isinstance(statement, ast.Expr):
                exec(source, names)
                continue
            value = eval(source, names)
            if promised:
                compared += 1
                assert repr(value) == promised, source
    assert compared >= 15


@pytest.mark.slow
def test_a_type_checker_accepts_every_example(tmp_path):
    mypy = pytest.importorskip("mypy.api")
    page = tmp_path / "page.py"
    page.write_text("\n".join(BLOCKS), encoding="utf-8")
    said, errors, code = mypy.run(["--follow-imports=silent", str(page)])
    assert code == 0, said + errors
