"""Logs of lighteval: details_TASK_DATE.parquet of every task, and results_DATE.json with what all were drawn with.

A row is one question with all its answers. A metric over several answers is their mean (`avg@n`, `pass@k` at k = 1);
which of them are right follows where all or none are, or where the answers that our own reading of a known task finds
right are as many as the mean says. Its transformers backend pads answers of a batch to one length: a run of the same
token at the end, which is padding with the token of the end, counts as that one token.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow
from pyarrow import parquet

from advisor.arguments import checked_arguments
from advisor.errors import AdvisorError
from advisor.importers.evaluations import Answer, Evaluation, Found, import_evaluations
from advisor.importers.files import ImportedSamples
from advisor.importers.log_files import document
from advisor.importers.names import task_named
from advisor.importers.verdicts import Verdict, of_score
from advisor.input_files import checked_parquet
from advisor.store.workspace import Workspace
from advisor.tasks.answers import is_same_answer, reader
from advisor.tasks.limited import NotChecked
from advisor.tasks.questions import DATASETS

FORMS = "accepted: the folder of --output-dir with --save-details, or one details_TASK_DATE.parquet of it"
DETAILS = re.compile(r"details_(.+)_(\d{4}-\d\d-\d\dT[\d.:-]+)")
OF_SEVERAL = re.compile(r"avg@|pass@(?:k:)?(?:k=)?1(?!\d)", re.IGNORECASE)
"""Metrics of several answers that are the mean of their verdicts."""
PARAMETERS = {
    "temperature": "temperature",
    "top_p": "top_p",
    "top_k": "top_k",
    "min_p": "min_p",
    "repetition_penalty": "repetition_penalty",
    "frequency_penalty": "frequency_penalty",
    "presence_penalty": "presence_penalty",
    "seed": "seed",
}
MOST_ROWS = 10**6


@checked_arguments
def import_lighteval(
    workspace: Workspace,
    path: str | os.PathLike[str],
    *,
    model: str | None = None,
    metric: str | None = None,
    texts: bool = True,
) -> ImportedSamples:
    """Seal every generative task of a file or folder as a run; `metric` decides where there are several.

    `model` names the model where the log's name says not which. Raises AdvisorError.
    """
    source = Path(path)
    return import_evaluations(
        workspace, source, _found(source), tool="lighteval", model=model, metric=metric, texts=texts
    )


def _found(path: Path) -> Iterator[Found]:
    if path.suffix == ".json" and path.is_file():
        stamp, folders = path.stem.removeprefix("results_"), path.parents[: min(5, len(path.parents))]
        files = next((f for up in folders if (f := sorted(up.rglob(f"details_*_{stamp}.parquet")))), [])
    else:
        files = [path] if path.exists() else []
    if path.is_dir():
        files = sorted(f for f in path.rglob("details_*.parquet") if not f.is_dir())
    if not files:
        raise AdvisorError("no details of lighteval here", where=str(path), hint=FORMS)
    for file in files:
        yield str(file), partial(_evaluation, file)


def _evaluation(file: Path) -> Evaluation:
    named = DETAILS.fullmatch(file.stem)
    if named is None:
        raise AdvisorError("is not named as lighteval names its details", where=str(file), hint=FORMS)
    task, stamp = named[1], named[2]
    checked_parquet(file, hint=FORMS)
    try:
        if parquet.read_metadata(file).num_rows > MOST_ROWS:
            raise AdvisorError(f"has more than {MOST_ROWS:,} questions", where=str(file))
        rows = parquet.read_table(file, columns=["doc", "metric", "model_response"]).to_pylist()
    except (OSError, pyarrow.ArrowException) as error:
        raise AdvisorError(f"cannot be read ({str(error).splitlines()[0]})", where=str(file), hint=FORMS) from None
    results = next((f for up in file.parents[:6] for f in up.glob(f"results/**/results_{stamp}.json")), None)
    summary = document(results) if results else {}
    general = summary.get("config_general") or {}
    config = general.get("model_config") or {}
    if all("GENERATIVE" not in (row["doc"].get("sampling_methods") or ["GENERATIVE"]) for row in rows):
        what = "is a task that compares likelihoods: no answer is drawn"
        raise AdvisorError(what, where=str(file), hint="evaluate its generative form")
    setup = _setup(config)
    answers = [answer for row in rows for answer in _answers(row, setup, task, "compile" in config)]
    notes = [] if summary else ["no results_*.json to it: model and set-up are not known"]
    if any(row["doc"].get("fewshot_samples") for row in rows):
        notes.append("its examples are not recorded as few_shot, nor its prompts")
    listed = ((summary.get("config_tasks") or {}).get(task) or {}).get("metrics") or ()
    known = {name for answer in answers for name in answer.verdicts}
    order = tuple(m["metric_name"] for m in listed if m["metric_name"] in known)
    names = (str(config.get("model_name") or general.get("model_name") or ""),)
    identity = {"date": stamp, "model": names, "task": task}
    return Evaluation(tuple(n for n in names if n), task, identity, answers, order, notes)


def _setup(config: dict[str, Any]) -> dict[str, Any]:
    drawn = config.get("generation_parameters") or {}
    return {
        **{ours: drawn[theirs] for theirs, ours in PARAMETERS.items() if drawn.get(theirs) is not None},
        "max_tokens": drawn.get("max_new_tokens"),
        "system_prompt": (config.get("system_prompt") or "") if config else None,
        "engine": "transformers" if "compile" in config else "vllm" if "gpu_memory_utilization" in config else None,
    }


def _answers(row: dict[str, Any], setup: dict[str, Any], task: str, padded: bool) -> Iterator[Answer]:
    """The answers to one question."""
    doc, response = row["doc"], row["model_response"]
    written, known = response["text"], DATASETS.get(task_named(task))
    gold, choices = doc["gold_index"], doc.get("choices") or []
    golds = [choices[i] for i in (gold if isinstance(gold, list) else [gold])]
    reference, kind = golds[0] if len(golds) == 1 else None, known.kind if known else None
    verdicts = {
        name: found
        for name, value in row["metric"].items()
        if (found := _verdicts(name, value, written, reference, kind)) is not None
    }
    input_tokens, reasonings = response.get("input_tokens") or [], response.get("reasonings") or []
    n_prompt = len(input_tokens) - (response.get("padded_tokens_count") or 0)
    tokens = response.get("output_tokens") or []
    for i, text in enumerate(written):
        columns = {
            "question_id": str(doc["id"]),
            "sample_index": i,
            **setup,
            "max_tokens": setup["max_tokens"] or doc.get("generation_size"),
            "generated_tokens": _length(tokens[i], padded) if i < len(tokens) and tokens[i] else None,
            "prompt_tokens": n_prompt if n_prompt > 0 else None,
            "few_shot": None if doc.get("fewshot_samples") else "",
            "prompt": None if doc.get("fewshot_samples") else doc["query"],
            "text": text,
            "reasoning": reasonings[i] if i < len(reasonings) else None,
            "reference": reference,
            "kind": kind,
        }
        of_this = {name: Verdict(found[i], _read(kind, text)) for name, found in verdicts.items()}
        yield Answer(columns, of_this, None)


def _length(tokens: list[int], padded: bool) -> int:
    """Tokens of an answer.

    >>> _length([5, 7, 1, 1, 1], True), _length([5, 7, 1, 1, 1], False)
    (3, 5)
    """
    n = len(tokens)
    while padded and n > 1 and tokens[n - 1] == tokens[n - 2]:
        n -= 1
    return n


def _read(kind: str | None, text: str) -> str | None:
    """The answer that a text states, where we know how the task's answers are read: lighteval keeps none."""
    try:
        return reader(kind)(text) if kind is not None else None
    except NotChecked:
        return None


def _verdicts(
    name: str, value: object, written: list[str], reference: str | None, kind: str | None
) -> list[bool | None] | None:
    """Of each answer by one metric; None for a metric that does not judge single answers."""
    if len(written) == 1:
        return [of_score(value)]
    n = re.search(r"\bn=(\d+)", name)
    if not OF_SEVERAL.match(name) or not isinstance(value, int | float) or (n and int(n[1]) != len(written)):
        return None
    if of_score(value) is not None:
        return [of_score(value)] * len(written)
    try:
        ours = [is_same_answer(kind, reference, text) for text in written] if kind and reference else []
    except NotChecked:
        ours = []
    agree = bool(ours) and abs(sum(ours) / len(ours) - value) < 1e-9
    return [*ours] if agree else [None] * len(written)
