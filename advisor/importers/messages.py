"""Conversations as evaluation tools log them: what stood before the model's answer."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

STOP_REASONS = {"stop": "stop", "max_tokens": "length", "model_length": "length"}
"""Of Inspect and EvalScope; any other is not known to us."""


def text_of(content: object) -> str:
    """The text of a message, whose content is a text or a list of parts."""
    return _parts(content, "text", "text")


def reasoning_of(content: object) -> str | None:
    """Thinking that stands apart from the text; None where there is none."""
    return _parts(content, "reasoning", "reasoning") or None


def _parts(content: object, kind: str, key: str) -> str:
    if isinstance(content, str):
        return content if kind == "text" else ""
    parts = [part for part in content if isinstance(part, dict)] if isinstance(content, list) else []
    return "".join(str(part[key]) for part in parts if part.get("type") == kind and part.get(key))


def shown(messages: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The columns prompt, system_prompt, few_shot and endpoint of the messages that a model was given.

    Columns stay null where the messages are none of: a system prompt, pairs of prompt and answer, the prompt.
    """
    system = [text_of(each["content"]) for each in messages if each["role"] == "system"]
    turns = [each for each in messages if each["role"] != "system"]
    roles = [each["role"] for each in turns]
    columns: dict[str, Any] = {"endpoint": "chat", "system_prompt": "\n\n".join(system)}
    if roles != ["user", "assistant"] * (len(roles) // 2) + ["user"]:
        return columns
    words = [text_of(each["content"]) for each in turns]
    pairs = [[words[i], words[i + 1]] for i in range(0, len(words) - 1, 2)]
    few_shot = json.dumps(pairs, ensure_ascii=False) if pairs else ""
    return columns | {"prompt": words[-1], "few_shot": few_shot}


def plain(messages: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Role and text of each message."""
    return [{"role": each["role"], "content": text_of(each["content"])} for each in messages]
