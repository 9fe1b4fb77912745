"""Questions: a local file, a public dataset, or the generated arithmetic."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from advisor.errors import AdvisorError, MissingAbility, install

FORMS = "a task file is .jsonl or .parquet with the columns question, answer and optionally id"


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
        question_id = str(row.get("id") or hashlib.md5(str(row["question"]).encode()).hexdigest()[:12])
        if question_id in found:
            raise AdvisorError(f"repeats the id {question_id!r}", where=where, hint="ids are unique within a task")
        found[question_id] = Question(question_id, prompted(template, str(row["question"]), where), str(row["answer"]))
    if not found:
        raise AdvisorError("holds no questions", where=str(path), hint=FORMS)
    return list(found.values())


def _rows(path: Path) -> list[dict[str, Any]]:
    if not path.is_file():
        raise AdvisorError("no such task file", where=f"--task {path}", hint=FORMS)
    if path.suffix == ".parquet":
        import pyarrow.parquet as parquet

        try:
            return list(parquet.read_table(path).to_pylist())
        except (OSError, ValueError) as error:
            raise AdvisorError(f"cannot be read ({str(error).splitlines()[0]})", where=str(path), hint=FORMS) from None
    rows = []
    for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
        if line.strip():
            try:
                row = json.loads(line)
            except ValueError as error:
                raise AdvisorError(f"is no JSON ({error})", where=f"{path}, line {number}", hint=FORMS) from None
            if not isinstance(row, dict):
                raise AdvisorError("is no JSON object", where=f"{path}, line {number}", hint=FORMS)
            rows.append(row)
    return rows


def unescaped(text: str) -> str:
    """A text typed on a command line with its line breaks, which are typed as a backslash and an n.

    >>> unescaped("so:\\\\n")
    'so:\\n'
    """
    return text.replace("\\n", "\n")


def prompted(template: str, question: str, where: str) -> str:
    """The template with its {question}. Raises AdvisorError."""
    try:
        return template.format(question=question)
    except (KeyError, IndexError, ValueError):
        what = f"has a field other than {{question}} ({where})"
        raise AdvisorError(what, where="--template", hint="write braces of your own twice: {{ }}") from None


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
        return Question(question_id, prompted(template, text, question_id), answer)
    options = [answer, *(str(row[column]).strip() for column in source.wrong)]
    order = random.Random(question_id).sample(range(len(options)), len(options))
    listed = "\n".join(f"{letter}) {options[i]}" for letter, i in zip("ABCDEFGH", order, strict=False))
    return Question(question_id, prompted(template, f"{text}\n\n{listed}", question_id), "ABCDEFGH"[order.index(0)])
