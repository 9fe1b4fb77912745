"""What an engine holds in memory: a method that vLLM gives its workers, who run in processes of their own."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


class ReportsMemory:
    """vLLM's worker_extension_cls: a method that its workers get beside their own."""

    def held_bytes(self) -> tuple[int, int]:
        """Of this worker: its weights, and its KV cache; 0 where it does not show them.

        Weights are what loading them took of the GPU: some kernels keep theirs outside the model's parameters.
        """
        runner: Any = self.model_runner  # type: ignore[attr-defined]
        weights = getattr(runner, "model_memory_usage", 0) or _bytes(runner.get_model().parameters())
        return int(weights), _bytes(_tensors(getattr(runner, "kv_caches", ())))


def _tensors(caches: Any) -> Iterable[Any]:
    """A layer's cache is a tensor, of state-space layers several."""
    for cache in caches:
        if hasattr(cache, "untyped_storage"):
            yield cache
        elif isinstance(cache, list | tuple):
            yield from _tensors(cache)


def _bytes(tensors: Iterable[Any]) -> int:
    """Of all memory that they lie in, once where they share it."""
    storages = {s.data_ptr(): int(s.nbytes()) for s in (tensor.untyped_storage() for tensor in tensors)}
    return sum(storages.values())
