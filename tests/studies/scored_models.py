"""Workspaces that know the shipped models and GPUs, and no answers but those that are written by hand."""

import os

from advisor.store.seal import write_rows
from advisor.store.workspace import Workspace
from tests.known import SHIPPED
from tests.recommendation.made import point

DERIVED = ("points.csv", "curves.csv", "setups.csv")


def alone(folder, *points, without=()):
    """Only these points; `without` names shipped tables that are not there."""
    profiles = folder / "profiles"
    profiles.mkdir(parents=True)
    for shipped in SHIPPED.profiles[0].iterdir():
        if shipped.name not in (*DERIVED, *without):
            os.symlink(shipped, profiles / shipped.name)
    if points:
        write_rows(profiles / "points.csv", points)
    workspace = Workspace(folder)
    workspace.roots, workspace.profiles = (folder,), (profiles,)
    return workspace


def scored(model, accuracy, tokens, **changed):
    """A model that is right in `accuracy` of 400 questions with answers of `tokens`."""
    half = 1.645 * (accuracy * (1 - accuracy) / 400) ** 0.5
    usual = {"n_questions": 400, "low": max(accuracy - half, 0.0), "high": min(accuracy + half, 1.0)}
    return point(model=model, accuracy=accuracy, generated_tokens=float(tokens), **(usual | changed))
