import html
import json
import re
import shlex
import xml.etree.ElementTree as ElementTree

import pytest

from advisor.recommendation.request import checked_request
from advisor.reports.markdown import again
from tests.known import SHIPPED
from tests.recommendation.made import point, workspace
from tests.reports.page.parsed import Page


def test_a_report_reads_well_in_a_ticket(advisor, tmp_path):
    code, _, _ = advisor("report", "-o", tmp_path / "r.md", "--budget", "0.05usd", "--task", "gpqa-diamond")
    assert code == 0
    page = (tmp_path / "r.md").read_text()
    for part in (
        "**Question.**",
        "**Answer.**",
        "```sh\nvllm serve",
        "## What would change it",
        "At other rates: ",
        "## Other choices",
        "## Frontier",
        "## Assumptions",
        "epoch-",
        "again with",
    ):
        assert part in page
    for name in re.findall(r"!\[\w+\]\(([^)]+)\)", page):
        assert ElementTree.parse(tmp_path / name).getroot().tag.endswith("svg")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["r-curve.svg", "r-frontier.svg", "r.md"]
    for block in re.findall(r"(?:^\|.*\n)+", page, re.MULTILINE):
        assert len({line.count(" | ") for line in block.splitlines()}) == 1


def test_its_figures_are_those_of_recommend(advisor, tmp_path):
    arguments = ["--budget", "60s", "--task", "otis-mock-aime", "--qps", "0.5"]
    told = json.loads(advisor("recommend", *arguments, "--json")[1])
    written = json.loads(advisor("report", "-o", tmp_path / "r.md", *arguments, "--json")[1])
    assert {key: written[key] for key in told} == told


@pytest.mark.parametrize(
    "arguments",
    [
        "--budget 0.02usd --budget 300s --gpu h200-sxm --price h200-sxm=2.5usd/h --max-tpot 40ms --task gpqa-diamond",
        "--budget 60000usd/month --qps 0.5 --gpu h200-sxm:8 --gpu l4 --price-kind on-demand",
        "--have 2xh100-sxm --have 4xl40s --usd-per-kwh 0.3 --price l40s=0.4usd/h --min-accuracy 0.5",
        "--price-kind reserved-3y --workspace WORKSPACE --price PRICES",
        "--task gpqa-diamond:2 --task otis-mock-aime:1 --exclude-model kimi-k2.5 --exclude-gpu b200-sxm",
        "--task gsm8k --task crux --license apache-2.0 --license gemma --min-accuracy 0.6",
        "--input-tokens 30000 --cached-prompt-tokens 20000 --output-tokens 700 --task gsm8k",
    ],
)
def test_the_command_at_its_end_makes_the_same_report(advisor, tmp_path, arguments):
    (tmp_path / "mine.csv").write_text("gpu,usd_per_hour,gpus_per_instance\nh200-sxm,1.1,8\n")
    arguments = arguments.replace("WORKSPACE", str(tmp_path / "ours")).replace("PRICES", str(tmp_path / "mine.csv"))
    assert advisor("report", "-o", tmp_path / "r.md", *arguments.split())[0] == 0
    first = (tmp_path / "r.md").read_text()
    command = re.search(r"again with\n\n```sh\nadvisor (.*)\n```", first)
    assert command
    (tmp_path / "r.md").unlink()
    assert advisor(*shlex.split(command[1]))[0] == 0
    assert (tmp_path / "r.md").read_text() == first


def test_again_keeps_every_limit():
    request = checked_request(
        SHIPPED,
        budget=["1usd/1000q"],
        task="gsm8k",
        min_accuracy=0.9,
        gpu=["l4"],
        model="phi-4",
        precision="fp8",
        qps=2.0,
        max_ttft="1s",
        max_tpot="50ms",
        engine="sglang",
    )
    for words in (
        "--task gsm8k",
        "--min-accuracy 0.9",
        "--gpu l4",
        "--model microsoft/phi-4",
        "--precision fp8",
        "--qps 2.0",
        "--max-ttft 1s",
        "--engine sglang",
    ):
        assert words in again(request, "r.md")


@pytest.mark.parametrize(
    ("output", "message"),
    [
        ("r.txt", "is no Markdown file; name it like report.md"),
        ("r.html", "is no Markdown file"),
        ("/dev/null/r.md", "cannot write here"),
    ],
)
def test_where_it_cannot_be_written(advisor, tmp_path, output, message):
    code, out, err = advisor("report", "-o", output if output.startswith("/") else tmp_path / output)
    assert (code, out) == (2, "")
    assert message in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            (),
            "advisor: report: name the file to write; give -o report.md for Markdown with pictures, --html",
        ),
        (("--html", "p.md"), "advisor: --html p.md: is no HTML file; name it like report.html"),
        (("--html", "/dev/null/p.html", "--model", "phi-4", "--gpu", "l4"), "cannot write here"),
    ],
)
def test_which_file_is_said_in_one_line(advisor, arguments, message):
    code, out, err = advisor("report", "--task", "gpqa-diamond", *arguments)
    assert (code, out) == (2, "")
    assert message in err


def test_a_page_without_its_libraries_says_how_to_install_them(advisor, tmp_path, monkeypatch):
    monkeypatch.setattr("advisor.reports.page.libraries.find_spec", lambda name: None if name == "altair" else name)
    code, out, err = advisor("report", "--html", tmp_path / "p.html")
    assert (code, out) == (3, "")
    assert err == ("advisor: --html: a page takes altair, not installed here; pip install 'frontier-advisor[page]'\n")
    assert list(tmp_path.iterdir()) == []


def test_both_are_written_and_the_command_makes_both_again(advisor, tmp_path):
    files = ["-o", tmp_path / "r.md", "--html", tmp_path / "p.html"]
    limits = ["--task", "gpqa-diamond", "--gpu", "l40s", "--model", "phi-4"]
    code, out, _ = advisor("report", *files, *limits, "--json")
    assert code == 0
    written = json.loads(out)
    assert [written[name] for name in ("report", "page")] == [str(tmp_path / "r.md"), str(tmp_path / "p.html")]
    first = (tmp_path / "r.md").read_text(), (tmp_path / "p.html").read_text()
    command = re.search(r"again with\n\n```sh\nadvisor (.*)\n```", first[0])
    assert command
    assert html.escape(command[1], quote=False) in first[1]
    (tmp_path / "p.html").unlink()
    code, out, _ = advisor(*shlex.split(command[1]))
    assert (code, " ".join(out.split()).split(", ")[:2]) == (0, [str(tmp_path / "r.md"), str(tmp_path / "p.html")])
    assert ((tmp_path / "r.md").read_text(), (tmp_path / "p.html").read_text()) == first


def test_the_page_has_the_texts_of_the_report(advisor, tmp_path):
    assert advisor("report", "--html", tmp_path / "p.html", "--task", "gpqa-diamond", "--model", "phi-4")[0] == 0
    page = (tmp_path / "p.html").read_text()
    for part in (
        "<strong>Question.</strong>",
        "<strong>Answer.</strong>",
        '<pre><code class="language-sh">vllm serve',
        '<h2 id="section-what-would-change-it">What would change it</h2>',
        '<h2 id="section-other-choices">Other choices</h2>',
        '<h2 id="section-assumptions">Assumptions</h2>',
        '<h2 id="section-where-the-numbers-come-from">Where the numbers come from</h2>',
        "again with",
    ):
        assert part in page
    assert [p.name for p in tmp_path.iterdir()] == ["p.html"]
    assert len(page) < 3e6


def test_a_page_over_several_tasks_starts_at_their_mean(advisor, tmp_path):
    tasks = ["--task", "gpqa-diamond:3", "--task", "otis-mock-aime:1", "--gpu", "h200-sxm"]
    assert advisor("report", "--html", tmp_path / "p.html", *tasks)[0] == 0
    data = Page((tmp_path / "p.html").read_text()).data("explorer")
    mean = "gpqa-diamond:0.75+otis-mock-aime:0.25"
    assert (data["start"]["task"], data["tasks"][0]) == (mean, mean)
    assert {"gpqa-diamond", "otis-mock-aime"} < set(data["tasks"])


def test_owned_gpus_that_cost_nothing_are_drawn_over_joules(advisor, tmp_path):
    arguments = ["--have", "1xl40s", "--task", "gpqa-diamond", "--model", "phi-4"]
    assert advisor("report", "--html", tmp_path / "p.html", *arguments)[0] == 0
    data = Page((tmp_path / "p.html").read_text()).data("explorer")
    assert data["start"]["unit"] == "J"
    assert "usd" not in " ".join(data["candidates"]["units"]["texts"])


def test_no_answer_writes_nothing(advisor, tmp_path):
    assert advisor("report", "-o", tmp_path / "r.md", "--budget", "1e-9usd")[0] == 1
    assert list(tmp_path.iterdir()) == []


def test_a_model_that_is_never_right_is_still_reported(advisor, tmp_path):
    workspace(tmp_path, point(accuracy=0.0, low=0.0, high=0.02))
    code, out, _ = advisor("recommend", "--task", "mine", "--gpu", "h100-sxm", "--workspace", tmp_path)
    assert code == 0
    assert "none was correct" in out


def test_a_report_over_several_tasks_names_each_and_draws_no_curve(advisor, tmp_path):
    code, _, err = advisor("report", "-o", tmp_path / "r.md", "--task", "gpqa-diamond:3", "--task", "otis-mock-aime:1")
    page = (tmp_path / "r.md").read_text()
    assert code == 0
    assert "13 of 44 models left out" in err
    assert "| gpqa-diamond, weight 0.75 |" in page
    assert "- 13 of 44 models left out (without gpqa-diamond" in page
    assert "## What more compute" not in page
    assert "--task gpqa-diamond:0.75 --task otis-mock-aime:0.25" in page


def test_a_report_says_where_its_command_is_not_what_was_costed(advisor, tmp_path):
    options = ("--engine", "sglang", "--precision", "fp8", "--model", "Qwen/Qwen3-8B", "--task", "simpleqa")
    assert advisor("report", "-o", tmp_path / "r.md", *options)[0] == 0
    page = (tmp_path / "r.md").read_text()
    assert "\npython -m sglang.launch_server --model-path Qwen/Qwen3-8B-FP8 " in page
    assert '\nAsk it with `{"model": "Qwen/Qwen3-8B-FP8", "temperature": 0.7' in page
    assert "- Qwen/Qwen3-8B-FP8 is served: accuracy was measured in bf16" in page
    assert "Seen in: XuZhao0/tts-knowledge@9b9674be qwen3_no_think.py" in page


def test_without_matplotlib_the_picture_is_text(advisor, tmp_path, monkeypatch):
    monkeypatch.setattr("advisor.reports.report.find_spec", lambda name: None)
    code, _, err = advisor("report", "-o", tmp_path / "r.md", "--budget", "0.02usd", "--task", "gpqa-diamond")
    page = (tmp_path / "r.md").read_text()
    assert code == 0
    drawn = page[page.index("## Frontier of accuracy against USD per question") :].split("```")[1]
    assert "Kimi-K2.5, the pick" in drawn
    assert "budget 0.02 USD" in drawn
    assert "no pictures without matplotlib" in err
    assert [p.name for p in tmp_path.iterdir()] == ["r.md"]


def test_a_rate_that_nothing_carries_within_the_limits_is_said(advisor):
    out = " ".join(advisor("recommend", "--budget", "0.01usd")[1].split())
    assert "At rates 0.01/s nothing within the limits · 0.1/s " in out


def test_a_file_whose_name_breaks_lines_is_refused(advisor, tmp_path):
    code, out, err = advisor("report", "-o", f"{tmp_path}/a\nb.md", "--budget", "0.05usd", "--task", "gpqa-diamond")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "is no name of a file" in err
