"""The keys of a Hugging Face config.json, each read as what it must be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from advisor.errors import AdvisorError
from advisor.printable import shortened

MOST, MOST_LAYERS, MOST_WEIGHTS = 10**9, 10_000, 10**14
"""Of a dimension, thousands of times that of any model; of layers; of weights."""
SHOWN = 60
"""Characters of a value that an error shows."""


class Config:
    """The keys of a config.json, with errors that name the key and the file."""

    def __init__(self, keys: dict[str, Any], where: str) -> None:
        self.keys, self.where = keys, where

    def integer(self, *names: str, default: int | None = None, least: int = 0, most: int = MOST) -> int:
        """The first of `names` present, as a whole number from `least` to `most`. Raises AdvisorError."""
        for name in names:
            value = _alike(self.keys.get(name))
            if value is None:
                continue
            if isinstance(value, bool) or not isinstance(value, int) or value < 0:
                raise AdvisorError(f"{name} is {shortened(repr(value), SHOWN)}, not a count", where=self.where)
            if not least <= value <= most:
                what = f"{name} is {shortened(str(value), SHOWN)}"
                raise AdvisorError(what, where=self.where, hint=f"it is a whole number from {least} to {most:,}")
            return value
        if default is None:
            raise AdvisorError(f"lacks the field {names[0]!r}, which {self.family} models need", where=self.where)
        return default

    def integers(self, name: str, *, most: int = MOST) -> list[int]:
        """One number a layer, all the same where the config names one. Raises AdvisorError."""
        value = self.keys.get(name)
        values = self.per_layer(name) if isinstance(value, list) else [value] * self.n_layers
        return [Config({"model_type": self.family, name: each}, self.where).integer(name, most=most) for each in values]

    def optional(self, name: str) -> int | None:
        return self.integer(name) if self.keys.get(name) is not None else None

    def flag(self, name: str, default: bool = False) -> bool:
        value = self.keys.get(name)
        return default if value is None else bool(value)

    def numbers(self, name: str) -> frozenset[int] | None:
        """Numbers of layers; None where there are none. Raises AdvisorError."""
        value = self.keys.get(name)
        if value is not None and not (isinstance(value, list) and all(isinstance(each, int) for each in value)):
            what = f"{name} is {shortened(repr(value), SHOWN)}, not a list of numbers"
            raise AdvisorError(what, where=self.where)
        return frozenset(value) if value else None

    def sections(self, name: str) -> list[Config]:
        """The keys of each layer's own part of the config. Raises AdvisorError where there is none."""
        values = self.per_layer(name)
        if not all(isinstance(value, dict) for value in values):
            raise AdvisorError(f"{name} is no list of parts", where=self.where)
        return [Config({**value, "model_type": self.family}, self.where) for value in values]

    def section(self, name: str) -> Config:
        """The keys of a part of the config. Raises AdvisorError where there is none."""
        value = self.keys.get(name)
        if not isinstance(value, dict):
            raise AdvisorError(f"lacks the part {name!r}, which {self.family} models need", where=self.where)
        return Config({**value, "model_type": self.family}, self.where)

    def per_layer(self, name: str) -> list[Any]:
        """A list with one entry a layer (entries past the layers, of multi-token prediction, are left out).

        Raises AdvisorError.
        """
        value = self.keys.get(name)
        if not isinstance(value, list) or len(value) < self.n_layers:
            raise AdvisorError(f"lacks a {name!r} of {self.n_layers} layers", where=self.where)
        return value[: self.n_layers]

    @property
    def family(self) -> str:
        return str(self.keys.get("model_type", ""))

    @property
    def hidden(self) -> int:
        return self.integer("hidden_size", least=1)

    @property
    def n_layers(self) -> int:
        return self.integer("num_hidden_layers", least=1, most=MOST_LAYERS)

    @property
    def heads(self) -> int:
        return self.integer("num_attention_heads", least=1)

    @property
    def kv_heads(self) -> int:
        every = 1 if self.flag("multi_query") else self.heads
        return self.integer("num_key_value_heads", "num_attention_groups", default=every, least=1)

    @property
    def head_dim(self) -> int:
        if self.keys.get("head_dim") is None and self.hidden % self.heads:
            raise AdvisorError(
                "lacks the field 'head_dim' and hidden_size is no multiple of num_attention_heads", where=self.where
            )
        return self.integer("head_dim", "attention_head_dim", default=self.hidden // self.heads, least=1)

    def layer_types(self, default: Callable[[int], str]) -> list[str]:
        types = self.keys.get("layer_types") or [default(i) for i in range(self.n_layers)]
        if not isinstance(types, list):
            raise AdvisorError(f"layer_types is {shortened(repr(types), SHOWN)}, not a list", where=self.where)
        if len(types) != self.n_layers:
            raise AdvisorError(
                f"layer_types names {len(types)} layers and num_hidden_layers is {self.n_layers}", where=self.where
            )
        return [str(t) for t in types]


def _alike(value: Any) -> Any:
    """Of a list with one entry a layer, all the same, that entry."""
    same = isinstance(value, list) and value and all(each == value[0] for each in value)
    return value[0] if same else value
