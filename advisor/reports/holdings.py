"""What a workspace holds, and which of its files are damaged."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from advisor.fits.check import Checked
from advisor.reports.terminal import Block
from advisor.reports.text_tables import Table, table
from advisor.store.recorded import Recorded
from advisor.units import counted, percent

DOUBTS = 5
"""Reasons that are listed for one deployment."""

WORDS: dict[str, Callable[[Any], str]] = {
    "reward_model": lambda name: f"scored by {name}",
    "endpoint": str,
    "weights": str,
    "system_prompt": lambda text: "a system prompt" if text else "",
    "few_shot": lambda text: "examples" if text else "",
    "chat_options": str,
    "temperature": lambda value: f"temperature {value:g}",
    "top_p": lambda value: f"top-p {value:g}" if value != 1 else "",
    "top_k": lambda value: f"top-k {value}" if value else "",
    "min_p": lambda value: f"min-p {value:g}" if value else "",
    "frequency_penalty": lambda value: f"frequency penalty {value:g}" if value else "",
    "presence_penalty": lambda value: f"presence penalty {value:g}" if value else "",
    "repetition_penalty": lambda value: f"repetition penalty {value:g}" if value != 1 else "",
    "max_tokens": lambda value: f"≤{value:,} tokens",
    "gpu": str,
    "parallelism": lambda layout: layout if layout != "tp1" else "",
    "precision": str,
    "kv_precision": lambda name: f"KV {name}" if name != "bf16" else "",
    "engine": str,
    "dummy_weights": lambda random: "random weights" if random else "",
    "replicas": lambda n: f"{n} replicas",
    "prefill_parallelism": lambda layout: f"prefill apart on {layout}",
    "offline": lambda whole: "whole batches" if whole else "",
}
"""What each column of a set-up comes to in words; empty: as it usually is."""


def recorded_blocks(found: Sequence[Recorded]) -> list[Block]:
    """What `advisor measurements` prints: a table of answers and one of loads, the user's own where there are such."""
    own = [each for each in found if each.whose == "own"]
    listed = own or found
    answers = [each for each in listed if each.kind == "answers"]
    loads = [each for each in listed if each.kind == "loads"]
    tables: list[Block] = [_answers(answers)] if answers else []
    tables += [_loads(loads)] if loads else []
    more = len(found) - len(listed)
    said = [_doubts(each) for each in loads if each.doubts and each.whose == "own"]
    ships = [f"{counted(more, 'kind')} of measurements ship besides: without --workspace, or in --json"] if more else []
    return [*tables, *said, *ships] or ["nothing is recorded here"]


def _answers(found: Sequence[Recorded]) -> Table:
    columns = ("model", "task", "answers", "questions", "right", "set-up", "strategy", "runs", "texts", "whose")
    rows = [
        [
            each.model,
            str(each.task),
            f"{each.rows:,}",
            f"{each.questions or 0:,}",
            "–" if each.accuracy is None else percent(each.accuracy),
            setup_words(each.setup) or "not recorded",
            str(each.strategy),
            _runs(each),
            f"{each.texts:,}" if each.texts else "none",
            _whose(each),
        ]
        for each in found
    ]
    right = (*columns[2:5], "runs", "texts")
    return table(columns, rows, right=right, names=("model", "task"), optional=("runs", "texts", "strategy"))


def _loads(found: Sequence[Recorded]) -> Table:
    columns = ("model", "deployment", "loads", "doubtful", "runs", "whose")
    rows = [
        [e.model, setup_words(e.setup), f"{e.rows:,}", f"{e.doubtful:,}" if e.doubtful else "–", _runs(e), _whose(e)]
        for e in found
    ]
    return table(columns, rows, right=columns[2:5], names=columns[:1], optional=("runs",))


def _doubts(each: Recorded) -> str:
    """Why loads of a deployment are kept and not fitted."""
    more = len(each.doubts) - DOUBTS
    listed = "; ".join(each.doubts[:DOUBTS]) + (f"; and {more} more, see --json" if more > 0 else "")
    return f"doubtful, not fitted: {each.model}, {setup_words(each.setup)}: {listed}"


def _runs(each: Recorded) -> str:
    """Their names where they are the user's own, who may want to name one."""
    return " ".join(each.runs) if each.whose == "own" else str(len(each.runs))


def _whose(each: Recorded) -> str:
    return each.whose if each.finished else f"{each.whose}, unfinished"


def check_blocks(checked: Checked) -> list[Block]:
    """What `advisor check` prints."""
    if not checked.damaged:
        return [f"all {checked.files} files are sound in {checked.folder}"]
    return [f"{each.where}: {each.what}; {each.hint}" for each in checked.damaged]


def setup_words(setup: Mapping[str, Any]) -> str:
    """How answers were drawn, or what was measured, in a few words.

    >>> setup_words({"endpoint": "chat", "temperature": 0.6, "top_p": 1.0, "max_tokens": 32768})
    'chat, temperature 0.6, ≤32,768 tokens'
    """
    return ", ".join(words for name, value in setup.items() if name in WORDS and (words := WORDS[name](value)))
