"""`advisor deploy`, as it is typed."""

import json
import re
import shlex

import pytest

from advisor.cli.main import COMMANDS
from advisor.cli.request_options import _REQUEST

LIMITS = ("--model", "gpt-oss-120b", "--model", "s1-32b", "--gpu", "h100-sxm", "--price", "h100-sxm=2usd/h")


def test_it_takes_the_options_of_recommend(advisor):
    assert len(_REQUEST) == 33
    flags = {f"--{name.replace('_', '-')}" for name in _REQUEST}
    for command in ("recommend", "report", "deploy"):
        shown = set(re.findall(r"--[a-z-]+", advisor(command, "--help")[1]))
        assert flags <= shown, command
    assert "deploy" in COMMANDS["Choose"]


def test_the_pick_is_written_with_the_command_that_writes_it_again(advisor, tmp_path):
    code, out, _ = advisor("deploy", "-o", tmp_path / "out", *LIMITS)
    assert code == 0
    pick = json.loads(advisor("recommend", *LIMITS, "--json")[1])["recommended"]
    assert pick["model"] in out
    first = {path.name: path.read_text() for path in (tmp_path / "out").iterdir()}
    assert {"serve.sh", "compose.yaml", "kubernetes.yaml", "kserve.yaml", "sky.yaml", "alerts.yaml"} <= set(first)
    served = first["serve.sh"].partition("exec ")[2].partition(' \\\n    --host "$host"')[0].replace("\\\n", "")
    assert shlex.split(served) == shlex.split(pick["command"])
    command = re.search(r"again with\n\n```sh\nadvisor (.*)\n```", first["README.md"])
    assert command
    assert advisor(*shlex.split(command[1]))[0] == 0
    assert {path.name: path.read_text() for path in (tmp_path / "out").iterdir()} == first


def test_another_choice_is_written_by_its_number(advisor, tmp_path):
    answer = json.loads(advisor("recommend", *LIMITS, "--json")[1])
    other = answer["alternatives"][0]
    code, out, err = advisor("deploy", "-o", tmp_path / "out", "--choice", "1", *LIMITS, "--json")
    assert code == 0
    written = json.loads(out)
    assert written["candidate"]["model"] == other["model"]
    assert written["candidate"]["command"] == other["command"]
    assert f"not the pick: {other['why_not']}" in err
    assert [file["name"] for file in written["files"]][-1] == "README.md"
    assert all(file["checked"] for file in written["files"][:-1])
    assert "--choice 1" in (tmp_path / "out" / "README.md").read_text()
    code, _, err = advisor("deploy", "-o", tmp_path / "out", "--choice", "99", *LIMITS)
    assert code == 2
    assert re.search(r"--choice: there is no choice 99; 1 to \d+; leave it out for the pick", err)


@pytest.mark.parametrize("choice", ["0", "-1", "1.5", "1_0", "first"])
def test_what_is_no_number_of_a_choice_is_one_line(advisor, tmp_path, choice):
    code, out, err = advisor("deploy", "-o", tmp_path / "out", "--choice", choice, *LIMITS)
    assert (code, out) == (2, "")
    assert "--choice" in err.splitlines()[-1]
    assert not (tmp_path / "out").exists()


def test_nothing_within_the_limits_writes_nothing(advisor, tmp_path):
    code, out, _ = advisor("deploy", "-o", tmp_path / "out", *LIMITS, "--budget", "1e-12usd", "--json")
    assert code == 1
    assert json.loads(out)["recommended"] is None
    assert not (tmp_path / "out").exists()


def test_a_folder_of_somebody_else_is_refused_before_anything_is_computed(advisor, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "notes.txt").write_text("mine")
    code, out, err = advisor("deploy", "-o", tmp_path / "out", *LIMITS)
    assert (code, out) == (2, "")
    assert "holds 'notes.txt', which advisor deploy did not write; name a new folder, or move this one away" in err


def test_without_jinja_it_says_what_brings_it(advisor, tmp_path, monkeypatch):
    monkeypatch.setattr("advisor.deployments.render.find_spec", lambda name: None)
    code, out, err = advisor("deploy", "-o", tmp_path / "out", *LIMITS)
    assert (code, out) == (3, "")
    assert "the files of a deployment take jinja2, not installed here; pip install 'frontier-advisor[deploy]'" in err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("arguments", [(), ("--output",)])
def test_the_folder_has_to_be_named(advisor, arguments):
    assert advisor("deploy", *arguments, *LIMITS)[0] == 2


def test_a_day_of_traffic_says_the_replicas_by_the_hour(advisor, tmp_path):
    day = ",".join(["0.1"] * 12 + ["9"] * 12)
    assert advisor("deploy", "-o", tmp_path / "out", *LIMITS, "--traffic", day)[0] == 0
    page = (tmp_path / "out" / "README.md").read_text()
    assert re.search(r"replicas by the hour \| 0–11: 1, 12–23: \d+ \| the traffic", page)


def test_in_python(tmp_path):
    import advisor

    ws = advisor.Workspace()
    pick = advisor.recommend(ws, model="phi-4", gpu="l40s")
    done = advisor.deploy(ws, recommendation=pick, output=tmp_path / "out")
    assert done.candidate is pick.recommended
    assert done.files.to_frame()["name"].iloc[0] == "serve.sh"
    with pytest.raises(advisor.AdvisorError, match="recommendation: takes a Recommendation"):
        advisor.deploy(ws, recommendation="pick", output=tmp_path / "out")
