"""Every rule of an answer, at its limits, in Python and in SQL alike."""

import math
from dataclasses import asdict

import duckdb
import pytest

from advisor.printable import SQL_CLASS, is_printable
from advisor.store.measurements import parquet_writer
from advisor.store.runs import Run, fault_of_load
from advisor.store.sample_rules import ANY_BROKEN, NAMES, RANGES, RULES, fault, fault_of_question
from advisor.store.samples import Sample

GOOD = asdict(
    Sample(model="m", task="t", question_id="q", sample_index=0, answer="a", correct=True, generated_tokens=5)
)
HIDDEN = [
    "a\x00b",
    "a\nb",
    "\x1b[2J",
    "\x9b2J",
    "a\x7f",
    "a\u200bb",
    "\u202egpj.exe",
    "\u2066",
    "\u2028",
    "\ufeffa",
    "n" * 501,
]
VISIBLE = ["Ünï-Co/dé 8B", "模型", "n" * 500, "🤗", "a b", "é", "\u00a0"]
BROKEN = [
    *[{name: value} for name in NAMES for value in HIDDEN],
    *[{name: value} for name in ("model", "task", "question_id", "strategy") for value in ("", "  ")],
    *[{name: low - 1} for name, (low, _) in RANGES.items()],
    *[
        {name: math.nextafter(high, math.inf) if isinstance(high, float) else high + 1}
        for name, (_, high) in RANGES.items()
    ],
    {"answer": None},
    {"strategy": "foo"},
    {"strategy": "majority"},
    {"finish_reason": "eos"},
    {"finish_reason": "error"},
    {"finish_reason": "error", "correct": False},
    {"finish_reason": "error", "answer": None},
    {"search_generated_tokens": 4},
    {"tokens_from": "guess"},
    {"tokens_from": ""},
    {"tokens_from": "tokenizer", "generated_tokens": None},
]
SOUND = [
    {},
    *[{name: value} for name in NAMES for value in VISIBLE if value.strip() == value],
    {
        name: "a\n\x1bb"
        for name in ("answer", "template", "system_prompt", "few_shot", "chat_options", "step_delimiter")
    },
    *[{name: limit} for name, limits in RANGES.items() for limit in limits if not name.endswith("generated_tokens")],
    {"generated_tokens": 0},
    *[{"strategy": name} for name in ("sampling", "greedy", "rebase", "mcts", "thinking-budget", "adaptive-majority")],
    {"generated_tokens": None, "search_generated_tokens": 0},
    {"search_generated_tokens": 5},
    {"tokens_from": "tokenizer"},
    {"answer": None, "correct": False},
    {"answer": "", "finish_reason": "length"},
    {"finish_reason": "error", "answer": None, "correct": False, "generated_tokens": 0},
]


def broken_in_sql(row, folder):
    parquet_writer(Sample, [row])(folder / "x.parquet")
    query = f"select count(*) from '{folder / 'x.parquet'}' where {ANY_BROKEN}"
    return duckdb.connect().execute(query).fetchone() == (1,)


@pytest.mark.parametrize("change", BROKEN)
def test_what_no_answer_can_be(change, tmp_path):
    found = fault(GOOD | change)
    assert found is not None
    assert found.what.startswith(f"{found.column} is ")
    assert broken_in_sql(GOOD | change, tmp_path)


@pytest.mark.parametrize("change", SOUND)
def test_what_an_answer_can_be(change, tmp_path):
    assert fault(GOOD | change) is None
    assert not broken_in_sql(GOOD | change, tmp_path)


def test_every_rule_is_broken_by_some_row():
    assert all(any(rule.broken(GOOD | change) for change in BROKEN) for rule in RULES)


def test_a_character_is_refused_in_python_and_in_sql_alike():
    """Every code that DuckDB can hold, in chunks: the two classes of characters are one."""
    connection = duckdb.connect()
    codes = [code for code in range(0x110000) if not 0xD800 <= code <= 0xDFFF]
    connection.execute("create table c as select unnest($codes) as code", {"codes": codes})
    query = f"select code from c where regexp_matches(chr(code::int), '{SQL_CLASS}')"
    in_sql = {code for (code,) in connection.execute(query).fetchall()} | {0}  # chr(0) is empty in DuckDB
    assert in_sql == {code for code in codes if not is_printable(chr(code))}


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("name", ["score", "temperature", "top_p", "frequency_penalty"])
def test_no_number_is_nan_or_infinite(name, value, tmp_path):
    assert fault(GOOD | {name: value}).column == name
    assert broken_in_sql(GOOD | {name: value}, tmp_path)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"correct": 1}, "correct is 1; correct is a true or false"),
        ({"correct": None}, "correct is None"),
        ({"generated_tokens": True}, "generated_tokens is True"),
        ({"generated_tokens": 5.0}, "generated_tokens is 5.0; generated_tokens is a whole number or null"),
        ({"generated_tokens": 2**63}, "generated_tokens is 9223372036854775808"),
        ({"answer": 7}, "answer is 7"),
        ({"answer": "\ud800"}, "answer is '\\ud800'"),
        ({"colour": 1}, "unknown column 'colour'; known: model, task"),
    ],
)
def test_cells_have_the_types_of_their_columns(change, what):
    assert str(fault(GOOD | change)).startswith(what)


def test_a_row_of_a_former_version_lacks_columns_that_came_later():
    former = {name: GOOD[name] for name in GOOD if not name.startswith("search_") and name != "strategy"}
    assert fault(former) is None
    assert str(fault({name: GOOD[name] for name in GOOD if name != "task"})).startswith("lacks the column 'task'")


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ([{}, {"sample_index": 1}], None),
        ([{}, {}], "sample_index 0 is there twice"),
        ([{}, {"sample_index": 1, "model": "n"}], "model differs between its rows"),
        ([{"search_depth_tokens": 6}, {"sample_index": 1}], "search_depth_tokens differs"),
        ([{}, {"sample_index": 1, "score": math.nan}], "score is nan"),
        ([], "has no rows"),
    ],
)
def test_rows_of_one_question_together(changes, what):
    found = fault_of_question([GOOD | change for change in changes])
    assert found is None if what is None else str(found).startswith(what)


LOAD = {
    "model": "m",
    "gpu": "l4",
    "precision": "bf16",
    "prompt_tokens": 8.0,
    "generated_tokens": 4.0,
    "concurrency": 1.0,
}


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({}, None),
        ({"ttft_s": 0.0}, None),
        ({"tpot_s": -0.1}, "tpot_s is -0.1; no figure of a load is below zero"),
        ({"tpot_s": math.nan}, "tpot_s is nan"),
        ({"status": "fine"}, "status is 'fine'; known: ok, oom, failed"),
        ({"gpu": None}, "gpu is None"),
        ({"colour": 1}, "unknown column 'colour'"),
    ],
)
def test_loads_of_a_journal(change, what):
    found = fault_of_load("k", [asdict(Run(**LOAD)) | change])
    assert found is None if what is None else found.startswith(what)
