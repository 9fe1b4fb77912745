"""`advisor report`: a recommendation as Markdown for a ticket, pictures beside it."""

from __future__ import annotations

import shlex
import sys
from datetime import date
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from advisor.calibration.fitted import Line, lines
from advisor.errors import AdvisorError, NoAnswer
from advisor.recommend.recommend import Recommendation, Request, recommend
from advisor.report.curves import saturation_text, text
from advisor.report.deploy import commands, gpus_text, sampling_text, strategy_text
from advisor.report.frontiers import frontier_table
from advisor.report.recommendations import as_json_object, constraints, facts, runners_up
from advisor.report.tables import table, to_json, to_markdown
from advisor.report.terminal import staircase
from advisor.store.seal import sealed
from advisor.store.workspace import Workspace
from advisor.units import percent, significant

ASSUMPTIONS = (
    "The deployment is kept busy with the stated number of requests in flight; an idle GPU costs the same (`--qps` counts whole replicas instead).",
    "All answers of a vote are drawn side by side and share the prompt; a vote waits for its longest answer.",
    "An answer that reaches its token cap counts as wrong, unless its strategy forces one there.",
    "A question's prompt is as long as recorded, 200 tokens where the source does not say.",
    "Accuracy was measured by the source with its own prompts and engine; serving in another precision may change it.",
    "Energy is the GPU's power limit scaled by how busy it is, not a measurement.",
    "Among candidates that no 90 % interval can tell apart, a doubling of the cost has to buy one point of accuracy.",
)


def show(request: Request, output: str, workspace: str | None, as_json: bool) -> None:
    """Write the report and its pictures. Raises NoAnswer, and AdvisorError where OUTPUT cannot be written."""
    path = Path(output)
    if path.suffix not in {".md", ".markdown"}:
        raise AdvisorError("is no Markdown file", where=f"--output {output}", hint="name it like report.md")
    ws = Workspace.open(workspace)
    found = recommend(request, ws)
    try:
        curves = lines(ws, found.pick["model"], request.task, None)
    except NoAnswer:
        curves = []
    pictures = _pictures(path, found, curves)
    page = markdown(found, curves, pictures)

    def write(temporary: Path) -> None:
        temporary.write_text(page, encoding="utf-8")

    sealed(path, write)
    if as_json:
        print(
            to_json(
                {
                    "report": str(path),
                    "pictures": [str(path.parent / name) for name in pictures.values()],
                    **as_json_object(found),
                }
            )
        )
    else:
        print(f"{path}" + "".join(f", {path.parent / name}" for name in pictures.values()))


def _pictures(path: Path, found: Recommendation, curves: list[Line]) -> dict[str, str]:
    """Draw what matplotlib can; the names of the files by what they show."""
    if find_spec("matplotlib") is None:
        print("advisor: no pictures without matplotlib; pip install 'advisor[plots]' adds them", file=sys.stderr)
        return {}
    from advisor.report import plots

    drawn = {"frontier": f"{path.stem}-frontier.svg"}
    plots.frontier_picture(
        path.parent / drawn["frontier"], found.frontier, found.pick, found.request.cost, found.request.task
    )
    if any(line.tokens_at(line.curve.x_min) for line in curves):
        drawn["curve"] = f"{path.stem}-curve.svg"
        plots.curve_picture(path.parent / drawn["curve"], curves)
    return drawn


def markdown(found: Recommendation, curves: list[Line], pictures: dict[str, str]) -> str:
    """The whole report as GitHub-flavoured Markdown."""
    request, pick = found.request, found.pick
    limits = constraints(request)
    where = gpus_text(pick)
    accuracy = f"{percent(pick['accuracy'])} (90 %: {percent(pick['low'])} – {percent(pick['high'])})"
    parts = [
        f"# {pick['model']}, {strategy_text(pick)}, on {where}",
        f"**Question.** Which open model, strategy and GPU answer {request.task} best{' with ' + ', '.join(limits) if limits else ''}?",
        f"**Answer.** `{pick['model']}` in {pick['precision']}, {strategy_text(pick)}, on {where} with {pick['concurrency']} requests in flight:"
        f" {accuracy} for {significant(pick['usd'])} USD per question."
        f" It is {found.reason}; {found.n_candidates:,} candidates were compared.",
        to_markdown(table(["", "", "from"], facts(pick, request))),
        f"```sh\n{commands(pick)}\n```\n\nAsk it with {sampling_text(pick)}.",
        "## Runners-up",
        to_markdown(runners_up(found)) if found.alternatives else "None meets the limits.",
        f"## Frontier of accuracy against {request.cost}",
        f"![frontier]({pictures['frontier']})" if pictures else _text_picture(found),
        to_markdown(frontier_table(found.frontier, found.request.cost)),
        *_curve_section(curves, pictures),
        "## Assumptions",
        "\n".join(f"- {line}" for line in ASSUMPTIONS),
        "## Where the numbers come from",
        to_markdown(_provenance(pick)),
        f"Made by advisor {version('advisor')} on {date.today().isoformat()}; again with\n\n```sh\n{again(request)}\n```",
    ]
    return "\n\n".join(part.rstrip() for part in parts) + "\n"


def _text_picture(found: Recommendation) -> str:
    return f"```\n{staircase([(row['cost'], row['accuracy']) for row in found.frontier], f'{found.request.cost} per question (log scale)')}\n```"


def _curve_section(curves: list[Line], pictures: dict[str, str]) -> list[str]:
    if not curves:
        return []
    units = {"samples": "answers", "token cap": "tokens of cap", "tokens": "generated tokens"}
    told = [
        f"- {line.strategy}: asymptote {text(line.curve.asymptote)}; saturation {saturation_text(line, units[line.unit])}; curve {line.curve.shape.family}"
        for line in curves
    ]
    return [
        f"## What more compute would buy from {curves[0].model}",
        *([f"![curve]({pictures['curve']})"] if "curve" in pictures else []),
        "\n".join(told),
    ]


def _provenance(pick: dict[str, Any]) -> Any:
    rows = [
        ["accuracy and tokens", f"{pick['accuracy_provenance']}: {pick['runs']}"],
        ["speed", f"{pick['performance_provenance']}; 90 % of predictions within a factor {pick['spread']:.2f}"],
        ["price", pick["price_provenance"]],
        ["FLOPs and memory", "counted from the model's config.json"],
    ]
    return table(["number", "from"], rows)


def again(request: Request) -> str:
    """The command that makes this report again."""
    words = ["advisor", "report", "--task", request.task]
    for budget in request.budgets:
        words += ["--budget", str(budget)]
    for flag, values in (("--gpu", request.gpus), ("--model", request.models)):
        for value in values or ():
            words += [flag, value]
    for price in request.prices:
        words += ["--price", f"{price.gpu}={price.usd_per_hour:g}usd/h"]
    single = {
        "--min-accuracy": request.min_accuracy,
        "--qps": request.qps,
        "--max-ttft": f"{request.max_ttft_s:g}s" if request.max_ttft_s else None,
        "--max-tpot": f"{request.max_tpot_s:g}s" if request.max_tpot_s else None,
        "--precision": request.precision,
        "--engine": request.engine if request.engine != "vllm" else None,
    }
    for flag, one in single.items():
        words += [flag, f"{one}"] if one is not None else []
    return shlex.join(words)
