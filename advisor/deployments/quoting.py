"""Texts of strangers in files of other programs: names of models must not end a string, nor be expanded in one.

Characters that no screen shows are refused before (`checked_words`), so every text is one line.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from advisor.errors import AdvisorError
from advisor.printable import command_line, is_printable

_NONCHARACTERS = re.compile("[\ufffe\uffff]")
"""What YAML refuses of the rest."""
LONGEST_LABEL = 40
"""Characters of a name made from a model's: Kubernetes allows 63, and controllers add to it."""


def checked_words(words: Sequence[str]) -> tuple[str, ...]:
    """The words of a command. Raises AdvisorError for one that the files cannot hold."""
    for word in words:
        if not is_printable(word) or _NONCHARACTERS.search(word):
            hint = "rename what it stands for"
            raise AdvisorError(f"{word!r} holds characters that YAML cannot", where="the command", hint=hint)
    return tuple(words)


def checked_weights(name: str) -> str:
    """The weights that a command names. Raises AdvisorError for a name that the command would read as an option."""
    if name.startswith("-"):
        raise AdvisorError(f"{name!r} is read as an option", where="the command", hint="rename the model")
    return name


def quoted(text: object) -> str:
    r"""A text in YAML, JSON, Python or PromQL: in double quotes.

    >>> quoted('a: "b" #c')
    '"a: \\"b\\" #c"'
    """
    return json.dumps(str(text), ensure_ascii=False)


def shell(words: str | Sequence[str]) -> str:
    """A word, or a command, for a POSIX shell.

    >>> shell("two words"), shell(["echo", "$x"])
    ("'two words'", "echo '$x'")
    """
    return command_line([words] if isinstance(words, str) else words)


def command(words: Sequence[str]) -> str:
    r"""A command for a POSIX shell, an option a line.

    >>> print(command(["vllm", "serve", "m", "--dtype", "bfloat16"]))
    vllm serve m \
        --dtype bfloat16
    """
    lines: list[list[str]] = [[]]
    for word in words:
        if word.startswith("--") and lines[-1]:
            lines.append([])
        lines[-1].append(word)
    return " \\\n    ".join(shell(line) for line in lines)


def doubled(text: str) -> str:
    """For Compose, which fills in `$NAME`, and for commands in Kubernetes, which fills in `$(NAME)`.

    >>> doubled("$(id) ${HOME}")
    '$$(id) $${HOME}'
    """
    return text.replace("$", "$$")


def untemplated(text: str) -> str:
    """For files that Go templates are filled in: Prometheus' annotations, KServe's services.

    >>> untemplated("a {{ .Values }}")
    'a {{`{{`}} .Values }}'
    """
    return text.replace("{{", "{{`{{`}}")


def label(name: str) -> str:
    """A name for objects of Kubernetes and others (a DNS label) from a model's.

    >>> label("deepseek-ai/DeepSeek-V3.2"), label("7B"), label("…")
    ('deepseek-v3-2', 'm-7b', 'model')
    """
    last = re.sub("[^a-z0-9]+", "-", name.casefold().rstrip("/").rpartition("/")[2]).strip("-")
    text = last if re.match("[a-z]", last) else f"m-{last}" if last else "model"
    return text[:LONGEST_LABEL].strip("-")


def literal(text: str, columns: int) -> str:
    """A script as the body of a YAML block scalar `|-`, indented."""
    return "\n".join(f"{' ' * columns}{line}" if line else "" for line in text.rstrip("\n").split("\n"))
