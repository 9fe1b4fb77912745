"""Tokens of texts that nobody counted while they were drawn."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from advisor.models.catalog import Catalog


@dataclass(frozen=True, slots=True)
class Counter:
    """Counts with a model's own tokenizer."""

    tokenizer: Any

    def text(self, text: str) -> int:
        """Tokens of what the model wrote, without those that only mark its end."""
        return len(self.tokenizer(text, add_special_tokens=False)["input_ids"]) if text else 0

    def prompt(self, given: str | list[dict[str, Any]] | None) -> int | None:
        """Tokens of a prompt, or of messages under the model's chat template.

        None where there is neither, or where the template refuses the messages, as some do with a system prompt.
        """
        from jinja2 import TemplateError

        if given is None or not (isinstance(given, str) or self.tokenizer.chat_template):
            return None
        try:
            if isinstance(given, str):
                return len(self.tokenizer(given)["input_ids"])
            return self.text(self.tokenizer.apply_chat_template(given, add_generation_prompt=True, tokenize=False))
        except (TemplateError, TypeError, ValueError):  # half a character is no text to a tokenizer
            return None


def counter(models: Catalog, model: str) -> Counter | None:
    """Of a model whose tokenizer is on this machine; None without one, or without transformers: nothing is fetched."""
    if find_spec("transformers") is None:
        return None
    from transformers import AutoTokenizer

    weights = models[model].weights if model in models else model
    try:
        return Counter(AutoTokenizer.from_pretrained(weights, local_files_only=True))
    except (OSError, ValueError):
        return None
