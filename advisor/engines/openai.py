"""Any OpenAI-compatible server, over its completions or its chat endpoint.

One request draws one completion, so that servers that refuse n > 1 work, and every completion has its own token count;
a prefix cache makes the repeated prompt cheap. Token counts are the server's.
"""

from __future__ import annotations

from typing import Any

from advisor.engines.protocol import Completion, EngineFailure, Sampling, conversation
from advisor.engines.server import Server


class Client(Server):
    """Draws text from a Server; with `chat` the prompt is a user's turn under the model's own chat template."""

    chat = False

    async def prefers_chat(self) -> bool:
        """Whether the server answers a chat: its model has a chat template."""
        try:
            await self.post("/v1/chat/completions", {"messages": conversation("Hello"), "max_tokens": 1})
        except EngineFailure:
            return False
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


def _completion(answer: Any, sampling: Sampling) -> Completion:
    try:
        choice, usage = answer["choices"][0], answer["usage"]
        text, reason = _text(choice), str(choice["finish_reason"])
        cached = int((usage.get("prompt_tokens_details") or {}).get("cached_tokens") or 0)
        generated, prompt = int(usage["completion_tokens"]), int(usage["prompt_tokens"])
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise EngineFailure(f"an answer without text or usage ({type(error).__name__}: {error})") from None
    stopped_at = next((s for s in sampling.stop if text.endswith(s)), "") if reason == "stop" else ""
    return Completion(text, generated, prompt - cached, cached, "length" if reason == "length" else "stop", stopped_at)


def _text(choice: dict[str, Any]) -> str:
    """The text of a choice; of a chat the answer, or its reasoning where it never came to one."""
    if "message" not in choice:
        return str(choice["text"])
    message = choice["message"]
    return str(message.get("content") or message.get("reasoning") or message.get("reasoning_content") or "")
