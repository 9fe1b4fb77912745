"""Pages that several tests look at, made once."""

from dataclasses import dataclass
from pathlib import Path

import pytest

import advisor
from advisor.recommendation.pick import Recommendation
from advisor.store.workspace import Workspace
from tests.known import SHIPPED
from tests.reports.page.hostile import HOSTILE, hostile_workspace

LIMITS = {
    "task": "gpqa-diamond",
    "budget": "0.01usd",
    "gpu": ["h100-sxm", "h200-sxm"],
    "model": [
        "openai/gpt-oss-120b",
        "simplescaling/s1-32B",
        "Qwen/QwQ-32B-Preview",
        "microsoft/phi-4",
        "deepseek-ai/DeepSeek-R1",
    ],
}


@dataclass(frozen=True)
class Made:
    """A page with what it was made from."""

    workspace: Workspace
    found: Recommendation
    path: Path

    @property
    def html(self):
        return self.path.read_text(encoding="utf-8")


def made(ws, path, **limits):
    found = advisor.recommend(ws, **limits)
    written = advisor.report(ws, recommendation=found, html=path)
    assert (written.page, written.report, written.pictures) == (str(path), None, ())
    return Made(ws, found, path)


@pytest.fixture(scope="session")
def shipped(tmp_path_factory):
    """Of five models that ship on two kinds of GPU."""
    return made(SHIPPED, tmp_path_factory.mktemp("page") / "page.html", **LIMITS)


@pytest.fixture(scope="session")
def hostile(tmp_path_factory):
    """Of a workspace whose names are attacks."""
    folder = tmp_path_factory.mktemp("hostile")
    limits = {"task": HOSTILE, "model": [HOSTILE, "Qwen/Qwen3-14B"], "gpu": ["h100-sxm", "l40s"]}
    return made(hostile_workspace(folder), folder / "page.html", **limits)
