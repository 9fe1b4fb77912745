"""The report of findings as a whole: of a team's own answers alone, of nothing, and from the command line."""

import json
import re
from itertools import pairwise

import numpy as np
import pytest

import advisor
from advisor.reports.findings.sections import RENDERINGS, UNTESTED
from advisor.reports.markdown_text import anchor
from advisor.studies.findings import STUDIES
from advisor.studies.study import Verdict
from tests.fits.stored import workspace
from tests.studies.stored_answers import MODELS, answer

N = 40
HOSTILE = "own/<script>alert(1)</script>|`*"


@pytest.fixture(scope="module")
def team(tmp_path_factory):
    """Three models of a team, one with a hostile task, in a folder that has been fitted."""
    rng = np.random.default_rng(0)
    answers = [
        answer(q, i, rng.random() < 0.4 + 0.4 * q / N, int(rng.integers(300, 3000)), model=model, finish_reason="stop")
        for model in MODELS[:3]
        for q in range(N)
        for i in range(4)
    ]
    answers += [answer(q, 0, q % 2, 400, model=MODELS[0], task=HOSTILE) for q in range(N)]
    made = workspace(tmp_path_factory.mktemp("team"), answers)
    advisor.fit(made)
    return made.own


@pytest.fixture(scope="module")
def found(team):
    return advisor.findings(advisor.Workspace(team, own_answers=True))


def test_every_study_has_a_rendering_and_a_place():
    assert list(STUDIES) == list(RENDERINGS) == list(advisor.studies.findings.Findings.__dataclass_fields__)


def test_own_answers_alone_are_reported(team, found, tmp_path):
    ws = advisor.Workspace(team, own_answers=True)
    assert {p.model for p in ws.fits.points} == set(MODELS[:3])
    assert {p.model for p in advisor.Workspace(team).fits.points} > set(MODELS[:3])
    written = advisor.report_findings(ws, findings=found, output=tmp_path / "f.md", html=tmp_path / "f.html")
    text = (tmp_path / "f.md").read_text()
    assert text.startswith("# Findings\n")
    headings = [line for line in text.splitlines() if line.startswith("## ")]
    assert headings == [*(f"## {each.title}" for each in RENDERINGS.values()), f"## {UNTESTED}"]
    goals = set(re.findall(r"\]\(#([\w-]+)\)", text))
    assert goals == {anchor(line.removeprefix("## ")) for line in headings}
    ahead, _, end = text.partition(f"## {UNTESTED}")
    assert "no data here" not in ahead
    assert end.count("no data here") == sum(claim.is_untested for claim in found.claims)
    assert "gpt-oss" not in text
    assert text.count("**What would change it.**") == text.count("**Data.**") == text.count("**Method.**") == 8
    assert "--own-answers" in text.splitlines()[-2]
    assert all(f"({picture.rpartition('/')[2]})" in text for picture in written.pictures)
    assert "<script>" not in text
    for part in text.split("\n\n"):
        rows = [line.replace("\\|", "") for line in part.splitlines() if line.startswith("|")]
        assert len({row.count("|") for row in rows}) <= 1


def test_claims_are_counted_by_verdict(found):
    assert len(found.claims) == sum(len(study.claims) for study in found.studies.values())
    assert {claim.verdict for claim in found.claims} <= set(Verdict)
    assert list(found.claims.to_frame().columns) == ["claim", "source", "ours", "verdict", "published"]
    assert json.loads(found.to_json())["trends"]["claims"]


def test_nothing_known_is_a_report_that_says_so(tmp_path):
    (tmp_path / "none").mkdir()
    ws = advisor.Workspace(tmp_path / "none", own_answers=True)
    nothing = advisor.findings(ws)
    of_configs = ("our own expectation", "our own", "arXiv 2506.05333")
    of_answers = [claim for claim in nothing.claims if not claim.source.startswith(of_configs)]
    assert {claim.verdict for claim in of_answers} == {Verdict.OPEN}
    advisor.report_findings(ws, findings=nothing, output=tmp_path / "f.md", html=tmp_path / "f.html")
    assert "0 confirmed" not in (tmp_path / "f.md").read_text()


def test_the_command_line_takes_no_options_of_a_recommendation(advisor, team, tmp_path):
    code, out, err = advisor("report", "--kind", "findings", "-o", tmp_path / "f.md", "--budget", "1usd")
    assert (code, out) == (2, "")
    assert "--budget" in err
    code, _, err = advisor("report", "--kind", "nonsense", "-o", tmp_path / "f.md")
    assert code == 2
    assert "findings, recommendation" in err
    code, _, err = advisor("report", "--own-answers", "-o", tmp_path / "f.md")
    assert code == 2
    assert "--kind findings" in err
    code, _, err = advisor("report", "--kind", "findings", "--own-answers", "-o", tmp_path / "f.md")
    assert code == 2
    assert "--workspace" in err
    assert not (tmp_path / "f.md").exists()


def test_a_missing_workspace_is_one_line(advisor, tmp_path):
    folder = tmp_path / "nowhere"
    code, _, err = advisor(
        "report", "--kind", "findings", "--own-answers", "--workspace", folder, "-o", tmp_path / "f.md"
    )
    assert (code, err) == (2, f"advisor: --workspace {folder}: there is no such folder; name yours\n")


def test_the_command_line_writes_it_and_says_which_study_runs(advisor, team, tmp_path):
    arguments = (
        "report",
        "--kind",
        "findings",
        "--own-answers",
        "--workspace",
        team,
        "-o",
        tmp_path / "f.md",
        "--json",
    )
    code, out, err = advisor(*arguments)
    assert code == 0
    assert json.loads(out)["report"] == str(tmp_path / "f.md")
    said = [line for line in err.splitlines() if line.endswith("…")]
    assert len(said) == len(STUDIES)
    assert all(before != after for before, after in pairwise(said))


def test_a_page_of_findings_lets_nothing_in(team, found, tmp_path):
    pytest.importorskip("altair")
    ws = advisor.Workspace(team, own_answers=True)
    advisor.report_findings(ws, findings=found, html=tmp_path / "f.html")
    page = (tmp_path / "f.html").read_text()
    assert "img-src data:" in page
    assert "<script>alert(1)" not in page
    assert page.count('<img class="picture" src="data:image/svg+xml;base64,') >= 4
    assert "moonshotai" not in page
