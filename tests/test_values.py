"""Values: one definition of the fields, several renderings."""

import json
import math
import subprocess
import sys
from dataclasses import dataclass

from advisor.values import Rows, Value, several, to_json


@dataclass(frozen=True, slots=True)
class Inner:
    low: float
    high: float | None


@dataclass(frozen=True, slots=True)
class Line:
    model: str
    accuracy: Inner


@dataclass(frozen=True, slots=True)
class Answer(Value):
    task: str
    lines: Rows[Line]
    note: str | None = None


ANSWER = Answer("<b>mine</b>", Rows([Line("a & b", Inner(0.25, math.inf)), Line("c", Inner(math.nan, None))]))


def test_json_has_the_field_names_and_no_numbers_that_json_does_not_know():
    assert json.loads(ANSWER.to_json()) == {
        "task": "<b>mine</b>",
        "lines": [
            {"model": "a & b", "accuracy": {"low": 0.25, "high": None}},
            {"model": "c", "accuracy": {"low": None, "high": None}},
        ],
        "note": None,
    }
    assert ANSWER.to_dict() == json.loads(to_json(ANSWER))


def test_rows_leave_as_a_frame_with_nested_fields_as_columns():
    frame = ANSWER.lines.to_frame()
    assert list(frame.columns) == ["model", "accuracy.low", "accuracy.high"]
    assert frame["accuracy.low"][0] == 0.25


def test_a_notebook_shows_every_text_escaped():
    shown = ANSWER._repr_html_()
    assert "&lt;b&gt;mine&lt;/b&gt;" in shown
    assert "a &amp; b" in shown
    assert "<b>" not in shown
    assert shown.count("<table>") == 4  # the value, its rows, and an interval in each
    assert ANSWER.lines._repr_html_().startswith("<table><thead>")


def test_rows_without_a_row_keep_their_columns_and_say_that_there_is_none():
    none = Rows((), Line)
    assert list(none.to_frame().columns) == list(ANSWER.lines.to_frame().columns)
    assert list(none.to_frame()["accuracy.low"]) == []
    assert none._repr_html_() == "no rows"
    assert list(Rows(()).to_frame().columns) == []


def test_one_or_many():
    assert several("1s") == ("1s",)
    assert several(2.0) == (2.0,)
    assert several(["a", "b"]) == ("a", "b")
    assert several(None) == ()


def test_importing_the_package_loads_nothing_of_it():
    script = (
        "import sys, advisor; advisor.Workspace, advisor.__all__; loaded = set(sys.modules);"
        "heavy = {'pandas', 'scipy', 'sklearn', 'torch', 'vllm', 'ray', 'matplotlib', 'typer', 'rich', 'httpx'};"
        "print(sorted(heavy & loaded))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_public_name_is_there():
    import advisor

    for name in advisor.__all__:
        assert getattr(advisor, name).__name__ == name
    assert set(advisor.__all__) == set(dir(advisor))
