"""Questions: a local file, a public dataset, or the generated arithmetic."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path
from string import Formatter
from typing import Any

from advisor.errors import AdvisorError, MissingAbility, checked_name, install
from advisor.input_files import MOST_BYTES, checked_file, checked_parquet, parse_json, read_text
from advisor.printable import shortened

FORMS = "a task file is .jsonl or .parquet with the columns question, answer and optionally id"
SHOWN = 60
"""Characters of a cell that an error shows."""


@dataclass(frozen=True, slots=True)
class Question:
    """One question; `prompt` is what the model sees, `reference` the right answer."""

    question_id: str
    prompt: str
    reference: str


@dataclass(frozen=True, slots=True)
class Dataset:
    """Where a public benchmark lies and which of its columns hold what."""

    path: str
    config: str | None
    split: str
    question: str
    answer: str
    kind: str
    wrong: tuple[str, ...] = ()
    """Columns of the wrong options, where it is multiple choice."""


DATASETS = {
    "gsm8k": Dataset("openai/gsm8k", "main", "test", "question", "answer", "number"),
    "math500": Dataset("HuggingFaceH4/MATH-500", None, "test", "problem", "answer", "math"),
    "aime24": Dataset("HuggingFaceH4/aime_2024", None, "train", "problem", "answer", "number"),
    "aime25": Dataset("math-ai/aime25", None, "test", "problem", "answer", "number"),
    "hmmt-feb25": Dataset("MathArena/hmmt_feb_2025", None, "train", "problem", "answer", "math"),
    "gpqa-diamond": Dataset(
        "Idavidrein/gpqa",
        "gpqa_diamond",
        "train",
        "Question",
        "Correct Answer",
        "choice",
        ("Incorrect Answer 1", "Incorrect Answer 2", "Incorrect Answer 3"),
    ),
}
CHOICE_TEMPLATE = "{question}\n\nThink step by step, then give the letter of the right option as \\boxed{{letter}}.\n"
TEMPLATE = "{question}\n\nThink step by step, then give the final answer as \\boxed{{answer}}.\n"


def from_file(path: Path, template: str) -> list[Question]:
    """Questions of a local file. Raises AdvisorError naming the line: a missing answer, an id that comes twice."""
    rows = _rows(path)
    found: dict[str, Question] = {}
    for number, row in enumerate(rows, 1):
        where = f"{path}, line {number}"
        for column in ("question", "answer"):
            if row.get(column) in (None, ""):
                raise AdvisorError(f"has no {column}", where=where, hint=FORMS)
        for column in ("question", "answer", "id"):
            if not _is_plain(row.get(column)):
                what = f"{column} is {shortened(repr(row[column]), SHOWN)}"
                raise AdvisorError(what, where=where, hint="it is a text or a number")
        question_id = str(row.get("id") or hashlib.md5(str(row["question"]).encode()).hexdigest()[:12])
        checked_name(question_id, where=f"{where}, id")
        if question_id in found:
            raise AdvisorError(f"repeats the id {question_id!r}", where=where, hint="ids are unique within a task")
        found[question_id] = Question(question_id, prompted(template, str(row["question"])), str(row["answer"]))
    if not found:
        raise AdvisorError("holds no questions", where=str(path), hint=FORMS)
    return list(found.values())


def _rows(path: Path) -> list[dict[str, Any]]:
    checked_file(path, where=f"--task {path}", hint=FORMS, missing="no such task file")
    if path.suffix == ".parquet":
        from pyarrow import ArrowException, parquet

        checked_parquet(path, hint=FORMS, most_bytes=MOST_BYTES)
        try:
            return list(parquet.read_table(path).to_pylist())
        except (OSError, ValueError, ArrowException) as error:
            why = shortened(" ".join(str(error).split()), SHOWN)
            raise AdvisorError(f"cannot be read ({why})", where=str(path), hint=FORMS) from None
    rows = []
    for number, line in enumerate(read_text(path, hint=FORMS).split("\n"), 1):
        if line.strip():
            row = parse_json(line, where=f"{path}, line {number}", hint=FORMS)
            if not isinstance(row, dict):
                raise AdvisorError("is no JSON object", where=f"{path}, line {number}", hint=FORMS)
            rows.append(row)
    return rows


def _is_plain(cell: object) -> bool:
    """Nothing, a number, or a text: JSON can spell halves of characters, which are none."""
    if isinstance(cell, str):
        return not any("\ud800" <= character <= "\udfff" for character in cell)
    return cell is None or isinstance(cell, int | float | Decimal)


def unescaped(text: str) -> str:
    """A text typed on a command line with its line breaks, which are typed as a backslash and an n.

    >>> unescaped("so:\\\\n")
    'so:\\n'
    """
    return text.replace("\\n", "\n")


def check_template(template: str) -> None:
    """A template has {question} and no other field, nothing of the question and no format. Raises AdvisorError."""
    try:
        fields = [(name, how, kind) for _, name, how, kind in Formatter().parse(template) if name is not None]
    except ValueError:  # a brace alone
        fields = [("", "", None)]
    if any(field != ("question", "", None) for field in fields):
        what, hint = "has a field other than {question}", "write braces of your own twice: {{ }}"
        raise AdvisorError(what, where="--template", hint=hint)
    if not fields:
        hint = "say where the question goes, e.g. 'Q: {question}\\nA: '"
        raise AdvisorError(f"{template!r} lacks {{question}}", where="--template", hint=hint)


def prompted(template: str, question: str) -> str:
    """The template with its {question}, in place of nothing else."""
    parts = Formatter().parse(template)
    return "".join(text + (question if field is not None else "") for text, field, _, _ in parts)


def from_dataset(name: str, template: str) -> list[Question]:
    """Questions of a public benchmark. Raises MissingAbility without the `tasks` extra, a network or a cached copy."""
    if find_spec("datasets") is None:
        raise MissingAbility(
            f"{name} is loaded through datasets, which is not installed", where="--task", hint=install("tasks")
        )
    import datasets

    source = DATASETS[name]
    try:
        rows = datasets.load_dataset(source.path, source.config, split=source.split)
    except (OSError, ValueError, datasets.exceptions.DatasetsError) as error:
        problem = f"{source.path} cannot be loaded ({type(error).__name__})"
        raise MissingAbility(
            problem, where=f"--task {name}", hint="give a local file with question and answer: --task FILE"
        ) from None
    return [question_of(source, f"{name}-{i}", row, template) for i, row in enumerate(rows)]


def question_of(source: Dataset, question_id: str, row: Mapping[str, Any], template: str) -> Question:
    """One row of a benchmark; options of a multiple choice are shuffled, the same way every time.

    Raises AdvisorError for a missing column.
    """
    columns = (source.question, source.answer, *source.wrong)
    if missing := [column for column in columns if row.get(column) is None]:
        raise AdvisorError(
            f"has no column {missing[0]!r}: {source.path} has changed",
            where=question_id,
            hint="give a local file: --task FILE",
        )
    text, answer = str(row[source.question]).strip(), str(row[source.answer]).rpartition("####")[2].strip()
    if not source.wrong:
        return Question(question_id, prompted(template, text), answer)
    options = [answer, *(str(row[column]).strip() for column in source.wrong)]
    order = random.Random(question_id).sample(range(len(options)), len(options))
    listed = "\n".join(f"{letter}) {options[i]}" for letter, i in zip("ABCDEFGH", order, strict=False))
    return Question(question_id, prompted(template, f"{text}\n\n{listed}"), "ABCDEFGH"[order.index(0)])
