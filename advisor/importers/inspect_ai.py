"""Logs of Inspect AI: .eval, a zip of JSON, and .json; one log is one task of one model.

A sample's epoch is our sample_index. `output.usage` counts the one call that gave the answer; samples of several calls
(agents, tools, critique) are no plain answers and left out by name.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from advisor.arguments import checked_arguments
from advisor.errors import AdvisorError
from advisor.importers.evaluations import Answer, Evaluation, Found, import_evaluations
from advisor.importers.files import ImportedSamples
from advisor.importers.log_files import Archive, document
from advisor.importers.messages import STOP_REASONS, plain, reasoning_of, shown, text_of
from advisor.importers.names import task_named
from advisor.importers.verdicts import Verdict, of_score
from advisor.store.workspace import Workspace
from advisor.tasks.questions import DATASETS
from advisor.units import counted

FORMS = "accepted: a .eval or .json log of Inspect, or a folder of them"
LETTERS = {"C": True, "I": False, "N": False}
"""Inspect's correct, incorrect and no answer; P, partial, is neither right nor wrong."""
PARAMETERS = ("temperature", "top_p", "top_k", "frequency_penalty", "presence_penalty", "max_tokens", "seed")
IN_BODY = ("min_p", "repetition_penalty", "top_k")
"""Parameters that Inspect has no name for and passes on in extra_body."""
ENGINES = ("vllm", "sglang")


@checked_arguments
def import_inspect(
    workspace: Workspace,
    path: str | os.PathLike[str],
    *,
    model: str | None = None,
    metric: str | None = None,
    texts: bool = True,
) -> ImportedSamples:
    """Seal every log of a file or folder as a run; `metric` is the scorer that decides where there are several.

    `model` names the model where the log's name says not which. Raises AdvisorError.
    """
    source = Path(path)
    return import_evaluations(
        workspace, source, _found(source), tool="inspect", model=model, metric=metric, texts=texts
    )


def _found(path: Path) -> Iterator[Found]:
    files = [path] if path.exists() else []
    if path.is_dir():
        files = sorted(f for f in path.rglob("*") if f.suffix in {".eval", ".json"} and not f.is_dir())
    if not files:
        raise AdvisorError("no log here", where=str(path), hint=FORMS)
    for file in files:
        yield str(file), partial(_evaluation, file)


def _evaluation(file: Path) -> Evaluation:
    header, samples = _zipped(file) if file.suffix == ".eval" else _document(file)
    spec, notes = header["eval"], []
    if header.get("status") != "success":
        notes.append(f"the evaluation ended with status {header.get('status')!r}: the answers until then are taken")
    setup = _setup(header)
    kept, left = [], Counter[str]()
    for sample in samples:
        answer = _answer(sample, setup, spec)
        if isinstance(answer, Answer):
            kept.append(answer)
        else:
            left[answer] += 1
    notes += [f"{counted(n, 'sample')} left out: {why}" for why, n in left.items()]
    provider, _, rest = str(spec["model"]).partition("/")
    names = tuple(name for name in (rest, rest.partition("/")[2], provider if not rest else "") if name)
    scorers = tuple(scorer["name"].rpartition("/")[2] for scorer in spec.get("scorers") or ())
    return Evaluation(names, str(spec["task"]), {"eval_id": spec["eval_id"]}, kept, scorers, notes)


def _zipped(file: Path) -> tuple[Any, Iterable[Any]]:
    archive = Archive(file)
    start = next((name for name in ("header.json", "_journal/start.json") if name in archive.names), None)
    if start is None:
        raise AdvisorError("is no log of Inspect", where=str(file), hint=FORMS)
    names = [name for name in archive.names if name.startswith("samples/") and name.endswith(".json")]
    return archive.read(start), (archive.read(name) for name in names)


def _document(file: Path) -> tuple[Any, Iterable[Any]]:
    log = document(file)
    if not isinstance(log, dict) or "eval" not in log:
        raise AdvisorError("is no log of Inspect", where=str(file), hint=FORMS)
    return log, log.get("samples") or ()


def _setup(header: dict[str, Any]) -> dict[str, Any]:
    """The columns of the set-up that hold for every sample: what the task asked for over what the model has set."""
    spec = header["eval"]
    configured = {**(spec.get("model_generate_config") or {}), **((header.get("plan") or {}).get("config") or {})}
    body = configured.get("extra_body") or {}
    options = dict(body.get("chat_template_kwargs") or {})
    if configured.get("reasoning_effort") is not None:
        options["reasoning_effort"] = configured["reasoning_effort"]
    engine = str(spec["model"]).partition("/")[0]
    return {
        **{name: body[name] for name in IN_BODY if name in body},
        **{name: configured[name] for name in PARAMETERS if configured.get(name) is not None},
        "chat_options": json.dumps(options, sort_keys=True) if options else "",
        "engine": engine if engine in ENGINES else None,
        "engine_version": (spec.get("packages") or {}).get(engine),
    }


def _answer(sample: dict[str, Any], setup: dict[str, Any], spec: dict[str, Any]) -> Answer | str:
    """The answer of a sample, or why it is none."""
    row = {"question_id": _question_id(sample), "sample_index": int(sample["epoch"]) - 1, **setup}
    if sample.get("error"):
        return Answer(row | {"finish_reason": "error", "generated_tokens": None}, {})
    messages = sample["messages"]
    written = [i for i, each in enumerate(messages) if each["role"] == "assistant" and each.get("source") == "generate"]
    if len(written) != 1:
        return "not one call of the model but several, or none"
    if not sample.get("scores"):
        return "not scored"
    choice, before = sample["output"]["choices"][0], messages[: written[0]]
    usage = sample["output"].get("usage") or {}
    text, target, kind = text_of(choice["message"]["content"]), sample.get("target"), _kind(spec, sample)
    row |= {
        "finish_reason": STOP_REASONS.get(choice.get("stop_reason")),
        "generated_tokens": usage.get("output_tokens") or None,
        "prompt_tokens": sample["output"].get("input_context_tokens") or _prompt_tokens(usage),
        **shown(before),
        "text": text,
        "reasoning": reasoning_of(choice["message"]["content"]),
        "reference": target if isinstance(target, str) else target[0] if target and len(target) == 1 else None,
        "kind": kind,
    }
    return Answer(row, dict(_verdicts(sample["scores"])), plain(before))


def _question_id(sample: dict[str, Any]) -> str:
    """The sample's id; with a digest where Inspect numbered the samples, as shuffling gives a number to another."""
    found = sample["id"]
    if isinstance(found, str) and not found.isdigit():
        return found
    question = json.dumps(sample.get("input"), sort_keys=True)
    return f"{found}-{hashlib.sha256(question.encode()).hexdigest()[:8]}"


def _prompt_tokens(usage: dict[str, Any]) -> int | None:
    """Those that were sent, with those that came from a cache or went into one, which Inspect counts apart."""
    parts = [usage.get(name) or 0 for name in ("input_tokens", "input_tokens_cache_read", "input_tokens_cache_write")]
    return sum(parts) or None


def _kind(spec: dict[str, Any], sample: dict[str, Any]) -> str | None:
    known = DATASETS.get(task_named(str(spec["task"])))
    if known is not None:
        return known.kind
    return "choice" if sample.get("choices") else None


def _verdicts(scores: dict[str, Any]) -> Iterator[tuple[str, Verdict]]:
    """By scorer; one that gives several values has a name for each, `scorer.value`."""
    for name, score in scores.items():
        value, answer = score["value"], score.get("answer") or None
        values = {f"{name}.{key}": each for key, each in value.items()} if isinstance(value, dict) else {name: value}
        for key, each in values.items():
            right = LETTERS.get(each) if isinstance(each, str) else of_score(each)
            yield key, Verdict(right, str(answer) if answer is not None else None)
