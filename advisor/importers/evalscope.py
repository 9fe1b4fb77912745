"""Logs of EvalScope: the folder of a run, with reviews/MODEL/TASK_SUBSET.jsonl beside predictions of the same names.

A review is one answer with its verdicts, a prediction the same answer with its tokens and reason for stopping; `index`
ties them together. What all were drawn with stands in configs/task_config.yaml.
"""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from advisor.arguments import checked_arguments
from advisor.errors import AdvisorError
from advisor.importers.evaluations import Answer, Evaluation, Found, import_evaluations
from advisor.importers.files import ImportedSamples
from advisor.importers.log_files import MOST_LINE_BYTES, document, lines
from advisor.importers.messages import STOP_REASONS, plain, reasoning_of, shown, text_of
from advisor.importers.names import task_named
from advisor.importers.verdicts import Verdict, of_score
from advisor.store.samples import SAMPLING
from advisor.store.workspace import Workspace
from advisor.tasks.questions import DATASETS
from advisor.units import counted

FORMS = "accepted: the folder of an EvalScope run (1.x), which has reviews/MODEL/*.jsonl, or one of those files"
PARAMETERS = (*SAMPLING, "max_tokens", "seed")
SETTING = re.compile(r"(  )?(\w+): *(.+)")
"""A line `name: value` of a YAML file at its first or second level."""


@checked_arguments
def import_evalscope(
    workspace: Workspace,
    path: str | os.PathLike[str],
    *,
    model: str | None = None,
    metric: str | None = None,
    texts: bool = True,
) -> ImportedSamples:
    """Seal every task of a run's folder as a run; `metric` decides where there are several.

    `model` names the model where the log's name says not which. Raises AdvisorError.
    """
    source = Path(path)
    return import_evaluations(
        workspace, source, _found(source), tool="evalscope", model=model, metric=metric, texts=texts
    )


def _found(path: Path) -> Iterator[Found]:
    files = [path] if path.exists() else []
    if path.is_dir():
        files = sorted(f for f in path.rglob("reviews/*/*.jsonl") if not f.is_dir())
    if not files:
        raise AdvisorError("no reviews of EvalScope here", where=str(path), hint=FORMS)
    by_task: dict[tuple[Path, str], list[Path]] = {}
    for file in files:
        by_task.setdefault((file.parent, _task(file)), []).append(file)
    for (folder, task), of_task in by_task.items():
        yield f"{folder}, {task}", partial(_evaluation, of_task, task)


def _task(file: Path) -> str:
    """The task of TASK_SUBSET.jsonl: both may have underscores, so that the report of the task decides."""
    reports = (file.parent.parent.parent / "reports" / file.parent.name).glob("*.json")
    known = [report.stem for report in reports if file.stem.startswith(f"{report.stem}_")]
    return max(known, key=len) if known else file.stem.rpartition("_")[0] or file.stem


def _evaluation(files: list[Path], task: str) -> Evaluation:
    folder = files[0].parent.parent.parent
    settings = _settings(folder / "configs" / "task_config.yaml")
    report = folder / "reports" / files[0].parent.name / f"{task}.json"
    notes, models, answers, left = [], [str(settings.get("model") or "")], [], Counter[str]()
    if not settings:
        notes.append("no configs/task_config.yaml: sampling parameters are not known")
    setup = {name: settings[name] for name in PARAMETERS if isinstance(settings.get(name), int | float)}
    for file in files:
        subset = file.stem.removeprefix(task).lstrip("_") or "default"
        predictions = folder / "predictions" / file.parent.name / file.name
        drawn = {row["index"]: row for row in lines(predictions)} if predictions.is_file() else {}
        if not drawn:
            notes.append(f"no predictions/{file.parent.name}/{file.name}: tokens and set-up are not known")
        for review in lines(file):
            answer = _answer(review, drawn.get(review["index"]) or {}, subset, task, setup)
            if isinstance(answer, Answer):
                answers.append(answer)
            else:
                left[answer] += 1
        models += sorted({str(row["model"]) for row in drawn.values() if row.get("model")})
    notes += [f"{counted(n, 'answer')} left out: {why}" for why, n in left.items()]
    order = [m["identity"]["name"] for m in document(report).get("metrics") or ()] if report.is_file() else []
    known = {name for answer in answers for name in answer.verdicts}
    identity = [[a.row["question_id"], a.row["sample_index"], a.row.get("text")] for a in answers]
    names = tuple(dict.fromkeys(name for name in (*models, files[0].parent.name) if name))
    return Evaluation(names, task, identity, answers, tuple(name for name in order if name in known), notes)


def _settings(file: Path) -> dict[str, Any]:
    """The plain settings of task_config.yaml that matter here: the model, and those of generation_config."""
    if not file.is_file() or file.stat().st_size > MOST_LINE_BYTES:
        return {}
    found, section = {}, ""
    for line in file.read_text(encoding="utf-8", errors="replace").splitlines():
        if not line.startswith((" ", "-")):
            section = line.partition(":")[0]
        match = SETTING.fullmatch(line)
        if match and (section == "generation_config" if match[1] else match[2] == "model"):
            try:
                found[match[2]] = json.loads(match[3])
            except ValueError:
                found[match[2]] = match[3].strip("'\"")
    return found


def _answer(
    review: dict[str, Any], drawn: dict[str, Any], subset: str, task: str, setup: dict[str, Any]
) -> Answer | str:
    """The answer of a review, or why it is none."""
    judged = review["sample_score"]
    group, index = judged.get("group_id"), judged.get("generation_index")
    row = {
        "question_id": f"{subset}-{group if group is not None else judged['sample_id']}",
        "sample_index": index or 0,
        **setup,
    }
    output = drawn.get("model_output") or {}
    if output.get("error"):
        return Answer(row | {"finish_reason": "error", "generated_tokens": None}, {})
    messages = drawn.get("messages") or review["messages"]
    written = [i for i, each in enumerate(messages) if each["role"] == "assistant" and each.get("source") == "generate"]
    if len(written) != 1:
        return "not one call of the model but several, or none"
    score = judged["score"]
    if score.get("status", "success") != "success":
        return f"not scored ({score['status']})"
    before, content, targets = messages[: written[0]], messages[written[0]]["content"], review.get("target") or []
    usage, choices, known = output.get("usage") or {}, output.get("choices") or [{}], DATASETS.get(task_named(task))
    row |= {
        "finish_reason": STOP_REASONS.get(choices[0].get("stop_reason")),
        "generated_tokens": usage.get("output_tokens") or None,
        "prompt_tokens": usage.get("input_tokens") or None,
        **shown(before),
        "text": text_of(content),
        "reasoning": reasoning_of(content),
        "reference": targets[0] if len(targets) == 1 else None,
        "kind": known.kind if known else None,
    }
    read = score.get("extracted_prediction")
    verdicts = {name: Verdict(of_score(value), str(read) if read else None) for name, value in score["value"].items()}
    return Answer(row, verdicts, plain(before))
