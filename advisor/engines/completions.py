"""The reply to a request for one completion, of the chat endpoint or the other, read as a Completion."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from advisor.engines.protocol import Completion, EngineFailure, Sampling
from advisor.engines.replies import ending, mapping, only, shown, text, whole

NAMES_OF_THE_STOP = ("stop_reason", "matched_stop", "stop_sequence", "stopping_word")
"""Where servers say at which stop string an answer ended."""
NAMES_OF_REASONING = ("reasoning", "reasoning_content")
STOP_TOKEN = 1
"""The token that ends an answer, which some servers count beside max_tokens and others within."""


def completion(reply: object, sampling: Sampling) -> Completion:
    """Raises EngineFailure for a reply that says what no answer can be."""
    body = mapping(reply, "body")
    choice, usage = mapping(only(body.get("choices"), "choices"), "choice"), mapping(body.get("usage"), "usage")
    reason = ending(choice.get("finish_reason"))
    drawn, reasoning = _texts(choice, reason)
    counted = whole(usage.get("completion_tokens"), "completion_tokens", sampling.max_tokens + STOP_TOKEN)
    generated = min(counted, sampling.max_tokens)
    prompt = whole(usage.get("prompt_tokens"), "prompt_tokens")
    details = mapping(usage.get("prompt_tokens_details") or {}, "prompt_tokens_details")
    cached = whole(details.get("cached_tokens") or 0, "cached_tokens", prompt)
    if (drawn or reasoning) and not generated:
        raise EngineFailure(f"an answer with text whose completion_tokens is 0 ({shown(drawn or reasoning)})")
    stopped_at = _stop(choice, drawn or reasoning, sampling) if reason == "stop" else ""
    if drawn and not drawn.endswith(stopped_at):
        drawn += stopped_at
    return Completion(drawn, generated, prompt - cached, cached, reason, stopped_at, reasoning)


def _texts(choice: Mapping[str, Any], reason: str) -> tuple[str, str]:
    """The answer and, of a chat, the reasoning apart from it; an answer that never began is empty."""
    if "message" not in choice:
        return text(choice.get("text"), "text"), ""
    message = mapping(choice["message"], "message")
    if message.get("tool_calls"):
        raise EngineFailure("an answer that calls a tool")
    apart = next((message[name] for name in NAMES_OF_REASONING if message.get(name)), "")
    reasoning, content = text(apart, "reasoning"), message.get("content")
    if content is None and (reasoning or reason == "length"):
        return "", reasoning
    return text(content, "content"), reasoning


def _stop(choice: Mapping[str, Any], drawn: str, sampling: Sampling) -> str:
    """The stop string at which an answer ended: the one that the server names, else the one it ends with, else none."""
    named = (choice.get(name) for name in NAMES_OF_THE_STOP)
    found = next((s for s in named if isinstance(s, str) and s in sampling.stop), None)
    return found or next((s for s in sampling.stop if drawn.endswith(s)), "")
