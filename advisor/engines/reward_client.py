"""A process reward model on a vLLM server.

vllm serve MODEL --runner pooling --pooler-config '{"tok_pooling_type": "ALL"}'
"""

from __future__ import annotations

from typing import Any

from advisor.engines.protocol import EngineFailure, Scored, conversation
from advisor.engines.replies import mapping, shown, whole
from advisor.engines.rewards import StepMarks, marked_positions, only_token, step_rewards
from advisor.engines.server import Server
from advisor.errors import MissingAbility

CHAT = {"add_generation_prompt": False}
TASK = "token_classify"


class RewardClient(Server):
    """Scores steps over the pooling endpoint; call `prepare` before."""

    name_flag, key_variable = "--reward-served-model", "REWARD_API_KEY"
    marks = StepMarks()
    _mark_id = -1
    _chat = False

    def __init__(self, url: str, model: str, **given: Any) -> None:
        super().__init__(url, model, **given)
        self._prompts: dict[str, list[int]] = {}

    async def prepare(self, marks: StepMarks) -> None:
        """Find the token of the mark, and whether the model has a chat template. Raises MissingAbility."""
        self.marks = marks
        try:
            ids = await self._token_ids({"prompt": marks.rated, "add_special_tokens": False})
        except EngineFailure as failure:
            raise MissingAbility(
                f"does not give its token ids ({failure})",
                where=self.root,
                hint="serve the reward model with vLLM, --runner pooling",
            ) from None
        self._mark_id = only_token(ids, marks)
        try:
            await self.post("/pooling", {"input": marks.rated, "task": TASK})
        except EngineFailure as failure:
            hint = "serve the reward model with vLLM, --runner pooling"
            raise MissingAbility(f"does not rate texts ({failure})", where=self.root, hint=hint) from None
        try:
            self._chat = bool(await self._token_ids({"messages": conversation("Hello"), **CHAT}))
        except EngineFailure:
            self._chat = False

    async def score(self, prompt: str, partial: str) -> Scored:
        """See Score."""
        text = self.marks.marked(partial)
        if prompt not in self._prompts:
            self._prompts[prompt] = await self._token_ids(self._input(prompt, ""))
        without, ids = self._prompts[prompt], await self._token_ids(self._input(prompt, text))
        conversation_or_text = self._input(prompt, text) if self._chat else {"input": prompt + text}
        answer = await self.post("/pooling", {**conversation_or_text, "task": TASK})
        try:
            rows, usage = answer["data"][0]["data"], answer["usage"]
            rated = [[float(p) for p in row] for row in rows]
        except (KeyError, IndexError, TypeError, ValueError, OverflowError) as error:
            raise EngineFailure(f"an answer without rewards ({type(error).__name__})") from None
        tokens = whole(mapping(usage, "usage").get("prompt_tokens"), "prompt_tokens")
        return Scored(
            step_rewards(rated, marked_positions(without, ids, self._mark_id, text, self.marks), len(ids)), tokens
        )

    def _input(self, prompt: str, text: str) -> dict[str, Any]:
        if self._chat:
            return {"messages": conversation(prompt, text), **CHAT}
        return {"prompt": prompt + text}

    async def _token_ids(self, text: dict[str, Any]) -> list[int]:
        answer = await self.post("/tokenize", text)
        tokens = mapping(answer, "body").get("tokens")
        if not isinstance(tokens, list):
            raise EngineFailure(f"an answer without tokens ({shown(tokens)})")
        return [whole(token, "token") for token in tokens]
