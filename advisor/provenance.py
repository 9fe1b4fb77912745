"""Where a number comes from: the one vocabulary of every table, answer and report."""

from __future__ import annotations

from enum import StrEnum


class Provenance(StrEnum):
    """From the most to the least certain kind of evidence."""

    MEASURED = "measured"
    """Seen here or in a stored run."""
    PUBLISHED = "published"
    """Reported by its source, without the answers or runs behind it."""
    FITTED = "fitted"
    """From a model fitted to runs of this model on this GPU and engine, or to own runs on a GPU that has no others."""
    POOLED = "pooled"
    """Learned from runs of other models, GPUs, engines, precisions or layouts."""
    IMPUTED = "imputed"
    """Filled in from what is known of other models and tasks."""
    ROOFLINE = "roofline"
    """Peak figures and typical efficiencies; nothing was fitted."""
