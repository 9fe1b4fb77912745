"""Foreign formats, one file each, mapped by definition into our columns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any


@dataclass(frozen=True, slots=True)
class Importer:
    """`module` of this package has the verb; `brings` is what it adds: answers, loads or model."""

    verb: str
    module: str
    brings: str

    def load(self) -> Callable[..., Any]:
        """The verb itself."""
        verb: Callable[..., Any] = getattr(import_module(f"advisor.importers.{self.module}"), self.verb)
        return verb


IMPORTERS = {
    "samples": Importer("import_samples", "samples", "answers"),
    "epoch": Importer("import_epoch", "epoch", "answers"),
    "runs": Importer("import_runs", "serving_runs", "loads"),
    "vllm-bench": Importer("import_vllm_bench", "vllm_bench", "loads"),
    "guidellm": Importer("import_guidellm", "guidellm", "loads"),
    "model": Importer("import_model", "own_model", "model"),
}
"""Every kind of file that `advisor import` takes, by name alone: no reader is loaded before its use."""
