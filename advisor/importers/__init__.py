"""Foreign formats, one file each, mapped by definition into our columns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any


@dataclass(frozen=True, slots=True)
class Importer:
    """`module` of this package has the verb; `brings` is what it adds: answers, loads or model.

    `takes` are the options of the command line that are for this kind.
    """

    verb: str
    module: str
    brings: str
    takes: tuple[str, ...] = ()

    def load(self) -> Callable[..., Any]:
        """The verb itself."""
        verb: Callable[..., Any] = getattr(import_module(f"advisor.importers.{self.module}"), self.verb)
        return verb


OF_LOADS = (
    "model",
    "gpu",
    "parallelism",
    "precision",
    "kv_precision",
    "engine",
    "input_tokens",
    "output_tokens",
    "concurrency",
)
OF_LOGS = ("model", "metric", "texts")
IMPORTERS = {
    "samples": Importer("import_samples", "samples", "answers", ("texts",)),
    "inspect": Importer("import_inspect", "inspect_ai", "answers", OF_LOGS),
    "lm-eval": Importer("import_lm_eval", "lm_eval", "answers", OF_LOGS),
    "lighteval": Importer("import_lighteval", "lighteval", "answers", OF_LOGS),
    "evalscope": Importer("import_evalscope", "evalscope", "answers", OF_LOGS),
    "epoch": Importer("import_epoch", "epoch", "answers", ("model",)),
    "runs": Importer("import_runs", "serving_runs", "loads", OF_LOADS),
    "vllm-bench": Importer("import_vllm_bench", "vllm_bench", "loads", OF_LOADS),
    "guidellm": Importer("import_guidellm", "guidellm", "loads", OF_LOADS),
    "model": Importer("import_model", "own_model", "model", ("license",)),
}
"""Every kind of file that `advisor import` takes, by name alone: no reader is loaded before its use."""
