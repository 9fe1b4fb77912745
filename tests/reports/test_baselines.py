"""What the pick is measured against, on the screen, in JSON and in the report."""

import json
import re
import shlex

import pytest

from tests.recommendation.made import MODEL, point, workspace

BIG = "Qwen/Qwen3-32B"
HOSTED = "model,provider,usd_per_million_input_tokens,usd_per_million_output_tokens\nqwen3-32b,cloud,0.1,0.4\n"


@pytest.fixture
def ours(tmp_path):
    """A folder where the bigger model is better, and a list of hosted prices."""
    workspace(tmp_path / "ours", point(), point(model=BIG, accuracy=0.9, low=0.88, high=0.92))
    (tmp_path / "hosted.csv").write_text(HOSTED)
    return tmp_path


def asked(ours, *more, running="qwen3-8b on 1xh100-sxm at 2"):
    usual = ["--task", "mine", "--gpu", "h100-sxm", "--price", "h100-sxm=2usd/h", "--workspace", ours / "ours"]
    return [*usual, "--running", running, "--hosted", ours / "hosted.csv", *more]


def row(page, name):
    """Cells of a line of a table."""
    line = next(line for line in page.splitlines() if line.strip("| ").startswith(name))
    return [cell for cell in re.split(r"\s{3,}|\s*\|\s*", line.strip("| ")) if cell]


def test_both_are_shown_after_the_pick(advisor, ours):
    code, out, _ = advisor("recommend", *asked(ours))
    found = json.loads(advisor("recommend", *asked(ours), "--json")[1])
    today, pick, changes = found["running"]["candidate"], found["recommended"], found["running"]["changes"]
    assert code == 0
    assert f"Running:  {MODEL}, one answer, on 1 × h100-sxm, bf16, 2 requests in flight\n" in out
    assert row(out, "accuracy (90 %)") == [
        "accuracy (90 %)", "50.0 % (42.0 – 58.0)", "90.0 % (88.0 – 92.0)", "+40.0 points"
    ]  # fmt: skip
    compared = next(line for line in out.splitlines() if line.lstrip().startswith("USD per question"))
    shown = [float(word) for word in compared.split() if word[0].isdigit()]
    assert shown == pytest.approx([today["usd"], pick["usd"], pick["usd"] / today["usd"]], rel=0.005)
    assert changes["usd_ratio"] == pytest.approx(pick["usd"] / today["usd"])
    assert out.index(" instead") < out.index("\nAsk ") < out.index("Running:") < out.index("Hosted:")
    hosted = out[out.index("Hosted:") :]
    assert row(hosted, BIG)[:4] == [BIG, "cloud", "one answer", "90.0 %"]
    assert "as accurate, cheaper" in out
    assert "\nFrom:  accuracy measured: made; tokens measured; lengths measured; speed pooled\n" in out
    assert found["hosted"][0]["usd"] == pytest.approx(420e-6)


def test_at_a_rate_months_and_replicas_stand_side_by_side(advisor, ours):
    out = advisor("recommend", *asked(ours, "--qps", "3"))[1]
    found = json.loads(advisor("recommend", *asked(ours, "--qps", "3"), "--json")[1])
    today, pick = found["running"]["candidate"], found["recommended"]
    assert row(out, "replicas for 3/s")[1:3] == [str(today["replicas"]), str(pick["replicas"])]
    assert row(out, "USD a month")[-1] == f"{pick['usd_per_month'] - today['usd_per_month']:+,.0f} USD a month"
    assert f"{found['hosted'][0]['usd_per_month']:,.0f}" in out


def test_what_cannot_be_costed_is_a_sentence(advisor, ours):
    code, out, _ = advisor("recommend", *asked(ours, running="qwen3-32b on 1xl4"))
    assert code == 0
    assert "Running:  Qwen/Qwen3-32B, one answer, on 1 × l4, bf16, 90.0 % (90 %: 88.0 % – 92.0 %)\n" in out
    assert "Note:  Qwen/Qwen3-32B (bf16) on 1 × l4 (tp1) cannot start under vllm" in out
    assert "the pick changes" not in out


def test_an_unknown_accuracy_is_said_and_the_cost_shown(advisor, ours):
    out = advisor("recommend", *asked(ours, running="qwen3-4b on 1xl4 at 4"))[1]
    assert row(out, "accuracy (90 %)")[1:] == ["not known", "90.0 % (88.0 – 92.0)", "–"]
    assert "Note:  no accuracy of Qwen/Qwen3-4B with one answer is known on mine" in out
    assert "From:  accuracy not known; tokens imputed; lengths imputed; speed " in out
    assert row(out, "rented")[1].startswith("1 × l4 at")


def test_without_them_nothing_is_said(advisor, ours):
    out = advisor("recommend", "--task", "mine", "--workspace", ours / "ours")[1]
    assert "Running" not in out
    assert "hosted" not in out


def test_the_report_has_both_and_makes_itself_again(advisor, ours):
    assert advisor("report", "-o", ours / "r.md", *asked(ours, "--qps", "0.5"))[0] == 0
    page = (ours / "r.md").read_text()
    for part in (
        "## What runs today\n\nQwen/Qwen3-8B, one answer, on 1 × h100-sxm, bf16, 2 requests in flight.\n\n| ",
        "## Hosted APIs, which are never picked\n\n| hosted | at | strategy |",
        f"- {BIG} at cloud: price of an unknown date, {ours / 'hosted.csv'}, line 2; accuracy measured: made\n",
        "From: accuracy measured: made; tokens measured; lengths measured; speed pooled.\n",
        "- Hosted APIs: every vote is a request that pays for its prompt",
        "--running 'qwen3-8b on 1xh100-sxm at 2'",
    ):
        assert part in page
    command = re.search(r"again with\n\n```sh\nadvisor (.*)\n```", page)
    (ours / "r.md").unlink()
    assert advisor(*shlex.split(command[1]))[0] == 0
    assert (ours / "r.md").read_text() == page


def test_a_report_without_them_has_no_such_section(advisor, ours):
    assert advisor("report", "-o", ours / "r.md", "--task", "mine", "--workspace", ours / "ours")[0] == 0
    page = (ours / "r.md").read_text()
    assert "What runs today" not in page
    assert "Hosted" not in page


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--running", "qwen3-8b"], "--running: 'qwen3-8b' does not say what runs; accepted: MODEL"),
        (["--hosted", "nowhere.csv"], "--hosted nowhere.csv: no such price list"),
        (["--hosted", "openai"], "--hosted: 'openai' is no price list; accepted: the path of a CSV"),
    ],
)
def test_bad_input_is_one_line(advisor, arguments, message):
    code, out, err = advisor("recommend", *arguments)
    assert (code, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1
