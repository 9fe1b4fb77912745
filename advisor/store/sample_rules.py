"""What no answer can be: the rules that every Sample passes before it is written, whoever brings it.

Answers that were drawn and lines of a journal are checked one by one (`fault`, `fault_of_question`), the rows of an
import all at once by the same rules in SQL (`ANY_BROKEN`); what SQL finds is named by `fault`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from advisor.printable import LONGEST_NAME, NAME, SQL_CLASS, is_name, shortened
from advisor.store.row_types import Fault, type_fault
from advisor.store.samples import Sample
from advisor.strategies import STRATEGIES
from advisor.tables import columns

MOST_TOKENS = 10**8
"""Of one answer or prompt: ten times the longest context of any model."""
MOST_SEARCH_TOKENS = 10**11
"""Of the whole search of one question."""
SHOWN = 80
"""Characters of a value that an error shows."""
FINISH_REASONS = ("stop", "length", "forced", "loop", "error", "unchecked")
TOKENIZER = "tokenizer"
"""Where tokens come from that no engine counted."""
RECORDED = ("sampling", *(name for name, strategy in STRATEGIES.items() if strategy.search != "sampling"))
"""Strategies of stored answers: those whose answers are plain samples are derived from `sampling`."""
KEYS = ("model", "task", "question_id")
LISTED = {"strategy", "finish_reason", "tokens_from"}
"""Columns of which all values are known."""
NAMES = tuple(c.name for c in columns(Sample) if c.is_one_line and c.name not in LISTED)
"""Other texts that a screen or report shows."""
OF_A_SEARCH = tuple(c.name for c in columns(Sample) if c.name.startswith("search_"))
RANGES: dict[str, tuple[float, float]] = {
    "sample_index": (0, 10**9),
    "generated_tokens": (0, MOST_TOKENS),
    "prompt_tokens": (0, MOST_TOKENS),
    "score": (-1e6, 1e6),
    "temperature": (0, 5),
    "top_p": (0, 1),
    "max_tokens": (1, MOST_TOKENS),
    "top_k": (0, 10**9),
    "min_p": (0, 1),
    "frequency_penalty": (-2, 2),
    "presence_penalty": (-2, 2),
    "repetition_penalty": (0, 100),
    "seed": (0, 10**15),
    "budget": (0, 10**9),
    **dict.fromkeys(OF_A_SEARCH, (0, MOST_SEARCH_TOKENS)),
}
"""The least and the most that a number can be; no number is NaN or infinite."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that no row can be, said as Python and as SQL; `hint` is what the column has to be."""

    column: str
    broken: Callable[[Mapping[str, Any]], bool]
    sql: str
    hint: str


def _not_empty(name: str) -> Rule:
    return Rule(
        name,
        lambda row: not str(row[name]).strip(" ") if row.get(name) is not None else name in row,
        f"trim(coalesce({name}, '')) = ''",
        f"{name} is a text that is not empty",
    )


def _name(name: str) -> Rule:
    return Rule(
        name,
        lambda row: row.get(name) is not None and not is_name(row[name]),
        f"(length({name}) > {LONGEST_NAME} or regexp_matches({name}, '{SQL_CLASS}'))",
        f"{name} is {NAME}",
    )


def _within(name: str, least: float, most: float) -> Rule:
    # DuckDB takes NaN for greater than any number, Python for neither less nor greater
    return Rule(
        name,
        lambda row: row.get(name) is not None and not least <= row[name] <= most,
        f"not {name} between {least!r} and {most!r}",
        f"{name} is a number from {least:,.0f} to {most:,.0f}",
    )


def _right_without_answer(row: Mapping[str, Any]) -> bool:
    return bool(row["correct"]) and row["answer"] is None


def _strategy(row: Mapping[str, Any]) -> bool:
    return row.get("strategy", "sampling") not in RECORDED


def _finish_reason(row: Mapping[str, Any]) -> bool:
    return row.get("finish_reason") is not None and row["finish_reason"] not in FINISH_REASONS


def _tokens_from(row: Mapping[str, Any]) -> bool:
    found = row.get("tokens_from")
    return found is not None and (found != TOKENIZER or row["generated_tokens"] is None)


def _answer_of_a_failure(row: Mapping[str, Any]) -> bool:
    return row.get("finish_reason") == "error" and (row["answer"] is not None or bool(row["correct"]))


def _more_than_its_search(row: Mapping[str, Any]) -> bool:
    generated, search = row["generated_tokens"], row.get("search_generated_tokens")
    return generated is not None and search is not None and generated > search


RULES = (
    *(_not_empty(name) for name in KEYS),
    *(_name(name) for name in NAMES),
    *(_within(name, *limits) for name, limits in RANGES.items()),
    Rule(
        "strategy",
        _strategy,
        f"coalesce(strategy, '') not in {RECORDED!r}",
        f"known: {', '.join(RECORDED)}; plain answers, as for votes and best-of-n, are sampling",
    ),
    Rule(
        "finish_reason",
        _finish_reason,
        f"finish_reason not in {FINISH_REASONS!r}",
        f"known: {', '.join(FINISH_REASONS)}; leave it empty where it is not known",
    ),
    Rule(
        "tokens_from",
        _tokens_from,
        f"tokens_from != '{TOKENIZER}' or (tokens_from is not null and generated_tokens is null)",
        f"known: {TOKENIZER}, with generated_tokens; leave it empty where the engine counted",
    ),
    Rule(
        "answer",
        _answer_of_a_failure,
        "finish_reason = 'error' and (answer is not null or correct)",
        "a request that failed (finish_reason error) has no answer and is not correct",
    ),
    Rule(
        "answer",
        _right_without_answer,
        "correct and answer is null",
        "an answer that is correct has a text: any that stands for it will do, e.g. 'correct'",
    ),
    Rule(
        "generated_tokens",
        _more_than_its_search,
        "generated_tokens > search_generated_tokens",
        "an answer has no more tokens than its whole search, search_generated_tokens",
    ),
)
NEVER_NULL = tuple(c.name for c in columns(Sample) if c.required and not c.nullable)
ANY_BROKEN = " or ".join(
    [f"{name} is null" for name in NEVER_NULL] + [f"coalesce({rule.sql}, false)" for rule in RULES]
)
"""SQL: whether a row has a cell that is never null empty, or breaks any rule."""


def fault(row: Mapping[str, Any]) -> Fault | None:
    """What makes a row impossible; None where nothing does. Columns that are absent take their default."""
    if found := type_fault(Sample, row):
        return found
    for rule in RULES:
        if rule.broken(row):
            return Fault(rule.column, f"{rule.column} is {shortened(repr(row.get(rule.column)), SHOWN)}", rule.hint)
    return None


def fault_of_question(rows: Sequence[Mapping[str, Any]]) -> Fault | None:
    """What makes the rows of one search of one question impossible, each or together."""
    for row in rows:
        if found := fault(row):
            return found
    if not rows:
        return Fault("question_id", "has no rows", "a question has an answer at least")
    index, times = Counter(row["sample_index"] for row in rows).most_common(1)[0]
    if times > 1:
        return Fault("sample_index", f"sample_index {index} is there twice", "each answer of a question has its own")
    for name in ("model", "task", "question_id", "run_id", *OF_A_SEARCH):
        if len({row.get(name) for row in rows}) > 1:
            return Fault(name, f"{name} differs between its rows", "it is the same in all rows of a question")
    return None
