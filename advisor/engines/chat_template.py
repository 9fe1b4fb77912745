"""What a model's chat template is given beside the conversation."""

from __future__ import annotations

from advisor.engines.protocol import Prompting
from advisor.errors import MissingAbility

EFFORT = "reasoning_effort"
THINKING = "enable_thinking"


def template_options(prompting: Prompting, template: object) -> dict[str, object]:
    """The options for a template (None: none is applied) as a vLLM server would give them to it.

    Raises MissingAbility for an option that has no effect.
    """
    options: dict[str, object] = dict(prompting.chat_options)
    for name in options:
        if template is None:
            raise without_effect(name, "no chat template is applied")
        if isinstance(template, str) and name not in template:
            raise without_effect(name, "the model's chat template does not know it")
    if EFFORT in options:  # templates that think only when switched on are switched on, or off for no effort at all
        options.setdefault(THINKING, options[EFFORT] != "none")
    return options


def without_effect(name: str, why: str) -> MissingAbility:
    """The error for an option of a chat template."""
    return MissingAbility(f"{name} would have no effect: {why}", where="--chat-option", hint="leave it out")
