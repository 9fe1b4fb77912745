"""The container image of an engine, pinned to the release whose speed was measured."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from packaging.version import InvalidVersion, Version

from advisor.recommendation.candidate import Candidate
from advisor.store.sql import statement
from advisor.store.workspace import Workspace
from advisor.tables import column, read_rows


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageRow:
    """Where an engine's images for one vendor's GPUs are."""

    engine: str = column("vllm, sglang or trtllm")
    vendor: str = column("of the GPUs, as in gpus.csv")
    image: str = column("its name, without a tag")
    tag: str = column("of a release, `{version}` in the place of its number")
    source: str = column("where that was seen")
    as_of: str = column("when, ISO date")


@dataclass(frozen=True, slots=True)
class Release:
    """A release of an engine that loads were measured with; `start_s`: until it took requests, without its weights."""

    version: str
    model: str
    gpu: str
    measured_at: str | None
    start_s: float | None


@dataclass(frozen=True, slots=True)
class Image:
    """`name` with its tag, empty where the engine has none for the vendor; `why` this one; `version` None: any."""

    name: str
    version: str | None
    why: str


def releases(workspace: Workspace, engine: str) -> list[Release]:
    """The releases of an engine that were measured; development builds, whose images go away, are left out."""
    rows = workspace.runs.connect().execute(statement("advisor.deployments", "versions"), {"engine": engine}).fetchall()
    return [Release(*row) for row in rows if _version(row[0]) is not None]


def measured_start_s(measured: Iterable[Release]) -> float | None:
    """The longest start of an engine that was measured, without reading its weights."""
    return max((release.start_s for release in measured if release.start_s), default=None)


def image_of(c: Candidate, engine: str, workspace: Workspace, measured: Iterable[Release]) -> Image:
    """The image whose speed was measured nearest to a candidate: its model on its GPU, its GPU, or any.

    Of several releases the newest; one that was last measured before the model came out is not taken, since it may not
    load it.
    """
    version, why = _nearest(c, engine, workspace, list(measured))
    row = _rows().get((engine, workspace.gpus[c.gpu].vendor))
    if row is None:
        return Image("", version, f"no image of {engine} is known for {workspace.gpus[c.gpu].vendor}'s GPUs")
    return Image(f"{row.image}:{row.tag.format(version=version) if version else 'latest'}", version, why)


def _nearest(c: Candidate, engine: str, workspace: Workspace, measured: list[Release]) -> tuple[str | None, str]:
    known = [release for release in measured if _may_load(release, workspace.models[c.model].released)]
    for near, what in (
        ([r for r in known if (r.model, r.gpu) == (c.model, c.gpu)], f"this model on {c.gpu}"),
        ([r for r in known if r.gpu == c.gpu], f"other models on {c.gpu}"),
        (known, "other GPUs"),
    ):
        if near:
            newest = max(near, key=lambda release: Version(release.version)).version
            return newest, f"the newest {engine} that speed was measured with on {what}"
    return None, f"no {engine} release was measured that is newer than the model: pin the one that you tested"


def _may_load(release: Release, released: str) -> bool:
    """Whether it was in use after a model came out; without one of the dates it is taken to."""
    return not release.measured_at or not released or release.measured_at[: len(released)] >= released


def _version(text: str) -> Version | None:
    try:
        return Version(text)
    except InvalidVersion:
        return None


@cache
def _rows() -> dict[tuple[str, str], ImageRow]:
    rows = read_rows(Path(__file__).with_name("images.csv"), ImageRow, hint="")
    return {(row.engine, row.vendor): row for row in rows}
