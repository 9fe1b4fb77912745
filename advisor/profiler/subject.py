"""What is profiled, and what its profile is called."""

from __future__ import annotations

import hashlib
import itertools
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from advisor.engines.connect import options
from advisor.performance.parallelism import Parallelism
from advisor.store.identity import run_id


@dataclass(frozen=True, slots=True)
class Subject:
    """One deployment. `settings` are the engine's own as `name=value`, sorted; they make it another subject.

    A profile is named by these fields: one that is added needs a default that stands for what was done before.
    """

    model: str
    gpu: str
    parallelism: str
    precision: str
    engine: str
    dummy_weights: bool = False
    kv_precision: str = "bf16"
    settings: tuple[str, ...] = ()

    @property
    def columns(self) -> dict[str, Any]:
        """Its columns of Run."""
        return {key: value for key, value in asdict(self).items() if key != "settings"}

    @property
    def engine_arguments(self) -> dict[str, Any]:
        """Arguments of vLLM's engine. Raises AdvisorError for a setting that is none."""
        layout = Parallelism.parse(self.parallelism)
        cache = {} if self.kv_precision == "bf16" else {"kv_cache_dtype": self.kv_precision}
        layers = {"tensor_parallel_size": layout.tp, "pipeline_parallel_size": layout.pp}
        return {**layers, **cache, **options(self.settings)}

    @property
    def run_id(self) -> str:
        """The same for the same subject, so that the same command resumes where it stopped."""
        model = self.model.rstrip("/").split("/")[-1]
        return run_id(f"profile-{model}-{self.gpu}-{self.parallelism}-{self.precision}", self)

    def run_id_in(self, folder: Path) -> str:
        """The name of the next profile: of one that was begun, else a new one, numbered after finished ones."""
        former = sorted(folder.glob(f".{self._former_run_id}*.jsonl"))
        if former:
            return former[0].stem.removeprefix(".")
        again = (f"{self.run_id}-{i}" for i in itertools.count(2))
        return next(n for n in itertools.chain([self.run_id], again) if not (folder / f"{n}.parquet").exists())

    def n_sealed(self, folder: Path) -> int:
        """How many profiles of it are finished."""
        again = (f"{self.run_id}-{i}" for i in itertools.count(2))
        names = itertools.chain([self.run_id], again)
        return sum(1 for _ in itertools.takewhile(lambda name: (folder / f"{name}.parquet").exists(), names))

    @property
    def _former_run_id(self) -> str:
        """As versions before 0.2 named it, by Python's printed form of the same content."""
        content = repr(asdict(self) | {"settings": " ".join(self.settings)})
        return f"{self.run_id.rpartition('-')[0]}-{hashlib.sha256(content.encode()).hexdigest()[:8]}"
