"""Logs of lm-evaluation-harness: results_*.json with a samples_TASK_*.jsonl for every task.

A line is one question under one filter: what the filter read of the model's `resps`, and the value of every metric. A
metric of several answers is their mean; which of them are right follows where all or none are, or where the answers
that equal the target are as many as the mean says. A filter that takes the first answer judges that one alone, and one
that votes judges none.
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
from advisor.importers.log_files import document, lines
from advisor.importers.messages import plain, shown
from advisor.importers.names import task_named
from advisor.importers.verdicts import Verdict, of_score
from advisor.store.workspace import Workspace
from advisor.tasks.questions import DATASETS
from advisor.units import counted

FORMS = "accepted: the folder of --output_path with --log_samples, or one samples_TASK_DATE.jsonl of it"
STAMP = re.compile(r"_(\d{4}-\d\d-\d\dT[\d.:-]+)$")
PARAMETERS = {
    "temperature": "temperature",
    "top_p": "top_p",
    "top_k": "top_k",
    "min_p": "min_p",
    "repetition_penalty": "repetition_penalty",
    "frequency_penalty": "frequency_penalty",
    "presence_penalty": "presence_penalty",
    "max_gen_toks": "max_tokens",
    "max_new_tokens": "max_tokens",
    "max_tokens": "max_tokens",
    "seed": "seed",
}
ENGINES = {"vllm": "vllm", "sglang": "sglang", "hf": "transformers"}


@checked_arguments
def import_lm_eval(
    workspace: Workspace,
    path: str | os.PathLike[str],
    *,
    model: str | None = None,
    metric: str | None = None,
    texts: bool = True,
) -> ImportedSamples:
    """Seal every generative task of a file or folder as a run; `metric` is one as `exact_match,strict-match`.

    `model` names the model where the log's name says not which. Raises AdvisorError, for tasks that only compare
    likelihoods too: no text is drawn there.
    """
    source = Path(path)
    return import_evaluations(
        workspace, source, _found(source), tool="lm-eval", model=model, metric=metric, texts=texts
    )


def _found(path: Path) -> Iterator[Found]:
    if path.is_dir():
        files = sorted(f for f in path.rglob("samples_*.jsonl") if not f.is_dir())
    elif path.suffix == ".json":
        files = sorted(path.parent.glob(f"samples_*_{_stamp(path)}.jsonl"))
    else:
        files = [path] if path.exists() else []
    if not files:
        raise AdvisorError("no samples of lm-eval here", where=str(path), hint=FORMS)
    for file in files:
        yield str(file), partial(_evaluation, file)


def _stamp(file: Path) -> str:
    found = STAMP.search(file.stem)
    return found[1] if found else ""


def _evaluation(file: Path) -> Evaluation:
    stamp = _stamp(file)
    results = file.with_name(f"results_{stamp}.json")
    summary = document(results) if stamp and results.is_file() else {}
    task = STAMP.sub("", file.stem).removeprefix("samples_")
    config = (summary.get("configs") or {}).get(task) or {}
    if config.get("output_type", "generate_until") != "generate_until":
        raise _no_text(file, config["output_type"])
    by_question: dict[Any, list[dict[str, Any]]] = {}
    for row in lines(file):
        first, *_ = row["arguments"].values()
        if not isinstance(first["arg_1"], dict):
            raise _no_text(file, "loglikelihood")
        by_question.setdefault(row["doc_id"], []).append(row)
    n_shot = (summary.get("n-shot") or {}).get(task)
    setup, voting = _setup(summary, n_shot), _voting(config)
    left: Counter[str] = Counter()
    answers = [each for rows in by_question.values() for each in _answers(rows, setup, voting, task, left)]
    notes = [f"{counted(n, 'answer')} left out: {why}" for why, n in left.items()]
    if not summary:
        notes.append("no results_*.json beside it: model and set-up are known only as far as its lines say")
    if n_shot and not any(answer.row.get("few_shot") for answer in answers):
        notes.append(f"{n_shot} examples stand within its prompts: few_shot and prompt are not recorded apart")
    order = tuple(f"{m['metric']},{f['name']}" for f in config.get("filter_list") or () for m in config["metric_list"])
    known = {name for answer in answers for name in answer.verdicts}
    identity = {"date": stamp} if stamp else {"texts": [answer.row["text"] for answer in answers]}
    return Evaluation(_models(summary), task, identity, answers, tuple(n for n in order if n in known), notes)


def _no_text(file: Path, output_type: str) -> AdvisorError:
    what = f"is a task of {output_type}: it compares likelihoods, and no answer is drawn"
    return AdvisorError(what, where=str(file), hint="evaluate its generative form, e.g. with _generative or _cot")


def _models(summary: dict[str, Any]) -> tuple[str, ...]:
    config = summary.get("config") or {}
    arguments = config.get("model_args") or {}
    if isinstance(arguments, str):
        arguments = dict(pair.split("=", 1) for pair in arguments.split(",") if "=" in pair)
    found = [arguments.get("pretrained"), arguments.get("model"), summary.get("model_name")]
    return tuple(str(name) for name in found if name)


def _setup(summary: dict[str, Any], n_shot: int | None) -> dict[str, Any]:
    model = str((summary.get("config") or {}).get("model") or "")
    engine = ENGINES.get(model)
    return {
        "engine": engine,
        "engine_version": summary.get("transformers_version") if engine == "transformers" else None,
        "system_prompt": summary.get("system_instruction") or ("" if summary else None),
        "few_shot": "" if n_shot == 0 else None,
        "endpoint": "chat" if summary.get("chat_template") or "chat" in model else "completions" if summary else None,
    }


def _voting(config: dict[str, Any]) -> set[str]:
    """Filters that make one answer of several."""
    return {
        each["name"]
        for each in config.get("filter_list") or ()
        if any("majority" in str(step.get("function")) for step in each.get("filter") or ())
    }


def _answers(
    rows: list[dict[str, Any]], setup: dict[str, Any], voting: set[str], task: str, left: Counter[str]
) -> Iterator[Answer]:
    """The answers to one question, of which every row has the view of one filter."""
    first = rows[0]
    (written,) = first["resps"]
    verdicts: list[dict[str, Verdict]] = [{} for _ in written]
    for row in rows:
        for name in row["metrics"]:
            if row["filter"] not in voting:
                for i, verdict in enumerate(_verdicts(row, name, len(written))):
                    verdicts[i][f"{name},{row['filter']}"] = verdict
    columns, given = _given(first, setup)
    kind = DATASETS.get(task_named(task))
    judged = max(i + 1 for i in range(len(written)) if verdicts[i] or i == 0)
    for i, text in enumerate(written[:judged]):
        row = {
            "question_id": f"{first['doc_id']}-{str(first.get('doc_hash') or '')[:8]}".rstrip("-"),
            "sample_index": i,
            "generated_tokens": None,
            **setup,
            **columns,
            "text": text,
            "reference": str(first["target"]),
            "kind": kind.kind if kind else None,
        }
        yield Answer(row, verdicts[i], given)
    if judged < len(written):
        left[f"its filters judge the first {judged} of {len(written)} only"] += len(written) - judged


def _verdicts(row: dict[str, Any], metric: str, n_written: int) -> list[Verdict]:
    """Of the answers that a metric judges, from the first on."""
    (read,) = row["filtered_resps"]
    if not isinstance(read, list):
        return [Verdict(of_score(row[metric]), None if read == "[invalid]" else str(read))]
    if len(read) > n_written:
        return []
    mean, equal = row[metric], [_equal(each, row["target"]) for each in read]
    if of_score(mean) is not None:
        right: list[bool | None] = [of_score(mean)] * len(read)
    else:
        agrees = isinstance(mean, float) and abs(sum(equal) / len(read) - mean) < 1e-9
        right = [*equal] if agrees else [None] * len(read)
    return [Verdict(r, None if each == "[invalid]" else str(each)) for r, each in zip(right, read, strict=True)]


def _equal(answer: object, target: object) -> bool:
    return str(answer).strip().casefold() == str(target).strip().casefold()


def _given(row: dict[str, Any], setup: dict[str, Any]) -> tuple[dict[str, Any], Any]:
    """The columns of the prompt and of sampling, and all that the model was given."""
    arguments, *_ = row["arguments"].values()
    prompt, drawn = arguments["arg_0"], arguments["arg_1"]
    prompt = prompt[0] if isinstance(prompt, list) else prompt
    columns = {ours: drawn[theirs] for theirs, ours in PARAMETERS.items() if drawn.get(theirs) is not None}
    if drawn.get("do_sample") is False:
        columns["temperature"] = 0.0
    messages = _messages(prompt)
    if messages is not None:
        columns |= shown(messages)
        given: Any = plain(messages)
    else:
        given = prompt
        # under the chat template already, the prompt is not what stands in a user's turn
        columns |= {"prompt": prompt if setup["endpoint"] == "completions" else None, "few_shot": None}
    if not columns.get("few_shot"):  # examples may stand within the prompt
        columns["few_shot"] = setup["few_shot"]
        columns["prompt"] = columns.get("prompt") if setup["few_shot"] == "" else None
    return columns, given


def _messages(prompt: str) -> list[dict[str, Any]] | None:
    if not prompt.startswith("[{"):
        return None
    try:
        found = json.loads(prompt)
    except ValueError:
        return None
    return found if all(isinstance(each, dict) and "role" in each for each in found) else None
