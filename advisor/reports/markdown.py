"""A recommendation as GitHub-flavoured Markdown for a ticket, pictures beside it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from urllib.parse import quote

from advisor.distribution import own_version
from advisor.fits.curve_words import asymptote_text, saturation_text
from advisor.fits.line import Line
from advisor.printable import command_line
from advisor.recommendation.pick import Recommendation
from advisor.recommendation.request import Request
from advisor.recommendation.task_weights import task_options
from advisor.reports.baselines import baseline_assumptions, baseline_sections
from advisor.reports.certainty import sure_text, undecided_text
from advisor.reports.costs_unknown import imputed_legend, left_out_text
from advisor.reports.frontier_view import AXES, of_recommendation
from advisor.reports.frontiers import frontier_table
from advisor.reports.markdown_text import bullets, code, escaped, fenced, heading, paragraph, to_markdown
from advisor.reports.recommendations import (
    at_rates_text,
    changes_text,
    costs_text,
    day_text,
    facts,
    head,
    marks_text,
    money_text,
    other_choices,
    replicas_text,
    result_text,
    seconds_text,
    step_text,
)
from advisor.reports.tasks import tokens_origin
from advisor.reports.text_frontiers import frontier_text
from advisor.reports.text_tables import Table, table
from advisor.reports.words import (
    candidate_strategy,
    gpus_text,
    rent_text,
    request_parts,
    sampling_text,
    sources_text,
    with_setup,
    within_text,
)

ASSUMPTIONS = (
    "Without `--qps` the deployment always has the stated number of requests in flight; an idle GPU costs the same."
    " With it questions come at random and each goes to any replica with the same chance; a replica takes what keeps"
    " waiting and time within the limits for the stated percentile of the questions (docs/method.md).",
    "Machines are billed whole, and a replica lies in one; replicas may share one. Disks, traffic and taxes are not"
    " counted.",
    "All answers of a vote are drawn side by side and share the prompt; a vote waits for its longest answer.",
    "An answer that reaches its token cap counts as wrong, unless its strategy forces one there.",
    "A question's prompt is as long as recorded unless it is given, 200 tokens where the source does not say.",
    "Accuracy was measured by the source with its own prompts and engine; serving in another precision may change it.",
    "Energy is the GPU's power limit times a share by how much of a step it reads and multiplies, fitted to the power"
    " of an H100 SXM and a GH200; other GPUs were not measured and are assumed to draw the same shares.",
    "Among candidates that no 90 % interval can separate, a doubling of the cost has to buy one point of accuracy.",
)


def markdown(found: Recommendation, curves: Sequence[Line], pictures: dict[str, str], command: str) -> str:
    """The whole report as GitHub-flavoured Markdown; `command` makes it again."""
    cost = found.request.cost
    picture = (
        _picture("frontier", pictures["frontier"]) if pictures else fenced(frontier_text(of_recommendation(found)))
    )
    parts = [
        *answer_parts(found),
        *choice_parts(found),
        heading(f"Frontier of accuracy against {AXES[cost]}"),
        picture,
        to_markdown(frontier_table(found.frontier, cost)),
        *(paragraph(f"{legend}.") for legend in imputed_legend(found.frontier)),
        *curve_parts(curves, pictures),
        *basis_parts(found, command),
    ]
    return "\n\n".join(part.rstrip() for part in parts) + "\n"


def answer_parts(found: Recommendation) -> list[str]:
    """The pick as a heading, the question, the answer, and how sure it is."""
    pick = found.recommended
    limits = f" with {', '.join(found.constraints)}" if found.constraints else ""
    answer = (
        f"{' · '.join(head(found))}: {result_text(found)}, {money_text(found)}, {seconds_text(found)}."
        f" It is {found.reason}; {found.n_candidates:,} candidates were compared."
    )
    question = f"Which open model, strategy and GPU answer {found.task} best{limits}?"
    return [
        heading(f"{pick.model}, {candidate_strategy(pick)}, on {gpus_text(pick)}", 1),
        paragraph(question, "Question."),
        paragraph(answer, "Answer."),
        paragraph(f"{sure_text(found)}.", "Sure."),
        *([paragraph(f"{undecided_text(found.undecided)}.", "Undecided.")] if found.undecided else []),
        paragraph(f"{costs_text(found)}.", "Costs."),
    ]


def choice_parts(found: Recommendation) -> list[str]:
    """The pick's figures, how to start and ask it, what would change it, and the other choices."""
    pick = found.recommended
    body, questions, endpoint = request_parts(pick)
    origins = f"{sampling_text(pick)}. {sources_text(pick)}"
    return [
        to_markdown(facts(found)),
        *([paragraph(f"Start it {replicas_text(pick)}")] if pick.replicas > 1 else []),
        fenced("\n".join(pick.commands), "sh"),
        f"Ask it with {code(body)} and {code(questions)}, to {code(endpoint)}: {escaped(origins)}",
        heading("What would change it"),
        paragraph(f"It changes if: {changes_text(found)}."),
        *([paragraph(f"The next step up: {step_text(found.step_up, found)}.")] if found.step_up else []),
        *([paragraph(f"A step down: {step_text(found.step_down, found)}.")] if found.step_down else []),
        *([paragraph(f"A day: {day_text(found)}.")] if found.day else []),
        *([paragraph(f"At other rates: {at_rates_text(found)}.")] if found.at_rates else []),
        *baseline_sections(found),
        heading("Other choices"),
        to_markdown(other_choices(found)) if found.alternatives else "None meets the limits.",
        *([paragraph(f"{marks}.")] if (marks := marks_text(found)) else []),
        *([paragraph(f"{left_out_text(found.left_out)}.", "Left out.")] if found.left_out else []),
    ]


def basis_parts(found: Recommendation, command: str) -> list[str]:
    """What was assumed, where the numbers come from, and the command that makes the report again."""
    assumed = (*ASSUMPTIONS, *baseline_assumptions(found))
    return [
        heading("Assumptions"),
        "\n".join([*([bullets(found.notes)] if found.notes else []), *(f"- {line}" for line in assumed)]),
        heading("Where the numbers come from"),
        to_markdown(_provenance(found)),
        f"Made by advisor {own_version()} on {date.today().isoformat()}; again with",
        fenced(command, "sh"),
    ]


def _picture(what: str, file: str) -> str:
    return f"![{what}]({quote(file)})"


def curve_parts(curves: Sequence[Line], pictures: dict[str, str]) -> list[str]:
    if not curves:
        return []
    sentences = [
        f"{with_setup(line.strategy, line.setup)}: asymptote {asymptote_text(line)};"
        f" saturation {saturation_text(line)}; curve {line.curve.shape.family}"
        for line in curves
    ]
    picture = [_picture("curve", pictures["curve"])] if "curve" in pictures else []
    return [heading(f"What more compute would buy from {curves[0].model}"), *picture, bullets(sentences)]


def _provenance(found: Recommendation) -> Table:
    pick, origin = found.recommended, found.recommended.provenance
    rows = [
        ["accuracy", origin.accuracy],
        ["tokens", tokens_origin(pick, found.request.lengths)],
        ["speed", f"{origin.performance}; 90 % of predicted {within_text(pick.spread, pick.ttft_spread)}"],
        ["price", rent_text(pick.rent)],
        ["FLOPs and memory", "counted from the model's config.json"],
    ]
    return table(["number", "from"], rows)


def again(request: Request, output: str | Path | None, own: str = "", *, html: str | Path | None = None) -> str:
    """The command that makes this report again."""
    files = {"--output": output, "--html": html}
    words = [word for flag, file in files.items() if file for word in (flag, str(file))]
    return command_line(["advisor", "report", *words, *request_words(request, own)])


def request_words(request: Request, own: str = "") -> list[str]:
    """The options that a request was made from, for every command that takes them."""
    most = {gpu: f"{gpu}:{n}" for gpu, n in request.most_gpus.items()}
    several = {
        "--task": task_options(request.tasks),
        "--budget": [str(budget) for budget in request.budgets_given],
        "--gpu": [] if request.have else [most.get(gpu, gpu) for gpu in request.gpus or ()],
        "--have": [f"{n}x{gpu}" for gpu, n in request.have.items()],
        "--exclude-gpu": request.excluded_gpus,
        "--model": request.models or (),
        "--exclude-model": request.excluded_models,
        "--license": request.licenses or (),
        "--price": request.prices_given,
    }
    words = [word for flag, values in several.items() for value in values for word in (flag, value)]
    single = {
        "--workspace": own or None,
        "--price-kind": request.price_kind,
        "--usd-per-kwh": request.usd_per_kwh,
        "--min-accuracy": request.min_accuracy,
        "--confidence": request.confidence if request.confidence != 0.9 else None,
        "--evidence": request.evidence if request.evidence != "published" else None,
        "--qps": None if request.hourly else request.qps,
        "--traffic": request.traffic_given or None,
        "--max-wait": f"{request.max_wait_s:g}s" if request.max_wait_s else None,
        "--max-ttft": f"{request.max_ttft_s:g}s" if request.max_ttft_s else None,
        "--max-tpot": f"{request.max_tpot_s:g}s" if request.max_tpot_s else None,
        "--percentile": request.percentile if request.percentile != 95 else None,
        "--precision": request.precision,
        "--input-tokens": request.lengths.input_tokens,
        "--output-tokens": request.lengths.output_tokens,
        "--cached-prompt-tokens": request.lengths.cached_prompt_tokens,
        "--engine": request.engine if request.engine != "vllm" else None,
        "--running": request.running.given if request.running else None,
        "--hosted": request.hosted,
        "--kv-precision": request.kv_precision if request.kv_precision != "bf16" else None,
        "--speculative-tokens": request.speculation.tokens if request.speculation else None,
        "--acceptance": request.speculation.acceptance if request.speculation else None,
        "--max-num-seqs": request.max_num_seqs,
        "--max-num-batched-tokens": request.max_num_batched_tokens,
        "--prefill-parallelism": request.prefill_parallelism,
    }
    for flag, one in single.items():
        words += [flag, f"{one}"] if one is not None else []
    return words
