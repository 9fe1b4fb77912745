"""Any OpenAI-compatible server, over its completions or its chat endpoint.

One request draws one completion, so that servers that refuse n > 1 work, and every completion has its own token count;
a prefix cache makes the repeated prompt cheap. Token counts are the server's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from advisor.engines.protocol import Completion, EngineFailure, Sampling, conversation
from advisor.engines.replies import ending, mapping, only, shown, text, whole
from advisor.engines.server import Refused, Server
from advisor.errors import MissingAbility


class Client(Server):
    """Draws text from a Server; with `chat` the prompt is a user's turn under the model's own chat template."""

    chat = False

    async def prefers_chat(self) -> bool:
        """Whether the server answers a chat: its model has a chat template.

        Raises MissingAbility where it neither answers nor refuses: taken for a refusal, that would draw some answers of
        a run without the template.
        """
        try:
            await self.post("/v1/chat/completions", {"messages": conversation("Hello"), "max_tokens": 1})
        except Refused:
            return False
        except EngineFailure as failure:
            hint = "see the server's own messages; --plain asks without a chat template"
            raise MissingAbility(f"does not answer ({failure})", where=self.root, hint=hint) from None
        return True

    async def generate(self, prompt: str, partial: str, sampling: Sampling) -> Completion:
        """See Generate."""
        body = {
            "max_tokens": sampling.max_tokens,
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "frequency_penalty": sampling.frequency_penalty,
            **({"stop": list(sampling.stop), "include_stop_str_in_output": True} if sampling.stop else {}),
            **({"seed": sampling.seed} if sampling.seed is not None else {}),
        }
        continued = {"continue_final_message": True, "add_generation_prompt": False} if partial else {}
        async with self.room:
            if self.chat:
                answer = await self.post(
                    "/v1/chat/completions", {**body, "messages": conversation(prompt, partial or None), **continued}
                )
            else:
                answer = await self.post("/v1/completions", {**body, "prompt": prompt + partial})
        return _completion(answer, sampling)


def _completion(answer: object, sampling: Sampling) -> Completion:
    """Raises EngineFailure for a reply that says what no answer can be."""
    reply = mapping(answer, "body")
    choice, usage = mapping(only(reply.get("choices"), "choices"), "choice"), mapping(reply.get("usage"), "usage")
    reason = ending(choice.get("finish_reason"))
    drawn = _text(choice, reason)
    generated = whole(usage.get("completion_tokens"), "completion_tokens", sampling.max_tokens)
    prompt = whole(usage.get("prompt_tokens"), "prompt_tokens")
    details = mapping(usage.get("prompt_tokens_details") or {}, "prompt_tokens_details")
    cached = whole(details.get("cached_tokens") or 0, "cached_tokens", prompt)
    if drawn and not generated:
        raise EngineFailure(f"an answer with text whose completion_tokens is 0 ({shown(drawn)})")
    stopped_at = next((s for s in sampling.stop if drawn.endswith(s)), "") if reason == "stop" else ""
    return Completion(drawn, generated, prompt - cached, cached, reason, stopped_at)


def _text(choice: Mapping[str, Any], reason: str) -> str:
    """The text of a choice; of a chat the answer, or its reasoning where it never came to one."""
    if "message" not in choice:
        return text(choice.get("text"), "text")
    message = mapping(choice["message"], "message")
    if message.get("tool_calls"):
        raise EngineFailure("an answer that calls a tool")
    found = next((message[name] for name in ("content", "reasoning", "reasoning_content") if message.get(name)), None)
    if found is None and (reason == "length" or message.get("content") == ""):
        return ""  # cut before the answer began by a server that keeps the reasoning to itself
    return text(found, "content")
