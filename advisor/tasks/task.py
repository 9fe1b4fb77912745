"""A task by its name or file: its questions, how answers are read, and how they are compared."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from advisor.errors import AdvisorError, checked_name, unknown
from advisor.tasks import arithmetic
from advisor.tasks.answers import is_same_answer, reader, states_answer
from advisor.tasks.limited import NotChecked
from advisor.tasks.questions import (
    CHOICE_TEMPLATE,
    DATASETS,
    TEMPLATE,
    Question,
    check_template,
    from_dataset,
    from_file,
)

MOST_QUESTIONS = 100_000
ARITHMETIC_QUESTIONS = 200


@dataclass(frozen=True, slots=True)
class Task:
    """`answer_of` maps a text to its answer class; `force` opens an answer where thinking is cut short.

    `template` is what the questions' prompts were made with, empty where they are prompts of their own.
    """

    name: str
    questions: tuple[Question, ...]
    kind: str
    force: str
    template: str = ""

    @property
    def answer_of(self) -> Callable[[str], str | None]:
        """Reads a text's answer class; None where it holds none, or reading it takes too long."""
        read = reader(self.kind)

        def answer(text: str) -> str | None:
            try:
                return read(text)
            except NotChecked:
                return None

        return answer

    def is_final(self, text: str) -> bool:
        """Whether a text states its answer."""
        return states_answer(self.kind, text)

    def is_correct(self, question: Question, text: str) -> bool | None:
        """Whether the answer in a text is right; None where comparing it takes too long: not checked."""
        try:
            return is_same_answer(self.kind, question.reference, text)
        except NotChecked:
            return None


def load(
    name: str,
    *,
    kind: str | None = None,
    template: str | None = None,
    n_questions: int | None = None,
    force: str | None = None,
) -> Task:
    """`arithmetic`, a benchmark's name, or a .jsonl or .parquet file; `force` opens an answer where thinking is cut.

    `kind` is how answers are read (default: the task's own), `n_questions` keeps only the first so many.
    Raises AdvisorError, MissingAbility.
    """
    if kind is not None:
        reader(kind)
    if n_questions is not None and not 1 <= n_questions <= MOST_QUESTIONS:
        hint = f"give a whole number from 1 to {MOST_QUESTIONS:,}"
        raise AdvisorError(f"{n_questions} is out of range", where="--questions", hint=hint)
    if template is not None:
        check_template(template)
    if name == "arithmetic" and template is not None:
        raise AdvisorError("arithmetic has prompts of its own", where="--template", hint="leave it out")
    if name == "arithmetic":
        generated = tuple(arithmetic.questions(n_questions or ARITHMETIC_QUESTIONS))
        return Task(name, generated, kind or "arithmetic", force or "\nA ")
    if name.endswith((".jsonl", ".parquet")):
        path = Path(name)
        own_name = checked_name(path.stem.lower(), where="--task")
        template = template or (CHOICE_TEMPLATE if kind == "choice" else TEMPLATE)
        questions = tuple(from_file(path, template)[:n_questions])
        return Task(own_name, questions, kind or "exact", force or "\nFinal answer: ", template)
    if name not in DATASETS:
        raise unknown("task to calibrate on", name, ["arithmetic", *DATASETS], where="--task")
    template = template or (CHOICE_TEMPLATE if DATASETS[name].wrong else TEMPLATE)
    questions = tuple(from_dataset(name, template)[:n_questions])
    return Task(name, questions, kind or DATASETS[name].kind, force or "\nFinal answer: \\boxed{", template)


def examples(path: Path, template: str) -> tuple[tuple[str, str], ...]:
    """(prompt, answer) pairs of a file of questions, to be shown before each question. Raises AdvisorError."""
    return tuple((each.prompt, each.reference) for each in from_file(path, template or "{question}"))
