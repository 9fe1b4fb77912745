"""How long an engine takes until it answers: starting itself, and reading its weights."""

from __future__ import annotations

ENGINE_START_S = 60.0
"""Without reading weights: the median of ten starts of vLLM 0.26, seven on an H100 of 28 to 67 s, three on an H200
of 95 to 157 s (`start_s` of the own profiles in measurements/runs: random weights, kernels not yet compiled)."""

DISK_BYTES_PER_S = 1e9
"""Assumed where nothing else is said: what one volume of network storage or a slow local disk gives. Not measured."""


def start_s(weights_bytes: float, disk_bytes_per_s: float = DISK_BYTES_PER_S) -> float:
    """Seconds for the weights of one replica in a machine's files."""
    return ENGINE_START_S + weights_bytes / disk_bytes_per_s
