"""Any OpenAI-compatible server, over its completions or its chat endpoint.

One request draws one completion, so that servers that refuse n > 1 work, and every completion has its own token count;
a prefix cache makes the repeated prompt cheap. Token counts are the server's.
"""

from __future__ import annotations

from advisor.engines.completions import completion
from advisor.engines.dialect import GREETING, OPENING, PARTS, Dialect, narrowed
from advisor.engines.protocol import Completion, EngineFailure, Prompting, Sampling, Served
from advisor.engines.server import NO_ENTRY, Refused, Server
from advisor.errors import MissingAbility

REPLY_BYTES = 1 << 20
BYTES_A_TOKEN = 1024
"""More than a token's text takes in JSON: the longest are some hundred characters, six bytes each where escaped."""
ENGINES = {"vllm": "vllm", "sglang": "sglang", "llamacpp": "llama.cpp"}
"""By the `owned_by` that their lists of models give."""


class Client(Server):
    """Draws text from a Server; call `check` and `open` before."""

    served = Served()
    _prompting = Prompting()
    _dialect = Dialect(chat=False)

    async def open(self, prompting: Prompting) -> None:
        """Find out whether the model has a chat template, and what of a request the server takes.

        Raises MissingAbility where it neither takes nor refuses a request (taken for a refusal, that would draw some
        answers of a run without the template), and where what stands around a prompt would not reach the model.
        """
        self._prompting = prompting
        chat = not prompting.plain and await self._chats()
        try:
            self._dialect = await narrowed(self._attempt, chat=chat)
        except Refused as refusal:
            flag = "--system-prompt" if prompting.system_prompt else "--few-shot"
            where = flag if prompting.system_prompt or prompting.few_shot else self.root
            hint = "see the server's own messages"
            raise MissingAbility(f"the server takes no such requests ({refusal})", where=where, hint=hint) from None
        self._dialect.require_options(prompting)
        owner = self.entry.get("owned_by")
        engine = ENGINES.get(owner, "") if isinstance(owner, str) else ""
        version = await self.version() if engine == "vllm" else ""
        endpoint = "chat" if chat else "completions"
        self.served = Served(engine, version, endpoint, self.context_tokens, self._dialect.unsent)

    async def _chats(self) -> bool:
        """Whether the server answers a chat, of the barest kind."""
        try:
            await self._attempt(Dialect(True, frozenset(PARTS)), Prompting())
        except Refused:
            return False
        return True

    async def _attempt(self, dialect: Dialect, prompting: Prompting | None = None) -> None:
        """Send a short request written so. Raises Refused, MissingAbility."""
        body = dialect.body(prompting or self._prompting, GREETING, "", OPENING)
        try:
            await self.post(dialect.path, body, most_bytes=REPLY_BYTES, tokens=OPENING.max_tokens)
        except Refused as refusal:
            if refusal.status in NO_ENTRY:
                raise self.no_entry(refusal) from None
            raise
        except EngineFailure as failure:
            plain = "" if self._prompting.plain else "; --plain asks without a chat template"
            hint = f"see the server's own messages{plain}"
            raise MissingAbility(f"does not answer ({failure})", where=self.root, hint=hint) from None

    async def generate(self, prompt: str, partial: str, sampling: Sampling) -> Completion:
        """See Generate. Raises MissingAbility for sampling that the server does not take."""
        self._dialect.require(sampling, self.root)
        body, tokens = self._dialect.body(self._prompting, prompt, partial, sampling), sampling.max_tokens
        reply = await self.post(
            self._dialect.path, body, most_bytes=REPLY_BYTES + BYTES_A_TOKEN * tokens, tokens=tokens
        )
        with self.masking():
            return completion(reply, sampling)
