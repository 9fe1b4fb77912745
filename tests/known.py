"""What ships, by name, for tests that need a real model or GPU."""

from advisor.gpus import load_gpu
from advisor.models.catalog import catalog, load_model, spec_of

__all__ = ["catalog", "load_gpu", "load_model", "spec_of"]
