"""Names that a stranger chose, from the file to the screen, the report, the picture and the shell."""

import json
import shlex
from pathlib import Path
from xml.etree import ElementTree

import pytest
from markdown_it import MarkdownIt

from advisor.printable import is_printable
from tests.importers.test_serving_runs import REPORTS

ODD = "we|ird `$(touch here)` [a](b) <i>&amp; *b* $\\frac$ 'q' \"d\" 模型"
"""Can be shown, and means something to Markdown, HTML, TeX and a shell."""
HIDDEN = ["\x1b[2Jm", "a\nb", "\u202egpj", "a\u200bb", "\x9b2Jm", "a\x7f"]


def answers(**changed):
    rows = [
        {
            "model": "m",
            "task": "odd|task <b>",
            "question_id": f"q{i // 4}",
            "sample_index": i % 4,
            "answer": "a" if i % 3 else "b",
            "correct": i % 3 > 0,
            "generated_tokens": 100 + i,
            "prompt_tokens": 50,
        }
        for i in range(40)
    ]
    return "".join(json.dumps(row | changed) + "\n" for row in rows)


@pytest.fixture(scope="module")
def odd(tmp_path_factory):
    """A workspace with a model of an odd name and its answers, fitted."""
    from advisor.fits.fit import fit
    from advisor.importers.own_model import import_model
    from advisor.importers.samples import import_samples
    from advisor.store.workspace import Workspace

    home = tmp_path_factory.mktemp("odd")
    folder = home / ODD
    folder.mkdir()
    (folder / "config.json").write_bytes((REPORTS / "tiny" / "config.json").read_bytes())
    ws = Workspace(home / "ws")
    import_model(ws, folder)
    (home / "s.jsonl").write_text(answers(model=ODD))
    import_samples(ws, home / "s.jsonl")
    fit(ws)
    return home


LOOKS = [
    ["recommend", "--task", "odd|task <b>"],
    ["frontier", "--task", "odd|task <b>"],
    ["curve", ODD, "--task", "odd|task <b>"],
    ["models"],
    ["tasks"],
    ["estimate", ODD, "--gpu", "l4"],
]


@pytest.mark.parametrize("command", LOOKS, ids=lambda command: command[0])
def test_an_odd_name_is_shown_whole(advisor, odd, command):
    code, out, err = advisor(*command, "--workspace", odd / "ws")
    assert code == 0, err
    assert all(is_printable(line) for line in (out + err).split("\n"))
    assert "task <b>" in out or "we|ird" in out


def test_the_command_of_a_folder_with_an_odd_name_starts_that_folder(advisor, odd):
    out = advisor("recommend", "--task", "odd|task <b>", "--workspace", odd / "ws", "--json")[1]
    words = shlex.split(json.loads(out)["recommended"]["command"])
    assert words[:3] == ["vllm", "serve", str(odd / ODD)]


def test_a_report_of_odd_names_is_markdown_and_its_pictures_are_svg(advisor, odd, tmp_path):
    report = tmp_path / "odd $(name) [x].md"
    assert advisor("report", "-o", report, "--task", "odd|task <b>", "--workspace", odd / "ws")[0] == 0
    page = report.read_text()
    tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(page)
    inner = [child for token in tokens for child in token.children or ()]
    assert not [t.type for t in (*tokens, *inner) if t.type in {"html_block", "html_inline", "link_open", "em_open"}]
    pictures = [child.attrs["src"] for child in inner if child.type == "image"]
    assert len(pictures) == 2
    (title,) = [tokens[i + 1] for i, token in enumerate(tokens) if token.type == "heading_open" and token.tag == "h1"]
    assert "".join(child.content for child in title.children).startswith(f"{ODD}, ")
    again = [token.content for token in tokens if token.type == "fence"][-1]
    assert shlex.split(again)[:4] == ["advisor", "report", "--output", str(report)]
    for picture in tmp_path.glob("*.svg"):
        assert ElementTree.parse(picture).getroot().tag.endswith("svg")
    assert len(list(tmp_path.glob("*.svg"))) == 2


@pytest.mark.parametrize("name", HIDDEN, ids=ascii)
@pytest.mark.parametrize("column", ["model", "task", "question_id", "run_id", "reward_model", "engine"])
def test_answers_with_a_hidden_name_are_refused(advisor, tmp_path, column, name):
    (tmp_path / "s.jsonl").write_text(answers(**{column: name}))
    code, out, err = advisor("import", "samples", tmp_path / "s.jsonl", "--workspace", tmp_path / "ws")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert is_printable(err[:-1])
    assert column in err
    assert not (tmp_path / "ws").exists()


@pytest.mark.parametrize("name", HIDDEN, ids=ascii)
def test_a_model_folder_a_task_and_a_price_with_a_hidden_name_are_refused(advisor, tmp_path, name):
    folder, ws = tmp_path / name, tmp_path / "ws"
    folder.mkdir()
    ws.mkdir()
    (folder / "config.json").write_bytes((REPORTS / "tiny" / "config.json").read_bytes())
    (tmp_path / "t.jsonl").write_text(json.dumps({"id": name, "question": "1 + 1", "answer": "2"}) + "\n")
    (tmp_path / f"{name}.jsonl").write_text(json.dumps({"question": "1 + 1", "answer": "2"}) + "\n")
    (tmp_path / "p.csv").write_text(f'gpu,usd_per_hour,provider\nl4,1,"{name}"\n')
    (tmp_path / "r.csv").write_text(
        f'model,gpu,prompt_tokens,generated_tokens,concurrency,tpot_s,driver\nqwen3-8b,l4,1,2,1,0.1,"{name}"\n'
    )
    server = ("--url", "http://127.0.0.1:9")
    for command in (
        ("import", "model", folder),
        ("calibrate", "qwen3-8b", *server, "--task", tmp_path / "t.jsonl"),
        ("calibrate", "qwen3-8b", *server, "--task", tmp_path / f"{name}.jsonl"),
        ("calibrate", "qwen3-8b", *server, "--task", "arithmetic", "--served-model", name),
        ("calibrate", f"org/{name}", *server, "--task", "arithmetic"),
        ("profile", "qwen3-8b", *server, "--gpu", "l4", "--served-model", name),
        ("gpus", "--price", tmp_path / "p.csv"),
        ("import", "runs", tmp_path / "r.csv"),
    ):
        code, out, err = advisor(*command, "--workspace", ws)
        assert (code, out, err.count("\n")) == (2, "", 1), (command, err)
        assert is_printable(err[:-1])
    assert not list(ws.iterdir())


TABLES = {"points.csv": ("tasks", 1), "models.csv": ("models", 0), "gpus.csv": ("gpus", 0), "prices.csv": ("gpus", 0)}


@pytest.mark.parametrize("table", TABLES)
def test_a_workspace_of_a_stranger_with_a_hidden_name_is_refused(advisor, tmp_path, table):
    from advisor.store.workspace import Workspace

    command, column = TABLES[table]
    lines = (Workspace().profiles[0] / table).read_text().splitlines()[:3]
    cells = lines[1].split(",")
    cells[column] = "\x1b[2J\u202e"
    (tmp_path / "profiles").mkdir()
    (tmp_path / "profiles" / table).write_text("\n".join([lines[0], ",".join(cells), ""]))
    code, out, err = advisor(command, "--workspace", tmp_path)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert f"{table}, line 2" in err
    assert "\\x1b[2J\\u202e" in err


def test_sealed_answers_of_a_stranger_with_a_hidden_name_are_refused(advisor, tmp_path):
    import duckdb

    (tmp_path / "s.jsonl").write_text(answers())
    assert advisor("import", "samples", tmp_path / "s.jsonl", "--workspace", tmp_path)[0] == 0
    (sealed,) = Path(tmp_path).rglob("*.parquet")
    duckdb.execute(f"create table t as select * replace (chr(27) || '[2J' as task) from '{sealed}'")
    duckdb.execute(f"copy t to '{sealed}'; drop table t")
    code, _, err = advisor("fit", "--workspace", tmp_path)
    assert (code, err.count("\n")) == (2, 1)
    assert f"{sealed}: has the task '\\x1b[2J'" in err


def test_nothing_raw_is_shown_even_if_it_got_in(capsys):
    """The second line of defence: every kind of block, JSON and HTML."""
    from advisor.cli.output import say
    from advisor.reports.terminal import Labelled, Verbatim, show
    from advisor.reports.text_tables import table
    from advisor.values import Rows, to_html, to_json

    raw = "a\x1b[2J\x9b\u202eb\ud800"
    blocks = [raw, Verbatim(raw), Labelled("Why", raw), table(["x", "y"], [[raw, "1"]], title=raw, names=["x"])]
    show(blocks)
    say(raw)
    printed = capsys.readouterr()
    assert all(is_printable(line) for line in (printed.out + printed.err).split("\n"))
    assert printed.out.count("a\\x1b[2J\\x9b\\u202eb\\ud800") == 5
    assert is_printable(to_json({"name": raw}))
    assert json.loads(to_json({"name": raw})) == {"name": raw}
    assert is_printable(to_html(Rows([{"name": raw}])))
