"""Names of models and tasks in other people's files, and ours."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence

from advisor.errors import AdvisorError
from advisor.importers.own_model import stored_name
from advisor.models.catalog import Catalog
from advisor.store.workspace import Workspace

HUGGING_FACE_ID = re.compile(r"[\w.-]+/[\w.-]+")
OWN_NAME = re.compile(r"[\w.:-]+")
BRING_IN = "name it with --model: a Hugging Face id, a model's folder, or a name of your own"
IMPORT_MODEL = "`advisor import model FOLDER`"
TASKS = {
    "gsm8k": "gsm8k",
    "gsm8k_cot": "gsm8k",
    "gsm8k_cot_zeroshot": "gsm8k",
    "gsm8k_cot_llama": "gsm8k",
    "aime24": "aime24",
    "aime2024": "aime24",
    "aime_2024": "aime24",
    "aime25": "aime25",
    "aime2025": "aime25",
    "aime_2025": "aime25",
    "math500": "math500",
    "math_500": "math500",
    "minerva_math500": "math500",
    "hendrycks_math500": "math500",
    "gpqa_diamond": "gpqa-diamond",
    "gpqa:diamond": "gpqa-diamond",
    "gpqa_diamond_cot_zeroshot": "gpqa-diamond",
    "gpqa_diamond_cot_n_shot": "gpqa-diamond",
    "gpqa_diamond_generative_n_shot": "gpqa-diamond",
    "mmlu_pro": "mmlu-pro",
}
"""Tasks of other tools that ask the very questions of one of ours."""


def open_model(models: Catalog, name: str) -> str | None:
    """The id of the model that a file names so: of the catalogue, or any of Hugging Face; None for other names."""
    try:
        return models.resolve(name)
    except AdvisorError:
        return name if HUGGING_FACE_ID.fullmatch(name) else None


def model_named(workspace: Workspace, names: Sequence[str], given: str | None, where: str) -> str:
    """The name that a model's answers are stored under: what the user gives, else the first name that says which.

    Raises AdvisorError with what would bring it in.
    """
    if given is not None:
        own = given.strip()
        known = {model.casefold().rpartition("/")[2] for model in workspace.models}
        is_new = OWN_NAME.fullmatch(own) and own.casefold() not in known and not os.path.isdir(given)
        return own if is_new else stored_name(workspace, given, where="--model")
    for name in names:
        if found := open_model(workspace.models, name):
            return found
    shown = names[0] if names else ""
    raise AdvisorError(f"is of a model {shown!r}, which is no open model known here", where=where, hint=BRING_IN)


def uncosted(models: Catalog, model: str) -> list[str]:
    """What to say of a model whose answers are in but that has no config here."""
    if model in models:
        return []
    return [f"{model} has no config in the catalogue: its answers are in, but it cannot be costed until {IMPORT_MODEL}"]


def task_named(name: str) -> str:
    """Our name of a task where its questions are the same, else its own in lower case.

    >>> task_named("inspect_evals/gpqa_diamond"), task_named("lighteval|My_Task|5")
    ('gpqa-diamond', 'my_task')
    """
    parts = [part for part in name.lower().rpartition("/")[2].split("|") if part and not part.isdigit()]
    own = parts[-1] if parts else name.lower()
    return TASKS.get(own, own)
