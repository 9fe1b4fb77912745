"""What ships, by name, for tests that need a real model or GPU."""

from advisor.performance.observed import runs_of as observed_runs
from advisor.store.workspace import Workspace

SHIPPED = Workspace()

load_model = SHIPPED.models.load
spec_of = SHIPPED.models.spec
load_gpu = SHIPPED.gpus.named


def catalog():
    """Models by id."""
    return SHIPPED.models


def runs_of(columns):
    """Runs of shipped models on shipped GPUs."""
    return observed_runs(columns, SHIPPED.models, SHIPPED.gpus)


def config_file(model):
    """Of a shipped model."""
    return SHIPPED.profiles[0] / "models" / SHIPPED.models[model].config / "config.json"
