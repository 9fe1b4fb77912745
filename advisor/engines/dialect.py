"""What of a request a server takes, and the requests written so.

OpenAI's own parameters are few; vLLM, SGLang and others know more, and some servers refuse those that they do not know.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

from advisor.engines.chat_template import EFFORT, without_effect
from advisor.engines.protocol import Prompting, Sampling
from advisor.engines.server import Refused
from advisor.errors import MissingAbility

CHANGES_NOTHING: dict[str, float] = {
    "top_k": 0,
    "min_p": 0.0,
    "repetition_penalty": 1.0,
    "presence_penalty": 0.0,
    "frequency_penalty": 0.0,
}
"""Sampling parameters that a server may lack, with the value at which it makes no difference that they are not sent."""
TEMPLATE_OPTIONS = "chat_template_kwargs"
ECHO = "include_stop_str_in_output"
PARTS = (*CHANGES_NOTHING, "seed", "stop", ECHO, TEMPLATE_OPTIONS, EFFORT)
"""Keys of a request that a server may refuse, in the order in which they are tried."""
GREETING = "1+1="
"""The prompt of requests that only find out whether they are taken: every model's tokenizer knows it."""
OPENING = Sampling(max_tokens=1, seed=0, stop=("\n\n\n",))
"""Their sampling."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one server is written to.

    chat       its chat endpoint, which applies the model's chat template
    left_out   keys that it refuses
    every_token  how it writes a top_k that leaves every token: 0, or -1 for those that refuse 0
    """

    chat: bool
    left_out: frozenset[str] = frozenset()
    every_token: int = 0

    @property
    def path(self) -> str:
        """Of its endpoint."""
        return "/v1/chat/completions" if self.chat else "/v1/completions"

    @property
    def unsent(self) -> tuple[str, ...]:
        """Sampling parameters that it does not take."""
        return tuple(name for name in (*CHANGES_NOTHING, "seed") if name in self.left_out)

    def body(self, prompting: Prompting, prompt: str, partial: str, sampling: Sampling) -> dict[str, Any]:
        """A request that continues `prompt` + `partial`."""
        whole = self._prompt(prompting, prompt, partial) | self._sampling(sampling)
        if self.chat and prompting.chat_options:
            options = dict(prompting.chat_options)
            whole |= {TEMPLATE_OPTIONS: options} | ({EFFORT: options[EFFORT]} if EFFORT in options else {})
        return {key: value for key, value in whole.items() if key not in self.left_out}

    def _prompt(self, prompting: Prompting, prompt: str, partial: str) -> dict[str, Any]:
        if not self.chat:
            return {"prompt": prompting.text(prompt) + partial}
        continued = {"continue_final_message": True, "add_generation_prompt": False} if partial else {}
        return {"messages": prompting.turns(prompt, partial or None), **continued}

    def _sampling(self, sampling: Sampling) -> dict[str, Any]:
        return {
            "max_tokens": sampling.max_tokens,
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "top_k": sampling.top_k if sampling.top_k > 0 else self.every_token,
            "min_p": sampling.min_p,
            "frequency_penalty": sampling.frequency_penalty,
            "presence_penalty": sampling.presence_penalty,
            "repetition_penalty": sampling.repetition_penalty,
            **({"stop": list(sampling.stop), ECHO: True} if sampling.stop else {}),
            **({"seed": sampling.seed} if sampling.seed is not None else {}),
        }

    def require_options(self, prompting: Prompting) -> None:
        """Raises MissingAbility where an option of the chat template does not reach it."""
        for name, _ in prompting.chat_options:
            ways = {TEMPLATE_OPTIONS, EFFORT} if name == EFFORT else {TEMPLATE_OPTIONS}
            if not self.chat:
                raise without_effect(name, "no chat template is applied")
            if ways <= self.left_out:
                raise without_effect(name, "the server refuses options of its chat template")

    def require(self, sampling: Sampling, where: str) -> None:
        """Raises MissingAbility where the server refuses what this sampling cannot do without."""
        hint = "leave it out, or serve the model with an engine that knows it, such as vLLM"
        for name, neutral in CHANGES_NOTHING.items():
            given = max(sampling.top_k, 0) if name == "top_k" else getattr(sampling, name)
            if name in self.left_out and given != neutral:
                flag = f"--{name.replace('_', '-')}"
                raise MissingAbility(f"the server at {where} does not take {name}", where=flag, hint=hint)
        if sampling.stop and "stop" in self.left_out:
            what = f"the server at {where} takes no stop strings, which end the steps of a tree search"
            raise MissingAbility(what, where="--strategy", hint="take a strategy without steps, such as majority")


Attempt = Callable[[Dialect], Awaitable[object]]
"""Sends a request written so; raises Refused where the server does not take it."""


async def narrowed(attempt: Attempt, *, chat: bool) -> Dialect:
    """The fullest dialect that the server takes, found with one request where it takes everything.

    Raises Refused where it takes not even the barest.
    """
    full = Dialect(chat)
    if await _taken(attempt, full):
        return full
    found = Dialect(chat, frozenset(PARTS))
    await attempt(found)
    for part in PARTS:
        if part == ECHO and "stop" in found.left_out:
            continue
        more = replace(found, left_out=found.left_out - {part})
        for each in (more, replace(more, every_token=-1)) if part == "top_k" else (more,):
            if await _taken(attempt, each):
                found = each
                break
    return found


async def _taken(attempt: Attempt, dialect: Dialect) -> bool:
    try:
        await attempt(dialect)
    except Refused:
        return False
    return True
